// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/quantile.h"

#include <float.h>
#include <math.h>

/* The rank counted from 0. 0.07 of 100 is a hair above 7 in binary, yet it means the 7th. */
static size_t rank(size_t n, double p)
{
    double product = fmin(fmax(p, 0), 1) * (double)n, whole = nearbyint(product);
    double up = fabs(product - whole) <= 2 * DBL_EPSILON * whole ? whole : ceil(product);
    return up < 1 ? 0 : (size_t)up - 1;
}

double quantile_sorted(const double *sorted, size_t n, double p)
{
    return sorted[rank(n, p)];
}

static void swap(double *a, double *b)
{
    double kept = *a;
    *a = *b;
    *b = kept;
}

static double middle_of_three(double a, double b, double c)
{
    return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

/* Hoare's FIND (1961) with the middle of three as pivot. Elements equal to the pivot are swapped
 * too, which keeps runs of equal values from going quadratic. */
double quantile_select(double *x, size_t n, double p)
{
    size_t k = rank(n, p), low = 0, high = n - 1;
    while (low < high) {
        double pivot = middle_of_three(x[low], x[low + (high - low) / 2], x[high]);
        size_t i = low, j = high;
        while (i <= j) {
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i > j)
                break;
            swap(&x[i++], &x[j]);
            if (j == 0)
                break;
            j--;
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            break;
    }
    return x[k];
}
