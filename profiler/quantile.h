// SPDX-License-Identifier: GPL-3.0-or-later
/* Quantiles of what was measured, for people to read: values that were seen, none in between. */
#ifndef PROFILER_QUANTILE_H
#define PROFILER_QUANTILE_H

#include <stddef.h>

/* Ascending. */
void values_sort(double *values, size_t n);

/* Nearest rank: the least of the values that a share p of them does not exceed; n > 0. */
double values_quantile(const double *sorted, size_t n, double p);

#endif
