// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/command.h"

#include "fitter/campaign_fit.h"
#include "fitter/choose.h"
#include "fitter/old_models.h"
#include "fitter/pairs_fit.h"
#include "fitter/plot.h"
#include "fitter/report.h"
#include "records/store.h"

#include <math.h>
#include <stdlib.h>

/* "auto" first, then the available forms in the order of enum model_form. */
const char *const rnnfit_forms[] = {"auto",      "constant", "linear", "quadratic",
                                    "piecewise", "step",     NULL};
const char *const rnnfit_weights[] = {"variance", "none", NULL};
const char *const rnnfit_statistics[] = {"mean", NULL};

/* One run with samples. */
struct run {
    const struct invocation *call;
    const struct rnnfit_settings *settings;
    struct dataset dataset;
    struct store *store; /* NULL: samples of a CSV */
    int64_t campaign_id;
    struct cost_link asked;             /* NAN where not */
    struct output_length output_length; /* where settings->pairs */
};

/* The samples, kept where they are to be drawn, else condensed. */
static enum status read_samples(struct run *run, const struct hold_out *hold_out,
                                struct error *error)
{
    const struct rnnfit_settings *s = run->settings;
    struct campaign campaign = {0};
    if (s->csv)
        return s->plot ? dataset_from_csv(s->csv, "edge", hold_out, &run->dataset, error)
                       : dataset_condense_csv(s->csv, "edge", hold_out, &run->dataset, error);
    enum status status = store_open(s->db, STORE_WRITE, &run->store, error);
    if (status)
        return status;
    status = store_campaign_find(run->store, s->campaign, &campaign, error);
    if (!status)
        status =
            s->plot ? dataset_from_store(run->store, &campaign, hold_out, &run->dataset, error)
                    : dataset_condense_store(run->store, &campaign, hold_out, &run->dataset, error);
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

static void say(void *user, const char *line)
{
    const struct invocation *call = user;
    if (call->verbosity >= 0)
        fprintf(call->diagnostics, "rnnfit: %s\n", line);
}

static void remark_target(const struct invocation *call, const struct dataset_target *target,
                          const struct dataset *dataset)
{
    if (target->n_failed > 0)
        fprintf(call->diagnostics, "rnnfit: %s: %llu failed samples left out of the fit\n",
                target->name, (unsigned long long)target->n_failed);
    for (int r = LINK_TAKES_PART + 1; target->remote && r < N_LINK_REASONS; r++) {
        if (target->link.n[r] > 0)
            fprintf(call->diagnostics, "rnnfit: %s: %llu samples %s left out of remote_s\n",
                    target->name, (unsigned long long)target->link.n[r],
                    link_reason_text((enum link_reason)r));
    }
    if (target->remote && !target->link.rtt)
        fprintf(call->diagnostics,
                "rnnfit: %s: no round trips measured; its time is taken whole and holds only "
                "at the link it was measured over\n",
                target->name);
    bool up = !isnan(dataset->up_s_per_byte) && !target->link.up;
    bool down = !isnan(dataset->down_s_per_byte) && !target->link.down;
    if (target->remote && (up || down))
        fprintf(call->diagnostics,
                "rnnfit: %s: its link's bandwidth is not known, unlike another's: its bytes are "
                "not modelled, their time stays in remote_s\n",
                target->name);
}

static void remark(const struct invocation *call, const struct dataset *dataset,
                   const struct model_set *set, const struct cost_link *asked)
{
    if (call->verbosity < 0)
        return;
    for (size_t t = 0; t < dataset->n_targets; t++)
        remark_target(call, &dataset->targets[t], dataset);
    if ((!isnan(asked->up_s_per_byte) && isnan(set->up_s_per_byte)) ||
        (!isnan(asked->down_s_per_byte) && isnan(set->down_s_per_byte)))
        fprintf(
            call->diagnostics,
            "rnnfit: the samples do not know the bandwidth that their bytes passed at: their time "
            "is in remote_s, and --link's is ignored\n");
    if (dataset->n_targets > 0 && dataset_target_rounds(&dataset->targets[0]) && set->n_rounds == 0)
        fprintf(call->diagnostics, "rnnfit: fewer than three whole rounds: samples are taken as "
                                   "independent, and intervals may be too narrow\n");
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

static enum status fit_and_report(struct run *run, const struct fit_options *options,
                                  struct error *error)
{
    const struct rnnfit_settings *s = run->settings;
    struct model_set set;
    struct cost_link link = run->asked;
    struct report_break_even *break_evens = NULL;
    struct old_models old = {0};
    struct drift drift = {0};
    size_t n = 0;
    enum status status = campaign_fit(&run->dataset, options, &set, error);
    if (status)
        return status;
    remark(run->call, &run->dataset, &set, &run->asked);
    cost_link_complete(&link, &set);
    status = find_break_evens(&run->dataset, &set, &link, &break_evens, &n, error);
    if (!status && s->compare)
        status = compare(run, &set, &link, &old, &drift, error);
    if (!status && run->store)
        status = store_all(run, &set, error);
    if (!status && s->plot)
        status = plot_time(&run->dataset, &set, &link, break_evens, n, s->plot, error);
    const struct report report = {&set, break_evens, n, s->pairs ? &run->output_length : NULL,
                                  s->compare ? &drift : NULL};
    if (!status)
        status = print(run->call, &report, error);
    if (!status && s->compare)
        status = drift_status(&drift, set.campaign, error);
    drift_free(&drift);
    old_models_free(&old);
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
        .curved = true,
        .max_knots = s->knots,
        .tolerance = s->tolerance,
        .equal_weights = s->weights == 1,
        .hold_out = {s->hold_out, s->seed},
        .remark = say,
        .user = (void *)call,
    };
    struct run run = {.call = call, .settings = s, .asked = {NAN, NAN, NAN}};
    bool samples = s->db || s->csv;
    if (s->db && s->csv)
        return error_set(error, STATUS_MISUSE, "give either --db FILE or --csv FILE");
    if (!samples && !s->pairs)
        return error_set(error, STATUS_MISUSE,
                         "give either --db FILE or --csv FILE (or --pairs CSV alone)");
    if (!samples && (s->plot || s->compare))
        return error_set(error, STATUS_MISUSE, "--%s needs samples: give --db FILE or --csv FILE",
                         s->plot ? "plot" : "compare");
    if (s->knots < 1 || s->knots > CHOICE_MAX_KNOTS)
        return error_set(error, STATUS_MISUSE, "--knots: at least 1, at most %d", CHOICE_MAX_KNOTS);
    if (s->hold_out > 0.9)
        return error_set(error, STATUS_MISUSE, "--hold-out: leaves less than 10 %% to fit");
    enum status status = s->link ? cost_link_parse(s->link, &run.asked, error) : STATUS_OK;
    if (!status && s->pairs)
        status = pairs_fit_file(s->pairs, &run.output_length, error);
    if (!status && samples)
        status = read_samples(&run, &options.hold_out, error);
    if (!status && samples)
        status = fit_and_report(&run, &options, error);
    else if (!status)
        status = report_pairs(call, &run.output_length, error);
    output_length_free(&run.output_length);
    dataset_free(&run.dataset);
    store_close(run.store);
    return status;
}
