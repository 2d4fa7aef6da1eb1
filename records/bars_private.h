// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Counts under a key (a length, or a pair of lengths), gathered in any order with memory for the
 * distinct keys only.
 *
 * Life cycle: {0}, bars_add, bars_settle, bars_free.
 */
#ifndef RECORDS_BARS_PRIVATE_H
#define RECORDS_BARS_PRIVATE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bar {
    uint64_t key, count;
};

struct bars {
    struct bar *items; /* n; after bars_settle in ascending order of distinct keys */
    size_t n, capacity;
    uint64_t total;
    uint64_t n_empty; /* sequences of length 0, which have no bar */
};

/* STATUS_INVALID: the counts would add up to more than 2^53, the whole numbers that a double
 * holds.  STATUS_NO_MEMORY. A count of 0 adds nothing. */
enum status bars_add(struct bars *bars, uint64_t key, uint64_t count, struct error *error);

void bars_settle(struct bars *bars);

void bars_free(struct bars *bars);

/* A pair as a key, ordered by the input's length first. */
#define PAIR_KEY(n_in, n_out) ((uint64_t)(n_in) << 32 | (n_out))
#define PAIR_IN(key)          ((uint32_t)((key) >> 32))
#define PAIR_OUT(key)         ((uint32_t)(key))

#endif
