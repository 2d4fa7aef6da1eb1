// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/pairs.h"

#include "records/length_files_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum status take_bars(const struct bars *bars, const char *path,
                             struct pair_histogram *histogram, struct error *error)
{
    histogram->pairs = malloc(bars->n * sizeof *histogram->pairs);
    histogram->counts = malloc(bars->n * sizeof *histogram->counts);
    if (!histogram->pairs || !histogram->counts) {
        pair_histogram_free(histogram);
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory", path);
    }
    for (size_t i = 0; i < bars->n; i++) {
        uint64_t key = bars->items[i].key;
        histogram->pairs[i] = (struct length_pair){PAIR_IN(key), PAIR_OUT(key)};
        histogram->counts[i] = bars->items[i].count;
    }
    histogram->n = bars->n;
    histogram->total = bars->total;
    return STATUS_OK;
}

enum status pair_histogram_read(const char *path, struct pair_histogram *histogram,
                                struct error *error)
{
    struct bars bars = {0};
    bool paired = false;
    *histogram = (struct pair_histogram){0};
    enum status status = bars_read_csv(path, &bars, &paired, error);
    if (!status && !paired)
        status = error_set(error, STATUS_INVALID,
                           "%s: a histogram of single lengths; pairs have columns n_in,n_out,count",
                           path);
    if (!status && bars.n == 0)
        status = error_set(error, STATUS_INVALID, "%s: no pairs in it", path);
    bars_settle(&bars);
    if (!status)
        status = take_bars(&bars, path, histogram, error);
    bars_free(&bars);
    return status;
}

enum status pair_histogram_side(const struct pair_histogram *histogram, enum pair_side side,
                                struct histogram *lengths, struct error *error)
{
    struct bars bars = {0};
    enum status status = STATUS_OK;
    *lengths = (struct histogram){0};
    for (size_t i = 0; i < histogram->n && !status; i++) {
        const struct length_pair *pair = &histogram->pairs[i];
        status = bars_add(&bars, side == SIDE_IN ? pair->n_in : pair->n_out, histogram->counts[i],
                          error);
    }
    bars_settle(&bars);
    if (!status)
        status = histogram_take_bars(&bars, lengths, error);
    bars_free(&bars);
    return status;
}

struct pair_trend pair_histogram_trend(const struct pair_histogram *histogram)
{
    double total = (double)histogram->total, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
    for (size_t i = 0; i < histogram->n; i++) {
        x += (double)histogram->counts[i] * histogram->pairs[i].n_in / total;
        y += (double)histogram->counts[i] * histogram->pairs[i].n_out / total;
    }
    for (size_t i = 0; i < histogram->n; i++) {
        double share = (double)histogram->counts[i] / total;
        double dx = histogram->pairs[i].n_in - x, dy = histogram->pairs[i].n_out - y;
        xx += share * dx * dx;
        xy += share * dx * dy;
        yy += share * dy * dy;
    }
    if (!(xx > 0))
        return (struct pair_trend){NAN, NAN, NAN};
    double slope = xy / xx;
    return (struct pair_trend){slope, y - slope * x, yy > 0 ? xy / sqrt(xx * yy) : NAN};
}

void pair_histogram_free(struct pair_histogram *histogram)
{
    free(histogram->pairs);
    free(histogram->counts);
    *histogram = (struct pair_histogram){0};
}

enum status pair_sampler_make(const struct pair_histogram *histogram, struct pair_sampler *sampler,
                              struct error *error)
{
    *sampler = (struct pair_sampler){0};
    enum status status = alias_table_make(histogram->counts, histogram->n, &sampler->table, error);
    if (status)
        return status;
    size_t size = histogram->n * sizeof *sampler->pairs;
    if (!(sampler->pairs = malloc(size))) {
        pair_sampler_free(sampler);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a sampler of pairs");
    }
    memcpy(sampler->pairs, histogram->pairs, size);
    return STATUS_OK;
}

struct length_pair pair_sampler_draw(const struct pair_sampler *sampler, struct random *random)
{
    return sampler->pairs[alias_table_draw(&sampler->table, random)];
}

void pair_sampler_free(struct pair_sampler *sampler)
{
    alias_table_free(&sampler->table);
    free(sampler->pairs);
    *sampler = (struct pair_sampler){0};
}
