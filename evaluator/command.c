// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/command.h"

#include "base/memory.h"
#include "base/outfile.h"
#include "base/stop.h"
#include "codegen/table.h"
#include "evaluator/live.h"
#include "evaluator/plot.h"
#include "evaluator/report.h"
#include "evaluator/setting.h"
#include "fitter/dataset.h"
#include "records/lengths.h"
#include "records/store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REQUESTS = 1000000 };

/* Everything that an evaluation holds. */
struct job {
    struct campaign campaign;
    struct model_set models;
    struct setting setting;
    struct decision_table table;
    struct histogram histogram;
    bool current; /* whether the models were fitted to the samples that are there now */
    char *edge;   /* the name of the device's target */
    char *engine;
    struct request *requests;
    size_t n_done;
    bool wanted[MAX_POLICIES];
};

static enum status check_options(const struct rnneval_settings *s, struct error *error)
{
    const char *missing = !s->db ? "--db FILE" : !s->lengths ? "--lengths CSV" : NULL;
    if (missing)
        return error_set(error, STATUS_MISUSE, "%s is missing; see rnneval --help", missing);
    if (!s->live)
        return error_set(error, STATUS_MISUSE,
                         "this version evaluates on real requests only: add --live (and --url URL "
                         "where the endpoint has moved)");
    if (s->n_requests < 2 || s->n_requests > MAX_REQUESTS)
        return error_set(error, STATUS_MISUSE, "--requests: %" PRIu64 " is not in 2 .. %d",
                         s->n_requests, MAX_REQUESTS);
    if (s->max_length > LENGTH_MAX)
        return error_set(error, STATUS_MISUSE, "--max-length: %" PRIu64 " is more than %d",
                         s->max_length, LENGTH_MAX);
    return STATUS_OK;
}

static enum status choose_policies(const char *list, bool *wanted, struct error *error)
{
    char name[32];
    for (size_t i = 0; i < n_policies; i++)
        wanted[i] = !list;
    while (list) {
        size_t length = strcspn(list, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, list);
        int i = length < sizeof name ? policy_find(name) : -1;
        if (i < 0) {
            char known[256] = "";
            for (size_t p = 0, used = 0; p < n_policies; p++, used = strlen(known))
                snprintf(known + used, sizeof known - used, "%s%s", p ? ", " : "",
                         policies[p].name);
            return error_set(error, STATUS_MISUSE, "--policy: '%.*s' is none of %s", (int)length,
                             list, known);
        }
        wanted[i] = true;
        list = list[length] ? list + length + 1 : NULL;
    }
    return STATUS_OK;
}

/* The device's target is the first that has no URL. */
static enum status find_edge(struct store *store, struct job *job, struct error *error)
{
    struct target *targets = NULL;
    size_t n = 0;
    enum status status = store_targets(store, job->campaign.id, &targets, &n, error);
    for (size_t i = 0; i < n; i++) {
        if (!job->edge && !targets[i].url) {
            job->edge = targets[i].name;
            job->engine = targets[i].engine;
            targets[i].name = targets[i].engine = NULL;
        }
        target_free(&targets[i]);
    }
    free(targets);
    if (!status && !job->edge)
        status = error_set(error, STATUS_NOT_FOUND, "%s: campaign %s has no target on the device",
                           store_path(store), job->campaign.name);
    return status;
}

static enum status load(const struct rnneval_settings *s, struct job *job, struct error *error)
{
    struct store *store = NULL;
    enum status status = store_open(s->db, STORE_READ, &store, error);
    if (!status)
        status = store_campaign_find(store, s->campaign, &job->campaign, error);
    if (!status)
        status = store_models_get(store, job->campaign.id, STATISTIC_MEAN, &job->models, error);
    if (!status)
        status = dataset_is_current(store, &job->campaign, &job->models, &job->current, error);
    if (!status)
        status = find_edge(store, job, error);
    if (!status)
        status = setting_read(&job->campaign, s->target, s->url, s->model, &job->setting, error);
    if (!status) {
        struct table_options options = {.edge = job->edge,
                                        .cloud = job->setting.endpoint,
                                        .link = LINK_RTT,
                                        .rtt_s = job->models.rtt_s,
                                        .max_regret = -1};
        status = decision_table_build(&job->models, &options, &job->table, error);
    }
    store_close(store);
    return status;
}

/* Leaving out the long ones draws as drawing again until one is short enough would. */
static enum status shorten(struct histogram *histogram, uint32_t max_length, const char *path,
                           double *left_out, struct error *error)
{
    uint64_t total = histogram->total;
    while (histogram->n > 0 && histogram->lengths[histogram->n - 1] > max_length)
        histogram->total -= histogram->counts[--histogram->n];
    *left_out = 1 - (double)histogram->total / (double)total;
    if (histogram->n > 0)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID,
                     "%s: all lengths are beyond %" PRIu32
                     ": measure longer ones, or allow them with --max-length",
                     path, max_length);
}

