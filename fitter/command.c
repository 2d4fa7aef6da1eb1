// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/command.h"

#include "base/units.h"
#include "fitter/campaign_fit.h"
#include "fitter/plot.h"
#include "fitter/report.h"
#include "records/store.h"

#include <stdlib.h>
#include <string.h>

/* "auto" first, then the available forms in the order of enum model_form. */
const char *const rnnfit_forms[] = {"auto", "constant", "linear", NULL};
const char *const rnnfit_weights[] = {"variance", "none", NULL};
const char *const rnnfit_statistics[] = {"mean", NULL};

static enum status parse_link(const char *text, double *rtt_s, struct error *error)
{
    static const char prefix[] = "fixed:";
    struct error why = {0};
    if (strncmp(text, prefix, strlen(prefix)) != 0)
        return error_set(error, STATUS_MISUSE, "--link: '%s' is not fixed:MS (such as fixed:20ms)",
                         text);
    if (parse_quantity(text + strlen(prefix), DIMENSION_TIME, rtt_s, &why))
        return error_set(error, STATUS_MISUSE, "--link: %s", why.text);
    return STATUS_OK;
}

static enum status read_store(const struct rnnfit_settings *s, const struct hold_out *hold_out,
                              struct store **store, int64_t *campaign_id, struct dataset *dataset,
                              struct error *error)
{
    struct campaign campaign = {0};
    enum status status = store_open(s->db, STORE_WRITE, store, error);
    if (status)
        return status;
    status = store_campaign_find(*store, s->campaign, &campaign, error);
    if (!status)
        status = dataset_from_store(*store, &campaign, hold_out, dataset, error);
    *campaign_id = campaign.id;
    campaign_free(&campaign);
    return status;
}

/* The break-even of the device with each endpoint, an array of *n to be freed. */
static enum status find_break_evens(const struct dataset *dataset, const struct model_set *set,
                                    double rtt_s, struct report_break_even **found, size_t *n,
                                    struct error *error)
{
    struct report_break_even *list = calloc(dataset->n_targets, sizeof *list);
    enum status status = STATUS_OK;
    *n = 0;
    if (!list)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for break-evens");
    for (size_t t = 1; !status && !dataset->targets[0].remote && t < dataset->n_targets; t++) {
        struct report_break_even *b = &list[(*n)++];
        b->edge = dataset->targets[0].name;
        b->cloud = dataset->targets[t].name;
        status = break_even_time(set, b->edge, b->cloud, rtt_s, &b->value, error);
    }
    *found = list;
    return status;
}

static void remark(const struct invocation *call, const struct dataset *dataset,
                   const struct model_set *set)
{
    if (call->verbosity < 0)
        return;
    for (size_t t = 0; t < dataset->n_targets; t++) {
        const struct dataset_target *target = &dataset->targets[t];
        if (target->n_failed > 0)
            fprintf(call->diagnostics, "rnnfit: %s: %llu failed samples left out of the fit\n",
                    target->name, (unsigned long long)target->n_failed);
        if (target->remote && target->n_rtt > 0 && target->n_rtt < target->n)
            fprintf(call->diagnostics,
                    "rnnfit: %s: %zu samples without a round trip left out of remote_s\n",
                    target->name, target->n - target->n_rtt);
        if (target->remote && target->n_rtt == 0)
            fprintf(call->diagnostics,
                    "rnnfit: %s: no round trips measured; its time is taken whole and holds only "
                    "at the link it was measured over\n",
                    target->name);
    }
    bool rounds = false;
    for (size_t i = 0; dataset->n_targets > 0 && i < dataset->targets[0].n; i++)
        rounds = rounds || dataset->targets[0].observations[i].round >= 0;
    if (rounds && set->n_rounds == 0)
        fprintf(call->diagnostics, "rnnfit: fewer than three whole rounds: samples are taken as "
                                   "independent, and intervals may be too narrow\n");
}

static enum status fit_and_report(const struct invocation *call, const struct rnnfit_settings *s,
                                  const struct dataset *dataset, struct store *store,
                                  int64_t campaign_id, const struct fit_options *options,
                                  double rtt_s, struct error *error)
{
    struct model_set set;
    struct report_break_even *break_evens = NULL;
    size_t n = 0;
    enum status status = campaign_fit(dataset, options, &set, error);
    if (status)
        return status;
    remark(call, dataset, &set);
    status = find_break_evens(dataset, &set, rtt_s, &break_evens, &n, error);
    if (!status && store)
        status = store_models_put(store, campaign_id, &set, error);
    if (!status && s->plot)
        status = plot_time(dataset, &set, break_evens, n, s->plot, error);
    if (!status && call->json)
        status = report_json(&set, break_evens, n, call->out, error);
    else if (!status)
        report_text(&set, break_evens, n, call->out);
    free(break_evens);
    model_set_free(&set);
    return status;
}

enum status rnnfit_run(const struct invocation *call, const void *settings, struct error *error)
{
    const struct rnnfit_settings *s = settings;
    struct fit_options options = {
        .automatic = s->form == 0,
        .form = s->form == 0 ? FORM_LINEAR : (enum model_form)(s->form - 1),
        .equal_weights = s->weights == 1,
        .hold_out = {s->hold_out, s->seed},
    };
    struct store *store = NULL;
    struct dataset dataset = {0};
    int64_t campaign_id = 0;
    double rtt_s = 0;
    if (!s->db == !s->csv)
        return error_set(error, STATUS_MISUSE, "give either --db FILE or --csv FILE");
    if (s->hold_out > 0.9)
        return error_set(error, STATUS_MISUSE, "--hold-out: leaves less than 10 %% to fit");
    enum status status = s->link ? parse_link(s->link, &rtt_s, error) : STATUS_OK;
    if (!status && s->db)
        status = read_store(s, &options.hold_out, &store, &campaign_id, &dataset, error);
    else if (!status)
        status = dataset_from_csv(s->csv, "edge", &options.hold_out, &dataset, error);
    if (!status)
        status = fit_and_report(call, s, &dataset, store, campaign_id, &options,
                                s->link ? rtt_s : dataset.rtt_s, error);
    dataset_free(&dataset);
    store_close(store);
    return status;
}
