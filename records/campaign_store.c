// SPDX-License-Identifier: GPL-3.0-or-later
/* Campaigns, targets and what the stop rule found. */
#include "base/memory.h"
#include "base/tool.h"
#include "records/sql_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAMPAIGN_COLUMNS                                                                  \
    "id, name, tool_version, network, device, config, spacing, seed, timer_overhead_ns, " \
    "harness_overhead_ns"

void campaign_free(struct campaign *campaign)
{
    free(campaign->name);
    free(campaign->tool_version);
    free(campaign->network);
    free(campaign->device);
    free(campaign->config);
    free(campaign->spacing);
    *campaign = (struct campaign){0};
}

void target_free(struct target *target)
{
    free(target->name);
    free(target->engine);
    free(target->url);
    *target = (struct target){0};
}

enum status store_campaign_add(struct store *store, struct campaign *campaign, struct error *error)
{
    struct error why = {0};
    enum status status =
        sql_do(store, &why,
               "INSERT INTO campaign (name, tool_version, network, device, config, spacing, seed, "
               "timer_overhead_ns, harness_overhead_ns) VALUES (?, ?, ?, ?, ?, ?, ?, "
               "nullif(?, -1.0), nullif(?, -1.0))",
               "ttttttidd", campaign->name,
               campaign->tool_version ? campaign->tool_version : RNNMAP_VERSION, campaign->network,
               campaign->device, campaign->config,
               campaign->spacing ? campaign->spacing : "back-to-back", (int64_t)campaign->seed,
               campaign->timer_overhead_ns < 0 ? -1.0 : campaign->timer_overhead_ns,
               campaign->harness_overhead_ns < 0 ? -1.0 : campaign->harness_overhead_ns);
    if (status && sqlite3_extended_errcode(store->db) == SQLITE_CONSTRAINT_UNIQUE)
        return error_set(error, STATUS_INVALID,
                         "%s: there is a campaign '%s' already; choose another name", store->path,
                         campaign->name);
    if (status)
        return error_set(error, status, "%s", why.text);
    campaign->id = sqlite3_last_insert_rowid(store->db);
    return STATUS_OK;
}

enum status store_campaign_config(struct store *store, int64_t campaign_id, const char *config,
                                  struct error *error)
{
    return sql_do(store, error, "UPDATE campaign SET config = ? WHERE id = ?", "ti", config,
                  campaign_id);
}

enum status store_campaign_device(struct store *store, int64_t campaign_id, const char *device,
                                  struct error *error)
{
    return sql_do(store, error, "UPDATE campaign SET device = ? WHERE id = ?", "ti", device,
                  campaign_id);
}

static void read_campaign(sqlite3_stmt *row, struct campaign *campaign)
{
    *campaign = (struct campaign){
        .id = sqlite3_column_int64(row, 0),
        .name = sql_text(row, 1),
        .tool_version = sql_text(row, 2),
        .network = sql_text(row, 3),
        .device = sql_text(row, 4),
        .config = sql_text(row, 5),
        .spacing = sql_text(row, 6),
        .seed = (uint64_t)sqlite3_column_int64(row, 7),
        .timer_overhead_ns = sql_unknown_real(row, 8),
        .harness_overhead_ns = sql_unknown_real(row, 9),
    };
}

static void free_campaigns(struct campaign *campaigns, size_t n)
{
    for (size_t i = 0; i < n; i++)
        campaign_free(&campaigns[i]);
    free(campaigns);
}

enum status store_campaigns(struct store *store, struct campaign **campaigns, size_t *n,
                            struct error *error)
{
    struct campaign *list = NULL;
    size_t count = 0, capacity = 0;
    sqlite3_stmt *row;
    bool more = true;
    enum status status = sql_prepare(store, &row, error,
                                     "SELECT " CAMPAIGN_COLUMNS " FROM campaign ORDER BY id", "");
    while (!status && !(status = sql_next(store, row, &more, error)) && more) {
        status = array_reserve(&list, count, &capacity, sizeof *list, error);
        if (!status)
            read_campaign(row, &list[count++]);
        if (!status && !list[count - 1].name)
            status = error_set(error, STATUS_NO_MEMORY, "%s: out of memory", store->path);
    }
    sqlite3_finalize(row);
    if (status) {
        free_campaigns(list, count);
        return status;
    }
    *campaigns = list;
    *n = count;
    return STATUS_OK;
}

