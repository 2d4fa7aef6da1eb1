// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/link_trace.h"

#include "base/csv.h"
#include "base/memory.h"
#include "base/order.h"

#include <math.h>
#include <stdlib.h>

/* What a column is called here and in files, and what its numbers there are in. */
static const struct {
    const char *name, *heading, *unit_name;
    double unit, most; /* most: in s or bit/s */
} columns[] = {
    [COLUMN_RTT] = {"rtt", "rtt_ms", "ms", 1e-3, LINK_RTT_MAX_S},
    [COLUMN_UP] = {"up", "up_mbps", "Mbit/s", 1e6, 1e15},
    [COLUMN_DOWN] = {"down", "down_mbps", "Mbit/s", 1e6, 1e15},
};
_Static_assert(sizeof columns / sizeof *columns == N_LINK_COLUMNS, "one row a column");

const char *link_column_name(enum link_column column)
{
    return columns[column].name;
}

static const double longest_s = 1e10;

double link_column_unit(enum link_column column)
{
    return columns[column].unit;
}

const char *link_column_unit_name(enum link_column column)
{
    return columns[column].unit_name;
}

struct reading {
    struct csv *csv;
    int t, cells[N_LINK_COLUMNS]; /* columns of the file; -1: not there */
    struct link_trace *trace;
    size_t capacities[N_LINK_COLUMNS];
    double *gaps; /* between rows: n_rows - 1 */
    size_t gap_capacity;
    size_t n_filled, last_filled; /* rows with a value: how many, and the last's number from 1 */
    double first_s, last_s;
};

static enum status find_columns(struct reading *r, const char *path, struct error *error)
{
    bool any = false;
    enum status status = csv_require(r->csv, "t_s", &r->t, error);
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        r->cells[c] = csv_column(r->csv, columns[c].heading);
        any = any || r->cells[c] >= 0;
    }
    if (!status && !any)
        return error_set(error, STATUS_INVALID,
                         "%s: none of the columns rtt_ms, up_mbps, down_mbps is there", path);
    return status;
}

/* Begins a row, or goes on with the last one when its time is the same. */
static enum status take_time(struct reading *r, struct error *error)
{
    double t_s = 0;
    enum status status = csv_real(r->csv, r->t, &t_s, error);
    if (status)
        return status;
    size_t n = r->trace->n_rows;
    if (n == 0)
        r->first_s = t_s;
    t_s -= r->first_s; /* all later comparisons are of what is stored */
    if (n > 0 && t_s < r->last_s)
        return csv_error(r->csv, r->t, error, "goes back: rows must be in order of time");
    if (n > 0 && t_s == r->last_s)
        return STATUS_OK;
    if (t_s > longest_s)
        return csv_error(r->csv, r->t, error, "more than 10^10 s after the first row");
    if (n > 0) {
        status = array_reserve(&r->gaps, n - 1, &r->gap_capacity, sizeof *r->gaps, error);
        if (status)
            return status;
        r->gaps[n - 1] = t_s - r->last_s;
    }
    r->last_s = t_s;
    r->trace->n_rows++;
    return STATUS_OK;
}

static enum status append(struct reading *r, int c, double value, struct error *error)
{
    struct trace_series *s = &r->trace->columns[c];
    double **const arrays[] = {&s->t_s, &s->rows, &s->values};
    const double elements[] = {r->last_s, (double)(r->trace->n_rows - 1), value};
    size_t capacity = 0;
    if (s->n > 0 && s->t_s[s->n - 1] == r->last_s)
        s->n--; /* of equal times the last wins */
    for (int i = 0; i < 3; i++) {
        capacity = r->capacities[c]; /* the three grow together */
        enum status status = array_reserve(arrays[i], s->n, &capacity, sizeof **arrays[i], error);
        if (status)
            return status;
        (*arrays[i])[s->n] = elements[i];
    }
    r->capacities[c] = capacity;
    s->n++;
    return STATUS_OK;
}

