// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A straight line through points by ordinary least squares, for callers that have data of their
 * own and no campaign.
 */
#ifndef FITTER_LINE_H
#define FITTER_LINE_H

#include "base/status.h"

#include <stddef.h>

/* y = intercept + slope*x over n points; where all x are equal, the mean and slope 0.
 * STATUS_INVALID: no points. */
enum status line_fit(const double *x, const double *y, size_t n, double *intercept, double *slope,
                     struct error *error);

#endif
