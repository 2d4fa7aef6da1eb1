// SPDX-License-Identifier: GPL-3.0-or-later
/* The forms in which rnnprof show prints a summary. Figures that are not to be had are "-" in
 * tables, empty in CSV and null in JSON, never 0. */
#ifndef PROFILER_SHOW_FORMS_H
#define PROFILER_SHOW_FORMS_H

#include "profiler/summary.h"

#include <stdio.h>

/* A table per target and length, and below it what else there is: link states, meters, requests
 * sent alone, counters, flagged rounds, changes of the device (show_table.c). */
void show_table(struct summary *summary, FILE *out);

/* One row per target and length; the columns are described in docs/measuring.md (show_csv.c). */
void show_csv(const struct summary *summary, FILE *out);

/* One document, rnnmap.show/1 (show_json.c). */
void show_json(struct summary *summary, FILE *out);

/*
 * A histogram of the times of each target and length, as wide as the terminal behind `out`, else 80
 * columns; with block characters where the locale's characters are UTF-8, else in ASCII. The bins
 * are equally wide, as wide as Freedman and Diaconis (1981) have them, at most 20; what lies
 * further out than Tukey's outer fences (1977: three interquartile ranges beyond the quartiles) is
 * counted in one line at either end (show_histogram.c).
 */
void show_histograms(const struct summary *summary, FILE *out);

/* The same for one set of times, ascending. `width` in columns; from 24 on. */
void show_histogram(const double *times_s, size_t n, int width, bool blocks, FILE *out);

#endif