static enum status draw(const struct rnneval_settings *s, struct job *job,
                        struct report_context *context, struct error *error)
{
    struct random random = {s->seed};
    context->max_length = s->max_length ? (uint32_t)s->max_length : job->table.threshold.n_limit;
    enum status status = histogram_read(s->lengths, &job->histogram, error);
    if (!status)
        status =
            shorten(&job->histogram, context->max_length, s->lengths, &context->left_out, error);
    if (status)
        return status;
    job->requests = calloc(s->n_requests, sizeof *job->requests);
    if (!job->requests)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %" PRIu64 " requests",
                         s->n_requests);
    for (uint64_t i = 0; i < s->n_requests; i++)
        job->requests[i].n = histogram_draw(&job->histogram, &random);
    return STATUS_OK;
}

static bool choose(const void *user, uint32_t n, uint32_t rtt_us)
{
    return decision_table_choose(user, n, rtt_us) != DECISION_EDGE;
}

static enum status write_json(const struct evaluation *evaluation,
                              const struct report_context *context, const char *path,
                              struct error *error)
{
    struct outfile file;
    enum status status = outfile_open(&file, path, error);
    if (status)
        return status;
    status = report_json(evaluation, context, file.stream, error);
    if (!status)
        status = outfile_commit(&file, error);
    outfile_abandon(&file);
    return status;
}

static enum status report(const struct invocation *call, const struct rnneval_settings *s,
                          const struct job *job, struct report_context *context,
                          struct error *error)
{
    struct ledger ledger = {0};
    struct evaluation evaluation = {0};
    struct header_rule rule = {choose, &job->table, job->models.rtt_s};
    for (size_t i = 0; i < job->n_done; i++)
        context->mean_length += (double)job->requests[i].n / (double)job->n_done;
    enum status status = ledger_init(&ledger, job->requests, job->n_done, error);
    if (!status)
        status = evaluation_make(&ledger, &rule, job->wanted, s->seed, &evaluation, error);
    if (!status && call->json)
        status = report_json(&evaluation, context, call->out, error);
    else if (!status)
        report_text(&evaluation, context, call->out);
    if (!status && s->output)
        status = write_json(&evaluation, context, s->output, error);
    if (!status && s->plot)
        status = plot_totals(&evaluation, context, s->plot, error);
    evaluation_free(&evaluation);
    ledger_free(&ledger);
    return status;
}

static enum status evaluate(const struct invocation *call, const struct rnneval_settings *s,
                            struct job *job, struct error *error)
{
    struct live *live = NULL;
    struct report_context context = {.campaign = job->campaign.name,
                                     .network = job->campaign.network,
                                     .engine = job->engine,
                                     .url = job->setting.url,
                                     .lengths = s->lengths,
                                     .n_wanted = s->n_requests,
                                     .seed = s->seed};
    if (!job->current && call->verbosity >= 0)
        fprintf(
            call->diagnostics,
            "rnneval: campaign %s holds other samples than its models were fitted to: run rnnfit "
            "again first\n",
            job->campaign.name);
    enum status status = draw(s, job, &context, error);
    if (!status)
        status = live_open(&job->setting, s->seed, &live, error);
    if (status)
        return status;
    context.server = live_server(live);
    status = live_run(live, job->requests, s->n_requests, &job->n_done,
                      call->verbosity < 0 ? NULL : call->diagnostics, error);
    if (!status && job->n_done == 0)
        status = error_set(error, STATUS_INTERRUPTED, "stopped before the first request was done");
    if (!status)
        status = report(call, s, job, &context, error);
    if (!status && job->n_done < s->n_requests)
        status = error_set(error, STATUS_NOT_REACHED, "stopped after %zu of %" PRIu64 " requests",
                           job->n_done, s->n_requests);
    live_close(live);
    return status;
}

enum status rnneval_run(const struct invocation *call, const void *settings, struct error *error)
{
    const struct rnneval_settings *s = settings;
    struct job job = {0};
    model_set_init(&job.models);
    enum status status = check_options(s, error);
    if (!status)
        status = choose_policies(s->policies, job.wanted, error);
    stop_catch();
    if (!status)
        status = load(s, &job, error);
    if (!status)
        status = evaluate(call, s, &job, error);
    free(job.requests);
    free(job.edge);
    free(job.engine);
    histogram_free(&job.histogram);
    decision_table_free(&job.table);
    setting_free(&job.setting);
    model_set_free(&job.models);
    campaign_free(&job.campaign);
    return status;
}
