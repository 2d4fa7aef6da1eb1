// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/linkfit.h"

#include "base/name.h"
#include "base/outfile.h"
#include "testbed/linkfit_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const double goodness_shares[] = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1};
const unsigned goodness_lags[] = {1, 2, 5, 10, 30, 100};

double autocorrelation(const double *values, size_t n, size_t k)
{
    double mean = 0, variance = 0, covariance = 0;
    if (2 * k > n)
        return NAN;
    for (size_t i = 0; i < n; i++)
        mean += values[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        variance += (values[i] - mean) * (values[i] - mean);
        if (i + k < n)
            covariance += (values[i] - mean) * (values[i + k] - mean);
    }
    return variance > 0 ? covariance / variance : 0;
}

static enum status measure_column(const struct link_trace *trace, const struct link_chain *chain,
                                  enum link_column column, struct goodness *g, struct error *error)
{
    double step_s, *steps;
    enum status status = link_trace_quantiles(trace, column, goodness_shares, GOODNESS_SHARES,
                                              g->quantiles[SIDE_TRACE], error);
    if (!status)
        status = link_series_steps(&trace->columns[column], &step_s, &steps, &g->n_steps, error);
    if (status)
        return status;
    g->fitted = true;
    g->means[SIDE_TRACE] = link_trace_mean(trace, column);
    g->means[SIDE_MODEL] = link_chain_mean(chain);
    for (int i = 0; i < GOODNESS_SHARES; i++)
        g->quantiles[SIDE_MODEL][i] = link_chain_quantile(chain, goodness_shares[i]);
    for (int i = 0; i < GOODNESS_LAGS; i++) {
        unsigned lag = goodness_lags[i];
        g->autocorrelations[SIDE_TRACE][i] = autocorrelation(steps, g->n_steps, lag);
        g->autocorrelations[SIDE_MODEL][i] = link_chain_autocorrelation(chain, lag);
    }
    free(steps);
    return STATUS_OK;
}

enum status goodness_measure(const struct link_trace *trace, const struct link_model *model,
                             struct goodness goodness[N_LINK_COLUMNS], struct error *error)
{
    enum status status = STATUS_OK;
    for (int c = 0; !status && c < N_LINK_COLUMNS; c++) {
        goodness[c] = (struct goodness){.n_values = trace->columns[c].n};
        if (model->chains[c].n_bins > 0)
            status =
                measure_column(trace, &model->chains[c], (enum link_column)c, &goodness[c], error);
    }
    return status;
}

static enum status name_model(struct link_model *model, const struct linkfit_settings *s,
                              struct error *error)
{
    char *name = name_of_file(s->name ? "" : s->trace);
    enum status status =
        name ? link_model_describe(model, s->name ? s->name : name, s->source, s->licence, error)
             : error_set(error, STATUS_NO_MEMORY, "out of memory for a name");
    free(name);
    if (status == STATUS_INVALID)
        return error_set(error, STATUS_MISUSE, "%s", error ? error->text : "");
    return status;
}

static enum status write_model(const struct link_model *model, const char *path,
                               struct error *error)
{
    struct outfile file;
    enum status status = outfile_open(&file, path, error);
    if (status)
        return status;
    link_model_write(model, file.stream);
    return outfile_commit(&file, error);
}

/* The model on standard output leaves no room there for the table. */
static FILE *table_goes_to(const struct invocation *call, const struct linkfit_settings *s)
{
    return s->output && strcmp(s->output, "-") == 0 ? call->diagnostics : call->out;
}

enum status linkfit_run(const struct invocation *call, const struct linkfit_settings *settings,
                        struct error *error)
{
    struct link_trace trace;
    struct link_model model = {0};
    struct goodness goodness[N_LINK_COLUMNS];
    if (call->json && table_goes_to(call, settings) != call->out)
        return error_set(error, STATUS_MISUSE, "--json and -o -: both want standard output");
    enum status status = link_trace_read(settings->trace, &trace, error);
    if (status)
        return status;
    status = link_model_fit(&trace, &model, error);
    if (status)
        error_prefix(error, "%s", settings->trace);
    else
        status = name_model(&model, settings, error);
    if (!status)
        status = goodness_measure(&trace, &model, goodness, error);
    if (!status && settings->output)
        status = write_model(&model, settings->output, error);
    if (!status && settings->plot)
        status = goodness_plot(&trace, &model, settings->plot, error);
    if (!status && call->json)
        goodness_json(&trace, &model, goodness, call->out);
    else if (!status)
        goodness_text(&trace, &model, goodness, table_goes_to(call, settings));
    link_model_free(&model);
    link_trace_free(&trace);
    return status;
}
