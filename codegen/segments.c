// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Tables of affine segments: each as long as one line stays inside the band (a greedy cover, which
 * is the shortest), with its value at its first length in whole microseconds.
 */
#include "base/memory.h"
#include "codegen/intmap_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How often pieces may be halved where 64 bits are too few for a whole one. */
enum { HALVINGS_MAX = 4 };

static uint64_t row_value(const struct segment_table *table, const struct segment_row *row,
                          uint32_t m)
{
    uint64_t x = ((uint64_t)row->base << table->shift) + (uint64_t)row->slope * (m - row->from);
    return x >> 63 ? 0 : x >> table->shift;
}

uint64_t segments_value(const struct segment_table *table, uint32_t n)
{
    uint32_t m = n < table->limit ? n : table->limit;
    const struct segment_row *row = table->rows + table->n_rows - 1;
    while (m < row->from)
        row--;
    return row_value(table, row, m);
}

/* Whether the row stays inside the band over points first .. last and within 62 bits. */
static bool row_fits(const struct band *band, size_t first, size_t last,
                     const struct segment_row *row, unsigned shift)
{
    const int64_t end = (int64_t)1 << 62;
    for (size_t i = first; i <= last; i++) {
        const struct band_point *point = &band->points[i];
        int64_t start, x;
        if (__builtin_mul_overflow(row->base, (int64_t)1 << shift, &start) ||
            __builtin_mul_overflow(row->slope, (int64_t)(point->n - row->from), &x) ||
            __builtin_add_overflow(start, x, &x) || x <= -end || x >= end ||
            !line_is_inside(point, x, shift))
            return false;
    }
    return true;
}

static bool row_from(const struct band *band, size_t first, size_t last, double base,
                     unsigned shift, struct segment_row *row)
{
    uint32_t from = band->points[first].n;
    double low, high, scale = ldexp(1, (int)shift);
    if (!(fabs(base) < 0x1p40) || !line_slopes(band, first, last, from, base, &low, &high))
        return false;
    low = isinf(low) ? fmin(floor(high * scale), 0) : ceil(low * scale);
    high = isinf(high) ? fmax(low, 0) : floor(high * scale);
    if (low > high || !(fabs(low) < 0x1p61) || !(fabs(high) < 0x1p61))
        return false;
    *row = (struct segment_row){from, (int64_t)base, (int64_t)floor((low + high) / 2)};
    return row_fits(band, first, last, row, shift);
}

/* A row over the points first .. last, if there is one. */
static bool row_find(const struct band *band, size_t first, size_t last, unsigned shift,
                     struct segment_row *row)
{
    const struct band_point *start = &band->points[first];
    double high = fmin(start->high, 2 * microseconds_end);
    double low = fmax(start->low, fmin(start->value, 0) - 1);
    double bases[] = {ceil(start->value), floor((low + high) / 2), ceil(low), ceil(high) - 1, 0};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        if (row_from(band, first, last, bases[i], shift, row))
            return true;
    }
    return false;
}

/* The most pieces from `piece` on that one row covers (0: none), and that row. */
static size_t row_reach(const struct band *band, size_t piece, unsigned shift,
                        struct segment_row *row)
{
    size_t covered = 0, step = 1, rest = band->n_pieces - piece;
    struct segment_row longer;
    while (step > 0) {
        size_t wanted = covered + step;
        if (wanted <= rest && row_find(band, 2 * piece, 2 * (piece + wanted) - 1, shift, &longer)) {
            *row = longer;
            covered = wanted;
            step *= 2;
        } else {
            step /= 2;
        }
    }
    return covered;
}

static bool fits_32(int64_t value)
{
    return value >= INT32_MIN && value <= INT32_MAX;
}

/* Covers the band. *complete is false when some piece has no row or there are too many. */
static enum status cover(const struct band *band, unsigned shift, struct segment_table *table,
                         bool *complete, struct error *error)
{
    size_t capacity = 0;
    *table = (struct segment_table){.shift = shift, .narrow = true, .limit = band->n_limit};
    *complete = false;
    for (size_t piece = 0; piece < band->n_pieces;) {
        enum status status =
            array_reserve(&table->rows, table->n_rows, &capacity, sizeof *table->rows, error);
        if (status)
            return status;
        struct segment_row *row = &table->rows[table->n_rows];
        size_t covered = row_reach(band, piece, shift, row);
        if (covered == 0 || table->n_rows == SEGMENT_ROWS_MAX)
            return STATUS_OK;
        table->narrow = table->narrow && fits_32(row->base) && fits_32(row->slope);
        table->n_rows++;
        piece += covered;
    }
    *complete = true;
    return STATUS_OK;
}

static bool is_smaller(const struct segment_table *a, const struct segment_table *b)
{
    return !b->rows || a->n_rows * (a->narrow ? 12 : 24) < b->n_rows * (b->narrow ? 12 : 24);
}

static enum status segments_fit(const struct band *band, struct segment_table *best,
                                struct error *error)
{
    static const unsigned shifts[] = {16, 20, 12, 24, 8, 28, 32};
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < sizeof shifts / sizeof *shifts; i++) {
        struct segment_table table;
        bool complete;
        status = cover(band, shifts[i], &table, &complete, error);
        if (!status && complete && is_smaller(&table, best)) {
            free(best->rows);
            *best = table;
        } else {
            free(table.rows);
        }
    }
    return status;
}

/* The same with pieces halved again and again until each fits. */
static enum status fit_halved(const struct band *band, struct segment_table *table, int n_halvings,
                              struct error *error)
{
    enum status status = segments_fit(band, table, error);
    if (status || table->rows || n_halvings == 0)
        return status;
    struct band halved = {0};
    status = band_halve(band, &halved, error);
    if (!status)
        status = fit_halved(&halved, table, n_halvings - 1, error);
    band_free(&halved);
    return status;
}

enum status segments_fit_halved(const struct band *band, struct segment_table *table,
                                struct error *error)
{
    return fit_halved(band, table, HALVINGS_MAX, error);
}
