// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/page_curves.h"

#include "fitter/dataset.h"
#include "fitter/page_parts.h"

#include <stdlib.h>

struct page_curves {
    struct dataset dataset;
    struct view view;
    struct report_break_even break_even;
    struct energy_report energy;
    struct report report;
};

static enum status read_samples(const char *db, const struct subject *subject,
                                struct dataset *dataset, struct error *error)
{
    const struct hold_out hold_out = {subject->models.hold_out, subject->models.hold_out_seed,
                                      false};
    struct store *store = NULL;
    enum status status = store_open(db, STORE_READ, &store, error);
    if (!status)
        status = dataset_from_store(store, &subject->campaign, &hold_out, dataset, error);
    store_close(store);
    return status;
}

enum status page_curves_load(const char *db, const struct subject *subject, double rtt_s,
                             struct page_curves **curves, struct error *error)
{
    struct page_curves *c = calloc(1, sizeof *c);
    struct cost_link link = cost_link_measured(&subject->models);
    struct error why = {0};
    *curves = NULL;
    if (!c)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a page");
    if (rtt_s >= 0)
        link.rtt_s = rtt_s;
    enum status status = read_samples(db, subject, &c->dataset, &why);
    if (status == STATUS_INVALID) { /* none */
        page_curves_free(c);
        return STATUS_OK;
    }
    if (status)
        error_set(error, status, "%s", why.text);
    if (!status)
        status = view_make(&c->dataset, &subject->models, &link, &c->view, error);
    c->break_even.edge = subject->edge;
    c->break_even.cloud = subject->cloud;
    if (!status)
        status = break_even_time(&subject->models, subject->edge, subject->cloud, &link,
                                 &c->break_even.value, error);
    if (!status)
        status = energy_report_find(&c->dataset, &subject->models, &link, &c->energy, error);
    c->report = (struct report){.set = &subject->models,
                                .break_evens = &c->break_even,
                                .n_break_evens = 1,
                                .energy = &c->energy};
    if (status)
        page_curves_free(c);
    else
        *curves = c;
    return status;
}

void page_curves_put(const struct page_curves *curves, FILE *out)
{
    page_put_found(&curves->report, out);
    page_put_provenance(curves->report.set, out);
    page_put_times(&curves->view, &curves->report, out);
    page_put_energies(&curves->report, out);
}

void page_curves_free(struct page_curves *curves)
{
    if (!curves)
        return;
    energy_report_free(&curves->energy);
    view_free(&curves->view);
    dataset_free(&curves->dataset);
    free(curves);
}
