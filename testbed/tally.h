// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Quantiles of times (or of other whole numbers) in constant memory, however many are added:
 * counters whose width grows with the time, 1/64 of it or finer.
 *
 * Life cycle: zero-initialised is empty. Thread rule: one thread.
 */
#ifndef TESTBED_TALLY_H
#define TESTBED_TALLY_H

#include <stdint.h>

enum { HISTOGRAM_SUB = 64, HISTOGRAM_BINS = HISTOGRAM_SUB * 58 };

struct tally {
    uint64_t n;
    int64_t max_ns;
    uint64_t counts[HISTOGRAM_BINS];
    double sums[HISTOGRAM_BINS]; /* of the times in each */
};

/* Times below 0 count as 0. */
void tally_add(struct tally *histogram, int64_t time_ns);

/* As `weight` times tally_add. */
void tally_add_weighted(struct tally *histogram, int64_t time_ns, uint64_t weight);

/* The time that a fraction `q` (0..1) does not exceed, to 1/64 of it (the mean of those that share
 * its counter: exact where they are equal); 0 when empty. */
int64_t tally_quantile_ns(const struct tally *histogram, double q);

#endif
