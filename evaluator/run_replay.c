// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/command_private.h"

#include "base/progress.h"
#include "base/stop.h"
#include "base/units.h"
#include "evaluator/journal.h"
#include "evaluator/replay.h"
#include "records/link_source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_REQUESTS = 100000 };
static const double default_timeout_s = 30;

/* Everything that replays hold. */
struct replays {
    const struct job *job;
    struct replay_options options;
    struct histogram histograms[OPTION_LIST_MAX];
    struct report_context contexts[OPTION_LIST_MAX]; /* of the histograms */
    struct link_source *links[OPTION_LIST_MAX];
    size_t n_lengths, n_links;
    struct cell *cells; /* n_lengths*n_links, a row of links per histogram */
    size_t n_cells;     /* that are done */
};

/* ---- options */

static enum status read_rate(const char *option, const char *text, double *bit_s,
                             struct error *error)
{
    if (!text)
        return STATUS_OK;
    if (strcmp(text, "unlimited") == 0) {
        *bit_s = INFINITY;
        return STATUS_OK;
    }
    enum status status = parse_quantity(text, DIMENSION_RATE, bit_s, error);
    if (!status && *bit_s <= 0)
        status = error_set(error, STATUS_INVALID, "a link without bandwidth answers nothing");
    if (status)
        error_prefix(error, "--%s", option);
    return status ? STATUS_MISUSE : STATUS_OK;
}

/* A bandwidth that is not charged for needs none: only a trace's outages count then. */
static enum status read_rest(const struct job *job, struct link_rest *rest, struct error *error)
{
    const struct rnneval_settings *s = job->settings;
    const struct cost_pair *pair = &job->subject.pair;
    *rest = (struct link_rest){s->rtt_s >= 0 ? s->rtt_s : NAN, pair->charges_up ? NAN : INFINITY,
                               pair->charges_down ? NAN : INFINITY};
    enum status status = read_rate("up", s->up, &rest->up_bit_s, error);
    if (!status)
        status = read_rate("down", s->down, &rest->down_bit_s, error);
    return status;
}

static double value_or(double value, double otherwise)
{
    return isnan(value) ? otherwise : value;
}

static void put_bandwidth(double bit_s, char *text, size_t size)
{
    if (isinf(bit_s))
        snprintf(text, size, "unlimited");
    else
        snprintf(text, size, "%.9gMbit/s", bit_s * 1e-6);
}

/* Without --link: the link that the campaign was measured over, or what the options say. */
static enum status open_measured(const struct job *job, const struct link_rest *rest,
                                 struct link_source **link, struct error *error)
{
    struct cost_link measured = cost_link_measured(&job->subject.models);
    char text[128], up[32], down[32];
    put_bandwidth(value_or(rest->up_bit_s, 8 / measured.up_s_per_byte), up, sizeof up);
    put_bandwidth(value_or(rest->down_bit_s, 8 / measured.down_s_per_byte), down, sizeof down);
    snprintf(text, sizeof text, "fixed:%.9gms,%s,%s", 1e3 * value_or(rest->rtt_s, measured.rtt_s),
             up, down);
    return link_source_open(text, rest, link, error);
}

static enum status open_links(struct replays *r, struct error *error)
{
    const struct option_list *wanted = &r->job->settings->links;
    struct link_rest rest;
    enum status status = read_rest(r->job, &rest, error);
    if (!status && wanted->n_items == 0)
        status = open_measured(r->job, &rest, &r->links[r->n_links++], error);
    for (size_t i = 0; !status && i < wanted->n_items; i++) {
        status = link_source_open(wanted->items[i], &rest, &r->links[r->n_links++], error);
        if (status == STATUS_MISUSE)
            error_prefix(error, "--link");
    }
    return status;
}

static enum status read_lengths(struct replays *r, struct error *error)
{
    const struct option_list *wanted = &r->job->settings->lengths;
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < wanted->n_items; i++) {
        status = job_lengths(r->job, wanted->items[i], &r->histograms[i], &r->contexts[i], error);
        r->n_lengths++;
    }
    return status;
}

static enum status read_options(struct replays *r, struct error *error)
{
    const struct rnneval_settings *s = r->job->settings;
    double campaign_s = r->job->subject.timeout_s;
    r->options = (struct replay_options){
        .n_requests = s->n_requests == RNNEVAL_NOT_GIVEN ? DEFAULT_REQUESTS : s->n_requests,
        .seed = s->seed,
        .timeout_s = s->timeout_s >= 0 ? s->timeout_s
                     : campaign_s > 0  ? campaign_s
                                       : default_timeout_s};
    enum status status =
        arrivals_parse(s->arrivals ? s->arrivals : "closed", &r->options.arrivals, error);
    if (!status && r->options.timeout_s <= 0)
        status = error_set(error, STATUS_MISUSE, "--timeout: nothing is answered within no time");
    if (!status && s->think_s >= 0 && arrivals_open(&r->options.arrivals))
        status = error_set(error, STATUS_MISUSE, "--think goes with --arrivals closed only");
    r->options.arrivals.think_s = fmax(s->think_s, 0);
    return status;
}

