// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/intmap_private.h"

#include <math.h>

enum { BISECTIONS = 90 };

void line_intercepts(const struct band *band, long double slope, long double *low,
                     long double *high)
{
    *low = -INFINITY;
    *high = INFINITY;
    for (size_t i = 0; i < 2 * band->n_pieces; i++) {
        const struct band_point *point = &band->points[i];
        *low = fmaxl(*low, point->low - slope * point->n);
        *high = fminl(*high, point->high - slope * point->n);
    }
}

bool line_slopes(const struct band *band, size_t first, size_t last, uint32_t from,
                 long double value, long double *low, long double *high)
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
        *low = fmaxl(*low, (point->low - value) / (point->n - from));
        *high = fminl(*high, (point->high - value) / (point->n - from));
    }
    return *low <= *high;
}

/*
 * How far the lines of one slope are from fitting: the gap between the highest lower limit and the
 * lowest upper limit, both reduced by the slope. It is a convex function of the slope; *direction
 * gets the sign of its derivative.
 */
static long double gap(const struct band *band, long double slope, int *direction)
{
    long double low = -INFINITY, high = INFINITY;
    uint32_t n_low = 0, n_high = 0;
    for (size_t i = 0; i < 2 * band->n_pieces; i++) {
        const struct band_point *point = &band->points[i];
        long double l = point->low - slope * point->n, h = point->high - slope * point->n;
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
    const long double steepest = 2.0L * microseconds_end;
    long double left = -steepest, right = steepest, inside = 0;
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
        long double middle = (left + region->slope_low) / 2;
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

struct line_range line_check(const struct band *band, const struct integer_line *line)
{
    struct line_range range = {INFINITY, -INFINITY, INFINITY};
    long double scale = ldexpl(1, -(int)line->shift);
    for (size_t i = 0; i < 2 * band->n_pieces; i++) {
        const struct band_point *point = &band->points[i];
        long double x = (long double)line->a + (long double)line->b * point->n;
        range.least = fminl(range.least, x);
        range.greatest = fmaxl(range.greatest, x);
        long double above = x * scale - point->low, below = point->high - x * scale;
        if (below <= 0)
            below = -1;
        range.slack = fminl(range.slack, fminl(above, below));
    }
    return range;
}
