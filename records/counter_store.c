// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/counter_store.h"

#include "base/memory.h"
#include "records/sql_private.h"

#include <stdlib.h>

enum status store_counter_add(struct store *store, int64_t campaign_id, const char *name,
                              int64_t *id, struct error *error)
{
    sqlite3_stmt *row;
    bool more = false;
    enum status status = sql_do(store, error,
                                "INSERT INTO counter (campaign_id, name) VALUES (?, ?) "
                                "ON CONFLICT DO NOTHING",
                                "it", campaign_id, name);
    if (status)
        return status;
    status =
        sql_prepare(store, &row, error, "SELECT id FROM counter WHERE campaign_id = ? AND name = ?",
                    "it", campaign_id, name);
    if (!status)
        status = sql_next(store, row, &more, error);
    if (!status && more)
        *id = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return status;
}

void counters_free(struct counter *counters, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(counters[i].name);
    free(counters);
}

enum status store_counters(struct store *store, int64_t campaign_id, struct counter **counters,
                           size_t *n, struct error *error)
{
    sqlite3_stmt *row;
    bool more = true;
    size_t capacity = 0;
    *counters = NULL;
    *n = 0;
    enum status status = sql_prepare(
        store, &row, error, "SELECT id, name FROM counter WHERE campaign_id = ? ORDER BY id", "i",
        campaign_id);
    while (!status && !(status = sql_next(store, row, &more, error)) && more) {
        status = array_reserve(counters, *n, &capacity, sizeof **counters, error);
        if (!status)
            (*counters)[(*n)++] =
                (struct counter){.id = sqlite3_column_int64(row, 0), .name = sql_text(row, 1)};
    }
    sqlite3_finalize(row);
    if (status) {
        counters_free(*counters, *n);
        *counters = NULL;
        *n = 0;
    }
    return status;
}

enum status store_counted_each(struct store *store, int64_t campaign_id, counted_sink *sink,
                               void *user, struct error *error)
{
    sqlite3_stmt *row;
    bool more = true;
    enum status status =
        sql_prepare(store, &row, error,
                    "SELECT target_id, counter_id, length, round, time_ns, value FROM "
                    "sample_counter JOIN sample ON sample.id = sample_id WHERE failure IS NULL AND "
                    "counter_id IN (SELECT id FROM counter WHERE campaign_id = ?) "
                    "ORDER BY sample_id, counter_id",
                    "i", campaign_id);
    while (!status && !(status = sql_next(store, row, &more, error)) && more) {
        struct counted counted = {
            .target_id = sqlite3_column_int64(row, 0),
            .counter_id = sqlite3_column_int64(row, 1),
            .length = (uint32_t)sqlite3_column_int64(row, 2),
            .round = sql_unknown(row, 3),
            .time_ns = sqlite3_column_int64(row, 4),
            .value = sqlite3_column_int64(row, 5),
        };
        status = sink(user, &counted, error);
    }
    sqlite3_finalize(row);
    return status;
}
