// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/sample_csv.h"

#include "base/csv.h"
#include "base/memory.h"
#include "base/name.h"
#include "records/lengths.h"
#include "records/sql_private.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Optional columns, the unit that one of theirs has in the store, and where it goes. */
static const struct {
    const char *name;
    double scale;
    size_t offset;
} columns[] = {
    {"energy_j", 1e6, offsetof(struct sample, energy_uj)},
    {"rtt_s", 1e9, offsetof(struct sample, rtt_ns)},
    {"bytes_up", 1, offsetof(struct sample, bytes_up)},
    {"bytes_down", 1, offsetof(struct sample, bytes_down)},
    {"server_s", 1e9, offsetof(struct sample, server_ns)},
    {"round", 1, offsetof(struct sample, round)},
    {"up_ps_per_byte", 1, offsetof(struct sample, up_ps_per_byte)},
    {"down_ps_per_byte", 1, offsetof(struct sample, down_ps_per_byte)},
    {"link_rtt_s", 1e9, offsetof(struct sample, link_rtt_ns)},
    {"connect_s", 1e9, offsetof(struct sample, connect_ns)},
    {"output_length", 1, offsetof(struct sample, output_length)},
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

struct layout {
    int length, time, target;
    int optional[N_COLUMNS];
};

/* Whether `name` is `column` in another unit: "rtt_ms" for "rtt_s". */
static bool other_unit(const char *name, const char *column)
{
    static const char *const units[] = {"ns", "us", "ms", "s", "nj", "uj", "mj", "j", "kj", "wh"};
    size_t stem = (size_t)(strrchr(column, '_') - column) + 1;
    if (strncmp(name, column, stem) != 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcasecmp(name + stem, units[i]) == 0)
            return true;
    }
    return false;
}

/* Refuses a file that has an optional column in another unit only. */
static enum status check_units(const struct csv *csv, const char *path, const struct layout *layout,
                               struct error *error)
{
    for (int i = 0; i < N_COLUMNS; i++) {
        if (columns[i].scale == 1 || layout->optional[i] >= 0)
            continue;
        for (int c = 0; c < csv_n_columns(csv); c++) {
            if (other_unit(csv_column_name(csv, c), columns[i].name))
                return error_set(error, STATUS_INVALID, "%s: column '%s' must be '%s', in %s", path,
                                 csv_column_name(csv, c), columns[i].name,
                                 columns[i].scale == 1e6 ? "joules" : "seconds");
        }
    }
    return STATUS_OK;
}

static enum status find_columns(const struct csv *csv, const char *path, struct layout *layout,
                                struct error *error)
{
    enum status status = csv_require(csv, "length", &layout->length, error);
    if (!status)
        status = csv_require(csv, "time_s", &layout->time, error);
    layout->target = csv_column(csv, "target");
    for (int i = 0; i < N_COLUMNS; i++)
        layout->optional[i] = csv_column(csv, columns[i].name);
    return status ? status : check_units(csv, path, layout, error);
}

/* Up to here, two roundings to double (parse, scale) leave the nearest integer the right one. */
#define UNITS_MAX 0x1p50

/* A field in seconds or joules as an integer of the store's unit, at least `min`. */
static enum status scaled(const struct csv *csv, int column, double scale, int64_t min,
                          int64_t *value, struct error *error)
{
    double parsed;
    enum status status = csv_real(csv, column, &parsed, error);
    if (status)
        return status;
    double units = nearbyint(parsed * scale);
    if (parsed < 0)
        return csv_error(csv, column, error, "must not be negative");
    if (units < (double)min)
        return csv_error(csv, column, error, "must be at least 1 ns");
    if (!(units <= UNITS_MAX))
        return csv_error(csv, column, error, "too large: 2^50 ns, uJ or bytes are the most");
    if (scale == 1 && units != parsed)
        return csv_error(csv, column, error, "must be a whole number");
    *value = (int64_t)units;
    return STATUS_OK;
}

