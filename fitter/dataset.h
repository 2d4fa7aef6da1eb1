// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a fit is made from: the successful samples of one campaign by target, from a store or from
 * CSV, with held-out rounds left out: the samples themselves, or sums over them.
 *
 * Life cycle: dataset_from_store, dataset_from_csv, dataset_condense_store or dataset_condense_csv,
 * dataset_free.
 */
#ifndef FITTER_DATASET_H
#define FITTER_DATASET_H

#include "base/digest.h"
#include "base/status.h"
#include "fitter/link_terms.h"
#include "records/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One sample as the fit sees it; -1 where unknown. */
struct observation {
    uint32_t length;
    int32_t round;
    int64_t time_ns, rtt_ns, bytes_up, bytes_down;
    int64_t connect_ns;  /* > 0: the request opened a connection */
    int64_t link_rtt_ns; /* what the link was set to */
    int64_t up_ps_per_byte, down_ps_per_byte;
    int64_t server_ns; /* the endpoint's own report; no part of a fit */
};

struct dataset_target {
    char *name; /* owned */
    /* Reached over a link: it has a URL or measured round trips, or is not the first. */
    bool remote;
    struct observation *observations; /* NULL: there are sums in their place */
    struct target_sums *sums;         /* fitter/sums.h; NULL: there are observations */
    struct gather *energy;            /* joules that came with samples (gather.h); NULL: none did */
    /* How long the output of each observation was, NAN unknown; NULL: of none of them. */
    double *output_lengths;
    size_t n, capacity, output_capacity;
    size_t n_rtt; /* observations with a round trip */
    struct link_terms link;
    uint64_t n_failed;
};

struct dataset {
    char *campaign;                 /* owned */
    struct dataset_target *targets; /* the edge device first */
    size_t n_targets, capacity;
    double rtt_s; /* median measured round trip; 0 where none was measured */
    bool has_rtt;
    double up_s_per_byte, down_s_per_byte; /* medians; NAN where no sample knows */
    char digest[DIGEST_TEXT_SIZE];         /* of every sample and window taken in */
};

struct hold_out {
    double fraction; /* of the rounds, 0..0.9 */
    uint64_t seed;
    bool inverted; /* the data set is of the held-out rounds alone: what rnneval judges by */
};

/* Whether a round is left out of fits: a fixed function of seed and round, so that rnneval leaves
 * in what rnnfit leaves out. Samples without a round (-1) are never held out. */
bool hold_out_round(const struct hold_out *hold_out, int64_t round);

/* STATUS_INVALID: nothing to fit (no successful sample left). */
enum status dataset_from_store(struct store *store, const struct campaign *campaign,
                               const struct hold_out *hold_out, struct dataset *dataset,
                               struct error *error);
enum status dataset_from_csv(const char *path, const char *default_target,
                             const struct hold_out *hold_out, struct dataset *dataset,
                             struct error *error);

/* The same with sums in place of observations, in one pass and in little memory, where a fit of
 * means needs no more; else with the observations. Samples from standard input are kept. */
enum status dataset_condense_store(struct store *store, const struct campaign *campaign,
                                   const struct hold_out *hold_out, struct dataset *dataset,
                                   struct error *error);
enum status dataset_condense_csv(const char *path, const char *default_target,
                                 const struct hold_out *hold_out, struct dataset *dataset,
                                 struct error *error);

/* Whether some sample of a target had a round. */
bool dataset_target_rounds(const struct dataset_target *target);

/* Whether the stored models were fitted to exactly the samples, and windows of energy, that the
 * campaign holds now (less the rounds held out then). */
enum status dataset_is_current(struct store *store, const struct campaign *campaign,
                               const struct model_set *set, bool *current, struct error *error);

void dataset_free(struct dataset *dataset);

#endif
