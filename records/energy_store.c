// SPDX-License-Identifier: GPL-3.0-or-later
/* Meters and energy windows. */
#include "records/energy_store.h"

#include "base/memory.h"
#include "records/lengths.h"
#include "records/sql_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const scopes[] = {
    [SCOPE_PACKAGE] = "package", [SCOPE_RAIL] = "rail", [SCOPE_BOARD] = "board"};
_Static_assert(sizeof scopes / sizeof *scopes == N_SCOPES, "a name each");

static const char *const kinds[] = {
    [WINDOW_BUSY] = "busy", [WINDOW_IDLE] = "idle", [WINDOW_ISOLATED] = "isolated"};
_Static_assert(sizeof kinds / sizeof *kinds == N_WINDOW_KINDS, "a name each");

const char *scope_name(enum meter_scope scope)
{
    return scopes[scope];
}

const char *window_kind_name(enum window_kind kind)
{
    return kinds[kind];
}

static const char *scope_at(int i)
{
    return scopes[i];
}

static const char *kind_at(int i)
{
    return kinds[i];
}

static const char *provenance_at(int i)
{
    return provenance_name((enum provenance)i);
}

/* The index of the name in a column among those that `name_of` gives for 0 .. n-1; n: none. */
static int index_of(sqlite3_stmt *row, int column, const char *(*name_of)(int), int n)
{
    const char *name = (const char *)sqlite3_column_text(row, column);
    int i = 0;
    while (i < n && (!name || strcmp(name, name_of(i)) != 0))
        i++;
    return i;
}

void meter_record_free(struct meter_record *meter)
{
    free(meter->name);
    free(meter->kind);
    free(meter->source);
    *meter = (struct meter_record){0};
}

enum status store_meter_put(struct store *store, int64_t campaign_id, struct meter_record *meter,
                            struct error *error)
{
    sqlite3_stmt *row;
    bool more = false;
    enum status status = sql_prepare(
        store, &row, error,
        "INSERT INTO meter (campaign_id, name, kind, source, scope, provenance, radio, "
        "resolution_uj, resolution_uw, update_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "nullif(?, -1)) ON CONFLICT (campaign_id, name) DO UPDATE SET kind = excluded.kind, "
        "source = excluded.source, scope = excluded.scope, provenance = excluded.provenance, "
        "radio = excluded.radio, resolution_uj = excluded.resolution_uj, "
        "resolution_uw = excluded.resolution_uw, update_ns = excluded.update_ns RETURNING id",
        "itttttiddi", campaign_id, meter->name, meter->kind, meter->source, scopes[meter->scope],
        provenance_name(meter->provenance), (int64_t)meter->radio, meter->resolution_uj,
        meter->resolution_uw, meter->update_ns < 0 ? (int64_t)-1 : meter->update_ns);
    if (!status)
        status = sql_next(store, row, &more, error);
    if (!status && more)
        meter->id = sqlite3_column_int64(row, 0);
    if (!status && more)
        status = sql_next(store, row, &more, error);
    sqlite3_finalize(row);
    return status;
}

/* A column's real; NAN for NULL. */
static double real_or_nan(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ? NAN
                                                           : sqlite3_column_double(row, column);
}

static enum status read_meter(struct store *store, sqlite3_stmt *row, struct meter_record *meter,
                              struct error *error)
{
    int scope = index_of(row, 4, scope_at, N_SCOPES);
    int provenance = index_of(row, 5, provenance_at, N_PROVENANCES);
    *meter = (struct meter_record){
        .id = sqlite3_column_int64(row, 0),
        .name = sql_text(row, 1),
        .kind = sql_text(row, 2),
        .source = sql_text(row, 3),
        .scope = (enum meter_scope)scope,
        .provenance = (enum provenance)provenance,
        .radio = sqlite3_column_int(row, 6) != 0,
        .resolution_uj = real_or_nan(row, 7),
        .resolution_uw = real_or_nan(row, 8),
        .update_ns = sql_unknown(row, 9),
    };
    if (scope == N_SCOPES || provenance == N_PROVENANCES)
        return error_set(error, STATUS_INVALID, "%s: damaged meter '%s'", store->path,
                         meter->name ? meter->name : "");
    return STATUS_OK;
}

