// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/line.h"

#include <gsl/gsl_fit.h>
#include <gsl/gsl_statistics_double.h>

enum status line_fit(const double *x, const double *y, size_t n, double *intercept, double *slope,
                     struct error *error)
{
    if (n == 0)
        return error_set(error, STATUS_INVALID, "no points to fit a line to");
    if (n == 1 || gsl_stats_max(x, 1, n) <= gsl_stats_min(x, 1, n)) {
        *intercept = gsl_stats_mean(y, 1, n);
        *slope = 0;
        return STATUS_OK;
    }
    double c00, c01, c11, rss;
    gsl_fit_linear(x, 1, y, 1, n, intercept, slope, &c00, &c01, &c11, &rss);
    return STATUS_OK;
}
