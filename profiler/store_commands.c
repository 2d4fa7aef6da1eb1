// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/lockfile.h"
#include "base/name.h"
#include "base/texttable.h"
#include "profiler/commands.h"
#include "records/sample_csv.h"
#include "records/store.h"

#include <jansson.h>
#include <stdlib.h>

enum status rnnprof_import(const struct invocation *call, const void *settings, struct error *error)
{
    const struct rnnprof_settings *s = settings;
    struct store *store;
    uint64_t n_rows;
    const char *trouble = s->campaign ? name_trouble(s->campaign) : NULL;
    if (trouble)
        return error_set(error, STATUS_MISUSE, "--campaign: '%s' %s", s->campaign, trouble);
    if (!s->db)
        return error_set(error, STATUS_MISUSE, "--db FILE is missing");
    /* a long import would keep a campaign from writing what it measures for too long */
    struct lockfile *lock = NULL;
    enum status status = lockfile_take(s->db, "rnnprof import", &lock, error);
    if (!status)
        status = store_open(s->db, STORE_CREATE, &store, error);
    if (!status) {
        status =
            sample_csv_import(store, s->campaign, call->operands[0], s->target, &n_rows, error);
        store_close(store);
    }
    lockfile_release(lock);
    if (status)
        return status;
    if (call->json)
        fprintf(call->out, "{\"schema\":\"rnnmap.import/1\",\"samples\":%llu}\n",
                (unsigned long long)n_rows);
    else
        fprintf(call->out, "%llu samples imported into campaign %s of %s\n",
                (unsigned long long)n_rows, s->campaign ? s->campaign : "(the only one)", s->db);
    return STATUS_OK;
}

enum status rnnprof_open(const struct rnnprof_settings *settings, enum store_mode mode,
                         struct store **store, struct error *error)
{
    if (!settings->db)
        return error_set(error, STATUS_MISUSE, "--db FILE is missing");
    return store_open(settings->db, mode, store, error);
}

/* Samples and targets of one campaign. */
struct contents {
    uint64_t n_samples, n_failed;
};

static enum status count(void *user, const struct sample *sample, struct error *error)
{
    struct contents *contents = user;
    (void)error;
    contents->n_samples++;
    contents->n_failed += sample->failure != FAILURE_NONE;
    return STATUS_OK;
}

static char *target_names(const struct target *targets, size_t n)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; out && i < n; i++)
        fprintf(out, "%s%s", i ? ", " : "", targets[i].name);
    if (out)
        fclose(out);
    return text;
}

static enum status list_one(struct store *store, const struct campaign *campaign,
                            struct text_table *table, json_t *array, struct error *error)
{
    struct contents contents = {0};
    struct target *targets;
    size_t n;
    enum status status = store_samples_each(store, campaign->id, count, &contents, error);
    if (!status)
        status = store_targets(store, campaign->id, &targets, &n, error);
    if (status)
        return status;
    char *names = target_names(targets, n);
    text_table_cell(table, "%s", campaign->name);
    text_table_cell(table, "%s", names ? names : "");
    text_table_cell(table, "%llu", (unsigned long long)contents.n_samples);
    text_table_cell(table, "%llu", (unsigned long long)contents.n_failed);
    text_table_cell(table, "%s", campaign->spacing);
    text_table_cell(table, "%s", campaign->network ? campaign->network : "-");
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, json_string(targets[i].name));
        target_free(&targets[i]);
    }
    json_array_append_new(
        array, json_pack("{s:s,s:o,s:I,s:I,s:s,s:s?,s:s}", "campaign", campaign->name, "targets",
                         list, "samples", (json_int_t)contents.n_samples, "failed",
                         (json_int_t)contents.n_failed, "spacing", campaign->spacing, "network",
                         campaign->network, "tool_version", campaign->tool_version));
    free(targets);
    free(names);
    return STATUS_OK;
}

enum status rnnprof_list(const struct invocation *call, const void *settings, struct error *error)
{
    const struct rnnprof_settings *s = settings;
    struct store *store;
    struct campaign *campaigns;
    size_t n;
    enum status status = rnnprof_open(s, STORE_READ, &store, error);
    if (status)
        return status;
    status = store_campaigns(store, &campaigns, &n, error);
    if (!status) {
        struct text_table *table =
            text_table_new("<campaign|<targets|samples|failed|<spacing|<network");
        json_t *array = json_array();
        for (size_t i = 0; i < n; i++) {
            if (!status)
                status = list_one(store, &campaigns[i], table, array, error);
            campaign_free(&campaigns[i]);
        }
        free(campaigns);
        json_t *document = json_pack("{s:s,s:o}", "schema", "rnnmap.list/1", "campaigns", array);
        if (!status && call->json) {
            json_dumpf(document, call->out, JSON_INDENT(1));
            fputc('\n', call->out);
        } else if (!status) {
            text_table_print(table, call->out, 0);
        }
        json_decref(document);
        text_table_free(table);
    }
    store_close(store);
    return status;
}

enum status rnnprof_export(const struct invocation *call, const void *settings, struct error *error)
{
    const struct rnnprof_settings *s = settings;
    struct store *store;
    struct campaign campaign = {0};
    if (call->json)
        return error_set(error, STATUS_MISUSE,
                         "export writes CSV; rnnprof show --json has the statistics");
    enum status status = rnnprof_open(s, STORE_READ, &store, error);
    if (status)
        return status;
    status = store_campaign_find(store, s->campaign, &campaign, error);
    if (!status)
        status = sample_csv_export(store, campaign.id, call->out, error);
    campaign_free(&campaign);
    store_close(store);
    return status;
}
