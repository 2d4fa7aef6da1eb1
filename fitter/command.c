// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/command.h"

#include "fitter/campaign_fit.h"
#include "fitter/choose.h"
#include "fitter/energy_data.h"
#include "fitter/old_models.h"
#include "fitter/page.h"
#include "fitter/pairs_fit.h"
#include "fitter/plot.h"
#include "fitter/remarks.h"
#include "fitter/report.h"
#include "fitter/sequence_models.h"
#include "records/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "auto" first, then the available forms in the order of enum model_form. */
const char *const rnnfit_forms[] = {"auto",      "constant", "linear", "quadratic",
                                    "piecewise", "step",     NULL};
const char *const rnnfit_weights[] = {"variance", "none", NULL};
const char *const rnnfit_statistics[] = {"mean", "p50", "p90", "p95", "p99", NULL};
const char *const rnnfit_robust[] = {"none", "huber", "bisquare", NULL};

/* One run with samples. */
struct run {
    const struct invocation *call;
    const struct rnnfit_settings *settings;
    struct dataset dataset;
    struct store *store; /* NULL: samples of a CSV */
    int64_t campaign_id;
    struct cost_link asked;             /* NAN where not */
    struct output_length output_length; /* where settings->pairs */
    struct remarks remarks;
    struct baseline baseline;
    struct energy_data energy; /* of a store */
};

/* Whether there is something to draw. */
static bool draws(const struct rnnfit_settings *s)
{
    return s->plot || s->report;
}

/* The samples, kept where they are needed one by one, else condensed. */
static enum status read_samples(struct run *run, const struct hold_out *hold_out,
                                struct error *error)
{
    const struct rnnfit_settings *s = run->settings;
    struct campaign campaign = {0};
    bool keep = draws(s) || s->pairs || s->statistic != STATISTIC_MEAN || s->robust;
    if (s->csv)
        return keep ? dataset_from_csv(s->csv, "edge", hold_out, &run->dataset, error)
                    : dataset_condense_csv(s->csv, "edge", hold_out, &run->dataset, error);
    enum status status = store_open(s->db, STORE_WRITE, &run->store, error);
    if (status)
        return status;
    status = store_campaign_find(run->store, s->campaign, &campaign, error);
    if (!status)
        status =
            keep ? dataset_from_store(run->store, &campaign, hold_out, &run->dataset, error)
                 : dataset_condense_store(run->store, &campaign, hold_out, &run->dataset, error);
    if (!status)
        status = energy_data_read(run->store, &campaign, hold_out, s->meter, &run->baseline,
                                  &run->energy, error);
    run->campaign_id = campaign.id;
    campaign_free(&campaign);
    return status;
}

/* The break-even of the device with each endpoint, an array of *n to be freed. */
static enum status find_break_evens(const struct dataset *dataset, const struct model_set *set,
                                    const struct cost_link *link, struct report_break_even **found,
                                    size_t *n, struct error *error)
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
        status = break_even_time(set, b->edge, b->cloud, link, &b->value, error);
    }
    *found = list;
    return status;
}

static enum status print(const struct invocation *call, const struct report *report,
                         struct error *error)
{
    if (call->json)
        return report_json(report, call->out, error);
    report_text(report, call->out);
    return STATUS_OK;
}

/* Pairs without a campaign: the output's length alone. */
static enum status report_pairs(const struct invocation *call,
                                const struct output_length *output_length, struct error *error)
{
    struct model_set none;
    model_set_init(&none);
    const struct report report = {.set = &none, .output_length = output_length};
    return print(call, &report, error);
}

/* The comparison with older models, where it was asked for. */
static enum status compare(const struct run *run, const struct model_set *set,
                           const struct cost_link *link, struct old_models *old,
                           struct drift *drift, struct error *error)
{
    const struct rnnfit_settings *s = run->settings;
    enum status status =
        old_models_load(s->compare, set->models[0].statistic, s->db, set->campaign, old, error);
    return status ? status : drift_find(&old->set, old->name, set, link, drift, error);
}

static enum status store_all(const struct run *run, const struct model_set *set,
                             struct error *error)
{
    enum status status = store_models_put(run->store, run->campaign_id, set, error);
    if (!status && run->settings->pairs)
        status = store_output_length_put(run->store, run->campaign_id, &run->output_length, error);
    return status;
}

static enum status draw(const struct run *run, const struct report *report,
                        const struct cost_link *link, struct error *error)
{
    const struct rnnfit_settings *s = run->settings;
    struct view view;
    enum status status = view_make(&run->dataset, report->set, link, &view, error);
    if (status)
        return status;
    if (s->plot)
        status = plot_write(&view, report, s->plot, error);
    if (!status && s->report)
        status = page_write(s->report, report, &view, (const char *const *)run->remarks.lines,
                            run->remarks.n, error);
    view_free(&view);
    return status;
}

