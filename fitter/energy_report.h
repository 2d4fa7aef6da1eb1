// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What rnnfit says about energy: what the joules are of, where two targets cost the same energy,
 * and why that is not said where it is not.
 *
 * Life cycle: starts as {0}; energy_report_find, energy_report_free; the model set, the targets'
 * names and the windows must outlive it. Thread rule: no state.
 */
#ifndef FITTER_ENERGY_REPORT_H
#define FITTER_ENERGY_REPORT_H

#include "base/status.h"
#include "fitter/break_even.h"
#include "fitter/campaign_fit.h"
#include "fitter/energy_data.h"

#include <stddef.h>

/* Of the device with one endpoint. */
struct energy_break_even {
    const char *edge, *cloud;
    bool without_e0; /* no request alone was measured: it holds for requests back to back */
    enum provenance provenance;
    struct break_even value;       /* where `refused` is empty */
    char refused[ERROR_TEXT_SIZE]; /* else why there is none */
};

struct energy_report {
    struct energy_break_even *rows; /* of the endpoints, where any energy is known */
    size_t n_rows;
};

/* STATUS_NO_MEMORY; STATUS_MISUSE: a link without bandwidth. */
enum status energy_report_find(const struct dataset *dataset, const struct model_set *set,
                               const struct cost_link *link, struct energy_report *report,
                               struct error *error);

/* What there is to say of the windows: the meter that was chosen, windows left out, a baseline that
 * energies of samples do not take. */
void energy_report_remark(const struct dataset *dataset, const struct energy_data *data,
                          fit_remark *say, void *user);

void energy_report_free(struct energy_report *report);

#endif
