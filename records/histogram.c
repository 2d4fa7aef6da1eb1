// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/lengths.h"

#include "records/length_files_private.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum status histogram_take_bars(const struct bars *bars, struct histogram *histogram,
                                struct error *error)
{
    *histogram = (struct histogram){0};
    histogram->lengths = malloc(bars->n * sizeof *histogram->lengths);
    histogram->counts = malloc(bars->n * sizeof *histogram->counts);
    if (!histogram->lengths || !histogram->counts) {
        histogram_free(histogram);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a histogram");
    }
    for (size_t i = 0; i < bars->n; i++) {
        histogram->lengths[i] = (uint32_t)bars->items[i].key;
        histogram->counts[i] = bars->items[i].count;
    }
    histogram->n = bars->n;
    histogram->total = bars->total;
    histogram->n_empty = bars->n_empty;
    return STATUS_OK;
}

enum status histogram_read(const char *source, struct histogram *histogram, struct error *error)
{
    struct bars bars = {0};
    bool known, paired = false;
    *histogram = (struct histogram){0};
    enum status status = bars_read_sequences(source, &known, &bars, error);
    if (!status && !known)
        status = bars_read_csv(source, &bars, &paired, error);
    if (!status && bars.n == 0)
        status = error_set(error, STATUS_INVALID, "%s: no lengths in it", source);
    for (size_t i = 0; paired && i < bars.n; i++)
        bars.items[i].key = PAIR_IN(bars.items[i].key);
    bars_settle(&bars);
    if (!status)
        status = histogram_take_bars(&bars, histogram, error);
    bars_free(&bars);
    return status;
}

double histogram_mean(const struct histogram *histogram)
{
    double sum = 0;
    for (size_t i = 0; i < histogram->n; i++)
        sum += (double)histogram->lengths[i] * (double)histogram->counts[i];
    return sum / (double)histogram->total;
}

/* The length of the sequence with that rank (0 .. total-1) in ascending order. */
static uint32_t length_at(const struct histogram *histogram, uint64_t rank)
{
    size_t i = 0;
    while (i + 1 < histogram->n && rank >= histogram->counts[i])
        rank -= histogram->counts[i++];
    return histogram->lengths[i];
}

uint32_t histogram_quantile(const struct histogram *histogram, double p)
{
    double product = fmin(fmax(p, 0), 1) * (double)histogram->total;
    /* 0.07 of 100 is a hair above 7 in binary, yet it means the 7th. */
    double whole = nearbyint(product);
    double rank = fabs(product - whole) <= 2 * DBL_EPSILON * whole ? whole : ceil(product);
    return length_at(histogram, rank < 1 ? 0 : (uint64_t)rank - 1);
}

uint32_t histogram_draw(const struct histogram *histogram, struct random *random)
{
    return length_at(histogram, random_below(random, histogram->total));
}

void histogram_free(struct histogram *histogram)
{
    free(histogram->lengths);
    free(histogram->counts);
    *histogram = (struct histogram){0};
}

enum status length_sampler_make(const struct histogram *histogram, struct length_sampler *sampler,
                                struct error *error)
{
    *sampler = (struct length_sampler){0};
    enum status status = alias_table_make(histogram->counts, histogram->n, &sampler->table, error);
    if (status)
        return status;
    size_t size = histogram->n * sizeof *sampler->lengths;
    if (!(sampler->lengths = malloc(size))) {
        length_sampler_free(sampler);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a sampler of lengths");
    }
    memcpy(sampler->lengths, histogram->lengths, size);
    return STATUS_OK;
}

uint32_t length_sampler_draw(const struct length_sampler *sampler, struct random *random)
{
    return sampler->lengths[alias_table_draw(&sampler->table, random)];
}

void length_sampler_free(struct length_sampler *sampler)
{
    alias_table_free(&sampler->table);
    free(sampler->lengths);
    *sampler = (struct length_sampler){0};
}
