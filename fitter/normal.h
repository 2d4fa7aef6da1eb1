// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Normal equations of few unknowns on scaled variables, built up and taken down row by row. Rows
 * that are 0 but for one place, as those of a step, cost little.
 */
#ifndef FITTER_NORMAL_H
#define FITTER_NORMAL_H

#include <stdbool.h>
#include <stddef.h>

enum { NORMAL_MAX = 64 };

struct normal {
    size_t p;
    double a[NORMAL_MAX * NORMAL_MAX], b[NORMAL_MAX]; /* row-major p*p; lower triangle */
};

/* To what `from` is. */
void normal_copy(struct normal *to, const struct normal *from);

/* Adds weight*x x' and what*x, x[p]. */
void normal_add(struct normal *normal, const double *x, double weight, double what);

/* Weighted sums over rows that lie on a straight line of some variable z, the sums of what is to be
 * explained with them. */
struct normal_sums {
    double w, wz, wzz, wy, wyz;
};

/* Adds the same for all rows x = from + along*z that were summed, from[p] and along[p]. */
void normal_add_line(struct normal *normal, const double *from, const double *along,
                     const struct normal_sums *sums);

/* Solves by Cholesky; false: the equations do not determine the unknowns. */
bool normal_solve(const struct normal *normal, double *solution);

/* The inverse of the matrix, row-major p*p; false as above. */
bool normal_invert(const struct normal *normal, double *inverse);

#endif
