// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The squares that lines with given knots leave, from sums over the points, whatever their number.
 *
 * Life cycle: piecewise_sums_make, piecewise_sums_free.
 */
#ifndef FITTER_PIECEWISE_PRIVATE_H
#define FITTER_PIECEWISE_PRIVATE_H

#include "fitter/piecewise.h"

/* A knot on the point `after`, or free between it and the next one. */
struct piecewise_knot {
    size_t after;
    bool free;
};

/* Sums over points 0 .. i-1, in places that keep their digits: abscissas on -1 .. 1, ordinates less
 * the line through all points. */
struct piecewise_sum {
    long double w, wx, wxx, wy, wxy, wyy;
};

struct piecewise_sums {
    size_t n;
    double *x, *y, *weight;    /* n */
    struct piecewise_sum *to;  /* n + 1 */
    double centre, half_width; /* of the abscissas as given */
};

enum status piecewise_sums_make(const struct piecewise_point *points, size_t n,
                                struct piecewise_sums *sums, struct error *error);
void piecewise_sums_free(struct piecewise_sums *sums);

/* The squares that the best fit of points first .. end-1 with these knots leaves, ascending;
 * infinity: there is no single best one, or lines that have to meet in a gap do not. */
double piecewise_rss(const struct piecewise_sums *sums, size_t first, size_t end,
                     const struct piecewise_knot *knots, size_t n_knots);

/* Where these knots are, on the abscissas as given. */
void piecewise_places(const struct piecewise_sums *sums, const struct piecewise_knot *knots,
                      size_t n_knots, double *places);

/* The squares that one line through points first .. end-1 leaves. */
double piecewise_line_rss(const struct piecewise_sums *sums, size_t first, size_t end);

#endif
