// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/report_private.h"

#include "base/texttable.h"
#include "base/units.h"
#include "fitter/prediction.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

static double standard_error(const struct model_set *set, const struct cost_model *model, size_t i)
{
    return sqrt(fmax(model_set_covariance(set, model, i, model, i), 0));
}

/* How a quantity's coefficients print: the constant's unit and that per step. */
static const struct {
    double scale[2];
    const char *unit[2];
} prints[N_QUANTITIES] = {
    [QUANTITY_TIME_S] = {{1e3, 1e6}, {" ms", " us"}},
    [QUANTITY_REMOTE_S] = {{1e3, 1e6}, {" ms", " us"}},
    [QUANTITY_BYTES_UP] = {{1, 1}, {" B", " B"}},
    [QUANTITY_BYTES_DOWN] = {{1, 1}, {" B", " B"}},
    [QUANTITY_ENERGY_J] = {{1e3, 1e6}, {" mJ", " uJ"}},
    [QUANTITY_ROUND_TRIPS] = {{1, 1}, {"", ""}},
    [QUANTITY_E0_J] = {{1e3, 1e6}, {" mJ", " uJ"}},
    [QUANTITY_P_TX_W] = {{1, 1}, {" W", " W"}},
    [QUANTITY_P_RX_W] = {{1, 1}, {" W", " W"}},
    [QUANTITY_P_WAIT_W] = {{1, 1}, {" W", " W"}},
};

/* "3.14 +- 0.02 ms" of a coefficient. */
static void put_coefficient(struct text_table *table, const struct model_set *set,
                            const struct cost_model *model, size_t i)
{
    if (i >= model->n_coefficients || model->form == FORM_STEP) {
        text_table_cell(table, model->form == FORM_STEP && i == 0 ? "below" : "-");
        return;
    }
    double scale = prints[model->quantity].scale[i];
    text_table_cell(table, "%.4g +- %.2g%s", model->coefficients[i] * scale,
                    report_half_width(set, model, i) * scale, prints[model->quantity].unit[i]);
}

/* The figures of single samples; round trips have none. */
static void put_spread(struct text_table *table, const struct cost_model *model)
{
    char sd[UNITS_TEXT_SIZE];
    if (isnan(model->residual_sd)) {
        text_table_cell(table, "-");
        text_table_cell(table, "-");
        return;
    }
    if (model->quantity == QUANTITY_BYTES_UP || model->quantity == QUANTITY_BYTES_DOWN)
        text_table_cell(table, "%.3g B", model->residual_sd);
    else if (model->quantity == QUANTITY_ENERGY_J)
        text_table_cell(table, "%s", format_energy(model->residual_sd, sd));
    else
        text_table_cell(table, "%s", format_time(model->residual_sd, sd));
    text_table_cell(table, "%.4f", model->r2);
}

/* "Requests to cloud take 2.03 +- 0.02 round trips up to length 300, ... above." */
static void put_round_trips(const struct model_set *set, const struct cost_model *model, FILE *out)
{
    fprintf(out, "Requests to %s take ", model->target);
    for (size_t i = 0; i < model->n_coefficients; i++) {
        double half = report_half_width(set, model, i);
        fprintf(out, "%s%.4g", i ? ", " : "", model->coefficients[i]);
        if (half > 0)
            fprintf(out, " +- %.2g", half);
        if (i == 0)
            fprintf(out, " round trips");
        if (i + 1 < model->n_segments)
            fprintf(out, " up to length %u", model->segments[i].to);
        else if (i > 0)
            fprintf(out, " above");
    }
    fputs(".\n", out);
}

/* What the link's bandwidth was, where the fit knew it. */
static void put_bandwidth(const struct model_set *set, FILE *out)
{
    char text[COST_LINK_TEXT_SIZE];
    struct cost_link link = cost_link_measured(set);
    if (!isnan(set->up_s_per_byte) || !isnan(set->down_s_per_byte))
        fprintf(
            out, "Measured over a median round trip of %s; remote_s is without the bytes' time.\n",
            cost_link_text(&link, !isnan(set->up_s_per_byte), !isnan(set->down_s_per_byte), text));
}

