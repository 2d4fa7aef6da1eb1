// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/csv.h"
#include "base/memory.h"
#include "records/lengths.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sequences in a histogram: whole numbers in a double up to here. */
#define TOTAL_MAX (UINT64_C(1) << 53)

struct bar {
    uint32_t length;
    uint64_t count;
};

static int by_bar(const void *left, const void *right)
{
    uint32_t a = ((const struct bar *)left)->length, b = ((const struct bar *)right)->length;
    return (a > b) - (a < b);
}

static enum status read_bars(struct csv *csv, struct bar **bars, size_t *n, struct error *error)
{
    int length, count;
    size_t capacity = 0;
    uint64_t total = 0;
    bool more = true;
    enum status status = csv_require(csv, "length", &length, error);
    if (!status)
        status = csv_require(csv, "count", &count, error);
    while (!status && !(status = csv_next(csv, &more, error)) && more) {
        uint64_t l = 0, c = 0;
        status = csv_u64(csv, length, 1, LENGTH_MAX, &l, error);
        if (!status)
            status = csv_u64(csv, count, 0, TOTAL_MAX, &c, error);
        if (!status && (total += c) > TOTAL_MAX)
            status = csv_error(csv, count, error, "the counts add up to more than 2^53");
        if (!status && c > 0)
            status = array_reserve(bars, *n, &capacity, sizeof **bars, error);
        if (!status && c > 0)
            (*bars)[(*n)++] = (struct bar){(uint32_t)l, c};
    }
    return status;
}

enum status histogram_read(const char *path, struct histogram *histogram, struct error *error)
{
    struct csv *csv;
    struct bar *bars = NULL;
    size_t n = 0;
    *histogram = (struct histogram){0};
    enum status status = csv_open(path, &csv, error);
    if (status)
        return status;
    status = read_bars(csv, &bars, &n, error);
    csv_close(csv);
    if (!status && n == 0)
        status = error_set(error, STATUS_INVALID, "%s: no lengths in it", path);
    if (!status) {
        histogram->lengths = malloc(n * sizeof *histogram->lengths);
        histogram->counts = malloc(n * sizeof *histogram->counts);
        if (!histogram->lengths || !histogram->counts)
            status = error_set(error, STATUS_NO_MEMORY, "%s: out of memory", path);
    }
    if (status) {
        histogram_free(histogram);
        free(bars);
        return status;
    }
    qsort(bars, n, sizeof *bars, by_bar);
    for (size_t i = 0; i < n; i++) {
        if (histogram->n == 0 || histogram->lengths[histogram->n - 1] != bars[i].length) {
            histogram->lengths[histogram->n] = bars[i].length;
            histogram->counts[histogram->n++] = 0;
        }
        histogram->counts[histogram->n - 1] += bars[i].count;
        histogram->total += bars[i].count;
    }
    free(bars);
    return STATUS_OK;
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
