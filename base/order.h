// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Numbers in order.
 */
#ifndef BASE_ORDER_H
#define BASE_ORDER_H

#include <stddef.h>

/* For qsort: doubles, ascending. */
int order_reals(const void *left, const void *right);

void reals_sort(double *values, size_t n);

#endif
