// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * An endpoint's remote time, and where requests take more than one round trip, their number, from
 * the same samples: T - u*bytes_up - d*bytes_down = c1(n)*r + remote_s(n).
 *
 * Life cycle: remote_fit, remote_fit_free.
 */
#ifndef FITTER_REMOTE_FIT_H
#define FITTER_REMOTE_FIT_H

#include "base/status.h"
#include "fitter/campaign_fit.h"
#include "fitter/fit.h"
#include "fitter/round_trips.h"

struct remote_fit {
    struct series series; /* of remote_s */
    struct fit remote;
    struct fit round_trips; /* its coefficients are the levels of `trips`; none where c1 is 1 */
    struct round_trips trips;
};

/* What is worth a remark (c1 that cannot be estimated, samples left out) goes to options->remark.
 * STATUS_NOT_FOUND: no sample takes part.  STATUS_INVALID: too few for the form. */
enum status remote_fit(const struct dataset_target *target, const struct fit_options *options,
                       struct remote_fit *fit, struct error *error);

void remote_fit_free(struct remote_fit *fit);

#endif
