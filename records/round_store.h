// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the device was like during a round: its clock frequency and whether it throttled. Life
 * cycle, threads and what any function may return besides: as records/store.h.
 */
#ifndef RECORDS_ROUND_STORE_H
#define RECORDS_ROUND_STORE_H

#include "records/store.h"

struct round_state {
    int64_t round;
    int64_t least_khz, most_khz; /* of the CPUs measured on, at the round's ends; < 0: unknown */
    int64_t n_throttles;         /* events during the round; < 0: unknown */
    bool flagged;                /* the frequency changed, or the device throttled */
};

/* Stores one, in place of an earlier one of that round. */
enum status store_round_put(struct store *store, int64_t campaign_id,
                            const struct round_state *state, struct error *error);

/* The same of n, in one transaction. */
enum status store_rounds_put(struct store *store, int64_t campaign_id,
                             const struct round_state *states, size_t n, struct error *error);

/* A campaign's, by round: an array of *n to free(). */
enum status store_round_states(struct store *store, int64_t campaign_id,
                               struct round_state **states, size_t *n, struct error *error);

#endif
