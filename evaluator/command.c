// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/command_private.h"

#include "base/outfile.h"
#include "base/stop.h"
#include "evaluator/across.h"
#include "evaluator/page.h"
#include "evaluator/plot.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_REQUESTS = 10000000 };

/* Options of one kind of evaluation only. */
static const char *out_of_place(const struct rnneval_settings *s)
{
    const struct {
        bool given, live;
        const char *name;
    } options[] = {
        {s->links.n_items > 0, false, "--link"},
        {s->rtt_s >= 0, false, "--rtt"},
        {s->up != NULL, false, "--up"},
        {s->down != NULL, false, "--down"},
        {s->arrivals != NULL, false, "--arrivals"},
        {s->think_s >= 0, false, "--think"},
        {s->timeout_s >= 0, false, "--timeout"},
        {s->tables, false, "--tables"},
        {s->url != NULL, true, "--url"},
        {s->model != NULL, true, "--model"},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (options[i].given && options[i].live != s->live)
            return options[i].name;
    }
    return NULL;
}

static bool is_stdout(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

static enum status check_options(const struct rnneval_settings *s, struct error *error)
{
    const char *missing = !s->db ? "--db FILE" : !s->lengths.n_items ? "--lengths SOURCE" : NULL;
    const char *stray = out_of_place(s);
    if (missing)
        return error_set(error, STATUS_MISUSE, "%s is missing; see rnneval --help", missing);
    if (stray)
        return error_set(error, STATUS_MISUSE, "%s is for %s requests: it %s --live", stray,
                         s->live ? "replayed" : "live", s->live ? "does not go with" : "needs");
    if (s->n_requests != RNNEVAL_NOT_GIVEN && (s->n_requests < 2 || s->n_requests > MAX_REQUESTS))
        return error_set(error, STATUS_MISUSE, "--requests: %" PRIu64 " is not in 2 .. %d",
                         s->n_requests, MAX_REQUESTS);
    if (s->max_length != RNNEVAL_NOT_GIVEN && (s->max_length < 1 || s->max_length > LENGTH_MAX))
        return error_set(error, STATUS_MISUSE, "--max-length: %" PRIu64 " is not in 1 .. %d",
                         s->max_length, LENGTH_MAX);
    if (s->live && s->lengths.n_items > 1)
        return error_set(error, STATUS_MISUSE, "--live takes one --lengths");
    if (s->plot && (s->lengths.n_items > 1 || s->links.n_items > 1))
        return error_set(error, STATUS_MISUSE,
                         "--plot draws one evaluation: give one --lengths and one --link");
    if (s->journal && (s->lengths.n_items > 1 || s->links.n_items > 1))
        return error_set(error, STATUS_MISUSE,
                         "--journal is of one evaluation: give one --lengths and one --link");
    if (s->margin >= 0)
        return error_set(error, STATUS_MISUSE, "--margin goes with --across only");
    if (is_stdout(s->report) || is_stdout(s->journal))
        return error_set(error, STATUS_MISUSE, "--%s: give a file; the text is on standard output",
                         is_stdout(s->report) ? "report" : "journal");
    return STATUS_OK;
}

static enum status choose_policies(const char *list, bool *wanted, struct error *error)
{
    char name[32];
    for (size_t i = 0; i < n_policies; i++)
        wanted[i] = !list && !policies[i].compared;
    while (list) {
        size_t length = strcspn(list, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, list);
        int i = length < sizeof name ? policy_find(name) : -1;
        bool all = strcmp(name, "all") == 0;
        if (i < 0 && !all) {
            char known[256] = "";
            for (size_t p = 0, used = 0; p < n_policies; p++, used = strlen(known))
                snprintf(known + used, sizeof known - used, "%s%s", p ? ", " : "",
                         policies[p].name);
            return error_set(error, STATUS_MISUSE, "--policy: '%.*s' is none of %s, all",
                             (int)length, list, known);
        }
        for (size_t p = 0; p < n_policies; p++)
            wanted[p] = wanted[p] || all || (int)p == i;
        list = list[length] ? list + length + 1 : NULL;
    }
    return STATUS_OK;
}

/* ---- lengths */

/* Leaving out the long ones draws as drawing again until one is short enough would. */
static enum status shorten(struct histogram *histogram, uint32_t max_length, const char *source,
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
                     source, max_length);
}

enum status job_lengths(const struct job *job, const char *source, struct histogram *histogram,
                        struct report_context *context, struct error *error)
{
    const struct rnneval_settings *s = job->settings;
    const struct subject *subject = &job->subject;
    *context = (struct report_context){
        .campaign = subject->campaign.name,
        .network = subject->campaign.network,
        .engine = subject->engine,
        .url = subject->url,
        .lengths = source,
        .max_length = s->max_length == RNNEVAL_NOT_GIVEN ? subject->table.threshold.n_limit
                                                         : (uint32_t)s->max_length,
        .energy = &subject->models.energy,
        .why_no_energy = *subject->why_no_energy.text ? subject->why_no_energy.text : NULL,
        .seed = s->seed};
    enum status status = histogram_read(source, histogram, error);
    if (!status)
        status = shorten(histogram, context->max_length, source, &context->left_out, error);
    context->n_empty = histogram->n_empty;
    return status;
}

/* ---- what becomes of it */

/* What is written does not depend on when a signal came. */
static bool is_one(const struct job *job)
{
    return job->settings->lengths.n_items == 1 && job->settings->links.n_items <= 1;
}

