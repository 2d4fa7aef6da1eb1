// SPDX-License-Identifier: GPL-3.0-or-later
/* Mean time of a request per policy as bars with 95 % intervals. */
#ifndef EVALUATOR_PLOT_H
#define EVALUATOR_PLOT_H

#include "evaluator/report.h"

/*
 * Writes totals.{png,svg} into `folder` (made where it is missing), with totals.gnuplot, which drew
 * them and holds the figures.
 * STATUS_IO: the folder cannot be written.  STATUS_NOT_FOUND: gnuplot is not installed.
 */
enum status plot_totals(const struct evaluation *evaluation, const struct report_context *context,
                        const char *folder, struct error *error);

#endif
