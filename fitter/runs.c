// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/runs.h"

#include <math.h>
#include <stdlib.h>

/* Sums over the estimates before each place: of weights, weighted values and weighted squares. */
struct sums {
    double w, wx, wxx;
};

static double level(const struct sums *from, const struct sums *to)
{
    return (to->wx - from->wx) / (to->w - from->w);
}

static double misfit(const struct sums *from, const struct sums *to)
{
    double x = to->wx - from->wx;
    return fmax(to->wxx - from->wxx - x * x / (to->w - from->w), 0);
}

/* best[k][i]: the least misfit of the estimates before i in k+1 runs; start[k][i]: where the last
 * of those runs begins. */
static void search(const struct sums *sums, size_t n, size_t most, double *best, size_t *start)
{
    size_t stride = n + 1;
    for (size_t i = 1; i <= n; i++) {
        best[i] = misfit(sums, sums + i);
        start[i] = 0;
    }
    for (size_t k = 1; k < most; k++) {
        for (size_t i = k + 1; i <= n; i++) {
            double least = INFINITY;
            for (size_t j = i; j-- > k;) {
                double last = misfit(sums + j, sums + i);
                if (last > least)
                    break; /* longer runs leave more */
                double total = best[(k - 1) * stride + j] + last;
                if (total <= least) {
                    least = total;
                    start[k * stride + i] = j;
                }
            }
            best[k * stride + i] = least;
        }
    }
}

enum status runs_all(const struct run_estimate *estimates, size_t n, size_t most, struct runs *runs,
                     struct error *error)
{
    size_t stride = n + 1;
    struct sums *sums = calloc(stride, sizeof *sums);
    double *best = calloc(most * stride, sizeof *best);
    size_t *start = calloc(most * stride, sizeof *start);
    enum status status = STATUS_OK;
    if (!sums || !best || !start) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n);
        goto done;
    }
    /* values less the first one: sums of squares keep their digits */
    for (size_t i = 0; i < n; i++) {
        double w = 1 / estimates[i].variance, x = estimates[i].value - estimates[0].value;
        sums[i + 1] = (struct sums){sums[i].w + w, sums[i].wx + w * x, sums[i].wxx + w * x * x};
    }
    search(sums, n, most, best, start);
    for (size_t k = 0; k < most; k++) {
        runs[k] = (struct runs){.n = k + 1, .misfit = best[k * stride + n]};
        for (size_t run = k + 1, end = n; run-- > 0; end = runs[k].first[run]) {
            runs[k].first[run] = start[run * stride + end];
            runs[k].level[run] = estimates[0].value + level(sums + runs[k].first[run], sums + end);
        }
    }
done:
    free(sums);
    free(best);
    free(start);
    return status;
}

enum status runs_find(const struct run_estimate *estimates, size_t n, size_t most, double n_samples,
                      struct runs *runs, struct error *error)
{
    struct runs all[RUNS_MAX];
    size_t least = most < n ? most : n;
    *runs = (struct runs){.bic = INFINITY};
    enum status status = runs_all(estimates, n, least, all, error);
    for (size_t k = 0; !status && k < least; k++) {
        all[k].bic = all[k].misfit + (2 * (double)k + 1) * log(n_samples);
        if (all[k].bic < runs->bic)
            *runs = all[k];
    }
    return status;
}
