// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The pictures of a fit, each written as one SVG element (chart.h). Samples are drawn one by one up
 * to PICTURE_POINTS of a target, as a density above; outliers always one by one, in red.
 */
#ifndef FITTER_PICTURES_H
#define FITTER_PICTURES_H

#include "fitter/report.h"
#include "fitter/view.h"

#include <stdio.h>

enum { PICTURE_POINTS = 4000 };

/* Time against length at every target, with the fit's 95 % bands and the break-evens. */
void picture_times(const struct view *view, const struct report *report, FILE *out);

/* Residuals of target t against length, relative to the fitted time. */
void picture_residuals(const struct view *view, size_t t, FILE *out);

/* Quantiles of its residuals against those of the normal distribution. */
void picture_quantiles(const struct view *view, size_t t, FILE *out);

/* Models of another quantity than time (energy_j), curves with their bands alone; whether there
 * was any. Nothing is written without. */
bool picture_energies(const struct report *report, FILE *out);

/* M(n) with its prediction interval. */
void picture_output_length(const struct output_length *o, FILE *out);

#endif
