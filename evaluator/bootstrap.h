// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Intervals of means by resampling with replacement, without assuming a distribution.
 * Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3, the
 * percentile interval.
 */
#ifndef EVALUATOR_BOOTSTRAP_H
#define EVALUATOR_BOOTSTRAP_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { BOOTSTRAP_RESAMPLES = 2000 };

struct interval {
    double low, high;
};

/*
 * The 95 % interval of the mean of x[n], from `n_resamples` (at least 40). The same seed and n draw
 * the same indices, so intervals of several series over the same requests belong together.
 * STATUS_INVALID: no values.  STATUS_NO_MEMORY.
 */
enum status bootstrap_mean(const double *x, size_t n, size_t n_resamples, uint64_t seed,
                           struct interval *interval, struct error *error);

#endif
