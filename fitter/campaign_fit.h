// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * All models of one campaign: time of the device, remote time, round trips and bytes of each
 * endpoint, with the joint covariance of their coefficients.
 */
#ifndef FITTER_CAMPAIGN_FIT_H
#define FITTER_CAMPAIGN_FIT_H

#include "base/status.h"
#include "fitter/dataset.h"
#include "records/model.h"

#include <stdbool.h>

struct energy_data;

/* Takes one line about the fit that a person should read. */
typedef void fit_remark(void *user, const char *line);

enum robust_kind { ROBUST_NONE, ROBUST_HUBER, ROBUST_BISQUARE };

struct fit_options {
    enum statistic statistic; /* of times; bytes are means in any case */
    enum robust_kind robust;  /* of means (robust.h) */
    bool automatic;           /* choose the form by BIC; else `form` */
    enum model_form form;
    bool curved;      /* automatic: among all forms, not constant and linear only; bytes, and times
                         fitted together with round trips, are constant or linear in any case */
    size_t max_knots; /* 0: as many as there can be (choose.h) */
    bool lenient;     /* set here with several targets: one that no knot or step pays for has none,
                         since a form that is asked for is asked for all of them */
    double tolerance; /* what a knot, a curve or a step must change a prediction by, relative */
    bool equal_weights;               /* else weighted by the variance as a function of length */
    const struct energy_data *energy; /* windows (energy_data.h); NULL: none */
    struct hold_out hold_out;         /* recorded; its seed draws rounds, too (quantile_fit.h) */
    fit_remark *remark;               /* NULL: not wanted */
    void *user;
};

/*
 * Fits every target. Where all samples have rounds (three or more) the covariance of all
 * coefficients is that of the delete-one-round jackknife (Tukey 1958; Efron and Stein 1981),
 *     (G-1)/G * sum over rounds g of (b_(g) - b_(.)) (b_(g) - b_(.))',
 * jointly over targets, with G-1 degrees of freedom: samples of one round share noise. Elsewhere it
 * is the classical s^2 (X'WX)^-1 with N-p.
 *
 * Of quantiles and robust means that covariance is that of rounds drawn with replacement, or of
 * pseudo-values (quantile_fit.h, robust.h); both need the data set's observations, and count one
 * round trip for each request.
 *
 * A round_trips model is there only where requests take more than one and it could be estimated
 * (round_trips.h). Where one endpoint's link has a known bandwidth and another's has not, the other
 * has no bytes models: its bytes' time is in its remote_s, and must not be charged again.
 * Energies are means in any case (energy_fit.h). An endpoint's e0_j, p_tx_w, p_rx_w and p_wait_w
 * are constants; where there are too few windows of a target for a model, that is said and it has
 * none. STATUS_INVALID: a target has too few samples; the message names it.
 */
enum status campaign_fit(const struct dataset *dataset, const struct fit_options *options,
                         struct model_set *set, struct error *error);

#endif