static enum status take_row(struct reading *r, struct error *error)
{
    enum status status = take_time(r, error);
    for (int c = 0; !status && c < N_LINK_COLUMNS; c++) {
        double value = 0;
        if (r->cells[c] < 0 || csv_text(r->csv, r->cells[c])[0] == '\0')
            continue;
        status = csv_real(r->csv, r->cells[c], &value, error);
        if (!status && value < 0)
            status = csv_error(r->csv, r->cells[c], error, "is negative");
        if (!status && value * columns[c].unit > columns[c].most)
            status = csv_error(r->csv, r->cells[c], error,
                               c == COLUMN_RTT ? "more than an hour" : "more than 10^9 Mbit/s");
        if (!status)
            status = append(r, c, value * columns[c].unit, error);
        if (r->last_filled != r->trace->n_rows)
            r->n_filled++;
        r->last_filled = r->trace->n_rows;
    }
    return status;
}

static enum status read_rows(struct reading *r, const char *path, struct error *error)
{
    bool more = true;
    enum status status = find_columns(r, path, error);
    while (!status && !(status = csv_next(r->csv, &more, error)) && more)
        status = take_row(r, error);
    if (status)
        return status;
    if (r->n_filled < 2)
        return error_set(
            error, STATUS_INVALID,
            "%s: %zu rows with a value at a time of their own: a trace has two or more", path,
            r->n_filled);
    size_t n_gaps = r->trace->n_rows - 1;
    reals_sort(r->gaps, n_gaps);
    r->trace->row_s = r->gaps[(n_gaps - 1) / 2];
    r->trace->duration_s = r->last_s + r->trace->row_s;
    if (r->trace->row_s < LINK_STEP_MIN_S)
        return error_set(error, STATUS_INVALID,
                         "%s: rows are %.3g s apart (the median), less than 10 us: t_s is in "
                         "seconds",
                         path, r->trace->row_s);
    return STATUS_OK;
}

enum status link_trace_read(const char *path, struct link_trace *trace, struct error *error)
{
    struct reading r = {.trace = trace};
    *trace = (struct link_trace){0};
    enum status status = csv_open(path, &r.csv, error);
    if (status)
        return status;
    status = read_rows(&r, path, error);
    csv_close(r.csv);
    free(r.gaps);
    if (status)
        link_trace_free(trace);
    return status;
}

/* How long the value at `i` holds. */
static double held_s(const struct link_trace *trace, const struct trace_series *series, size_t i)
{
    double from_s = i == 0 ? 0 : series->t_s[i];
    return (i + 1 < series->n ? series->t_s[i + 1] : trace->duration_s) - from_s;
}

struct held {
    double value, held_s; /* the value first: that is what order_reals compares */
};

enum status link_trace_quantiles(const struct link_trace *trace, enum link_column column,
                                 const double *p, size_t n, double *values, struct error *error)
{
    const struct trace_series *series = &trace->columns[column];
    struct held *sorted = malloc(series->n * sizeof *sorted);
    if (!sorted)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for the quantiles of a trace");
    for (size_t i = 0; i < series->n; i++)
        sorted[i] = (struct held){series->values[i], held_s(trace, series, i)};
    qsort(sorted, series->n, sizeof *sorted, order_reals);
    for (size_t k = 0; k < n; k++) {
        size_t i = 0;
        double rest_s = p[k] * trace->duration_s * (1 - 1e-12); /* sums of times are rounded */
        while (i + 1 < series->n && rest_s > sorted[i].held_s)
            rest_s -= sorted[i++].held_s;
        values[k] = sorted[i].value;
    }
    free(sorted);
    return STATUS_OK;
}

double link_trace_mean(const struct link_trace *trace, enum link_column column)
{
    const struct trace_series *series = &trace->columns[column];
    double sum = 0;
    for (size_t i = 0; i < series->n; i++)
        sum += series->values[i] * held_s(trace, series, i);
    return sum / trace->duration_s;
}

void link_trace_free(struct link_trace *trace)
{
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        free(trace->columns[c].t_s);
        free(trace->columns[c].rows);
        free(trace->columns[c].values);
    }
    *trace = (struct link_trace){0};
}