enum status store_campaign_find(struct store *store, const char *name, struct campaign *campaign,
                                struct error *error)
{
    struct campaign *list;
    size_t n, found = SIZE_MAX;
    enum status status = store_campaigns(store, &list, &n, error);
    if (status)
        return status;
    char known[400] = "";
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", list[i].name);
        if (name ? strcmp(list[i].name, name) == 0 : n == 1)
            found = i;
    }
    if (found < n) {
        *campaign = list[found];
        list[found] = (struct campaign){0};
    } else if (n == 0) {
        status = error_set(error, STATUS_NOT_FOUND, "%s: holds no campaign yet", store->path);
    } else if (name) {
        status = error_set(error, STATUS_NOT_FOUND, "%s: no campaign '%s' (there are: %s)",
                           store->path, name, known);
    } else {
        status = error_set(error, STATUS_MISUSE,
                           "%s: holds several campaigns, choose one with --campaign: %s",
                           store->path, known);
    }
    free_campaigns(list, n);
    return status;
}

enum status store_target_add(struct store *store, int64_t campaign_id, struct target *target,
                             struct error *error)
{
    sqlite3_stmt *row;
    bool more = false;
    enum status status =
        sql_do(store, error,
               "INSERT INTO target (campaign_id, name, engine, url) VALUES (?, ?, ?, ?) "
               "ON CONFLICT (campaign_id, name) DO NOTHING",
               "ittt", campaign_id, target->name, target->engine, target->url);
    if (!status)
        status = sql_prepare(store, &row, error,
                             "SELECT id FROM target WHERE campaign_id = ? AND name = ?", "it",
                             campaign_id, target->name);
    if (status)
        return status;
    status = sql_next(store, row, &more, error);
    if (!status && more)
        target->id = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return status;
}

enum status store_targets(struct store *store, int64_t campaign_id, struct target **targets,
                          size_t *n, struct error *error)
{
    struct target *list = NULL;
    size_t count = 0, capacity = 0;
    sqlite3_stmt *row;
    bool more = true;
    enum status status = sql_prepare(store, &row, error,
                                     "SELECT id, name, engine, url FROM target WHERE "
                                     "campaign_id = ? ORDER BY name <> 'edge', id",
                                     "i", campaign_id);
    while (!status && !(status = sql_next(store, row, &more, error)) && more) {
        status = array_reserve(&list, count, &capacity, sizeof *list, error);
        if (!status)
            list[count++] = (struct target){.id = sqlite3_column_int64(row, 0),
                                            .name = sql_text(row, 1),
                                            .engine = sql_text(row, 2),
                                            .url = sql_text(row, 3)};
        if (!status && !list[count - 1].name)
            status = error_set(error, STATUS_NO_MEMORY, "%s: out of memory", store->path);
    }
    sqlite3_finalize(row);
    if (status) {
        for (size_t i = 0; i < count; i++)
            target_free(&list[i]);
        free(list);
        return status;
    }
    *targets = list;
    *n = count;
    return STATUS_OK;
}

enum status store_convergence_set(struct store *store, const struct convergence *rows, size_t n,
                                  struct error *error)
{
    enum status status = sql_begin(store, error);
    if (status)
        return status;
    for (size_t i = 0; !status && i < n; i++)
        status = sql_do(
            store, error, "INSERT OR REPLACE INTO convergence VALUES (?, ?, ?, nullif(?, -1.0), ?)",
            "iiidi", rows[i].target_id, (int64_t)rows[i].length, (int64_t)rows[i].n_samples,
            rows[i].relative_half_width < 0 ? -1.0 : rows[i].relative_half_width,
            (int64_t)rows[i].reached);
    return sql_end(store, status, error);
}

enum status store_convergence(struct store *store, int64_t campaign_id, struct convergence **rows,
                              size_t *n, struct error *error)
{
    struct convergence *list = NULL;
    size_t count = 0, capacity = 0;
    sqlite3_stmt *row;
    bool more = true;
    enum status status = sql_prepare(
        store, &row, error,
        "SELECT c.target_id, c.length, c.n_samples, c.relative_half_width, c.reached "
        "FROM convergence c JOIN target t ON t.id = c.target_id WHERE t.campaign_id = ? "
        "ORDER BY t.name <> 'edge', t.id, c.length",
        "i", campaign_id);
    while (!status && !(status = sql_next(store, row, &more, error)) && more) {
        status = array_reserve(&list, count, &capacity, sizeof *list, error);
        if (!status)
            list[count++] = (struct convergence){
                .target_id = sqlite3_column_int64(row, 0),
                .length = (uint32_t)sqlite3_column_int64(row, 1),
                .n_samples = (uint64_t)sqlite3_column_int64(row, 2),
                .relative_half_width = sql_unknown_real(row, 3),
                .reached = sqlite3_column_int(row, 4) != 0,
            };
    }
    sqlite3_finalize(row);
    if (status) {
        free(list);
        return status;
    }
    *rows = list;
    *n = count;
    return STATUS_OK;
}
