// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Candidates are looked for in doubles and judged in integers: the same numbers come out on every
 * processor, whatever its double is, and what is taken is inside the band exactly.
 */
#include "codegen/intmap_private.h"

#include <math.h>

enum { BISECTIONS = 90 };

void line_intercepts(const struct band *band, double slope, double *low, double *high)
{
    *low = -INFINITY;
    *high = INFINITY;
    for (size_t i = 0; i < 2 * band->n_pieces; i++) {
        const struct band_point *point = &band->points[i];
        *low = fmax(*low, point->low - slope * point->n);
        *high = fmin(*high, point->high - slope * point->n);
    }
}

bool line_slopes(const struct band *band, size_t first, size_t last, uint32_t from, double value,
                 double *low, double *high)
{
    *low = -INFINITY;
    *high = INFINITY;
    for (size_t i = first; i <= last; i++) {
        const struct band_point *point = &band->points[i];
        if (point->n == from) {
            if (value < point->low || value >= point->high)
                return false;
            continue;
        }
        *low = fmax(*low, (point->low - value) / (point->n - from));
        *high = fmin(*high, (point->high - value) / (point->n - from));
    }
    return *low <= *high;
}

/*
 * How far the lines of one slope are from fitting: the gap between the highest lower limit and the
 * lowest upper limit, both reduced by the slope. It is a convex function of the slope; *direction
 * gets the sign of its derivative.
 */
static double gap(const struct band *band, double slope, int *direction)
{
    double low = -INFINITY, high = INFINITY;
    uint32_t n_low = 0, n_high = 0;
    for (size_t i = 0; i < 2 * band->n_pieces; i++) {
        const struct band_point *point = &band->points[i];
        double l = point->low - slope * point->n, h = point->high - slope * point->n;
        if (l > low) {
            low = l;
            n_low = point->n;
        }
        if (h < high) {
            high = h;
            n_high = point->n;
        }
    }
    *direction = n_high > n_low ? 1 : n_high < n_low ? -1 : 0;
    return low - high;
}

bool line_region_find(const struct band *band, struct line_region *region)
{
    const double steepest = 2 * microseconds_end;
    double left = -steepest, right = steepest, inside = 0;
    int direction;
    bool found = gap(band, inside, &direction) < 0;
    for (int i = 0; !found && i < BISECTIONS && direction != 0; i++) {
        if (direction > 0)
            right = inside;
        else
            left = inside;
        inside = (left + right) / 2;
        found = gap(band, inside, &direction) < 0;
    }
    if (!found)
        return false;
    region->slope_low = region->slope_high = inside;
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = (left + region->slope_low) / 2;
        if (gap(band, middle, &direction) < 0)
            region->slope_low = middle;
        else
            left = middle;
        middle = (right + region->slope_high) / 2;
        if (gap(band, middle, &direction) < 0)
            region->slope_high = middle;
        else
            right = middle;
    }
    return true;
}

/* Whether x < limit, exactly: x is below what it is below rounded up. */
static bool is_below(int64_t x, double limit)
{
    double whole = ceil(limit);
    if (!(whole < 0x1p63))
        return true;
    return whole >= -0x1p63 && x < (int64_t)whole;
}

bool line_is_inside(const struct band_point *point, int64_t x, unsigned shift)
{
    return !is_below(x, ldexp(point->low, (int)shift)) &&
           is_below(x, ldexp(point->high, (int)shift));
}

struct line_range line_check(const struct band *band, const struct integer_line *line)
{
    struct line_range range = {INT64_MAX, INT64_MIN, INFINITY};
    for (size_t i = 0; i < 2 * band->n_pieces; i++) {
        const struct band_point *point = &band->points[i];
        int64_t x;
        if (__builtin_mul_overflow(line->b, (int64_t)point->n, &x) ||
            __builtin_add_overflow(line->a, x, &x) || !line_is_inside(point, x, line->shift)) {
            range.slack = -1;
            return range;
        }
        range.least = x < range.least ? x : range.least;
        range.greatest = x > range.greatest ? x : range.greatest;
        double us = ldexp((double)x, -(int)line->shift);
        double slack = fmin(us - point->low, point->high - us);
        range.slack = fmin(range.slack, fmax(slack, 0));
    }
    return range;
}
