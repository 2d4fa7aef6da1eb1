// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fits that far samples hardly move: M-estimates of the coefficients by GSL (Huber 1964; the
 * bisquare of Beaton and Tukey 1974), iteratively reweighted over all samples.
 *
 * All else (errors, rounds, the choice of the form) rests on pseudo-values: each sample's fitted
 * value plus its residual times its weight, divided by the mean slope of psi. Least squares of
 * these have the M-estimates as coefficients, and their errors (Huber 1981, section 7.6).
 */
#ifndef FITTER_ROBUST_H
#define FITTER_ROBUST_H

#include "fitter/campaign_fit.h"
#include "fitter/fit.h"

/* The series of pseudo-values is the caller's to free, like the fit.
 * STATUS_NOT_FOUND: no samples.  STATUS_INVALID: too few, or no convergence. */
enum status robust_fit(const struct dataset_target *target, const struct fit_options *options,
                       enum quantity quantity, struct series *series, struct fit *fit,
                       struct error *error);

#endif
