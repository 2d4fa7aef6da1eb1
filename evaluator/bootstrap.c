// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/bootstrap.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Linear between the order statistics (Hyndman and Fan 1996, definition 7). */
static double quantile(const double *sorted, size_t n, double p)
{
    double place = p * (double)(n - 1), below = floor(place);
    size_t i = (size_t)below;
    return i + 1 < n ? sorted[i] + (place - below) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

enum status bootstrap_mean(const double *x, size_t n, size_t n_resamples, uint64_t seed,
                           struct interval *interval, struct error *error)
{
    if (n == 0 || n_resamples < 40)
        return error_set(error, STATUS_INVALID, "no values to resample");
    double *means = malloc(n_resamples * sizeof *means);
    struct random random = {seed};
    if (!means)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for resampling");
    for (size_t r = 0; r < n_resamples; r++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += x[random_below(&random, n)];
        means[r] = sum / (double)n;
    }
    qsort(means, n_resamples, sizeof *means, by_value);
    interval->low = quantile(means, n_resamples, 0.025);
    interval->high = quantile(means, n_resamples, 0.975);
    free(means);
    return STATUS_OK;
}