/* ---- cells */

static enum status run_cell(struct replays *r, size_t lengths, size_t link, struct error *error)
{
    const struct job *job = r->job;
    const struct subject *subject = &job->subject;
    struct cost_link design = cost_link_measured(&subject->models);
    struct cell *cell = &r->cells[lengths * r->n_links + link];
    struct ledger ledger = {0};
    cell->context = r->contexts[lengths];
    enum status status =
        ledger_init(&ledger, r->options.n_requests, &r->histograms[lengths], error);
    if (!status) {
        ledger_know(&ledger, &subject->pair, subject->has_energy ? &subject->energy : NULL,
                    &subject->table, &design);
        ledger.by_bandwidth = subject->has_links ? &subject->links : NULL;
        status = replay_ledger(&r->options, &r->histograms[lengths], &subject->draws,
                               &subject->pair, r->links[link], &ledger, error);
    }
    if (!status)
        status =
            evaluation_make(&ledger, job->wanted, job->settings->seed, &cell->evaluation, error);
    if (!status && job->settings->journal)
        status = journal_write(job->settings->journal, &ledger, &cell->evaluation,
                               job->settings->seed, error);
    cell->context.mean_length = ledger.mean_length;
    cell->context.n_wanted = r->options.n_requests;
    cell->context.replay = &cell->replay;
    cell->replay = (struct replay_context){.link = link_source_name(r->links[link]),
                                           .given = job->settings->links.items[link],
                                           .origin = link_source_origin(r->links[link]),
                                           .in_sample = subject->in_sample,
                                           .arrivals = r->options.arrivals,
                                           .timeout_s = r->options.timeout_s,
                                           .draws = &subject->draws,
                                           .charges_up = subject->pair.charges_up,
                                           .charges_down = subject->pair.charges_down,
                                           .by_table = ledger.by_table,
                                           .by_models = !ledger.by_table && !ledger.by_bandwidth,
                                           .by_request = link_source_by_request(r->links[link]),
                                           .has_rtt = subject->models.has_rtt};
    ledger_free(&ledger);
    return status;
}

static enum status run_cells(struct replays *r, struct error *error)
{
    const struct invocation *call = r->job->call;
    struct progress bar;
    size_t n = r->n_lengths * r->n_links;
    enum status status = STATUS_OK;
    r->cells = calloc(n, sizeof *r->cells);
    if (!r->cells)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu evaluations", n);
    progress_start(&bar, call->verbosity < 0 ? NULL : call->diagnostics, "replaying");
    for (size_t i = 0; !status && i < n && !stop_asked(); i++) {
        status = run_cell(r, i / r->n_links, i % r->n_links, error);
        r->n_cells += !status;
        progress_update(&bar, (double)(i + 1) / (double)n, NULL);
    }
    progress_hide(&bar);
    if (!status && r->n_cells == 0)
        status = error_set(error, STATUS_INTERRUPTED, "stopped before the first evaluation");
    return status;
}

enum status run_replay(struct job *job, struct error *error)
{
    struct replays r = {.job = job};
    enum status status = read_options(&r, error);
    if (!status)
        status = subject_draws(job->settings->db, &job->subject, error);
    if (!status && job->subject.in_sample && job->call->verbosity >= 0)
        fprintf(job->call->diagnostics, "rnneval: judged in sample, which flatters: %s\n",
                job->subject.in_sample);
    if (!status)
        status = open_links(&r, error);
    if (!status)
        status = read_lengths(&r, error);
    if (!status)
        status = run_cells(&r, error);
    if (!status)
        status = job_publish(job, r.cells, r.n_cells, error);
    if (!status && r.n_cells < r.n_lengths * r.n_links)
        status = error_set(error, STATUS_NOT_REACHED, "stopped after %zu of %zu evaluations",
                           r.n_cells, r.n_lengths * r.n_links);
    for (size_t i = 0; i < r.n_cells; i++)
        evaluation_free(&r.cells[i].evaluation);
    for (size_t i = 0; i < r.n_lengths; i++)
        histogram_free(&r.histograms[i]);
    for (size_t i = 0; i < r.n_links; i++)
        link_source_free(r.links[i]);
    free(r.cells);
    return status;
}
