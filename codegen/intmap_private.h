// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fitting integer programs to a band.
 */
#ifndef CODEGEN_INTMAP_PRIVATE_H
#define CODEGEN_INTMAP_PRIVATE_H

#include "base/status.h"
#include "codegen/band_private.h"
#include "codegen/intmap.h"

/* All forms that stay inside the band, and the smallest.
 * STATUS_UNSUPPORTED: none does: more than SEGMENT_ROWS_MAX segments, or too large a table. */
enum { SEGMENT_ROWS_MAX = 64 };
enum status integer_map_choose(const struct band *band, struct map_choice *choice,
                               struct error *error);

/* The smallest alone, to be freed with integer_map_free. */
enum status integer_map_fit(const struct band *band, struct integer_map *map, struct error *error);

/* The fewest segments and buckets inside the band; rows NULL: none do. */
enum status segments_fit_halved(const struct band *band, struct segment_table *table,
                                struct error *error);
enum status buckets_fit(const struct band *band, struct bucket_table *table, struct error *error);
uint64_t segments_value(const struct segment_table *table, uint32_t n);
uint64_t buckets_value(const struct bucket_table *table, uint32_t n);

/* A line inside the band in one arithmetic: 32 bits; 32 bits in two products; 64 bits. */
struct line_region;
bool affine_fit_narrow(const struct band *band, const struct line_region *region,
                       struct affine *affine);
bool affine_fit_split(const struct band *band, const struct line_region *region,
                      struct affine *affine);
bool affine_fit_wide(const struct band *band, const struct line_region *region,
                     struct affine *affine);

/* Bytes of Thumb code and data that bring a number into a register. */
int constant_cost(uint64_t value);

/* What the arithmetic of a line in 32 bits takes of Thumb code and constants, without the clamp of
 * the length before it and the comparison behind. */
int affine_code_bytes(const struct affine *affine);

/* Whether (a + b*m) >> shift is emitted as (a >> shift) + (b*m >> shift), which is the same. */
bool affine_adds_last(int64_t a, int64_t b, unsigned shift);

uint64_t affine_value(const struct affine *affine, uint32_t n);

/* ---- lines inside a band (line.c), in us */

/* The slopes that some line inside the band has. */
struct line_region {
    double slope_low, slope_high;
};

/* False when no line is inside. */
bool line_region_find(const struct band *band, struct line_region *region);

/* The intercepts of lines of that slope: low <= a < high; empty when not low < high. */
void line_intercepts(const struct band *band, double slope, double *low, double *high);

/* The slopes of lines with that value at length `from`, over the points first .. last; false when
 * the value itself is outside. */
bool line_slopes(const struct band *band, size_t first, size_t last, uint32_t from, double value,
                 double *low, double *high);

/* An integer line: (a + b*n) / 2^shift. */
struct integer_line {
    int64_t a, b;
    unsigned shift;
};

/* Whether low <= x/2^shift < high, exactly. */
bool line_is_inside(const struct band_point *point, int64_t x, unsigned shift);

/* Least and greatest a + b*n over the band's points. */
struct line_range {
    int64_t least, greatest;
    double slack; /* distance to the band's nearest limit, us; < 0: outside, or beyond 64 bits */
};
struct line_range line_check(const struct band *band, const struct integer_line *line);

#endif