static enum status read_row(const struct csv *csv, const struct layout *layout,
                            struct sample *sample, struct error *error)
{
    uint64_t length;
    *sample = sample_unknown();
    enum status status = csv_u64(csv, layout->length, 1, LENGTH_MAX, &length, error);
    if (!status)
        status = scaled(csv, layout->time, 1e9, 1, &sample->time_ns, error);
    if (status)
        return status;
    sample->length = (uint32_t)length;
    for (int i = 0; !status && i < N_COLUMNS; i++) {
        int column = layout->optional[i];
        if (column >= 0 && csv_text(csv, column)[0] != '\0')
            status = scaled(csv, column, columns[i].scale, 0,
                            (int64_t *)((char *)sample + columns[i].offset), error);
    }
    return status;
}

enum status sample_csv_read(const char *path, const char *default_target, sample_csv_sink *sink,
                            void *user, uint64_t *n_rows, struct error *error)
{
    struct csv *csv;
    struct layout layout;
    const char *why;
    bool more = true;
    *n_rows = 0;
    enum status status = csv_open(path, &csv, error);
    if (status)
        return status;
    status = find_columns(csv, path, &layout, error);
    if (!status && layout.target < 0 && (why = name_trouble(default_target)))
        status = error_set(error, STATUS_MISUSE, "the target's name '%s' %s",
                           default_target ? default_target : "", why);
    while (!status && !(status = csv_next(csv, &more, error)) && more) {
        struct sample sample;
        const char *target = layout.target >= 0 ? csv_text(csv, layout.target) : default_target;
        if (layout.target >= 0 && (why = name_trouble(target)))
            status = csv_error(csv, layout.target, error, why);
        if (!status)
            status = read_row(csv, &layout, &sample, error);
        if (!status)
            status = sink(user, target, &sample, error);
        if (!status)
            ++*n_rows;
    }
    csv_close(csv);
    if (!status && *n_rows == 0)
        status = error_set(error, STATUS_INVALID, "%s: no samples in it", path);
    return status;
}

/* What an import holds until the whole file has proved sound. */
enum { TARGETS_MAX = 1000 };

struct import {
    struct sample *samples;
    size_t n, capacity;
    struct target *targets;
    size_t n_targets, targets_capacity;
};

static enum status hold_target(struct import *import, const char *name, struct error *error)
{
    struct target target = {.name = text_copy(name)};
    enum status status =
        target.name ? array_reserve(&import->targets, import->n_targets, &import->targets_capacity,
                                    sizeof *import->targets, error)
                    : error_set(error, STATUS_NO_MEMORY, "out of memory for a target's name");
    if (!status && import->n_targets == TARGETS_MAX)
        status =
            error_set(error, STATUS_INVALID,
                      "more than %d targets; is the column 'target' one of names?", TARGETS_MAX);
    if (status)
        target_free(&target);
    else
        import->targets[import->n_targets++] = target;
    return status;
}

static enum status hold(void *user, const char *target, const struct sample *sample,
                        struct error *error)
{
    struct import *import = user;
    size_t t = 0;
    while (t < import->n_targets && strcmp(import->targets[t].name, target) != 0)
        t++;
    enum status status = t == import->n_targets ? hold_target(import, target, error) : STATUS_OK;
    if (!status)
        status = array_reserve(&import->samples, import->n, &import->capacity,
                               sizeof *import->samples, error);
    if (!status) {
        import->samples[import->n] = *sample;
        import->samples[import->n++].target_id = (int64_t)t; /* the place, until there is an id */
    }
    return status;
}

static enum status find_or_add_campaign(struct store *store, const char *name, int64_t *id,
                                        struct error *error)
{
    struct campaign campaign = {0};
    struct error why = {0};
    enum status status = store_campaign_find(store, name, &campaign, &why);
    if (status == STATUS_NOT_FOUND && !name) {
        status = error_set(error, STATUS_MISUSE,
                           "%s: holds no campaign yet; name the new one with --campaign",
                           store_path(store));
    } else if (status == STATUS_NOT_FOUND) {
        campaign = (struct campaign){.name = text_copy(name),
                                     .spacing = text_copy("imported"),
                                     .timer_overhead_ns = -1,
                                     .harness_overhead_ns = -1};
        if (!campaign.name || !campaign.spacing)
            status = error_set(error, STATUS_NO_MEMORY, "out of memory for a campaign");
        else
            status = store_campaign_add(store, &campaign, error);
    } else if (status) {
        error_set(error, status, "%s", why.text);
    }
    *id = campaign.id;
    campaign_free(&campaign);
    return status;
}

