// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fits of energy: joules of one inference against its length, and what offloading takes.
 *
 * Thread rule: no state.
 */
#ifndef FITTER_ENERGY_FIT_H
#define FITTER_ENERGY_FIT_H

#include "base/status.h"
#include "fitter/campaign_fit.h"
#include "fitter/energy_data.h"
#include "fitter/fit.h"

/*
 * Joules of one inference at the target: of the device from its busy windows, where it has any
 * (options->energy); else, of an endpoint too, from the energies that came with its samples, as
 * they came and over the link as it was.
 *
 * A window is one value. Its weight is one over its length's variance: what windows scatter by, as
 * a power of the mean (series_weigh), plus a third of the mean square of their bounds, as if the
 * error were anywhere within them alike; the bounds alone where there are too few windows to know
 * the scatter. Rounds are resampled where there are three or more.
 *
 * The series is to be freed by series_free. STATUS_NOT_FOUND: there are none.
 * STATUS_INVALID: too few.
 */
enum status energy_fit(const struct dataset_target *target, const struct fit_options *options,
                       struct series *series, struct fit *fit, enum provenance *provenance,
                       struct error *error);

/* e0, p_tx, p_rx and p_wait of an endpoint, each as a fit of a constant. */
struct offload_fit {
    struct offload_energy energy;     /* its covariance is the classical one */
    struct fit fits[N_OFFLOAD_PARTS]; /* of those that are told */
    struct series series;             /* the energies, for their lengths and counts */
};

/*
 * From the endpoint's windows (offload_energy.h); without each round in turn where there are three
 * or more. STATUS_NOT_FOUND: there are none.
 */
enum status offload_fit(const struct dataset_target *target, const struct fit_options *options,
                        struct offload_fit *fit, struct error *error);

void offload_fit_free(struct offload_fit *fit);

#endif
