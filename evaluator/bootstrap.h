// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * 95 % intervals of the mean of a series of requests.
 *
 * Requests over one link are alike when they are close together, so what is resampled with
 * replacement are blocks of consecutive requests that do not overlap (Carlstein 1986, "The use of
 * subseries values for estimating the variance of a general statistic from a stationary sequence",
 * Annals of Statistics 14); the interval is the percentile one (Efron and Tibshirani 1993, section
 * 13.3). A block is a hundredth of the series: the longest that leaves enough of them.
 *
 * Requests that are replayed from few measured rounds share the luck of these rounds, however many
 * requests are drawn. So a series can be told the group (the round) of each value; what the groups'
 * means differ by, beyond what single values explain, widens the interval: delete-one-group
 * jackknife (Efron and Stein 1981) with t.
 *
 * Life cycle: series_sum_start, series_sum_add n times, the questions. No memory of its own; the
 * time of a question does not depend on n.
 */
#ifndef EVALUATOR_BOOTSTRAP_H
#define EVALUATOR_BOOTSTRAP_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { BOOTSTRAP_RESAMPLES = 2000, BOOTSTRAP_BLOCKS = 100, BOOTSTRAP_GROUPS = 64 };

struct interval {
    double low, high;
};

/* Of a series: what its mean and interval need. */
struct series_sum {
    size_t n, n_added, block_length, n_blocks;
    double origin; /* the first value: sums are of what the others differ by, which loses less */
    double sums[BOOTSTRAP_BLOCKS];
    double sum, squares;
    double group_sums[BOOTSTRAP_GROUPS];
    uint32_t group_sizes[BOOTSTRAP_GROUPS];
};

void series_sum_start(struct series_sum *series, size_t n);

/* The next value; groups are counted modulo BOOTSTRAP_GROUPS. Where all are of one group, nothing
 * is widened. */
void series_sum_add(struct series_sum *series, double value, uint32_t group);

double series_sum_mean(const struct series_sum *series);

/*
 * The interval of the mean, from `n_resamples` (at least 40). The same seed and n draw the same
 * blocks, so intervals of several series over the same requests belong together.
 * STATUS_INVALID: no values.  STATUS_NO_MEMORY.
 */
enum status series_sum_interval(const struct series_sum *series, size_t n_resamples, uint64_t seed,
                                struct interval *interval, struct error *error);

#endif