static enum status fit_and_report(struct run *run, const struct fit_options *options,
                                  struct error *error)
{
    const struct rnnfit_settings *s = run->settings;
    struct model_set set;
    struct cost_link link = run->asked;
    struct report_break_even *break_evens = NULL;
    struct old_models old = {0};
    struct drift drift = {0};
    struct energy_report energy = {0};
    size_t n = 0;
    enum status status = campaign_fit(&run->dataset, options, &set, error);
    if (status)
        return status;
    if (s->pairs && s->statistic == STATISTIC_MEAN && !s->robust) /* only means add up */
        status = sequence_models_apply(&run->dataset, &run->output_length, options, &set, error);
    remarks_on_fit(&run->remarks, &run->dataset, &set, &run->asked);
    energy_report_remark(&run->dataset, &run->energy, remarks_say, &run->remarks);
    cost_link_complete(&link, &set);
    if (!status)
        status = find_break_evens(&run->dataset, &set, &link, &break_evens, &n, error);
    if (!status)
        status = energy_report_find(&run->dataset, &set, &link, &energy, error);
    if (!status && s->compare)
        status = compare(run, &set, &link, &old, &drift, error);
    if (!status && run->store)
        status = store_all(run, &set, error);
    const struct report report = {
        &set,   break_evens, n, s->pairs ? &run->output_length : NULL, s->compare ? &drift : NULL,
        &energy};
    if (!status && draws(s))
        status = draw(run, &report, &link, error);
    if (!status)
        status = print(run->call, &report, error);
    if (!status && s->compare)
        status = drift_status(&drift, set.campaign, error);
    drift_free(&drift);
    old_models_free(&old);
    energy_report_free(&energy);
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
        .statistic = (enum statistic)s->statistic,
        .robust = (enum robust_kind)s->robust,
        .curved = true,
        .max_knots = s->knots,
        .tolerance = s->tolerance,
        .equal_weights = s->weights == 1,
        .hold_out = {s->hold_out, s->seed},
        .remark = remarks_say,
    };
    struct run run = {
        .call = call, .settings = s, .asked = {NAN, NAN, NAN}, .remarks = {.call = call}};
    options.user = &run.remarks;
    options.energy = &run.energy;
    bool samples = s->db || s->csv;
    if (s->db && s->csv)
        return error_set(error, STATUS_MISUSE, "give either --db FILE or --csv FILE");
    if (!samples && !s->pairs)
        return error_set(error, STATUS_MISUSE,
                         "give either --db FILE or --csv FILE (or --pairs CSV alone)");
    if (!samples && (draws(s) || s->compare))
        return error_set(error, STATUS_MISUSE, "--%s needs samples: give --db FILE or --csv FILE",
                         s->plot     ? "plot"
                         : s->report ? "report"
                                     : "compare");
    if (s->meter && !s->db)
        return error_set(error, STATUS_MISUSE,
                         "--meter is of windows in a database: give --db FILE");
    if (s->robust && s->statistic != STATISTIC_MEAN)
        return error_set(error, STATUS_MISUSE, "--robust is of means: a %s is robust by itself",
                         rnnfit_statistics[s->statistic]);
    if (s->knots < 1 || s->knots > CHOICE_MAX_KNOTS)
        return error_set(error, STATUS_MISUSE, "--knots: at least 1, at most %d", CHOICE_MAX_KNOTS);
    if (s->report && strcmp(s->report, "-") == 0)
        return error_set(error, STATUS_MISUSE,
                         "--report: give a file; the text is on standard "
                         "output");
    if (s->hold_out > 0.9)
        return error_set(error, STATUS_MISUSE, "--hold-out: leaves less than 10 %% to fit");
    enum status status = s->link ? cost_link_parse(s->link, &run.asked, error) : STATUS_OK;
    if (!status && s->baseline)
        status = baseline_parse(s->baseline, &run.baseline, error);
    if (!status && s->pairs)
        status = pairs_fit_file(s->pairs, &run.output_length, error);
    if (!status && samples)
        status = read_samples(&run, &options.hold_out, error);
    if (!status && samples)
        status = fit_and_report(&run, &options, error);
    else if (!status)
        status = report_pairs(call, &run.output_length, error);
    remarks_free(&run.remarks);
    output_length_free(&run.output_length);
    dataset_free(&run.dataset);
    energy_data_free(&run.energy);
    store_close(run.store);
    return status;
}
