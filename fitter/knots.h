// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * 95 % intervals of a piecewise line's knots.
 *
 * Were a knot at a place between two lengths, then two lines that need not meet would miss each
 * other there by no more than noise. What they miss by is linear in their coefficients, so all the
 * places of one gap that pass this test are Fieller's set (1954) of where they meet; the interval
 * is from the first to the last place of all gaps that does. Other knots are free by a tangent. A
 * tangent at the knot itself knows only the gap that the estimate fell into: beside a length with
 * few more on one side its interval holds the knot in 80 % instead of 95.
 *
 * Two knots with at most one measured length between them are a jump; where within the gap tells
 * no sample: both have one interval, that reaches to the lengths around.
 *
 * No state.
 */
#ifndef FITTER_KNOTS_H
#define FITTER_KNOTS_H

#include "fitter/fit.h"
#include "fitter/piecewise.h"

/* The means of a series' lengths, to be freed; NULL: out of memory. */
struct piecewise_point *knots_points(const struct series *series);

/* A measured length that a knot may lie on either side of, where one of the lines that meet there
 * rests on fewer than four lengths: then the tangent's errors of its coefficients are too small. 0:
 * there is none. */
uint32_t knots_doubtful_length(const struct series *series, const struct fit *fit);

/* Fills fit->knot_ends of a piecewise fit; of any other it does nothing. The series is the one that
 * was fitted, with what rounds tell (fit_rounds) in the fit. */
void knots_find_ends(const struct series *series, struct fit *fit);

#endif
