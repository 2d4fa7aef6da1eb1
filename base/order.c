// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/order.h"

#include <stdlib.h>

int order_reals(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

void reals_sort(double *values, size_t n)
{
    if (n > 1) /* nothing may be at NULL */
        qsort(values, n, sizeof *values, order_reals);
}
