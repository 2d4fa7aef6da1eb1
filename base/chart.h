// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Charts as SVG: one picture with two linear axes, on which points, densities, lines and bands are
 * laid in the order of the calls; and bars with names. Sized for a phone (its text reads at 340
 * points of width) and scalable; no font, style or picture from elsewhere.
 *
 * Life cycle: chart_begin, what is drawn, chart_end. What lies beyond the axes is cut off; points
 * and cells beyond them are put at the edge. Values that are no numbers are left out.
 */
#ifndef BASE_CHART_H
#define BASE_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct chart_axis {
    double low, high;
    const char *title;
};

struct chart {
    FILE *out;
    struct chart_axis x, y;
    int n_legend, n_marks; /* so far */
};

struct chart_point {
    double x, y;
};

/* What is said of a picture to those who cannot see it: `title`. */
void chart_begin(struct chart *chart, FILE *out, const char *title, struct chart_axis x,
                 struct chart_axis y);
void chart_end(struct chart *chart);

/* Colours are of the form "#0072b2". */
void chart_points(struct chart *chart, const struct chart_point *points, size_t n,
                  const char *colour, double radius, double opacity);

/* How many points lie where, as cells that are darker the more there are (by the logarithm, each
 * column by itself). */
void chart_density(struct chart *chart, const struct chart_point *points, size_t n,
                   const char *colour);

void chart_line(struct chart *chart, const struct chart_point *points, size_t n, const char *colour,
                double width, bool dashed);

/* Between two curves of n points each with the same abscissas. */
void chart_band(struct chart *chart, const struct chart_point *low, const struct chart_point *high,
                size_t n, const char *colour);

/* An upright line at x, and an interval around it (low > high: none), with a note at it. */
void chart_mark(struct chart *chart, double x, double low, double high, const char *note);

/* The next line of the legend; a long text is cut. */
void chart_legend(struct chart *chart, const char *colour, const char *text);

/* A range that holds low .. high and ends on round numbers. */
struct chart_axis chart_axis_around(double low, double high, const char *title);

/* A bar from 0 to `value`, with a whisker from low to high (low > high: none) and a note behind. */
struct chart_bar {
    const char *name, *note;
    double value, low, high;
    const char *colour;
};

/* A picture of its own: bars under each other, their names at the left, on one axis from 0; a
 * dashed line across all of them at `reference` (NAN: none). */
void chart_bars(FILE *out, const char *title, const struct chart_bar *bars, size_t n,
                const char *axis_title, double reference);

#endif
