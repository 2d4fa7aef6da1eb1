// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/command_private.h"

#include "base/random.h"
#include "evaluator/journal.h"
#include "evaluator/live.h"
#include "evaluator/setting.h"

#include <inttypes.h>
#include <stdlib.h>

enum { DEFAULT_REQUESTS = 400 };

/* Everything that live requests hold. */
struct live_job {
    const struct job *job;
    struct setting setting;
    struct histogram histogram;
    struct live_request *requests;
    size_t n, n_done;
    struct cell cell;
};

static enum status draw(struct live_job *l, struct error *error)
{
    struct length_sampler sampler;
    struct random random = {l->job->settings->seed};
    l->requests = calloc(l->n, sizeof *l->requests);
    if (!l->requests)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu requests", l->n);
    enum status status = length_sampler_make(&l->histogram, &sampler, error);
    for (size_t i = 0; !status && i < l->n; i++) {
        l->requests[i].place = (uint32_t)alias_table_draw(&sampler.table, &random);
        l->requests[i].n = l->histogram.lengths[l->requests[i].place];
    }
    length_sampler_free(&sampler);
    return status;
}

static enum status judge(struct live_job *l, struct error *error)
{
    const struct subject *subject = &l->job->subject;
    struct cost_link design = cost_link_measured(&subject->models);
    struct ledger ledger = {0};
    enum status status = ledger_init(&ledger, l->n_done, &l->histogram, error);
    if (!status) {
        ledger_know(&ledger, &subject->pair, subject->has_energy ? &subject->energy : NULL,
                    &subject->table, &design);
        ledger.by_bandwidth = subject->has_links ? &subject->links : NULL;
        status = live_ledger(l->requests, l->n_done, &ledger, error);
    }
    if (!status)
        status = evaluation_make(&ledger, l->job->wanted, l->job->settings->seed,
                                 &l->cell.evaluation, error);
    if (!status && l->job->settings->journal)
        status = journal_write(l->job->settings->journal, &ledger, &l->cell.evaluation,
                               l->job->settings->seed, error);
    l->cell.context.mean_length = ledger.mean_length;
    ledger_free(&ledger);
    return status;
}

static enum status make_requests(struct live_job *l, struct error *error)
{
    const struct invocation *call = l->job->call;
    struct live *live = NULL;
    enum status status = live_open(&l->setting, l->job->settings->seed, &live, error);
    if (status)
        return status;
    l->cell.context.server = live_server(live);
    status = live_run(live, l->requests, l->n, &l->n_done,
                      call->verbosity < 0 ? NULL : call->diagnostics, error);
    if (!status && l->n_done == 0)
        status = error_set(error, STATUS_INTERRUPTED, "stopped before the first request was done");
    if (!status)
        status = judge(l, error);
    if (!status)
        status = job_publish(l->job, &l->cell, 1, error);
    if (!status && l->n_done < l->n)
        status = error_set(error, STATUS_NOT_REACHED, "stopped after %zu of %zu requests",
                           l->n_done, l->n);
    live_close(live);
    return status;
}

enum status run_live(const struct job *job, struct error *error)
{
    const struct rnneval_settings *s = job->settings;
    struct live_job l = {
        .job = job, .n = s->n_requests == RNNEVAL_NOT_GIVEN ? DEFAULT_REQUESTS : s->n_requests};
    enum status status = setting_read(&job->subject.campaign, job->subject.cloud, s->url, s->model,
                                      &l.setting, error);
    if (!status)
        status = job_lengths(job, s->lengths.items[0], &l.histogram, &l.cell.context, error);
    if (!status)
        status = draw(&l, error);
    l.cell.context.url = l.setting.client.url;
    l.cell.context.n_wanted = l.n;
    if (!status)
        status = make_requests(&l, error);
    evaluation_free(&l.cell.evaluation);
    free(l.requests);
    histogram_free(&l.histogram);
    setting_free(&l.setting);
    return status;
}
