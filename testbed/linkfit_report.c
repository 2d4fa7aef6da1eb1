// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/linkfit_private.h"

#include "base/texttable.h"

#include <math.h>

static const char *const side_names[N_SIDES] = {"trace", "model"};
static const char *const share_names[GOODNESS_SHARES] = {"min", "p5",  "p25", "p50",
                                                         "p75", "p95", "p99", "max"};
static const double too_far = 0.05, too_unlike = 0.1;

/* ---- text */

static void value_line(const char *what, double trace, double model, FILE *out, int indent)
{
    if (fabs(model - trace) > too_far * fabs(trace))
        fprintf(out, "%*sfalls short: %s is %.0f %% %s the trace's\n", indent, "", what,
                100 * fabs(model / trace - 1), model > trace ? "above" : "below");
}

void goodness_shortfalls(const struct goodness *goodness, enum link_column column, FILE *out,
                         int indent)
{
    const struct goodness *g = &goodness[column];
    for (int i = 0; i < GOODNESS_SHARES; i++) {
        double unit = link_column_unit(column), trace = g->quantiles[SIDE_TRACE][i];
        if (trace > 0)
            value_line(share_names[i], trace, g->quantiles[SIDE_MODEL][i], out, indent);
        else if (g->quantiles[SIDE_MODEL][i] > 0)
            fprintf(out, "%*sfalls short: %s is %.3g %s, the trace's 0\n", indent, "",
                    share_names[i], g->quantiles[SIDE_MODEL][i] / unit,
                    link_column_unit_name(column));
    }
    value_line("the mean", g->means[SIDE_TRACE], g->means[SIDE_MODEL], out, indent);
    for (int i = 0; i < GOODNESS_LAGS; i++) {
        double apart = g->autocorrelations[SIDE_MODEL][i] - g->autocorrelations[SIDE_TRACE][i];
        if (fabs(apart) > too_unlike)
            fprintf(out, "%*sfalls short: the correlation over %u step%s is %.2f %s the trace's\n",
                    indent, "", goodness_lags[i], goodness_lags[i] > 1 ? "s" : "", fabs(apart),
                    apart > 0 ? "above" : "below");
    }
}

static void quantile_table(const struct goodness *g, enum link_column column, FILE *out)
{
    struct text_table *table = text_table_new("<|min|p5|p25|p50|p75|p95|p99|max|mean");
    double unit = link_column_unit(column);
    for (int side = 0; side < N_SIDES; side++) {
        text_table_cell(table, "%s", side_names[side]);
        for (int i = 0; i < GOODNESS_SHARES; i++)
            text_table_cell(table, "%.4g", g->quantiles[side][i] / unit);
        text_table_cell(table, "%.4g", g->means[side] / unit);
    }
    if (table)
        text_table_print(table, out, 2);
    text_table_free(table);
}

static void lag_table(const struct goodness *g, FILE *out)
{
    struct text_table *table = text_table_new("<steps|1|2|5|10|30|100");
    for (int side = 0; side < N_SIDES; side++) {
        text_table_cell(table, "%s", side_names[side]);
        for (int i = 0; i < GOODNESS_LAGS; i++) {
            double r = g->autocorrelations[side][i];
            text_table_cell(table, isnan(r) ? "-" : "%.2f", fabs(r) < 0.005 ? 0 : r); /* no -0.00 */
        }
    }
    if (table)
        text_table_print(table, out, 2);
    text_table_free(table);
}

void goodness_text(const struct link_trace *trace, const struct link_model *model,
                   const struct goodness *goodness, FILE *out)
{
    fprintf(out, "link model %s: %zu rows in %.6g s, %.3g s apart\n", model->name, trace->n_rows,
            model->duration_s, model->row_s);
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        enum link_column column = (enum link_column)c;
        const struct goodness *g = &goodness[c];
        const struct link_chain *chain = &model->chains[c];
        if (g->n_values == 0)
            continue;
        if (!g->fitted) {
            fprintf(out, "\n%s: left out: %zu values, fewer than %d\n", link_column_name(column),
                    g->n_values, LINK_MODEL_MIN_VALUES);
            continue;
        }
        fprintf(out, "\n%s: %zu values, steps of %.3g s, %zu bins; %s:\n", link_column_name(column),
                g->n_values, chain->step_s, chain->n_bins, link_column_unit_name(column));
        quantile_table(g, column, out);
        fprintf(out, "  autocorrelation:\n");
        lag_table(g, out);
        goodness_shortfalls(goodness, column, out, 2);
    }
}

/* ---- JSON; texts and names hold nothing that needs escapes (link_model_describe) */

static void put_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, "%.9g", value);
    else
        fputs("null", out);
}

static void put_pair(FILE *out, double trace, double model)
{
    fputs("\"trace\":", out);
    put_number(out, trace);
    fputs(",\"model\":", out);
    put_number(out, model);
}

static void put_text(FILE *out, const char *key, const char *text)
{
    if (text)
        fprintf(out, ",\"%s\":\"%s\"", key, text);
    else
        fprintf(out, ",\"%s\":null", key);
}

static void put_column(const struct link_chain *chain, const struct goodness *g,
                       enum link_column column, FILE *out)
{
    fprintf(out, "{\"column\":\"%s\",\"unit\":\"%s\",\"values\":%zu,\"fitted\":%s",
            link_column_name(column), column == COLUMN_RTT ? "s" : "bit/s", g->n_values,
            g->fitted ? "true" : "false");
    if (g->fitted) {
        fprintf(out, ",\"steps\":%zu,\"step_s\":%.9g,\"bins\":%zu,\"quantiles\":[", g->n_steps,
                chain->step_s, chain->n_bins);
        for (int i = 0; i < GOODNESS_SHARES; i++) {
            fprintf(out, "%s{\"p\":%g,", i ? "," : "", goodness_shares[i]);
            put_pair(out, g->quantiles[SIDE_TRACE][i], g->quantiles[SIDE_MODEL][i]);
            fputc('}', out);
        }
        fputs("],\"mean\":{", out);
        put_pair(out, g->means[SIDE_TRACE], g->means[SIDE_MODEL]);
        fputs("},\"autocorrelation\":[", out);
        for (int i = 0; i < GOODNESS_LAGS; i++) {
            fprintf(out, "%s{\"steps\":%u,", i ? "," : "", goodness_lags[i]);
            put_pair(out, g->autocorrelations[SIDE_TRACE][i], g->autocorrelations[SIDE_MODEL][i]);
            fputc('}', out);
        }
        fputc(']', out);
    }
    fputc('}', out);
}

void goodness_json(const struct link_trace *trace, const struct link_model *model,
                   const struct goodness *goodness, FILE *out)
{
    bool first = true;
    fprintf(out, "{\"schema\":\"rnnmap.linkfit/1\",\"name\":\"%s\"", model->name);
    put_text(out, "source", model->source);
    put_text(out, "licence", model->licence);
    fprintf(out, ",\"rows\":%zu,\"row_s\":%.9g,\"duration_s\":%.9g,\"columns\":[", trace->n_rows,
            model->row_s, model->duration_s);
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        if (goodness[c].n_values == 0)
            continue;
        if (!first)
            fputc(',', out);
        first = false;
        put_column(&model->chains[c], &goodness[c], (enum link_column)c, out);
    }
    fputs("]}\n", out);
}
