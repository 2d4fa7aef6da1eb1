// SPDX-License-Identifier: GPL-3.0-or-later
/* The pictures of a fit as files. */
#ifndef FITTER_PLOT_H
#define FITTER_PLOT_H

#include "base/status.h"
#include "fitter/report.h"
#include "fitter/view.h"

/*
 * Writes into `folder` (made where it is missing), each file whole or not at all:
 *
 *     time_vs_length.svg        samples (a density of the many), fits with bands, break-evens
 *     residuals_TARGET.svg      residuals against length
 *     quantiles_TARGET.svg      their quantiles against those of the normal distribution
 *     energy_vs_length.svg      where energies were fitted
 *     output_length.svg         where pairs were given
 *     time_vs_length.png        the first for slides, with its .dat and .gnuplot to draw it anew
 *
 * In TARGET all but letters, digits, '-' and '_' becomes '_', and the target's number follows.
 * STATUS_IO: a file cannot be written.  As gnuplot_run: the PNG cannot be drawn.
 */
enum status plot_write(const struct view *view, const struct report *report, const char *folder,
                       struct error *error);

#endif
