// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Least squares with coefficients that cannot be negative: Lawson and Hanson, "Solving least
 * squares problems" (1974), chapter 23, algorithm NNLS.
 */
#ifndef FITTER_NNLS_H
#define FITTER_NNLS_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { NNLS_MAX = 8 }; /* coefficients */

/*
 * Minimises |a x - b| over x >= 0; a[m*n] row-major, n <= NNLS_MAX. free[i] is whether x[i] was
 * fitted: else it is held at 0, by its bound or because the others say all that its column does.
 * `inverse[n*n]` becomes (A'A)^-1 of the free columns, 0 elsewhere; *rss the squared residuals.
 * STATUS_INVALID: no rows, or a number that is not finite.  STATUS_NO_MEMORY.
 */
enum status nnls(const double *a, const double *b, size_t m, size_t n, double *x, bool *free,
                 double *inverse, double *rss, struct error *error);

#endif
