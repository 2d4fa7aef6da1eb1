// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fitting integer programs to a band.
 */
#ifndef CODEGEN_INTMAP_PRIVATE_H
#define CODEGEN_INTMAP_PRIVATE_H

#include "base/status.h"
#include "codegen/band_private.h"
#include "codegen/intmap.h"

/* The smallest that stays inside the band: affine, else segments.
 * STATUS_UNSUPPORTED: it would need more than SEGMENT_ROWS_MAX segments. */
enum { SEGMENT_ROWS_MAX = 64 };
enum status integer_map_fit(const struct band *band, struct integer_map *map, struct error *error);

/* A line inside the band in the cheapest arithmetic that holds it; false when there is none. */
bool affine_fit(const struct band *band, struct affine *affine);

/* Its parts, in order of preference: 32 bits; 32 bits in two products; 64 bits. */
struct line_region;
bool affine_fit_narrow(const struct band *band, const struct line_region *region,
                       struct affine *affine);
bool affine_fit_split(const struct band *band, const struct line_region *region,
                      struct affine *affine);
bool affine_fit_wide(const struct band *band, const struct line_region *region,
                     struct affine *affine);

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