enum status store_meters(struct store *store, int64_t campaign_id, struct meter_record **meters,
                         size_t *n, struct error *error)
{
    sqlite3_stmt *row;
    bool more = true;
    size_t capacity = 0;
    *meters = NULL;
    *n = 0;
    enum status status = sql_prepare(store, &row, error,
                                     "SELECT id, name, kind, source, scope, provenance, radio, "
                                     "resolution_uj, resolution_uw, update_ns FROM meter WHERE "
                                     "campaign_id = ? ORDER BY id",
                                     "i", campaign_id);
    while (!status && !(status = sql_next(store, row, &more, error)) && more) {
        status = array_reserve(meters, *n, &capacity, sizeof **meters, error);
        if (!status)
            status = read_meter(store, row, &(*meters)[(*n)++], error);
    }
    sqlite3_finalize(row);
    if (status) {
        for (size_t i = 0; i < *n; i++)
            meter_record_free(&(*meters)[i]);
        free(*meters);
        *meters = NULL;
        *n = 0;
    }
    return status;
}

struct energy_window energy_window_unknown(void)
{
    return (struct energy_window){
        .meter_id = -1,
        .target_id = -1,
        .kind = WINDOW_IDLE,
        .round = -1,
        .provenance = PROVENANCE_UNAVAILABLE,
        .energy_uj = NAN,
        .baseline_uw = NAN,
        .energy_net_uj = NAN,
        .error_uj = NAN,
        .inference_ns = NAN,
        .rtt_ns = -1,
        .send_ns = -1,
        .wait_ns = -1,
        .receive_ns = -1,
        .bytes_up = -1,
        .bytes_down = -1,
        .link_rtt_ns = -1,
        .up_ps_per_byte = -1,
        .down_ps_per_byte = -1,
    };
}

static enum status check_window(const struct store *store, const struct energy_window *w,
                                struct error *error)
{
    bool idle = w->kind == WINDOW_IDLE;
    if (w->duration_ns < 0 || w->length > LENGTH_MAX || idle != (w->length == 0) ||
        idle != (w->target_id < 0))
        return error_set(error, STATUS_INVALID, "%s: a window of kind %s, length %u, %lld ns%s",
                         store->path, kinds[w->kind], w->length, (long long)w->duration_ns,
                         w->target_id < 0 ? ", without target" : "");
    return STATUS_OK;
}

static enum status append_window(struct store *store, const struct energy_window *w,
                                 struct error *error)
{
    return sql_do(
        store, error,
        "INSERT INTO energy_window (meter_id, target_id, kind, length, round, started_ms, "
        "duration_ns, provenance, energy_uj, baseline_uw, energy_net_uj, error_uj, n_inferences, "
        "inference_ns, n_failed, rtt_ns, send_ns, wait_ns, receive_ns, bytes_up, bytes_down, "
        "link_rtt_ns, up_ps_per_byte, down_ps_per_byte) VALUES (?, nullif(?, -1), ?, "
        "nullif(?, 0), nullif(?, -1), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, -1.0), "
        "nullif(?, -1.0), nullif(?, -1.0), nullif(?, -1.0), nullif(?, -1.0), nullif(?, -1.0), "
        "nullif(?, -1), nullif(?, -1), nullif(?, -1))",
        "iitiiiitddddddiddddddiii", w->meter_id, w->target_id < 0 ? (int64_t)-1 : w->target_id,
        kinds[w->kind], (int64_t)w->length, w->round < 0 ? (int64_t)-1 : w->round, w->started_ms,
        w->duration_ns, provenance_name(w->provenance), w->energy_uj, w->baseline_uw,
        w->energy_net_uj, w->error_uj, w->n_inferences, w->inference_ns, (int64_t)w->n_failed,
        fmax(w->rtt_ns, -1), fmax(w->send_ns, -1), fmax(w->wait_ns, -1), fmax(w->receive_ns, -1),
        fmax(w->bytes_up, -1), fmax(w->bytes_down, -1),
        w->link_rtt_ns < 0 ? (int64_t)-1 : w->link_rtt_ns,
        w->up_ps_per_byte < 0 ? (int64_t)-1 : w->up_ps_per_byte,
        w->down_ps_per_byte < 0 ? (int64_t)-1 : w->down_ps_per_byte);
}

