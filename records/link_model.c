// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/link_model.h"

#include "base/memory.h"
#include "base/name.h"
#include "base/order.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STEPS = 1 << 22, TENTHS = 10, MIN_BEYOND = 5, N_TAILS = 3 };

/* ---- the series in steps */

static enum status median_interval(const struct trace_series *series, double *step_s,
                                   struct error *error)
{
    size_t n = series->n - 1;
    double *gaps = malloc(n * sizeof *gaps);
    if (!gaps)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a link model");
    for (size_t i = 0; i < n; i++)
        gaps[i] = series->t_s[i + 1] - series->t_s[i];
    reals_sort(gaps, n);
    *step_s = gaps[(n - 1) / 2];
    free(gaps);
    return STATUS_OK;
}

/* How many steps the value at `i` holds; as a double, since gaps may be absurd. */
static double n_held(const struct trace_series *series, size_t i, double step_s)
{
    if (i + 1 == series->n)
        return 1;
    return fmax(1, round((series->t_s[i + 1] - series->t_s[i]) / step_s));
}

enum status link_series_steps(const struct trace_series *series, double *step_s, double **steps,
                              size_t *n, struct error *error)
{
    double total = 0;
    enum status status = median_interval(series, step_s, error);
    if (status)
        return status;
    for (size_t i = 0; i < series->n; i++)
        total += n_held(series, i, *step_s);
    if (total > MAX_STEPS)
        return error_set(error, STATUS_INVALID,
                         "values %g s apart with gaps that make it over %d steps: cut the trace "
                         "where it pauses",
                         *step_s, MAX_STEPS);
    double *list = malloc((size_t)total * sizeof *list);
    if (!list)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a link model");
    *n = 0;
    for (size_t i = 0; i < series->n; i++) {
        for (double held = n_held(series, i, *step_s); held > 0; held--)
            list[(*n)++] = series->values[i];
    }
    *steps = list;
    return STATUS_OK;
}

/* ---- bins */

/* Cuts at the ends of the distribution, finest where a link is bad: long round trips, small
 * bandwidths. */
static const double tails[N_LINK_COLUMNS][N_TAILS] = {[COLUMN_RTT] = {0.95, 0.99, 0.999},
                                                      [COLUMN_UP] = {0.01, 0.05, 0.99},
                                                      [COLUMN_DOWN] = {0.01, 0.05, 0.99}};

/* Where the bins of n values above 0 are cut, as ascending shares of them. */
static size_t choose_cuts(size_t n, enum link_column column, double *cuts)
{
    size_t parts = (size_t)fmin(TENTHS, fmax(1, floor(sqrt((double)n)))), n_cuts = 0;
    for (size_t i = 1; i < parts; i++)
        cuts[n_cuts++] = (double)i / (double)parts;
    for (size_t i = 0; i < N_TAILS; i++) {
        double tail = tails[column][i], beyond = fmin(tail, 1 - tail);
        if (beyond * (double)n >= MIN_BEYOND - 1e-9 && beyond * (double)parts < 1)
            cuts[n_cuts++] = tail;
    }
    reals_sort(cuts, n_cuts);
    return n_cuts;
}

/* A bin is a part of the sorted steps. */
struct bins {
    size_t n;
    size_t begins[LINK_MODEL_MAX_BINS + 1]; /* n + 1 */
};

/* The first place behind all that are not above `value`. */
static size_t behind(const double *sorted, size_t n, double value)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] <= value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void end_bin(struct bins *bins, size_t end)
{
    if (end > bins->begins[bins->n])
        bins->begins[++bins->n] = end;
}

/* `n_values` of the series are above 0; the steps repeat them. */
static void cut_bins(const double *sorted, size_t n, size_t n_values, enum link_column column,
                     struct bins *bins)
{
    double cuts[TENTHS + N_TAILS];
    size_t n_cuts = choose_cuts(n_values, column, cuts), zeros = behind(sorted, n, 0);
    *bins = (struct bins){0};
    end_bin(bins, zeros);
    for (size_t i = 0; i < n_cuts && zeros < n; i++) {
        /* nearest rank, from 1; 0.7 of 10 is a hair above 7 in binary */
        size_t rank = (size_t)ceil(cuts[i] * (double)(n - zeros) * (1 - 1e-12));
        end_bin(bins, behind(sorted, n, sorted[zeros + rank - 1]));
    }
    end_bin(bins, n);
}

/* Six digits, in the unit of files: what they carry, and short there. */
static double shorten(double value, double unit)
{
    char text[32];
    snprintf(text, sizeof text, "%.6g", value / unit);
    return strtod(text, NULL) * unit;
}

/* The values at 0, 1/4, ... 1 of a sorted part (Hyndman and Fan 1996, definition 7). */
static void bin_quantiles(const double *sorted, size_t n, double unit, double *quantiles)
{
    for (int i = 0; i < LINK_MODEL_QUANTILES; i++) {
        double place = (double)i / (LINK_MODEL_QUANTILES - 1) * (double)(n - 1);
        size_t low = (size_t)place, high = low + 1 < n ? low + 1 : low;
        double value = sorted[low] + (place - (double)low) * (sorted[high] - sorted[low]);
        quantiles[i] = shorten(value, unit);
    }
}

