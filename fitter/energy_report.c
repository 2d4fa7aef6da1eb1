// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/energy_report.h"

#include "fitter/energy_cost.h"

#include <stdio.h>
#include <stdlib.h>

/* A reason is for the report; what else goes wrong ends the run. */
static enum status find_row(const struct model_set *set, const struct cost_link *link,
                            struct energy_break_even *row, struct error *error)
{
    struct error why = {0};
    enum status status =
        break_even_energy(set, row->edge, row->cloud, link, &row->value, &row->provenance, &why);
    row->without_e0 = !model_set_find(set, row->cloud, QUANTITY_E0_J) &&
                      !model_set_find(set, row->cloud, QUANTITY_ENERGY_J);
    if (status == STATUS_NOT_FOUND || status == STATUS_UNSUPPORTED) {
        snprintf(row->refused, sizeof row->refused, "%s", why.text);
        return STATUS_OK;
    }
    return status ? error_set(error, status, "%s", why.text) : STATUS_OK;
}

enum status energy_report_find(const struct dataset *dataset, const struct model_set *set,
                               const struct cost_link *link, struct energy_report *report,
                               struct error *error)
{
    enum status status = STATUS_OK;
    *report = (struct energy_report){.rows = calloc(dataset->n_targets, sizeof *report->rows)};
    if (!report->rows)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for break-evens");
    const char *edge = dataset->targets[0].name;
    for (size_t t = 1; !status && !dataset->targets[0].remote && t < dataset->n_targets; t++) {
        const char *cloud = dataset->targets[t].name;
        if (!energy_pair_exists(set, edge, cloud))
            continue;
        struct energy_break_even *row = &report->rows[report->n_rows++];
        row->edge = edge;
        row->cloud = cloud;
        status = find_row(set, link, row, error);
    }
    return status;
}

void energy_report_remark(const struct dataset *dataset, const struct energy_data *data,
                          fit_remark *say, void *user)
{
    char line[ERROR_TEXT_SIZE];
    bool samples = false;
    for (size_t t = 0; t < dataset->n_targets; t++)
        samples = samples || dataset->targets[t].energy;
    if (data->meter.name && data->others) {
        snprintf(line, sizeof line,
                 "energies are those of meter %.80s; --meter chooses another: %s", data->meter.name,
                 data->others);
        say(user, line);
    }
    if (data->n_passed > 0) {
        snprintf(line, sizeof line,
                 "%zu windows of energy left out: failures in them, or no idle window beside them "
                 "(--baseline none or WATTS needs none)",
                 data->n_passed);
        say(user, line);
    }
    if (samples && data->baseline.kind != BASELINE_IDLE)
        say(user,
            "energies that came with samples are taken as they are: --baseline is of windows");
}

void energy_report_free(struct energy_report *report)
{
    free(report->rows);
    *report = (struct energy_report){0};
}