enum status store_windows_append(struct store *store, const struct energy_window *windows, size_t n,
                                 struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < n; i++)
        status = check_window(store, &windows[i], error);
    if (status || n == 0)
        return status;
    status = sql_begin(store, error);
    if (status)
        return status;
    for (size_t i = 0; !status && i < n; i++)
        status = append_window(store, &windows[i], error);
    return sql_end(store, status, error);
}

static enum status read_window(struct store *store, sqlite3_stmt *row, struct energy_window *w,
                               struct error *error)
{
    int kind = index_of(row, 2, kind_at, N_WINDOW_KINDS);
    int provenance = index_of(row, 7, provenance_at, N_PROVENANCES);
    int64_t length = sqlite3_column_int64(row, 3);
    *w = (struct energy_window){
        .meter_id = sqlite3_column_int64(row, 0),
        .target_id = sql_unknown(row, 1),
        .kind = (enum window_kind)kind,
        .length = (uint32_t)length,
        .round = sql_unknown(row, 4),
        .started_ms = sqlite3_column_int64(row, 5),
        .duration_ns = sqlite3_column_int64(row, 6),
        .provenance = (enum provenance)provenance,
        .energy_uj = real_or_nan(row, 8),
        .baseline_uw = real_or_nan(row, 9),
        .energy_net_uj = real_or_nan(row, 10),
        .error_uj = real_or_nan(row, 11),
        .n_inferences = sqlite3_column_double(row, 12),
        .inference_ns = real_or_nan(row, 13),
        .n_failed = (uint64_t)sqlite3_column_int64(row, 14),
        .rtt_ns = sql_unknown_real(row, 15),
        .send_ns = sql_unknown_real(row, 16),
        .wait_ns = sql_unknown_real(row, 17),
        .receive_ns = sql_unknown_real(row, 18),
        .bytes_up = sql_unknown_real(row, 19),
        .bytes_down = sql_unknown_real(row, 20),
        .link_rtt_ns = sql_unknown(row, 21),
        .up_ps_per_byte = sql_unknown(row, 22),
        .down_ps_per_byte = sql_unknown(row, 23),
    };
    if (kind == N_WINDOW_KINDS || provenance == N_PROVENANCES || length < 0 ||
        length > LENGTH_MAX || w->duration_ns < 0)
        return error_set(error, STATUS_INVALID, "%s: damaged energy window", store->path);
    return STATUS_OK;
}

enum status store_windows(struct store *store, int64_t campaign_id, struct energy_window **windows,
                          size_t *n, struct error *error)
{
    sqlite3_stmt *row;
    bool more = true;
    size_t capacity = 0;
    *windows = NULL;
    *n = 0;
    enum status status =
        sql_prepare(store, &row, error,
                    "SELECT meter_id, target_id, energy_window.kind, length, round, started_ms, "
                    "duration_ns, energy_window.provenance, energy_uj, baseline_uw, energy_net_uj, "
                    "error_uj, n_inferences, inference_ns, n_failed, rtt_ns, send_ns, wait_ns, "
                    "receive_ns, bytes_up, bytes_down, link_rtt_ns, up_ps_per_byte, "
                    "down_ps_per_byte FROM energy_window JOIN meter ON meter.id = meter_id "
                    "WHERE campaign_id = ? ORDER BY energy_window.id",
                    "i", campaign_id);
    while (!status && !(status = sql_next(store, row, &more, error)) && more) {
        status = array_reserve(windows, *n, &capacity, sizeof **windows, error);
        if (!status)
            status = read_window(store, row, &(*windows)[(*n)++], error);
    }
    sqlite3_finalize(row);
    if (status) {
        free(*windows);
        *windows = NULL;
        *n = 0;
    }
    return status;
}
