// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Quantiles of values at hand by the nearest rank: the value of rank ceil(p*n), counted from 1 in
 * ascending order, so it is one of the values. p = 0 gives the smallest.
 */
#ifndef BASE_QUANTILE_H
#define BASE_QUANTILE_H

#include <stddef.h>

/* Of `sorted`, ascending; n > 0. */
double quantile_sorted(const double *sorted, size_t n, double p);

/* Of x[n], n > 0, in any order, which it changes: afterwards the quantile is at its place, with
 * nothing greater before and nothing less behind it. O(n) on average. */
double quantile_select(double *x, size_t n, double p);

#endif