static enum status put_json(const struct job *job, const struct cell *cells, size_t n, FILE *out,
                            struct error *error)
{
    return is_one(job) ? evaluation_json(&cells->evaluation, &cells->context, out, error)
                       : report_cells_json(cells, n, out, error);
}

static enum status write_json(const struct job *job, const struct cell *cells, size_t n,
                              struct error *error)
{
    struct outfile file;
    enum status status = outfile_open(&file, job->settings->output, error);
    if (status)
        return status;
    status = put_json(job, cells, n, file.stream, error);
    if (!status)
        status = outfile_commit(&file, error);
    outfile_abandon(&file);
    return status;
}

static void put_text(const struct job *job, const struct cell *cells, size_t n)
{
    FILE *out = job->call->out;
    for (size_t i = 0; i < n && (is_one(job) || job->settings->tables); i++) {
        evaluation_text(&cells[i].evaluation, &cells[i].context, out);
        if (!is_one(job))
            fputs("\n----\n\n", out);
    }
    if (!is_one(job))
        report_cells_text(cells, n, out);
}

enum status job_publish(const struct job *job, const struct cell *cells, size_t n,
                        struct error *error)
{
    const struct rnneval_settings *s = job->settings;
    enum status status = STATUS_OK;
    if (job->call->json)
        status = put_json(job, cells, n, job->call->out, error);
    else
        put_text(job, cells, n);
    if (!status && s->output)
        status = write_json(job, cells, n, error);
    if (!status && s->plot)
        status = plot_totals(&cells->evaluation, &cells->context, s->plot, error);
    if (!status && s->report)
        status = evaluation_page_write(s->report, s->db, &job->subject, cells, n, error);
    return status;
}

/* ---- many evaluations */

static enum status write_across(const struct across *across, const char *path, struct error *error)
{
    struct outfile file;
    enum status status = outfile_open(&file, path, error);
    if (status)
        return status;
    status = across_json(across, file.stream, error);
    if (!status)
        status = outfile_commit(&file, error);
    outfile_abandon(&file);
    return status;
}

/* Options that --across would not look at. */
static const char *beside_across(const struct rnneval_settings *s)
{
    const struct {
        bool given;
        const char *name;
    } options[] = {
        {s->db != NULL, "--db"},
        {s->campaign != NULL, "--campaign"},
        {s->target != NULL, "--target"},
        {s->objective != NULL, "--objective"},
        {s->lengths.n_items > 0, "--lengths"},
        {s->links.n_items > 0, "--link"},
        {s->rtt_s >= 0, "--rtt"},
        {s->up != NULL, "--up"},
        {s->down != NULL, "--down"},
        {s->arrivals != NULL, "--arrivals"},
        {s->think_s >= 0, "--think"},
        {s->timeout_s >= 0, "--timeout"},
        {s->n_requests != RNNEVAL_NOT_GIVEN, "--requests"},
        {s->max_length != RNNEVAL_NOT_GIVEN, "--max-length"},
        {s->live, "--live"},
        {s->url != NULL, "--url"},
        {s->model != NULL, "--model"},
        {s->tables, "--tables"},
        {s->plot != NULL, "--plot"},
        {s->report != NULL, "--report"},
        {s->journal != NULL, "--journal"},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (options[i].given)
            return options[i].name;
    }
    return NULL;
}

static enum status judge_across(const struct invocation *call, const struct rnneval_settings *s,
                                struct error *error)
{
    struct across across = {0};
    const char *policy = s->policies ? s->policies : "rnnmap";
    enum status status = STATUS_OK;
    const char *stray = beside_across(s);
    if (stray)
        return error_set(error, STATUS_MISUSE,
                         "--across judges documents that were written before: leave out %s", stray);
    if (policy_find(policy) < 0)
        return error_set(error, STATUS_MISUSE, "--policy: '%s' is no policy; --across takes one",
                         policy);
    for (size_t i = 0; !status && i < s->across.n_items; i++)
        status = across_read(&across, s->across.items[i], policy, error);
    if (!status)
        status = across_judge(&across, s->margin >= 0 ? s->margin : 0.01, error);
    if (!status && call->json)
        status = across_json(&across, call->out, error);
    else if (!status)
        across_text(&across, call->out);
    if (!status && s->output)
        status = write_across(&across, s->output, error);
    across_free(&across);
    return status;
}

enum status rnneval_run(const struct invocation *call, const void *settings, struct error *error)
{
    const struct rnneval_settings *s = settings;
    if (s->across.n_items > 0)
        return judge_across(call, s, error);
    struct job job = {.call = call, .settings = s};
    enum status status = check_options(s, error);
    if (!status)
        status = choose_policies(s->policies, job.wanted, error);
    if (!status)
        status = objective_parse(s->objective ? s->objective : "time", &job.objective, error);
    if (status)
        return status;
    stop_catch();
    status = subject_load(s->db, s->campaign, s->target, &job.objective, &job.subject, error);
    if (status)
        return status;
    if (!job.subject.current && call->verbosity >= 0)
        fprintf(
            call->diagnostics,
            "rnneval: campaign %s holds other samples than its models were fitted to: run rnnfit "
            "again first\n",
            job.subject.campaign.name);
    if (job.subject.n_endpoints > 1 && !s->target && call->verbosity >= 0)
        fprintf(call->diagnostics,
                "rnneval: campaign %s has %zu endpoints, this is about '%s': --target chooses "
                "another\n",
                job.subject.campaign.name, job.subject.n_endpoints, job.subject.cloud);
    status = s->live ? run_live(&job, error) : run_replay(&job, error);
    subject_free(&job.subject);
    return status;
}