void report_break_even_text(const struct report_break_even *b, FILE *out)
{
    char rtt[COST_LINK_TEXT_SIZE];
    const struct cost_link link = {b->value.rtt_s, b->value.up_s_per_byte,
                                   b->value.down_s_per_byte};
    cost_link_text(&link, !isnan(link.up_s_per_byte), !isnan(link.down_s_per_byte), rtt);
    const char *above = b->value.cloud_above ? b->cloud : b->edge;
    const char *below = b->value.cloud_above ? b->edge : b->cloud;
    switch (b->value.verdict) {
    case VERDICT_CROSSING:
        fprintf(out, "At a round trip of %s, %s and %s cost the same time at length %.1f", rtt,
                b->edge, b->cloud, b->value.length);
        if (b->value.has_interval)
            fprintf(out, " (95 %% interval %.1f to %.1f)", b->value.low, b->value.high);
        else
            fprintf(out, " (no bounded 95 %% interval: the slopes hardly differ)");
        fprintf(out, "; above it %s is faster.\n", above);
        break;
    case VERDICT_NONE_IN_RANGE:
        fprintf(out,
                "At a round trip of %s, %s is faster than %s at every length measured; the lines "
                "meet only beyond them.\n",
                rtt, below, above);
        break;
    default:
        fprintf(out, "At a round trip of %s, %s is faster than %s at every length.\n", rtt, above,
                below);
    }
    report_crossings_text(b, out);
}

struct text_table *report_models_table(const struct model_set *set)
{
    struct text_table *table =
        text_table_new("<target|<quantity|<form|<provenance|at n = 0|per step|sd of one|R2|samples|"
                       "lengths|outliers|BIC");
    for (size_t i = 0; i < set->n_models; i++) {
        const struct cost_model *model = &set->models[i];
        text_table_cell(table, "%s", model->target);
        text_table_cell(table, "%s", quantity_name(model->quantity));
        text_table_cell(table, "%s", form_name(model->form));
        const char *scope = report_scope(set, model);
        text_table_cell(table, "%s%s%s", provenance_name(model->provenance), scope ? ", " : "",
                        scope ? scope : "");
        put_coefficient(table, set, model, 0);
        put_coefficient(table, set, model, 1);
        put_spread(table, model);
        text_table_cell(table, "%llu", (unsigned long long)model->n_samples);
        text_table_cell(table, "%llu", (unsigned long long)model->n_lengths);
        text_table_cell(table, "%llu", (unsigned long long)model->n_outliers);
        if (isfinite(model->bic))
            text_table_cell(table, "%.1f", model->bic);
        else
            text_table_cell(table, "-");
    }
    return table;
}

void report_models_head(const struct model_set *set, FILE *out)
{
    fprintf(out, "Models of campaign %s (+- is half a 95 %% interval, ", set->campaign);
    if (set->n_rounds > 0)
        fprintf(out, "over %llu rounds)\n", (unsigned long long)set->n_rounds);
    else
        fprintf(out, "samples taken as independent)\n");
}

void report_models_notes(const struct model_set *set, FILE *out)
{
    put_bandwidth(set, out);
    report_energy_note(set, out);
    for (size_t i = 0; i < set->n_models; i++) {
        report_form_text(set, &set->models[i], out);
        if (set->models[i].quantity == QUANTITY_ROUND_TRIPS)
            put_round_trips(set, &set->models[i], out);
    }
}

static void put_models(const struct model_set *set, FILE *out)
{
    struct text_table *table = report_models_table(set);
    report_models_head(set, out);
    text_table_print(table, out, 0);
    text_table_free(table);
    report_models_notes(set, out);
}

void report_text(const struct report *report, FILE *out)
{
    if (report->set->n_models > 0)
        put_models(report->set, out);
    if (report->n_break_evens > 0)
        fputc('\n', out);
    for (size_t i = 0; i < report->n_break_evens; i++)
        report_break_even_text(&report->break_evens[i], out);
    for (size_t i = 0; report->energy && i < report->energy->n_rows; i++)
        report_energy_row_text(report->set, &report->energy->rows[i], out);
    if (report->output_length) {
        fputs(report->set->n_models > 0 ? "\n" : "", out);
        report_pairs_text(report->output_length, out);
    }
    if (report->drift) {
        struct text_table *table = report_drift_table(report->drift);
        fputc('\n', out);
        report_drift_head(report->drift, out);
        text_table_print(table, out, 0);
        text_table_free(table);
        report_drift_notes(report->drift, out);
    }
}

json_t *report_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *numbers(const double *values, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, report_number(values[i]));
    return array;
}

