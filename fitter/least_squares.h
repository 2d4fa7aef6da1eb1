// SPDX-License-Identifier: GPL-3.0-or-later
/* Weighted linear least squares by singular values (GSL), so that the coefficients' digits are as
 * good as the data's. No state. */
#ifndef FITTER_LEAST_SQUARES_H
#define FITTER_LEAST_SQUARES_H

#include "base/status.h"

#include <stddef.h>

/* Row i of the equations: regressors x[p], what they are to yield, and the weight. */
typedef void least_squares_row(const void *user, size_t i, double *x, double *y, double *weight);

/* Coefficients c[p], and the weighted squares that they leave. n >= p. STATUS_NO_MEMORY.
 * STATUS_EXTERNAL: GSL's error. */
enum status least_squares(size_t n, size_t p, least_squares_row *row, const void *user, double *c,
                          double *squares, struct error *error);

#endif
