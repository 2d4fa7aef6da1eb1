// SPDX-License-Identifier: GPL-3.0-or-later
/* How a spread grows with the mean. */
#ifndef FITTER_SPREAD_H
#define FITTER_SPREAD_H

#include <stddef.h>

/* A residual about a mean, standing for `count` alike. */
struct spread_sample {
    double mean, residual, count;
};

/*
 * The power t in 0..2 of sd = s * mean^t, by pseudo-likelihood (Davidian and Carroll 1987, section
 * 3.1). Means are taken as at least `floor` > 0. 0 for no samples.
 */
double spread_power(const struct spread_sample *samples, size_t n, double floor);

#endif
