// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/sample_csv.h"

#include "base/csv.h"
#include "base/memory.h"
#include "records/lengths.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

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
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

struct layout {
    int length, time, target;
    int optional[N_COLUMNS];
};

static enum status find_columns(const struct csv *csv, struct layout *layout, struct error *error)
{
    enum status status = csv_require(csv, "length", &layout->length, error);
    if (!status)
        status = csv_require(csv, "time_s", &layout->time, error);
    layout->target = csv_column(csv, "target");
    for (int i = 0; i < N_COLUMNS; i++)
        layout->optional[i] = csv_column(csv, columns[i].name);
    return status;
}

/* A field in seconds or joules as an integer of the store's unit, at least `min`. */
static enum status scaled(const struct csv *csv, int column, double scale, int64_t min,
                          int64_t *value, struct error *error)
{
    double parsed;
    enum status status = csv_real(csv, column, &parsed, error);
    if (status)
        return status;
    double units = nearbyint(parsed * scale);
    if (!(units < 9e18))
        return csv_error(csv, column, error, "too large");
    if (parsed < 0 || units < (double)min)
        return csv_error(csv, column, error,
                         min > 0 ? "must be greater than 0" : "must not be negative");
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
    bool more = true;
    *n_rows = 0;
    enum status status = csv_open(path, &csv, error);
    if (status)
        return status;
    status = find_columns(csv, &layout, error);
    while (!status && !(status = csv_next(csv, &more, error)) && more) {
        struct sample sample;
        const char *target = layout.target >= 0 ? csv_text(csv, layout.target) : default_target;
        if (target[0] == '\0')
            status = csv_error(csv, layout.target, error, "empty");
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
struct import {
    struct sample *samples;
    size_t n, capacity;
    struct target *targets;
    size_t n_targets, targets_capacity;
};

static enum status hold(void *user, const char *target, const struct sample *sample,
                        struct error *error)
{
    struct import *import = user;
    size_t t = 0;
    while (t < import->n_targets && strcmp(import->targets[t].name, target) != 0)
        t++;
    enum status status = STATUS_OK;
    if (t == import->n_targets) {
        status = array_reserve(&import->targets, t, &import->targets_capacity,
                               sizeof *import->targets, error);
        if (!status) {
            import->targets[t] = (struct target){.name = text_copy(target)};
            import->n_targets++;
        }
    }
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
    if (status == STATUS_NOT_FOUND) {
        campaign = (struct campaign){.name = text_copy(name),
                                     .spacing = text_copy("imported"),
                                     .timer_overhead_ns = -1,
                                     .harness_overhead_ns = -1};
        status = store_campaign_add(store, &campaign, error);
    } else if (status) {
        error_set(error, status, "%s", why.text);
    }
    *id = campaign.id;
    campaign_free(&campaign);
    return status;
}

enum status sample_csv_import(struct store *store, const char *campaign, const char *path,
                              const char *default_target, uint64_t *n_rows, struct error *error)
{
    struct import import = {0};
    int64_t campaign_id;
    enum status status = sample_csv_read(path, default_target, hold, &import, n_rows, error);
    if (!status)
        status = find_or_add_campaign(store, campaign, &campaign_id, error);
    for (size_t t = 0; !status && t < import.n_targets; t++)
        status = store_target_add(store, campaign_id, &import.targets[t], error);
    for (size_t i = 0; !status && i < import.n; i++)
        import.samples[i].target_id = import.targets[import.samples[i].target_id].id;
    if (!status)
        status = store_samples_append(store, import.samples, import.n, error);
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
    (void)error;
    if (sample->failure != FAILURE_NONE)
        return STATUS_OK;
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

enum status sample_csv_export(struct store *store, int64_t campaign_id, FILE *out,
                              struct error *error)
{
    struct target *targets;
    struct export export = {.out = out};
    enum status status = store_targets(store, campaign_id, &targets, &export.n_targets, error);
    if (status)
        return status;
    export.targets = targets;
    fputs("length,time_s,target", out);
    for (int i = 0; i < N_COLUMNS; i++)
        fprintf(out, ",%s", columns[i].name);
    fputc('\n', out);
    status = store_samples_each(store, campaign_id, write_row, &export, error);
    for (size_t t = 0; t < export.n_targets; t++)
        target_free(&targets[t]);
    free(targets);
    return status;
}
