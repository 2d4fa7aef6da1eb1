// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/linksummary.h"

#include "base/order.h"
#include "base/quantile.h"
#include "base/terminal.h"
#include "base/texttable.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>

enum { CHART_WIDTH = 60, CHART_HEIGHT = 7, CHART_MARGIN = 12, CHART_LEAST_WIDTH = 20 };

static struct column_summary summarise(const struct tracelog *log, int column, double *values)
{
    struct column_summary summary = {0};
    for (size_t i = 0; i < log->n_rows; i++) {
        if (!isnan(log->rows[i].values[column]))
            values[summary.n++] = log->rows[i].values[column];
    }
    if (summary.n == 0)
        return summary;
    reals_sort(values, summary.n);
    summary.p5 = quantile_sorted(values, summary.n, 0.05);
    summary.p50 = quantile_sorted(values, summary.n, 0.5);
    summary.p95 = quantile_sorted(values, summary.n, 0.95);
    summary.max = values[summary.n - 1];
    return summary;
}

enum status linksummary_make(const struct tracelog *log, struct linksummary *summary,
                             struct error *error)
{
    double *values = malloc((log->n_rows + 1) * sizeof *values);
    if (!values)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu rows", log->n_rows);
    *summary = (struct linksummary){
        .duration_s = log->n_rows > 0 ? log->rows[log->n_rows - 1].t_s - log->rows[0].t_s : 0};
    for (int c = 0; c < N_LINK_COLUMNS; c++)
        summary->columns[c] = summarise(log, c, values);
    summary->n_failed = log->n_rows - summary->columns[COLUMN_RTT].n;
    free(values);
    return STATUS_OK;
}

void linksummary_print(const struct linksummary *summary, FILE *out)
{
    static const char *const names[N_LINK_COLUMNS] = {"round trip", "bandwidth up",
                                                      "bandwidth down"};
    struct text_table *table = text_table_new("<|n|p5|p50|p95|max");
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        const struct column_summary *column = &summary->columns[c];
        const double values[] = {column->p5, column->p50, column->p95, column->max};
        if (column->n == 0)
            continue;
        text_table_cell(table, "%s", names[c]);
        text_table_cell(table, "%zu", column->n);
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            char text[UNITS_TEXT_SIZE];
            text_table_cell(table, "%s",
                            c == COLUMN_RTT ? format_time(values[i], text)
                                            : format_rate(values[i], text));
        }
    }
    text_table_print(table, out, 0);
    text_table_free(table);
}

/* What falls into one character's width of time. */
struct stretch {
    bool any, failed;
    int median, most; /* lines of the chart, 0 at the bottom */
};

static int line_of(double value, double low, double high)
{
    double share = log(value / low) / log(high / low); /* logarithmic: spikes leave room */
    return (int)fmin(fmax(share * CHART_HEIGHT, 0), CHART_HEIGHT - 1);
}

/* What fits beside the margin without a break. */
static int chart_width(FILE *out)
{
    int room = terminal_width(out) - CHART_MARGIN;
    if (room <= -CHART_MARGIN || room > CHART_WIDTH) /* no terminal, or a wide one */
        return CHART_WIDTH;
    return room < CHART_LEAST_WIDTH ? CHART_LEAST_WIDTH : room;
}

/* Fills stretches[width]; values[n_rows] is overwritten. */
static void cut(const struct tracelog *log, double low, double high, struct stretch *stretches,
                int width, double *values)
{
    double first_s = log->rows[0].t_s, length_s = log->rows[log->n_rows - 1].t_s - first_s;
    size_t row = 0;
    for (int x = 0; x < width; x++) {
        double end_s = first_s + length_s * (x + 1) / width;
        bool last = x == width - 1;
        size_t n = 0;
        for (; row < log->n_rows && (log->rows[row].t_s < end_s || last); row++) {
            double value = log->rows[row].values[COLUMN_RTT];
            stretches[x].failed = stretches[x].failed || isnan(value);
            if (!isnan(value))
                values[n++] = value;
        }
        if (n == 0)
            continue;
        reals_sort(values, n);
        stretches[x].any = true;
        stretches[x].median = line_of(quantile_sorted(values, n, 0.5), low, high);
        stretches[x].most = line_of(values[n - 1], low, high);
    }
}

static char mark(const struct stretch *stretch, int line)
{
    if (!stretch->any || line > stretch->most || line < stretch->median)
        return ' ';
    return line == stretch->median ? '*' : '.';
}

void linksummary_chart(const struct tracelog *log, const struct linksummary *summary, FILE *out)
{
    const struct column_summary *rtt = &summary->columns[COLUMN_RTT];
    struct stretch stretches[CHART_WIDTH] = {{0}};
    char text[UNITS_TEXT_SIZE], length[UNITS_TEXT_SIZE];
    int width = chart_width(out);
    double *values = rtt->n > 0 ? malloc(log->n_rows * sizeof *values) : NULL;
    if (!values)
        return;
    double low = fmax(fmin(rtt->p5, rtt->max / 1.5), 1e-6), high = fmax(rtt->max, 2e-6);
    cut(log, low, high, stretches, width, values);
    for (int line = CHART_HEIGHT - 1; line >= 0; line--) {
        double value = line == CHART_HEIGHT - 1 ? high : low;
        bool named = line == 0 || line == CHART_HEIGHT - 1;
        fprintf(out, "%10s |", named ? format_time(value, text) : "");
        for (int x = 0; x < width; x++)
            fputc(mark(&stretches[x], line), out);
        fputc('\n', out);
    }
    fprintf(out, "%10s +", summary->n_failed ? "no answer" : "");
    for (int x = 0; x < width; x++)
        fputc(stretches[x].failed ? 'x' : '-', out);
    fprintf(out, "\n%10s  0 s%*s\n", "", width - 3, format_duration(summary->duration_s, length));
    free(values);
}
