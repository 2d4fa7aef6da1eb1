// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Link traces: how the round trip and the bandwidth of a link went over time, from a CSV with
 * columns t_s,rtt_ms,up_mbps,down_mbps.
 *
 * Columns are independent series: a cell may be empty, and each value holds until the next one of
 * its column; before its first value a column has that value already. A bandwidth of 0 is an
 * outage. Of rows with equal times the last wins. A column that the file has not, or that is empty
 * throughout, is not there (n = 0); columns of other names are passed over.
 *
 * Life cycle: link_trace_read, link_trace_free. A trace that is only read may be shared between
 * threads.
 */
#ifndef RECORDS_LINK_TRACE_H
#define RECORDS_LINK_TRACE_H

#include "base/status.h"

#include <stddef.h>

/* What a link is like; the order of traces, models and messages. */
enum link_column {
    COLUMN_RTT,  /* seconds */
    COLUMN_UP,   /* bit/s from the device to the server; 0: outage; INFINITY: unlimited */
    COLUMN_DOWN, /* bit/s from the server to the device */
    N_LINK_COLUMNS
};

/* "rtt", "up", "down"; constant. */
const char *link_column_name(enum link_column column);

/* What a 1 in files is, in s or bit/s (1e-3, 1e6), and what people call that ("ms", "Mbit/s"). */
double link_column_unit(enum link_column column);
const char *link_column_unit_name(enum link_column column);

struct trace_series {
    double *t_s;    /* n, strictly ascending, counted from the trace's first row */
    double *rows;   /* n, the numbers of the rows (from 0) that the values stand in */
    double *values; /* n, >= 0, in the column's unit */
    size_t n;
};

struct link_trace {
    struct trace_series columns[N_LINK_COLUMNS];
    size_t n_rows;     /* rows of equal times are one */
    double row_s;      /* median time between rows */
    double duration_s; /* the last row's time and one row_s more, for which its values hold */
};

/* A trace with rows slower than this advances by one row a request when it is replayed, not by the
 * clock. */
enum { LINK_SLOW_ROW_S = 10 };

/* Round trips above it are refused. */
enum { LINK_RTT_MAX_S = 3600 };

/* Rows, and steps of a model, closer than this are refused: a player would be busy with nothing but
 * changes and fall behind them. No link is seen to change that fast; such times are in other units
 * than seconds. */
#define LINK_STEP_MIN_S 1e-5

/* Reads "-" (standard input) or a file.
 * STATUS_IO: it cannot be read.
 * STATUS_INVALID: file:line and what is wrong there (time that goes back, a negative or malformed
 * value, a round trip over 1 h), no column of the three, fewer than two rows with a value, or rows
 * less than LINK_STEP_MIN_S apart (the median).
 * *trace is empty then. */
enum status link_trace_read(const char *path, struct link_trace *trace, struct error *error);

/* For each share p (0..1) of the time the value that the column does not exceed in it, each value
 * weighted by how long it holds (the first from 0 on, the last to duration_s). The column must be
 * there. STATUS_NO_MEMORY. */
enum status link_trace_quantiles(const struct link_trace *trace, enum link_column column,
                                 const double *p, size_t n, double *values, struct error *error);

/* The mean over time, weighted likewise. */
double link_trace_mean(const struct link_trace *trace, enum link_column column);

void link_trace_free(struct link_trace *trace);

#endif
