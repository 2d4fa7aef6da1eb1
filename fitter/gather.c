// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/gather.h"

#include "base/memory.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 1024, MERGE_MIN = 1 << 16 };
static const uint32_t none = UINT32_MAX;

struct gather_length {
    struct series_length sums;
    uint32_t last_cell; /* the one that was added to last */
    uint32_t n_values, values_capacity;
    double *values; /* until there are enough for the bounds; owned */
    double low, high;
    bool bounded;
    uint64_t n_outliers;
};

/* ---- lengths by hash */

static size_t slot_of(const struct gather *gather, uint32_t length)
{
    size_t mask = gather->n_slots - 1, slot = (length * UINT32_C(2654435769) >> 7) & mask;
    while (gather->slots[slot] != none &&
           gather->lengths[gather->slots[slot]].sums.length != length)
        slot = (slot + 1) & mask;
    return slot;
}

static enum status more_slots(struct gather *gather, struct error *error)
{
    size_t n = gather->n_slots > 0 ? 2 * gather->n_slots : (size_t)FIRST_SLOTS;
    uint32_t *slots = malloc(n * sizeof *slots);
    if (!slots)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n / 2);
    for (size_t i = 0; i < n; i++)
        slots[i] = none;
    free(gather->slots);
    gather->slots = slots;
    gather->n_slots = n;
    for (size_t i = 0; i < gather->n_lengths; i++)
        slots[slot_of(gather, gather->lengths[i].sums.length)] = (uint32_t)i;
    return STATUS_OK;
}

static enum status find_length(struct gather *gather, uint32_t length, uint32_t *found,
                               struct error *error)
{
    enum status status = STATUS_OK;
    if (2 * gather->n_lengths >= gather->n_slots)
        status = more_slots(gather, error);
    if (status)
        return status;
    size_t slot = slot_of(gather, length);
    if (gather->slots[slot] == none) {
        status = array_reserve(&gather->lengths, gather->n_lengths, &gather->capacity,
                               sizeof *gather->lengths, error);
        if (status)
            return status;
        gather->lengths[gather->n_lengths] =
            (struct gather_length){.sums = {.length = length, .weight = 1}, .last_cell = none};
        gather->slots[slot] = (uint32_t)gather->n_lengths++;
    }
    *found = gather->slots[slot];
    return STATUS_OK;
}

/* ---- outliers */

/* The bounds from the values so far, all of them counted. */
static void set_bounds(struct gather_length *l)
{
    double work[GATHER_SPREAD_VALUES];
    size_t n = l->n_values;
    memcpy(work, l->values, n * sizeof *work);
    double median = gsl_stats_median(work, 1, n);
    for (size_t i = 0; i < n; i++)
        work[i] = fabs(l->values[i] - median);
    double reach = series_outlier_limit(n, gsl_stats_median(work, 1, n));
    l->low = median - reach;
    l->high = median + reach;
    l->bounded = true;
    for (size_t i = 0; i < n; i++)
        l->n_outliers += l->values[i] < l->low || l->values[i] > l->high;
    free(l->values);
    l->values = NULL;
}

static enum status add_value(struct gather_length *l, double value, struct error *error)
{
    if (l->bounded) {
        l->n_outliers += value < l->low || value > l->high;
        return STATUS_OK;
    }
    size_t capacity = l->values_capacity;
    enum status status =
        array_reserve(&l->values, l->n_values, &capacity, sizeof *l->values, error);
    if (status)
        return status;
    l->values_capacity = (uint32_t)capacity;
    l->values[l->n_values++] = value;
    if (l->n_values == GATHER_SPREAD_VALUES)
        set_bounds(l);
    return STATUS_OK;
}

/* ---- pairs of length and round */

static int by_round_then_length(const void *left, const void *right)
{
    const struct series_cell *a = left, *b = right;
    if (a->round != b->round)
        return a->round < b->round ? -1 : 1;
    return (a->length > b->length) - (a->length < b->length);
}

static void merge_cells(struct gather *gather)
{
    size_t n = 0;
    qsort(gather->cells, gather->n_cells, sizeof *gather->cells, by_round_then_length);
    for (size_t i = 0; i < gather->n_cells; i++) {
        const struct series_cell *cell = &gather->cells[i];
        struct series_cell *last = gather->cells + n - 1;
        if (n > 0 && last->round == cell->round && last->length == cell->length) {
            last->n += cell->n;
            last->sum += cell->sum;
        } else {
            gather->cells[n++] = *cell;
        }
    }
    gather->n_cells = gather->n_merged = n;
    for (size_t i = 0; i < gather->n_lengths; i++)
        gather->lengths[i].last_cell = none;
    for (size_t i = 0; i < n; i++) /* the latest round of each */
        gather->lengths[gather->cells[i].length].last_cell = (uint32_t)i;
}

