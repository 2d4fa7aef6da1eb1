// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/job_private.h"

#include "base/units.h"
#include "fitter/dataset.h"

#include <stdlib.h>
#include <string.h>

static enum status check_targets(const struct job *job, const char *db, struct error *error)
{
    if (job->n_targets != 2)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: campaign '%s' has %zu targets; this version decides between exactly "
                         "two, the device and one endpoint",
                         db, job->campaign.name, job->n_targets);
    return STATUS_OK;
}

enum status job_load(struct job *job, const char *db, const char *campaign, struct error *error)
{
    *job = (struct job){0};
    model_set_init(&job->set);
    enum status status = store_open(db, STORE_READ, &job->store, error);
    if (!status)
        status = store_campaign_find(job->store, campaign, &job->campaign, error);
    if (!status)
        status = store_targets(job->store, job->campaign.id, &job->targets, &job->n_targets, error);
    if (!status)
        status = check_targets(job, db, error);
    if (!status)
        status = store_models_get(job->store, job->campaign.id, STATISTIC_MEAN, &job->set, error);
    if (!status)
        status = dataset_is_current(job->store, &job->campaign, &job->set, &job->current, error);
    return status;
}

static enum status parse_link(const char *text, const struct model_set *set,
                              struct table_options *options, struct error *error)
{
    static const char prefix[] = "fixed:";
    struct error why = {0};
    options->link = LINK_FIXED;
    options->rtt_s = set->rtt_s;
    if (!text)
        return STATUS_OK;
    if (strcmp(text, "rtt") == 0) {
        options->link = LINK_RTT;
        return STATUS_OK;
    }
    if (strcmp(text, "rtt+bandwidth") == 0 || strchr(text, ','))
        return error_set(error, STATUS_MISUSE,
                         "--link: '%s' is not available in this version: choose fixed:RTT or rtt",
                         text);
    if (strncmp(text, prefix, strlen(prefix)) != 0)
        return error_set(error, STATUS_MISUSE,
                         "--link: '%s' is none of those known: choose fixed:RTT (such as "
                         "fixed:20ms) or rtt",
                         text);
    if (parse_quantity(text + strlen(prefix), DIMENSION_TIME, &options->rtt_s, &why))
        return error_set(error, STATUS_MISUSE, "--link: %s", why.text);
    return STATUS_OK;
}

static enum status check_objective(const char *text, struct error *error)
{
    static const char *const later[] = {"energy", "weighted", "edp", "energy@deadline",
                                        "time@energy"};
    if (!text || strcmp(text, "time") == 0)
        return STATUS_OK;
    size_t length = strcspn(text, ":");
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        if (strlen(later[i]) == length && strncmp(text, later[i], length) == 0)
            return error_set(error, STATUS_MISUSE,
                             "--objective: '%s' is not available in this version: choose time",
                             text);
    }
    return error_set(error, STATUS_MISUSE, "--objective: '%s' is none of those known: choose time",
                     text);
}

enum status job_decide(struct job *job, const struct rnngen_settings *settings, struct error *error)
{
    struct table_options options = {.edge = job->targets[0].name,
                                    .cloud = job->targets[1].name,
                                    .max_regret = settings->max_regret};
    job->name = settings->name;
    enum status status = header_name_check(settings->name, error);
    if (!status)
        status = check_objective(settings->objective, error);
    if (!status)
        status = parse_link(settings->link, &job->set, &options, error);
    if (!status)
        status = decision_table_build(&job->set, &options, &job->table, error);
    if (status)
        return status;
    job->certificate = certificate_make(&job->table);
    struct error why = {0};
    status = break_even_time(&job->set, options.edge, options.cloud, options.rtt_s,
                             &job->break_even, &why);
    job->has_break_even = !status;
    if (status && status != STATUS_UNSUPPORTED)
        return error_set(error, status, "%s", why.text);
    return STATUS_OK;
}

void job_write(FILE *out, const struct job *job)
{
    struct header_facts facts = {
        .name = job->name,
        .campaign = &job->campaign,
        .edge = &job->targets[0],
        .cloud = &job->targets[1],
        .set = &job->set,
        .table = &job->table,
        .certificate = &job->certificate,
        .break_even = job->has_break_even ? &job->break_even : NULL,
    };
    header_write(out, &facts);
}

void job_free(struct job *job)
{
    decision_table_free(&job->table);
    model_set_free(&job->set);
    for (size_t i = 0; i < job->n_targets; i++)
        target_free(&job->targets[i]);
    free(job->targets);
    campaign_free(&job->campaign);
    if (job->store)
        store_close(job->store);
    *job = (struct job){0};
}
