// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Quantiles as functions of the length: each length's sample quantile is one point (Hyndman and Fan
 * 1996, definition 8, whose medians are right whatever the distribution), weighted by its number of
 * samples and the variance as a function of length, and a curve is fitted to the points. Its errors
 * come from rounds drawn with replacement (the cluster bootstrap; GSL's generator), each quantile
 * taken anew; without rounds, from how far the points are from the curve.
 */
#ifndef FITTER_QUANTILE_FIT_H
#define FITTER_QUANTILE_FIT_H

#include "fitter/campaign_fit.h"
#include "fitter/fit.h"

enum { QUANTILE_REPLICATES = 400 };

/* `series` is of all samples, the caller's to free like the fit.
 * STATUS_NOT_FOUND: no samples.  STATUS_INVALID: too few lengths. */
enum status quantile_fit(const struct dataset_target *target, const struct fit_options *options,
                         enum quantity quantity, struct series *series, struct fit *fit,
                         struct error *error);

#endif
