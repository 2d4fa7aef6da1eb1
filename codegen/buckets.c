// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Tables of one value per bucket of lengths, looked up without a search: for costs that are steps
 * (inputs padded to buckets), and for curved ones.
 */
#include "codegen/intmap_private.h"

#include <math.h>
#include <stdlib.h>

/* More rows than this are no small table any more. */
enum { BUCKET_ROWS_MAX = 4096, BUCKET_SHIFT_MAX = 24, OFFSETS_MAX = 10 };

uint64_t buckets_value(const struct bucket_table *table, uint32_t n)
{
    uint32_t m = n < table->limit ? n : table->limit;
    return table->rows[(m + table->offset) >> table->shift];
}

/* A walk along the band, bucket by bucket. */
struct walk {
    const struct band *band;
    size_t piece;
};

/* A piece's limits at length n. */
static void limits_at(const struct band *band, size_t piece, uint32_t n, double *low, double *high)
{
    const struct band_point *from = &band->points[2 * piece], *to = from + 1;
    double share = to->n > from->n ? (double)(n - from->n) / (double)(to->n - from->n) : 0;
    *low = isinf(from->low) ? from->low : from->low + share * (to->low - from->low);
    *high = isinf(from->high) ? from->high : from->high + share * (to->high - from->high);
}

/* The whole numbers that fit all lengths first .. last; buckets are asked for in ascending order.
 */
static bool bucket_range(struct walk *walk, uint32_t first, uint32_t last, double *least,
                         double *most)
{
    const struct band *band = walk->band;
    double low = -INFINITY, high = INFINITY;
    while (band->points[2 * walk->piece + 1].n < first)
        walk->piece++;
    for (size_t i = walk->piece; i < band->n_pieces && band->points[2 * i].n <= last; i++) {
        uint32_t from = band->points[2 * i].n, to = band->points[2 * i + 1].n;
        const uint32_t ends[] = {from > first ? from : first, to < last ? to : last};
        for (int end = 0; end < 2; end++) {
            double l, h;
            limits_at(band, i, ends[end], &l, &h);
            low = fmax(low, l);
            high = fmin(high, h);
        }
    }
    /* a whole number is not rounded down any more, so it may be up to 1 below the limit */
    *least = fmax(floor(low), 0);
    *most = fmin(ceil(high) - 1, (double)UINT32_MAX);
    return *least <= *most;
}

static bool buckets_fill(const struct band *band, unsigned shift, uint32_t offset, uint32_t n_rows,
                         struct bucket_table *table)
{
    struct walk walk = {band, 0};
    *table = (struct bucket_table){table->rows, n_rows, shift, offset, true, band->n_limit};
    for (uint32_t i = 0; i < n_rows; i++) {
        uint64_t first = (uint64_t)i << shift, last = first + ((uint64_t)1 << shift) - 1;
        double least, most;
        first = first > offset ? first - offset : 0;
        last = last - offset < band->n_limit ? last - offset : band->n_limit;
        if (!bucket_range(&walk, (uint32_t)first, (uint32_t)last, &least, &most))
            return false;
        table->rows[i] = (uint32_t)floor((least + most) / 2);
        table->narrow = table->narrow && table->rows[i] <= UINT16_MAX;
    }
    return true;
}

/* Where the last rows are the same, one of them is enough. */
static void drop_equal_rows(struct bucket_table *table)
{
    size_t n = table->n_rows;
    while (n > 1 && table->rows[n - 1] == table->rows[n - 2])
        n--;
    if (n == table->n_rows)
        return;
    table->n_rows = n;
    table->limit = (uint32_t)((n - 1) << table->shift);
    table->limit = table->limit > table->offset ? table->limit - table->offset : 0;
}

/* Offsets that make a bucket begin where a piece does. */
static size_t list_offsets(const struct band *band, unsigned shift, uint32_t offsets[OFFSETS_MAX])
{
    uint32_t mask = ((uint32_t)1 << shift) - 1;
    size_t n = 0;
    offsets[n++] = 0;
    for (size_t i = 1; shift > 0 && i < band->n_pieces && n < OFFSETS_MAX; i++) {
        uint32_t offset = (0 - band->points[2 * i].n) & mask;
        bool known = false;
        for (size_t k = 0; k < n; k++)
            known = known || offsets[k] == offset;
        if (!known)
            offsets[n++] = offset;
    }
    return n;
}

enum status buckets_fit(const struct band *band, struct bucket_table *table, struct error *error)
{
    *table = (struct bucket_table){.rows = malloc(BUCKET_ROWS_MAX * sizeof *table->rows)};
    if (!table->rows)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a table");
    unsigned shift = BUCKET_SHIFT_MAX + 1;
    while (shift > 1 && (uint64_t)1 << (shift - 1) > 2 * (uint64_t)band->n_limit)
        shift--;
    while (shift-- > 0) {
        uint32_t offsets[OFFSETS_MAX];
        size_t n_offsets = list_offsets(band, shift, offsets);
        for (size_t i = 0; i < n_offsets; i++) {
            uint64_t n_rows = (((uint64_t)band->n_limit + offsets[i]) >> shift) + 1;
            if (n_rows > BUCKET_ROWS_MAX ||
                !buckets_fill(band, shift, offsets[i], (uint32_t)n_rows, table))
                continue;
            drop_equal_rows(table);
            return STATUS_OK;
        }
    }
    free(table->rows);
    *table = (struct bucket_table){0};
    return STATUS_OK;
}