static enum status store_import(struct store *store, const char *campaign, struct import *import,
                                struct error *error)
{
    int64_t campaign_id = 0;
    enum status status = sql_begin(store, error);
    if (status)
        return status;
    status = find_or_add_campaign(store, campaign, &campaign_id, error);
    for (size_t t = 0; !status && t < import->n_targets; t++)
        status = store_target_add(store, campaign_id, &import->targets[t], error);
    for (size_t i = 0; !status && i < import->n; i++)
        import->samples[i].target_id = import->targets[import->samples[i].target_id].id;
    if (!status)
        status = store_samples_append(store, import->samples, import->n, error);
    return sql_end(store, status, error);
}

enum status sample_csv_import(struct store *store, const char *campaign, const char *path,
                              const char *default_target, uint64_t *n_rows, struct error *error)
{
    struct import import = {0};
    enum status status = sample_csv_read(path, default_target, hold, &import, n_rows, error);
    if (!status)
        status = store_import(store, campaign, &import, error);
    for (size_t t = 0; t < import.n_targets; t++)
        target_free(&import.targets[t]);
    free(import.targets);
    free(import.samples);
    return status;
}

struct export
{
    FILE *out;
    const struct target *targets;
    size_t n_targets;
};

static void put_scaled(FILE *out, int64_t value, int decimals)
{
    static const int64_t scales[] = {[0] = 1, [6] = 1000000, [9] = 1000000000};
    fputc(',', out);
    if (value >= 0 && decimals == 0)
        fprintf(out, "%" PRId64, value);
    else if (value >= 0)
        fprintf(out, "%" PRId64 ".%0*" PRId64, value / scales[decimals], decimals,
                value % scales[decimals]);
}

static enum status write_row(void *user, const struct sample *sample, struct error *error)
{
    struct export *export = user;
    if (sample->failure != FAILURE_NONE)
        return STATUS_OK;
    if (ferror(export->out))
        return error_set(error, STATUS_IO, "the samples cannot be written");
    const char *target = "";
    for (size_t t = 0; t < export->n_targets; t++) {
        if (export->targets[t].id == sample->target_id)
            target = export->targets[t].name;
    }
    fprintf(export->out, "%" PRIu32, sample->length);
    put_scaled(export->out, sample->time_ns, 9);
    fprintf(export->out, ",%s", target);
    for (int i = 0; i < N_COLUMNS; i++)
        put_scaled(export->out, *(const int64_t *)((const char *)sample + columns[i].offset),
                   columns[i].scale == 1     ? 0
                   : columns[i].scale == 1e6 ? 6
                                             : 9);
    fputc('\n', export->out);
    return STATUS_OK;
}

static enum status write_all(struct store *store, int64_t campaign_id, struct export *export,
                             struct error *error)
{
    fputs("length,time_s,target", export->out);
    for (int i = 0; i < N_COLUMNS; i++)
        fprintf(export->out, ",%s", columns[i].name);
    fputc('\n', export->out);
    enum status status = store_samples_each(store, campaign_id, write_row, export, error);
    if (!status && (fflush(export->out) != 0 || ferror(export->out)))
        status = error_set_errno(error, STATUS_IO, errno, "the samples cannot be written");
    return status;
}

enum status sample_csv_export(struct store *store, int64_t campaign_id, FILE *out,
                              struct error *error)
{
    struct target *targets;
    struct export export = {.out = out};
    const char *why;
    enum status status = store_targets(store, campaign_id, &targets, &export.n_targets, error);
    if (status)
        return status;
    export.targets = targets;
    for (size_t t = 0; !status && t < export.n_targets; t++) {
        if ((why = name_trouble(targets[t].name)))
            status = error_set(error, STATUS_UNSUPPORTED,
                               "%s: target '%s' cannot be written as CSV: its name %s",
                               store_path(store), targets[t].name, why);
    }
    if (!status)
        status = write_all(store, campaign_id, &export, error);
    for (size_t t = 0; t < export.n_targets; t++)
        target_free(&targets[t]);
    free(targets);
    return status;
}
