// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * All models of one campaign: time of the device, remote time and bytes of each endpoint, with the
 * joint covariance of their coefficients.
 */
#ifndef FITTER_CAMPAIGN_FIT_H
#define FITTER_CAMPAIGN_FIT_H

#include "base/status.h"
#include "fitter/dataset.h"
#include "records/model.h"

#include <stdbool.h>

struct fit_options {
    bool automatic; /* choose the form by BIC; else `form` */
    enum model_form form;
    bool equal_weights;       /* else weighted by the variance as a function of length */
    struct hold_out hold_out; /* only recorded here */
};

/*
 * Fits every target. Where all samples have rounds (three or more) the covariance of all
 * coefficients is that of the delete-one-round jackknife (Tukey 1958; Efron and Stein 1981),
 *     (G-1)/G * sum over rounds g of (b_(g) - b_(.)) (b_(g) - b_(.))',
 * jointly over targets, with G-1 degrees of freedom: samples of one round share noise. Elsewhere it
 * is the classical s^2 (X'WX)^-1 with N-p.
 * STATUS_INVALID: a target has too few samples; the message names it.
 */
enum status campaign_fit(const struct dataset *dataset, const struct fit_options *options,
                         struct model_set *set, struct error *error);

#endif
