// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/report.h"

#include "base/texttable.h"
#include "base/units.h"

#include <gsl/gsl_cdf.h>
#include <jansson.h>
#include <math.h>

static double standard_error(const struct model_set *set, const struct cost_model *model, size_t i)
{
    return sqrt(fmax(model_set_covariance(set, model, i, model, i), 0));
}

/* "3.14 +- 0.02 ms" of a coefficient, the interval's half width at 95 %. */
static void put_coefficient(struct text_table *table, const struct model_set *set,
                            const struct cost_model *model, size_t i)
{
    if (i >= model->n_coefficients) {
        text_table_cell(table, "-");
        return;
    }
    double half = gsl_cdf_tdist_Pinv(0.975, model->dof) * standard_error(set, model, i);
    bool bytes = model->quantity == QUANTITY_BYTES_UP || model->quantity == QUANTITY_BYTES_DOWN;
    double unit = bytes ? 1 : i == 0 ? 1e3 : 1e6;
    text_table_cell(table, "%.4g +- %.2g %s", model->coefficients[i] * unit, half * unit,
                    bytes    ? "B"
                    : i == 0 ? "ms"
                             : "us");
}

static void put_break_even(const struct report_break_even *b, FILE *out)
{
    char rtt[UNITS_TEXT_SIZE];
    format_time(b->value.rtt_s, rtt);
    const char *cheaper = b->value.cloud_above ? b->cloud : b->edge;
    switch (b->value.verdict) {
    case VERDICT_CROSSING:
        fprintf(out, "At a round trip of %s, %s and %s cost the same time at length %.1f", rtt,
                b->edge, b->cloud, b->value.length);
        if (b->value.has_interval)
            fprintf(out, " (95 %% interval %.1f to %.1f)", b->value.low, b->value.high);
        else
            fprintf(out, " (no bounded 95 %% interval: the slopes hardly differ)");
        fprintf(out, "; above it %s is faster.\n", cheaper);
        break;
    case VERDICT_NONE_IN_RANGE:
        fprintf(out,
                "At a round trip of %s, %s is faster at every length measured; the lines meet only "
                "beyond them.\n",
                rtt, b->value.cloud_above ? b->edge : b->cloud);
        break;
    default:
        fprintf(out, "At a round trip of %s, %s is faster at every length.\n", rtt, cheaper);
    }
}

void report_text(const struct model_set *set, const struct report_break_even *break_evens, size_t n,
                 FILE *out)
{
    struct text_table *table =
        text_table_new("<target|<quantity|<form|at n = 0|per step|sd of one|R2|samples|lengths|"
                       "outliers");
    for (size_t i = 0; i < set->n_models; i++) {
        const struct cost_model *model = &set->models[i];
        bool bytes = model->quantity == QUANTITY_BYTES_UP || model->quantity == QUANTITY_BYTES_DOWN;
        char sd[UNITS_TEXT_SIZE];
        text_table_cell(table, "%s", model->target);
        text_table_cell(table, "%s", quantity_name(model->quantity));
        text_table_cell(table, "%s", form_name(model->form));
        put_coefficient(table, set, model, 0);
        put_coefficient(table, set, model, 1);
        if (bytes)
            text_table_cell(table, "%.3g B", model->residual_sd);
        else
            text_table_cell(table, "%s", format_time(model->residual_sd, sd));
        text_table_cell(table, "%.4f", model->r2);
        text_table_cell(table, "%llu", (unsigned long long)model->n_samples);
        text_table_cell(table, "%llu", (unsigned long long)model->n_lengths);
        text_table_cell(table, "%llu", (unsigned long long)model->n_outliers);
    }
    fprintf(out, "Models of campaign %s (all measured; +- is half a 95 %% interval, ",
            set->campaign);
    if (set->n_rounds > 0)
        fprintf(out, "over %llu rounds)\n", (unsigned long long)set->n_rounds);
    else
        fprintf(out, "samples taken as independent)\n");
    text_table_print(table, out, 0);
    text_table_free(table);
    if (n > 0)
        fputc('\n', out);
    for (size_t i = 0; i < n; i++)
        put_break_even(&break_evens[i], out);
}

