// SPDX-License-Identifier: GPL-3.0-or-later
/* The choice of a form as the options of a campaign's fit ask for it, and what is said of it. */
#ifndef FITTER_CHOSEN_H
#define FITTER_CHOSEN_H

#include "fitter/campaign_fit.h"
#include "fitter/fit.h"

/*
 * Fits the form that suits the series. `straight`: it has to be constant or linear (equations that
 * are shared with other fits).
 * STATUS_INVALID: too few lengths or samples.  STATUS_UNSUPPORTED: another form is asked for where
 * it has to be straight.
 */
enum status fit_chosen(const struct series *series, const struct fit_options *options,
                       bool straight, const char *target, enum quantity quantity, struct fit *fit,
                       struct error *error);

#endif
