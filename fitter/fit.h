// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Weighted least squares of one series to one form, and the coefficients with each round left out
 * in turn, from which the covariance of everything fitted to the same rounds is made.
 *
 * Life cycle: fit_series, then fit_free. One thread at a time per series.
 */
#ifndef FITTER_FIT_H
#define FITTER_FIT_H

#include "base/status.h"
#include "fitter/series.h"
#include "records/model.h"

#include <stdbool.h>

enum { FIT_MAX_POWERS = 2, FIT_MAX_COEFFICIENTS = 8 };

struct fit {
    enum model_form form;
    size_t n_coefficients;
    double coefficients[FIT_MAX_COEFFICIENTS]; /* ascending powers of n; of a step: its levels */
    double classical[FIT_MAX_COEFFICIENTS * FIT_MAX_COEFFICIENTS]; /* row-major: s^2 (X'WX)^-1 */
    /* The same with the coefficients of the fit that follows it in its campaign, row-major; 0 for
     * fits that share no equations. */
    double classical_next[FIT_MAX_COEFFICIENTS * FIT_MAX_COEFFICIENTS];
    double residual_sd, r2; /* unweighted, over samples */
    double bic;             /* -2 log likelihood + (coefficients + 1) log N, Schwarz 1978 */
    double dof;             /* N - coefficients */
    /*
     * Coefficients without round i, for i in 0..n_rounds-1: leave_out[i*n_coefficients + j];
     * rounds[i] is that round's number. NULL where rounds cannot be resampled: samples without
     * rounds, fewer than three rounds, or a round without which the form cannot be fitted.
     */
    double *leave_out;
    int32_t *rounds;
    size_t n_rounds;
};

/* How many coefficients a form has; 0: the form is not available. */
size_t fit_n_coefficients(enum model_form form);

/*
 * Fits one form. STATUS_INVALID: too few lengths or samples for it (the message says how many).
 * STATUS_UNSUPPORTED: a form that is not available.
 */
enum status fit_series(const struct series *series, enum model_form form, struct fit *fit,
                       struct error *error);

/* Fits the constant and, where there are two lengths, the line; keeps the one with the smaller
 * BIC. */
enum status fit_choose(const struct series *series, struct fit *fit, struct error *error);

/* Drops the leave-one-out coefficients, so that the classical covariance stands. */
void fit_forget_rounds(struct fit *fit);

void fit_free(struct fit *fit);

#endif