/* JSON has no NaN and no infinity: what is not finite becomes null. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *numbers(const double *values, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, number(values[i]));
    return array;
}

static json_t *segments_json(const struct cost_model *model)
{
    json_t *array = json_array();
    for (size_t i = 0; i < model->n_segments; i++) {
        const struct segment *s = &model->segments[i];
        json_array_append_new(array, json_pack("{s:I,s:I,s:o,s:o,s:o}", "from", (json_int_t)s->from,
                                               "to", (json_int_t)s->to, "intercept",
                                               number(s->intercept), "slope", number(s->slope),
                                               "quadratic", number(s->quadratic)));
    }
    return array;
}

static json_t *covariance_json(const struct model_set *set, const struct cost_model *model)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < model->n_coefficients; i++) {
        json_t *row = json_array();
        for (size_t j = 0; j < model->n_coefficients; j++)
            json_array_append_new(row, number(model_set_covariance(set, model, i, model, j)));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *model_json(const struct model_set *set, const struct cost_model *model)
{
    json_t *errors = json_array();
    for (size_t i = 0; i < model->n_coefficients; i++)
        json_array_append_new(errors, number(standard_error(set, model, i)));
    return json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:I,s:I,s:s}", "campaign",
        set->campaign, "target", model->target, "quantity", quantity_name(model->quantity),
        "statistic", statistic_name(model->statistic), "form", form_name(model->form), "segments",
        segments_json(model), "knots", numbers(model->knots, model->n_knots), "coefficients",
        numbers(model->coefficients, model->n_coefficients), "stderr", errors, "covariance",
        covariance_json(set, model), "residual_sd", number(model->residual_sd), "r2",
        number(model->r2), "bic", number(model->bic), "dof", number(model->dof), "n_samples",
        (json_int_t)model->n_samples, "n_lengths", (json_int_t)model->n_lengths, "outliers",
        (json_int_t)model->n_outliers, "provenance", provenance_name(model->provenance));
}

static json_t *break_even_json(const struct report_break_even *b)
{
    bool crossing = b->value.verdict == VERDICT_CROSSING;
    json_t *interval = json_null();
    if (crossing && b->value.has_interval)
        interval = json_pack("[o,o]", number(b->value.low), number(b->value.high));
    return json_pack("{s:s,s:[s,s],s:o,s:s,s:o,s:o,s:s}", "objective", "time", "targets", b->edge,
                     b->cloud, "rtt_s", number(b->value.rtt_s), "verdict",
                     verdict_name(b->value.verdict), "length",
                     crossing ? number(b->value.length) : json_null(), "ci95", interval,
                     "cheaper_above", b->value.cloud_above ? "cloud" : "edge");
}

enum status report_json(const struct model_set *set, const struct report_break_even *break_evens,
                        size_t n, FILE *out, struct error *error)
{
    json_t *models = json_array(), *crossings = json_array();
    for (size_t i = 0; i < set->n_models; i++)
        json_array_append_new(models, model_json(set, &set->models[i]));
    for (size_t i = 0; i < n; i++)
        json_array_append_new(crossings, break_even_json(&break_evens[i]));
    json_t *document =
        json_pack("{s:s,s:s,s:I,s:o,s:o}", "schema", "rnnmap.fit/1", "samples_sha256", set->digest,
                  "rounds", (json_int_t)set->n_rounds, "models", models, "break_even", crossings);
    enum status status = STATUS_OK;
    if (!document || json_dumpf(document, out, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) != 0)
        status = error_set(error, STATUS_NO_MEMORY, "the JSON document cannot be written");
    else
        fputc('\n', out);
    json_decref(document);
    return status;
}
