// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Time against length: the samples, the fitted lines with their 95 % bands and the break-even.
 */
#ifndef FITTER_PLOT_H
#define FITTER_PLOT_H

#include "base/status.h"
#include "fitter/dataset.h"
#include "fitter/report.h"

/*
 * Writes time_vs_length.{png,svg} into `folder` (made where it is missing), with the data and the
 * gnuplot script that drew them. Endpoints, their samples too, are drawn as over `link`. Of more
 * than 4,000 samples of a target every k-th is drawn; samples left out of the fit are not.
 */
enum status plot_time(const struct dataset *dataset, const struct model_set *set,
                      const struct cost_link *link, const struct report_break_even *break_evens,
                      size_t n, const char *folder, struct error *error);

#endif
