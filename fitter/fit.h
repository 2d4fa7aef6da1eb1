// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Weighted least squares of one series to one form, and the coefficients with each round left out
 * in turn, from which the covariance of everything fitted to the same rounds is made.
 *
 * Knots are coefficients too: their errors, and what they share with those of the others, come from
 * the derivatives of the fitted curve by them (linearisation at the optimum; Seber and Wild 1989,
 * section 9.3). A step's places are known to a gap between lengths or not at all, and have none.
 *
 * Life cycle: fit_series or fit_shape (or fit_choose, choose.h), then fit_free. One thread at a
 * time per series.
 */
#ifndef FITTER_FIT_H
#define FITTER_FIT_H

#include "base/status.h"
#include "fitter/normal.h"
#include "fitter/piecewise.h"
#include "fitter/series.h"
#include "records/model.h"

#include <stdbool.h>

enum {
    FIT_MAX_COEFFICIENTS = NORMAL_MAX,
    FIT_MAX_KNOTS = FIT_MAX_COEFFICIENTS - 1,
    FIT_MAX_SHARED = 32
};

/* A form with its places: of a piecewise line the knots, of a step the last length of each level
 * but the last. */
struct fit_shape {
    enum model_form form;
    size_t n_knots;
    double knots[FIT_MAX_KNOTS]; /* ascending */
};

struct fit {
    enum model_form form;
    size_t n_coefficients;
    /* Ascending powers of n, then hinges, then knots; of a step its levels. */
    double coefficients[FIT_MAX_COEFFICIENTS];
    struct fit_shape shape;
    double knot_ends[PIECEWISE_MAX_KNOTS][2]; /* 95 % intervals (knots.h); NAN: not known */
    bool exact_knots;                         /* no other knots fit better (piecewise.h) */
    double classical[FIT_MAX_COEFFICIENTS * FIT_MAX_COEFFICIENTS]; /* row-major: s^2 (J'WJ)^-1 */
    /* The same with the n_next coefficients of the fit that follows it in its campaign, row-major;
     * n_next is 0 for fits that share no equations. */
    double classical_next[FIT_MAX_SHARED];
    size_t n_next;
    double chisq;           /* weighted squares over samples */
    double residual_sd, r2; /* unweighted, over samples */
    double bic;             /* -2 log likelihood + fit_penalty */
    /* What leaving out each length in turn leaves at it, weighted squares: by leverages, with the
     * knots kept (Allen 1974). Infinite where a length alone determines a coefficient. */
    double cross_validation;
    double dof; /* N - parameters */
    /*
     * Coefficients without round i, for i in 0..n_rounds-1: leave_out[i*n_coefficients + j];
     * rounds[i] is that round's number. With knots by one Gauss-Newton step from the optimum, which
     * is exact for all other forms. NULL where rounds cannot be resampled: samples without rounds,
     * fewer than three rounds, or a round without which the form cannot be fitted.
     */
    double *leave_out;
    int32_t *rounds;
    size_t n_rounds;
    size_t n_clusters;   /* rounds that the replicates were drawn from; 0: as many as n_rounds */
    double centre, unit; /* of lengths: (n - centre)/unit is within -1 .. 1 */
    double scaled[FIT_MAX_COEFFICIENTS]; /* the coefficients of that */
};

/* How many parameters a shape costs. */
size_t fit_n_parameters(const struct fit_shape *shape);

/* What BIC charges for so many parameters and the variance: (p + 1) log N (Schwarz 1978). Beyond
 * those of a line, times N / (N - p - 3), so that few samples do not bend it; infinite where they
 * are no more than p + 3 (McQuarrie 1999, Statistics and Probability Letters 44). */
double fit_penalty(size_t n_parameters, double n_samples);

/* Powers and hinges, or levels: the coefficients but for the knots. */
size_t fit_n_linear(const struct fit_shape *shape);

/*
 * Fits the form: constant, linear or quadratic. STATUS_INVALID: too few lengths or samples for it
 * (the message says how many).
 */
enum status fit_series(const struct series *series, enum model_form form, struct fit *fit,
                       struct error *error);

/* Fits a shape, without what rounds tell (fit_rounds). As fit_series. */
enum status fit_shape(const struct series *series, const struct fit_shape *shape, struct fit *fit,
                      struct error *error);

/* Fills leave_out. */
enum status fit_rounds(const struct series *series, struct fit *fit, struct error *error);

/* The variance of a coefficient over the rounds left out, else the classical one; the degrees of
 * freedom behind it. */
double fit_variance(const struct fit *fit, size_t coefficient);
double fit_dof(const struct fit *fit);

double fit_value(const struct fit *fit, double n);

/* The derivatives at n by the scaled coefficients, knots last, into x[FIT_MAX_COEFFICIENTS]. */
void fit_derivatives(const struct fit *fit, double n, double *x);

/*
 * The coefficients that would fit other means of the lengths, by one step from the fitted ones; a
 * mean that is NAN is not there. False: too few are.
 */
bool fit_step(const struct series *series, const struct fit *fit, const double *means,
              double *coefficients);

/* The cross-validation's residual of each length, into residuals[n_lengths]. */
void fit_left_out(const struct series *series, const struct fit *fit, double *residuals);

/* Drops the leave-one-out coefficients, so that the classical covariance stands. */
void fit_forget_rounds(struct fit *fit);

void fit_free(struct fit *fit);

#endif
