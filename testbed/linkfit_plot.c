// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/linkfit_private.h"

#include "base/gnuplot.h"
#include "base/memory.h"
#include "base/outfile.h"

#include <math.h>
#include <stdlib.h>

enum { SHARES = 200, LAGS = 100, PANEL_WIDTH = 560, PANEL_HEIGHT = 340 };

/* Two blocks of the data: shares with both values there, lags with both correlations. */
static enum status put_column(const struct link_trace *trace, const struct link_chain *chain,
                              enum link_column column, FILE *script, struct error *error)
{
    double shares[SHARES + 1], values[SHARES + 1], unit = link_column_unit(column), step_s, *steps;
    size_t n = 0;
    for (int i = 0; i <= SHARES; i++)
        shares[i] = (double)i / SHARES;
    enum status status = link_trace_quantiles(trace, column, shares, SHARES + 1, values, error);
    if (!status)
        status = link_series_steps(&trace->columns[column], &step_s, &steps, &n, error);
    if (status)
        return status;
    fprintf(script, "# share, %s in trace and model (%s)\n$shares_%s << END\n",
            link_column_name(column), link_column_unit_name(column), link_column_name(column));
    for (int i = 0; i <= SHARES; i++)
        fprintf(script, "%g %.6g %.6g\n", shares[i], values[i] / unit,
                link_chain_quantile(chain, shares[i]) / unit);
    fprintf(script, "END\n# lag in steps, correlation in trace and model\n$lags_%s << END\n",
            link_column_name(column));
    for (size_t k = 0; k <= LAGS && 2 * k <= n; k++)
        fprintf(script, "%zu %.4f %.4f\n", k, autocorrelation(steps, n, k),
                link_chain_autocorrelation(chain, (unsigned)k));
    fputs("END\n", script);
    free(steps);
    return STATUS_OK;
}

/* Links whose worst is far from their usual need a logarithmic axis; 0 has no place on one. */
static bool is_wide(const struct link_chain *chain)
{
    double least = link_chain_quantile(chain, 0), most = link_chain_quantile(chain, 1);
    return least > 0 && most > 20 * least;
}

static void plot_column(const struct link_chain *chain, enum link_column column, FILE *script)
{
    static const char *const long_names[N_LINK_COLUMNS] = {[COLUMN_RTT] = "round trip",
                                                           [COLUMN_UP] = "bandwidth up",
                                                           [COLUMN_DOWN] = "bandwidth down"};
    const char *name = link_column_name(column);
    bool wide = is_wide(chain);
    fprintf(script,
            "%sset logscale x\nset autoscale x\nset yrange [0:1]\nset key bottom right\n"
            "set xlabel '%s (%s)'\nset ylabel 'share of the time at or below'\n"
            "plot $shares_%s using 2:1 with lines linewidth 3 linecolor rgb '#b0b0b0' title 'trace'"
            ", '' using 3:1 with lines linewidth 1.5 linecolor rgb '#0072b2' title 'model'\n",
            wide ? "" : "un", long_names[column], link_column_unit_name(column), name);
    fprintf(script,
            "unset logscale x\nset xrange [0:*]\nset yrange [*:1]\nset key top right\n"
            "set xlabel 'steps of %.3g s'\nset ylabel 'autocorrelation'\n"
            "plot $lags_%s using 1:2 with lines linewidth 3 linecolor rgb '#b0b0b0' title 'trace'"
            ", '' using 1:3 with lines linewidth 1.5 linecolor rgb '#0072b2' title 'model'\n",
            chain->step_s, name);
}

static enum status put_script(const struct link_trace *trace, const struct link_model *model,
                              FILE *script, struct error *error)
{
    static const char *const terminals[][2] = {{"pngcairo", "link_model.png"},
                                               {"svg background 'white'", "link_model.svg"}};
    enum status status = STATUS_OK;
    int n = 0;
    fputs("# drawn by rnnlink --fit --plot\n", script);
    for (int c = 0; !status && c < N_LINK_COLUMNS; c++) {
        if (model->chains[c].n_bins == 0)
            continue;
        n++;
        status = put_column(trace, &model->chains[c], (enum link_column)c, script, error);
    }
    fputs("set border 3\nset tics nomirror out\nset grid linecolor rgb '#dddddd'\n", script);
    for (int i = 0; i < 2; i++) {
        fprintf(script, "set terminal %s size %d,%d font 'DejaVu Sans,11'\nset output '%s'\n",
                terminals[i][0], 2 * PANEL_WIDTH, n * PANEL_HEIGHT + 40, terminals[i][1]);
        fprintf(script, "set multiplot layout %d,2 title ", n);
        gnuplot_put_text(script, model->name);
        fputs(" noenhanced\n", script);
        for (int c = 0; c < N_LINK_COLUMNS; c++) {
            if (model->chains[c].n_bins > 0)
                plot_column(&model->chains[c], (enum link_column)c, script);
        }
        fputs("unset multiplot\nset output\n", script);
    }
    return status;
}

enum status goodness_plot(const struct link_trace *trace, const struct link_model *model,
                          const char *folder, struct error *error)
{
    struct outfile script = {0};
    char *path = text_format("%s/link_model.gnuplot", folder);
    enum status status = path ? folder_make(folder, error)
                              : error_set(error, STATUS_NO_MEMORY, "out of memory for a plot");
    if (!status)
        status = outfile_open(&script, path, error);
    if (!status)
        status = put_script(trace, model, script.stream, error);
    if (!status)
        status = outfile_commit(&script, error);
    if (!status)
        status = gnuplot_run(folder, "link_model.gnuplot", error);
    outfile_abandon(&script);
    free(path);
    return status;
}