static enum status add_cell(struct gather *gather, uint32_t at, int32_t round, double value,
                            struct error *error)
{
    struct gather_length *l = &gather->lengths[at];
    struct series_cell *last = l->last_cell != none ? &gather->cells[l->last_cell] : NULL;
    if (last && last->round == round) {
        last->n++;
        last->sum += value;
        return STATUS_OK;
    }
    gather->again = gather->again || (last && round < last->round);
    if (gather->again && gather->n_cells >= 2 * gather->n_merged + MERGE_MIN)
        merge_cells(gather);
    enum status status = array_reserve(&gather->cells, gather->n_cells, &gather->cell_capacity,
                                       sizeof *gather->cells, error);
    if (status)
        return status;
    l->last_cell = (uint32_t)gather->n_cells;
    gather->cells[gather->n_cells++] = (struct series_cell){round, at, 1, value};
    return STATUS_OK;
}

enum status gather_add(struct gather *gather, uint32_t length, int32_t round, double value,
                       struct error *error)
{
    uint32_t at = 0;
    enum status status = find_length(gather, length, &at, error);
    if (status)
        return status;
    /* mean and sum of squares in one pass (Welford 1962) */
    struct series_length *sums = &gather->lengths[at].sums;
    double d = value - sums->mean;
    sums->mean += d / (double)++sums->n;
    sums->m2 += d * (value - sums->mean);
    gather->n_samples++;
    gather->roundless = gather->roundless || round < 0;
    if (!gather->roundless)
        status = add_cell(gather, at, round, value, error);
    return status ? status : add_value(&gather->lengths[at], value, error);
}

/* ---- the series */

static int by_length(const void *left, const void *right)
{
    const struct gather_length *a = left, *b = right;
    return (a->sums.length > b->sums.length) - (a->sums.length < b->sums.length);
}

/* The lengths in order, and the cells' places of them with them. */
static enum status sort_lengths(struct gather *gather, struct error *error)
{
    size_t n = gather->n_lengths;
    uint32_t *places = malloc((n + 1) * sizeof *places);
    if (!places)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n);
    for (size_t i = 0; i < n; i++) /* where each one came */
        gather->lengths[i].last_cell = (uint32_t)i;
    if (n > 0)
        qsort(gather->lengths, n, sizeof *gather->lengths, by_length);
    for (size_t i = 0; i < n; i++)
        places[gather->lengths[i].last_cell] = (uint32_t)i;
    for (size_t i = 0; i < gather->n_cells; i++)
        gather->cells[i].length = places[gather->cells[i].length];
    free(places);
    return STATUS_OK;
}

/* By round; most campaigns come so. */
static void sort_cells(struct gather *gather)
{
    bool sorted = !gather->again;
    for (size_t i = 1; sorted && i < gather->n_cells; i++)
        sorted = gather->cells[i - 1].round <= gather->cells[i].round;
    if (!sorted)
        merge_cells(gather);
}

enum status gather_finish(struct gather *gather, struct error *error)
{
    struct series *series = &gather->series;
    enum status status = sort_lengths(gather, error);
    free(gather->slots);
    gather->slots = NULL;
    gather->n_slots = 0;
    if (status)
        return status;
    if (gather->roundless)
        gather->n_cells = 0;
    sort_cells(gather);
    *series = (struct series){.n_lengths = gather->n_lengths,
                              .cells = gather->cells,
                              .n_cells = gather->n_cells,
                              .n_samples = gather->n_samples};
    series->lengths = malloc((gather->n_lengths + 1) * sizeof *series->lengths);
    if (!series->lengths)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths",
                         gather->n_lengths);
    for (size_t i = 0; i < gather->n_lengths; i++) {
        struct gather_length *l = &gather->lengths[i];
        if (!l->bounded)
            set_bounds(l);
        series->lengths[i] = l->sums;
        series->n_outliers += l->n_outliers;
    }
    for (size_t i = 0; i < gather->n_cells; i++)
        series->n_rounds += i == 0 || gather->cells[i].round != gather->cells[i - 1].round;
    return STATUS_OK;
}

enum status gather_series(const struct gather *gather, struct series *series, struct error *error)
{
    size_t size = gather->n_lengths * sizeof *series->lengths;
    *series = gather->series;
    series->lengths = malloc(size + 1);
    if (!series->lengths)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths",
                         gather->n_lengths);
    memcpy(series->lengths, gather->series.lengths, size);
    return STATUS_OK;
}

void gather_free(struct gather *gather)
{
    for (size_t i = 0; i < gather->n_lengths; i++)
        free(gather->lengths[i].values);
    free(gather->lengths);
    free(gather->slots);
    free(gather->cells);
    free(gather->series.lengths);
    *gather = (struct gather){0};
}