static json_t *segments_json(const struct cost_model *model)
{
    json_t *array = json_array();
    for (size_t i = 0; i < model->n_segments; i++) {
        const struct segment *s = &model->segments[i];
        json_array_append_new(
            array, json_pack("{s:I,s:I,s:o,s:o,s:o}", "from", (json_int_t)s->from, "to",
                             (json_int_t)s->to, "intercept", report_number(s->intercept), "slope",
                             report_number(s->slope), "quadratic", report_number(s->quadratic)));
    }
    return array;
}

static json_t *covariance_json(const struct model_set *set, const struct cost_model *model)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < prediction_n_linear(model); i++) {
        json_t *row = json_array();
        for (size_t j = 0; j < prediction_n_linear(model); j++)
            json_array_append_new(row,
                                  report_number(model_set_covariance(set, model, i, model, j)));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *model_json(const struct model_set *set, const struct cost_model *model)
{
    json_t *errors = json_array();
    size_t p = prediction_n_linear(model);
    for (size_t i = 0; i < p; i++)
        json_array_append_new(errors, report_number(standard_error(set, model, i)));
    json_t *json = json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:I,s:I,s:s}", "campaign",
        set->campaign, "target", model->target, "quantity", quantity_name(model->quantity),
        "statistic", statistic_name(model->statistic), "form", form_name(model->form), "segments",
        segments_json(model), "knots", numbers(model->knots, model->n_knots), "knots_ci95",
        report_knots_json(model), "coefficients", numbers(model->coefficients, p), "stderr", errors,
        "covariance", covariance_json(set, model), "residual_sd", report_number(model->residual_sd),
        "r2", report_number(model->r2), "bic", report_number(model->bic), "dof",
        report_number(model->dof), "n_samples", (json_int_t)model->n_samples, "n_lengths",
        (json_int_t)model->n_lengths, "outliers", (json_int_t)model->n_outliers, "provenance",
        provenance_name(model->provenance));
    const char *scope = report_scope(set, model);
    if (json && scope)
        json_object_set_new(json, "scope", json_string(scope));
    return json;
}

static json_t *break_even_json(const struct report_break_even *b)
{
    bool crossing = b->value.verdict == VERDICT_CROSSING;
    json_t *interval = json_null();
    if (crossing && b->value.has_interval)
        interval = json_pack("[o,o]", report_number(b->value.low), report_number(b->value.high));
    return json_pack("{s:s,s:[s,s],s:o,s:o,s:o,s:s,s:o,s:o,s:I,s:o,s:o,s:s}", "objective", "time",
                     "targets", b->edge, b->cloud, "rtt_s", report_number(b->value.rtt_s),
                     "up_s_per_byte", report_number(b->value.up_s_per_byte), "down_s_per_byte",
                     report_number(b->value.down_s_per_byte), "verdict",
                     verdict_name(b->value.verdict), "length",
                     crossing ? report_number(b->value.length) : json_null(), "ci95", interval,
                     "crossings", (json_int_t)b->value.n_crossings, "all",
                     report_crossings_json(&b->value), "evidence", report_evidence_json(&b->value),
                     "cheaper_above", b->value.cloud_above ? "cloud" : "edge");
}

enum status report_json(const struct report *report, FILE *out, struct error *error)
{
    const struct model_set *set = report->set;
    json_t *models = json_array(), *crossings = json_array();
    for (size_t i = 0; i < set->n_models; i++)
        json_array_append_new(models, model_json(set, &set->models[i]));
    for (size_t i = 0; i < report->n_break_evens; i++)
        json_array_append_new(crossings, break_even_json(&report->break_evens[i]));
    for (size_t i = 0; report->energy && i < report->energy->n_rows; i++) {
        if (!report->energy->rows[i].refused[0])
            json_array_append_new(crossings, report_energy_row_json(set, &report->energy->rows[i]));
    }
    json_t *energy = report->energy ? report_energy_json(set, report->energy) : NULL;
    json_t *document =
        json_pack("{s:s,s:s,s:I,s:o,s:o}", "schema", "rnnmap.fit/1", "samples_sha256", set->digest,
                  "rounds", (json_int_t)set->n_rounds, "models", models, "break_even", crossings);
    if (document && energy)
        json_object_set_new(document, "energy", energy);
    if (document && report->output_length)
        json_object_set_new(document, "output_length", report_pairs_json(report->output_length));
    if (document && report->drift)
        json_object_set_new(document, "drift", report_drift_json(report->drift));
    enum status status = STATUS_OK;
    if (!document || json_dumpf(document, out, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) != 0)
        status = error_set(error, STATUS_NO_MEMORY, "the JSON document cannot be written");
    else
        fputc('\n', out);
    json_decref(document);
    return status;
}
