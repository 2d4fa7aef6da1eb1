// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/job_private.h"

#include "base/memory.h"
#include "fitter/dataset.h"
#include "records/link_source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum status check_targets(const struct job *job, const char *db, struct error *error)
{
    if (job->n_targets != 2)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: campaign '%s' has %zu targets; this version decides between exactly "
                         "two, the device and one endpoint: measure a campaign with one of its "
                         "endpoints (another [campaign] name)",
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

static enum status misused_link(const char *text, const char *why, struct error *error)
{
    return error_set(error, STATUS_MISUSE,
                     "--link: '%s' %s: choose fixed:RTT[,UP,DOWN] (such as fixed:20ms or "
                     "fixed:20ms,10,50) or rtt[,UP,DOWN]",
                     text, why);
}

/* "rtt,UP,DOWN" is read as a fixed link whose round trip is taken from the campaign. */
static enum status read_link(const char *text, enum link_kind *kind, double values[N_LINK_COLUMNS],
                             struct error *error)
{
    struct error why = {0};
    bool rtt = strcmp(text, "rtt") == 0 || strncmp(text, "rtt,", 4) == 0;
    if (strcmp(text, "rtt+bandwidth") == 0)
        return misused_link(text, "is not available in this version", error);
    if (!rtt && strncmp(text, "fixed:", 6) != 0)
        return misused_link(text, "is none of those known", error);
    char *fixed = rtt ? text_format("fixed:0%s", text + 3) : text_copy(text);
    if (!fixed)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for --link");
    enum status status = link_fixed_parse(fixed, values, &why);
    free(fixed);
    if (status)
        return error_set(error, status, "--link: %s", why.text);
    *kind = rtt ? LINK_RTT : LINK_FIXED;
    if (rtt)
        values[COLUMN_RTT] = NAN;
    return STATUS_OK;
}

static enum status parse_link(const char *text, struct job *job, enum link_kind *kind,
                              struct error *error)
{
    double values[N_LINK_COLUMNS] = {NAN, NAN, NAN};
    enum status status = text ? read_link(text, kind, values, error) : STATUS_OK;
    if (status)
        return status;
    job->up_bit_s = values[COLUMN_UP];
    job->down_bit_s = values[COLUMN_DOWN];
    job->link = (struct cost_link){values[COLUMN_RTT], NAN, NAN};
    if (!isnan(job->up_bit_s))
        job->link.up_s_per_byte = cost_s_per_byte(job->up_bit_s);
    if (!isnan(job->down_bit_s))
        job->link.down_s_per_byte = cost_s_per_byte(job->down_bit_s);
    cost_link_complete(&job->link, &job->set);
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
                                    .max_regret = settings->max_regret,
                                    .bandwidth = &job->link};
    job->name = settings->name;
    enum status status = header_name_check(settings->name, error);
    if (!status)
        status = check_objective(settings->objective, error);
    if (!status)
        status = parse_link(settings->link, job, &options.link, error);
    options.rtt_s = job->link.rtt_s;
    if (!status)
        status = decision_table_build(&job->set, &options, &job->table, error);
    if (status)
        return status;
    job->certificate = certificate_make(&job->table);
    struct error why = {0};
    status =
        break_even_time(&job->set, options.edge, options.cloud, &job->link, &job->break_even, &why);
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
        .up_bit_s = job->up_bit_s,
        .down_bit_s = job->down_bit_s,
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
