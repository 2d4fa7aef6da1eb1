// SPDX-License-Identifier: GPL-3.0-or-later
/* What a recorded trace looks like: figures, and a small plot for the terminal or a folder. */
#ifndef PROFILER_LINKSUMMARY_H
#define PROFILER_LINKSUMMARY_H

#include "profiler/tracelog.h"

#include <stdio.h>

/* One column over the whole trace, in seconds or bit/s. */
struct column_summary {
    size_t n; /* rows that have it; 0: the rest is unset */
    double p5, p50, p95, max;
};

struct linksummary {
    size_t n_failed;   /* rows without a round trip */
    double duration_s; /* to the last row */
    struct column_summary columns[N_LINK_COLUMNS];
};

enum status linksummary_make(const struct tracelog *log, struct linksummary *summary,
                             struct error *error);

/* A table of the columns that are there. */
void linksummary_print(const struct linksummary *summary, FILE *out);

/* The round trips over time in characters: the median ('*') and the most ('.') of each stretch, and
 * 'x' below where probes failed; as wide as a terminal allows. Nothing without a round trip. */
void linksummary_chart(const struct tracelog *log, const struct linksummary *summary, FILE *out);

/* Draws link.png and link.svg into the folder (and leaves link.dat and link.gnuplot there).
 * STATUS_IO, or as gnuplot_run. */
enum status linkplot_draw(const struct tracelog *log, const struct linksummary *summary,
                          const char *folder, struct error *error);

#endif