static size_t bin_of(const struct bins *bins, const double *sorted, double value)
{
    size_t bin = 0;
    while (bin + 1 < bins->n && value > sorted[bins->begins[bin + 1] - 1])
        bin++;
    return bin;
}

static enum status fit_chain(const struct trace_series *series, enum link_column column,
                             struct link_chain *chain, struct error *error)
{
    double *steps = NULL, *sorted = NULL;
    size_t n = 0, n_values = 0;
    enum status status = link_series_steps(series, &chain->step_s, &steps, &n, error);
    if (status)
        return status;
    if (!(sorted = malloc(n * sizeof *sorted))) {
        free(steps);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a link model");
    }
    memcpy(sorted, steps, n * sizeof *sorted);
    reals_sort(sorted, n);
    for (size_t i = 0; i < series->n; i++)
        n_values += series->values[i] > 0;
    struct bins bins;
    cut_bins(sorted, n, n_values, column, &bins);
    for (size_t b = 0; b < bins.n; b++)
        bin_quantiles(sorted + bins.begins[b], bins.begins[b + 1] - bins.begins[b],
                      link_column_unit(column), chain->quantiles[b]);
    size_t from = bin_of(&bins, sorted, steps[n - 1]); /* the loop is closed */
    for (size_t i = 0; i < n; i++) {
        size_t to = bin_of(&bins, sorted, steps[i]);
        chain->transitions[from][to]++;
        from = to;
    }
    chain->n_bins = bins.n;
    chain->n_values = series->n;
    free(steps);
    free(sorted);
    return STATUS_OK;
}

const char *link_step_trouble(double step_s, double row_s)
{
    if (step_s < LINK_STEP_MIN_S)
        return "steps of less than 10 us";
    return row_s > step_s * LINK_STEPS_PER_ROW ? "over a million steps to a row" : NULL;
}

enum status link_model_fit(const struct link_trace *trace, struct link_model *model,
                           struct error *error)
{
    bool any = false;
    enum status status = STATUS_OK;
    *model = (struct link_model){.row_s = trace->row_s, .duration_s = trace->duration_s};
    for (int c = 0; !status && c < N_LINK_COLUMNS; c++) {
        enum link_column column = (enum link_column)c;
        if (trace->columns[c].n < LINK_MODEL_MIN_VALUES)
            continue;
        any = true;
        status = fit_chain(&trace->columns[c], column, &model->chains[c], error);
        const char *trouble = link_step_trouble(model->chains[c].step_s, model->row_s);
        if (!status && trouble)
            status = error_set(error, STATUS_INVALID,
                               "values %g s apart (the median), rows %g s: %s, which is no link's "
                               "course over time",
                               model->chains[c].step_s, model->row_s, trouble);
        if (status)
            error_prefix(error, "%s", link_column_name(column));
    }
    if (!status && !any)
        status = error_set(error, STATUS_INVALID, "no column has %d values or more",
                           LINK_MODEL_MIN_VALUES);
    if (status)
        link_model_free(model);
    return status;
}

/* ---- what it is called */

static enum status check_text(const char *what, const char *text, struct error *error)
{
    const char *trouble = NULL;
    size_t length = strlen(text);
    if (length == 0)
        trouble = "is empty";
    else if (length > LINK_MODEL_TEXT_MAX)
        trouble = "is longer than 160 bytes";
    else if (text[0] == ' ' || text[length - 1] == ' ')
        trouble = "starts or ends with a blank";
    else if (strpbrk(text, "\"\\"))
        trouble = "holds a quote or a backslash";
    else if (text[0] == ';' || strstr(text, " ;"))
        trouble = "holds ' ;', which starts a comment in the model's file";
    for (const char *c = text; *c && !trouble; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            trouble = "holds a control character";
    }
    return trouble ? error_set(error, STATUS_INVALID, "the %s %s", what, trouble) : STATUS_OK;
}

enum status link_model_describe(struct link_model *model, const char *name, const char *source,
                                const char *licence, struct error *error)
{
    const char *trouble = name_trouble(name);
    if (trouble)
        return error_set(error, STATUS_INVALID, "the name %s", trouble);
    enum status status = check_text("name", name, error);
    if (!status && source)
        status = check_text("source", source, error);
    if (!status && licence)
        status = check_text("licence", licence, error);
    if (!status)
        status = text_replace(&model->name, name, error);
    if (!status)
        status = text_replace(&model->source, source, error);
    if (!status)
        status = text_replace(&model->licence, licence, error);
    return status;
}

void link_model_free(struct link_model *model)
{
    free(model->name);
    free(model->source);
    free(model->licence);
    *model = (struct link_model){0};
}
