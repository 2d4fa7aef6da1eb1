// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/gnuplot.h"
#include "base/memory.h"
#include "base/outfile.h"
#include "profiler/linksummary.h"

#include <math.h>
#include <stdlib.h>

static void put_cell(double value, FILE *out)
{
    if (isnan(value))
        fputs(" NaN", out);
    else
        fprintf(out, " %.9g", value);
}

/* What the time is drawn in. */
struct time_unit {
    const char *name;
    double seconds;
};

static struct time_unit time_unit(const struct linksummary *summary)
{
    static const struct time_unit units[] = {{"s", 1}, {"minutes", 60}, {"hours", 3600}};
    size_t i = 0;
    while (i < 2 && summary->duration_s > 3 * units[i + 1].seconds)
        i++;
    return units[i];
}

/* Time in that unit, the columns in ms and Mbit/s, and 1 where there was no answer. */
static void put_data(const struct tracelog *log, double unit_s, FILE *out)
{
    for (size_t i = 0; i < log->n_rows; i++) {
        const struct trace_row *row = &log->rows[i];
        fprintf(out, "%.9g", row->t_s / unit_s);
        for (int c = 0; c < N_LINK_COLUMNS; c++)
            put_cell(row->values[c] / link_column_unit((enum link_column)c), out);
        put_cell(isnan(row->values[COLUMN_RTT]) ? 1 : NAN, out);
        fputc('\n', out);
    }
}

static void put_round_trips(const struct linksummary *summary, FILE *script)
{
    const struct column_summary *rtt = &summary->columns[COLUMN_RTT];
    bool wide = rtt->max > 10 * rtt->p5;
    double low_ms = wide ? rtt->p5 * 1e3 * 0.5 : 0;
    fprintf(script, "%s\nset yrange [%.9g:%.9g]\nset ylabel 'round trip (ms)'\n",
            wide ? "set logscale y" : "unset logscale y", low_ms, rtt->max * 1e3 * 1.2);
    fprintf(script,
            "set title \"%zu round trips: p5 %.4g, p50 %.4g, p95 %.4g, max %.4g ms; %zu without "
            "an answer\" noenhanced\n",
            rtt->n, rtt->p5 * 1e3, rtt->p50 * 1e3, rtt->p95 * 1e3, rtt->max * 1e3,
            summary->n_failed);
    fprintf(script, "plot 'link.dat' using 1:2 with points pointtype 7 pointsize 0.5 linecolor rgb "
                    "'#0072b2' title 'round trip'");
    if (summary->n_failed)
        fprintf(script,
                ", '' using 1:($5*%.9g) with points pointtype 2 pointsize 0.7 linecolor rgb "
                "'#d55e00' title 'no answer'",
                wide ? low_ms * 1.15 : rtt->max * 1e3 * 0.02);
    fputs("\nunset logscale y\n", script);
}

static void put_bandwidths(const struct linksummary *summary, FILE *script)
{
    static const struct {
        const char *title, *style;
    } ways[N_LINK_COLUMNS] = {[COLUMN_UP] = {"up", "linecolor rgb '#009e73' pointtype 9"},
                              [COLUMN_DOWN] = {"down", "linecolor rgb '#cc79a7' pointtype 11"}};
    const char *separator = "plot";
    fputs("set title 'bandwidth that a transfer got'\nset ylabel 'Mbit/s'\nset yrange [0:*]\n",
          script);
    for (int c = COLUMN_UP; c <= COLUMN_DOWN; c++) {
        if (summary->columns[c].n == 0)
            continue;
        fprintf(script, "%s 'link.dat' using 1:%d with points pointsize 0.8 %s title '%s'",
                separator, c + 2, ways[c].style, ways[c].title);
        separator = ",";
    }
    fputc('\n', script);
}

static void put_script(const struct linksummary *summary, FILE *script)
{
    bool bandwidths = summary->columns[COLUMN_UP].n + summary->columns[COLUMN_DOWN].n > 0;
    static const struct {
        const char *terminal, *more, *file;
    } outputs[] = {{"pngcairo", "", "link.png"}, {"svg", "background 'white'", "link.svg"}};
    fputs("# drawn by rnnprof link --plot\n"
          "set key outside right top\n"
          "set grid linecolor rgb '#dddddd'\nset border 3\nset tics nomirror out\n"
          "set xrange [0:*]\nset lmargin 12\nset rmargin 20\n",
          script);
    fprintf(script, "set xlabel 'time (%s)'\n", time_unit(summary).name);
    for (int o = 0; o < 2; o++) {
        fprintf(script, "set terminal %s size 1100,%d font 'DejaVu Sans,12' %s\n",
                outputs[o].terminal, bandwidths ? 800 : 500, outputs[o].more);
        fprintf(script, "set output '%s'\n", outputs[o].file);
        if (bandwidths)
            fputs("set multiplot layout 2,1\n", script);
        put_round_trips(summary, script);
        if (bandwidths) {
            put_bandwidths(summary, script);
            fputs("unset multiplot\n", script);
        }
        fputs("set output\n", script);
    }
}

enum status linkplot_draw(const struct tracelog *log, const struct linksummary *summary,
                          const char *folder, struct error *error)
{
    struct outfile data = {0}, script = {0};
    char *data_path = text_format("%s/link.dat", folder);
    char *script_path = text_format("%s/link.gnuplot", folder);
    enum status status = data_path && script_path
                             ? folder_make(folder, error)
                             : error_set(error, STATUS_NO_MEMORY, "out of memory for a path");
    if (!status)
        status = outfile_open(&data, data_path, error);
    if (!status)
        status = outfile_open(&script, script_path, error);
    if (!status) {
        put_data(log, time_unit(summary).seconds, data.stream);
        put_script(summary, script.stream);
        status = outfile_commit(&data, error);
    }
    if (!status)
        status = outfile_commit(&script, error);
    if (!status)
        status = gnuplot_run(folder, "link.gnuplot", error);
    outfile_abandon(&data);
    outfile_abandon(&script);
    free(data_path);
    free(script_path);
    return status;
}
