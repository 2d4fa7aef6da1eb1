// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Continuous piecewise linear least squares with knots at the best places of all.
 *
 * Where a knot lies between two neighbouring abscissas and the squares are least, the two lines
 * that meet there are those that would be fitted without having to meet; else the knot lies on an
 * abscissa (Hudson 1966, JASA 61, section 3). So the least squares over all real knots are those of
 * finitely many linear fits: each knot on an abscissa or free in a gap, the lines of free ones
 * meeting within it. All of them are considered; some are skipped only where lines that need not
 * meet at one of the knots, which cannot fit worse, already leave as much as the best fit found:
 * independent lines, the sums of which come from the discontinuous dynamic programme (Bellman
 * 1961), or for three knots two pairs of joined lines. Two knots on neighbouring abscissas are a
 * jump.
 *
 * No life cycle: all values.
 */
#ifndef FITTER_PIECEWISE_H
#define FITTER_PIECEWISE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { PIECEWISE_MAX_KNOTS = 4, PIECEWISE_EXACT_KNOTS = 3, PIECEWISE_EXACT_POINTS = 512 };

/* A mean at an abscissa. Weights are > 0: samples behind it over the variance of one, up to a
 * common factor. */
struct piecewise_point {
    double x, y, weight;
};

struct piecewise {
    size_t n_knots;
    double knots[PIECEWISE_MAX_KNOTS]; /* ascending, within the abscissas */
    /* value = c[0] + c[1]*x + sum over knots k of c[2+k]*max(x - knots[k], 0) */
    double coefficients[2 + PIECEWISE_MAX_KNOTS];
    double rss; /* weighted sum of squares about it */
    /* Whether no other knots fit better: up to PIECEWISE_EXACT_KNOTS of them and
     * PIECEWISE_EXACT_POINTS points. Beyond, the search goes over at most that many places for
     * knots, improved by moving one knot at a time. */
    bool exact;
};

/*
 * Fits n_knots (0 .. PIECEWISE_MAX_KNOTS) to n points with ascending, distinct abscissas. Three
 * knots in 512 points take a tenth of a second to a second.
 *
 * STATUS_INVALID: fewer points than 2 + 2*n_knots, or what is no number.  STATUS_NO_MEMORY.
 */
enum status piecewise_fit(const struct piecewise_point *points, size_t n, size_t n_knots,
                          struct piecewise *fit, struct error *error);

double piecewise_value(const struct piecewise *fit, double x);

#endif
