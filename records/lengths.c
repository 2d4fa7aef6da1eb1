// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/lengths.h"

#include "base/csv.h"
#include "base/memory.h"
#include "base/units.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_length(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        text[--length] = '\0';
    return text;
}

/* "FROM[:TO[:STEP]]" cut at its colons. */
static enum status parse_range(char *part, uint64_t range[3], struct error *error)
{
    int n = 0;
    for (char *next = part; next; n++) {
        char *number = next;
        next = strchr(number, ':');
        if (next)
            *next++ = '\0';
        if (n == 3)
            return error_set(error, STATUS_INVALID, "more than FROM:TO:STEP");
        enum status status = parse_u64(trim(number), 1, LENGTH_MAX, &range[n], error);
        if (status)
            return status;
    }
    range[1] = n > 1 ? range[1] : range[0];
    range[2] = n > 2 ? range[2] : 1;
    if (range[1] < range[0])
        return error_set(error, STATUS_INVALID, "the range ends before it starts");
    return STATUS_OK;
}

static enum status add_range(uint32_t **lengths, size_t *n, size_t *capacity,
                             const uint64_t range[3], struct error *error)
{
    if ((range[1] - range[0]) / range[2] >= LENGTHS_MAX - *n)
        return error_set(error, STATUS_INVALID, "more than %d lengths", LENGTHS_MAX);
    for (uint64_t length = range[0]; length <= range[1]; length += range[2]) {
        enum status status = array_reserve(lengths, *n, capacity, sizeof **lengths, error);
        if (status)
            return status;
        (*lengths)[(*n)++] = (uint32_t)length;
    }
    return STATUS_OK;
}

enum status lengths_parse(const char *text, uint32_t **lengths, size_t *n, struct error *error)
{
    char *copy = text_copy(text);
    uint32_t *list = NULL;
    size_t count = 0, capacity = 0;
    enum status status = STATUS_OK;
    if (!copy)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for lengths");
    for (char *next = copy; !status && next;) {
        char *part = next, shown[64];
        next = strchr(part, ',');
        if (next)
            *next++ = '\0';
        snprintf(shown, sizeof shown, "%s", part);
        uint64_t range[3] = {0};
        struct error why = {0};
        status = parse_range(part, range, &why);
        if (!status)
            status = add_range(&list, &count, &capacity, range, &why);
        if (status)
            error_set(error, status,
                      "lengths '%s': %s (wanted: N or FROM:TO[:STEP], separated "
                      "by commas)",
                      shown, why.text);
    }
    free(copy);
    if (status) {
        free(list);
        return status;
    }
    qsort(list, count, sizeof *list, by_length);
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        if (distinct == 0 || list[distinct - 1] != list[i])
            list[distinct++] = list[i];
    }
    *lengths = list;
    *n = distinct;
    return STATUS_OK;
}

/* Sequences in a histogram: whole numbers in a double up to here. */
#define TOTAL_MAX (UINT64_C(1) << 53)

struct bar {
    uint32_t length;
    uint64_t count;
};

static int by_bar(const void *left, const void *right)
{
    return by_length(&((const struct bar *)left)->length, &((const struct bar *)right)->length);
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
