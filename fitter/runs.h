// SPDX-License-Identifier: GPL-3.0-or-later
/* Piecewise constant levels through a sequence of estimates with known variances. */
#ifndef FITTER_RUNS_H
#define FITTER_RUNS_H

#include "base/status.h"

#include <stddef.h>

struct run_estimate {
    double value, variance; /* variance > 0 */
};

enum { RUNS_MAX = 64 };

struct runs {
    size_t n;
    size_t first[RUNS_MAX]; /* the index of each run's first estimate */
    double level[RUNS_MAX];
    double misfit; /* chi^2 */
    double bic;
};

/*
 * The partition into 1 .. most runs with the least BIC = chi^2 + (2*runs - 1) * log(n_samples): a
 * level each and a place each between them (Yao 1988), each number's best partition by dynamic
 * programming (Bellman 1961). most <= RUNS_MAX, n > 0. STATUS_NO_MEMORY.
 */
enum status runs_find(const struct run_estimate *estimates, size_t n, size_t most, double n_samples,
                      struct runs *runs, struct error *error);

/* The best partition into k+1 runs, runs[k], for each k in 0 .. most-1; most <= n; without their
 * BIC. */
enum status runs_all(const struct run_estimate *estimates, size_t n, size_t most, struct runs *runs,
                     struct error *error);

#endif
