// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A link trace that grows while the link is being watched: a CSV that link_trace_read reads, with
 * one row for each probe, written as soon as it is known. So it is a log, not an output file that
 * appears whole: a process that is killed loses the probe in flight.
 *
 * Life cycle: tracelog_open, tracelog_append, tracelog_close. One process at a time per file.
 */
#ifndef PROFILER_TRACELOG_H
#define PROFILER_TRACELOG_H

#include "base/status.h"
#include "records/link_trace.h"

#include <stdbool.h>

struct trace_row {
    double t_s;
    double values[N_LINK_COLUMNS]; /* seconds and bit/s; NAN: not measured, or it failed */
};

struct tracelog {
    char *path;
    int file;
    struct trace_row *rows; /* n_rows: those that were there, and those appended */
    size_t n_rows, capacity;
};

/*
 * Makes the file, or with `resume` goes on with it (or makes it where it is not there); a last row
 * that was cut short is taken out, and a remark marks the gap.
 * STATUS_IO: it cannot be written, or another process writes it.  STATUS_FAILED: it is there, and
 * `resume` is not asked for.  STATUS_INVALID: it is no trace of this kind (file:line); untouched.
 */
enum status tracelog_open(const char *path, bool resume, struct tracelog *log, struct error *error);

/* Writes and keeps a row. STATUS_IO: a full disk; the file ends with the row before. */
enum status tracelog_append(struct tracelog *log, const struct trace_row *row, struct error *error);

void tracelog_close(struct tracelog *log);

#endif
