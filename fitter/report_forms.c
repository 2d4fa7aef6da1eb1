// SPDX-License-Identifier: GPL-3.0-or-later
/* What the table of models has no room for: curves, knots and levels with their intervals, and all
 * the lengths at which two places cost the same. */
#include "fitter/interval.h"
#include "fitter/prediction.h"
#include "fitter/report_private.h"

#include "base/units.h"

#include <math.h>

double report_half_width(const struct model_set *set, const struct cost_model *model, size_t i)
{
    double variance = model_set_covariance(set, model, i, model, i);
    return interval_t(model->dof) * sqrt(fmax(variance, 0));
}

static bool is_count(enum quantity quantity)
{
    return quantity == QUANTITY_BYTES_UP || quantity == QUANTITY_BYTES_DOWN ||
           quantity == QUANTITY_ROUND_TRIPS;
}

/* Seconds in ms, joules in mJ, counts as they are. */
static void put_value(const struct cost_model *model, double value, double half, FILE *out)
{
    double scale = is_count(model->quantity) ? 1 : 1e3;
    const char *unit = is_count(model->quantity)              ? ""
                       : model->quantity == QUANTITY_ENERGY_J ? " mJ"
                                                              : " ms";
    fprintf(out, "%.4g +- %.2g%s", value * scale, half * scale, unit);
}

/* Per step: us, uJ, or counts. */
static void put_slope(const struct cost_model *model, double value, double half, FILE *out)
{
    double scale = is_count(model->quantity) ? 1 : 1e6;
    const char *unit = is_count(model->quantity)              ? ""
                       : model->quantity == QUANTITY_ENERGY_J ? " uJ"
                                                              : " us";
    fprintf(out, "%.4g +- %.2g%s per step", value * scale, half * scale, unit);
}

/* "edge, energy_j (modelled): " */
static void put_subject(const struct cost_model *model, FILE *out)
{
    fprintf(out, "%s, %s", model->target, quantity_name(model->quantity));
    if (quantity_is_energy(model->quantity))
        fprintf(out, " (%s)", provenance_name(model->provenance));
    fputs(": ", out);
}

static void put_quadratic(const struct model_set *set, const struct cost_model *model, FILE *out)
{
    put_subject(model, out);
    fputs("each 1000 steps more the slope changes by ", out);
    put_slope(model, model->coefficients[2] * 2e3, report_half_width(set, model, 2) * 2e3, out);
    fputs(".\n", out);
}

/* Two knots that share their interval (knots.h). */
static bool is_jump(const struct cost_model *model, size_t k)
{
    return model->knot_ends && k + 1 < model->n_knots &&
           !(fabs(model->knot_ends[k][0] - model->knot_ends[k + 1][0]) > 0) &&
           !(fabs(model->knot_ends[k][1] - model->knot_ends[k + 1][1]) > 0);
}

static void put_jump(const struct model_set *set, const struct cost_model *model, size_t k,
                     FILE *out)
{
    double low = model->knot_ends[k][0], high = model->knot_ends[k][1], bend = 0;
    for (size_t i = 0; i < 4; i++)
        bend += model_set_covariance(set, model, 2 + k + i / 2, model, 2 + k + i % 2);
    double variance = prediction_covariance(set, model, low, low) -
                      2 * prediction_covariance(set, model, low, high) +
                      prediction_covariance(set, model, high, high);
    put_value(model, prediction_value(model, high) - prediction_value(model, low),
              interval_t(model->dof) * sqrt(fmax(variance, 0)), out);
    fprintf(out, " more from length %.0f to %.0f, where the slope changes by ", low, high);
    put_slope(model, model->coefficients[2 + k] + model->coefficients[3 + k],
              interval_t(model->dof) * sqrt(fmax(bend, 0)), out);
}

static void put_piecewise(const struct model_set *set, const struct cost_model *model, FILE *out)
{
    put_subject(model, out);
    for (size_t k = 0; k < model->n_knots; k++) {
        fputs(k ? "; " : "", out);
        if (is_jump(model, k)) {
            put_jump(set, model, k++, out);
            continue;
        }
        fputs("the slope changes by ", out);
        put_slope(model, model->coefficients[2 + k], report_half_width(set, model, 2 + k), out);
        fprintf(out, " at length %.1f", model->knots[k]);
        if (model->knot_ends && isfinite(model->knot_ends[k][0] + model->knot_ends[k][1]))
            fprintf(out, " [%.1f, %.1f]", model->knot_ends[k][0], model->knot_ends[k][1]);
    }
    fputs(".\n", out);
}

/* How many levels are listed; of more, the first and the last. */
enum { LEVELS_LISTED = 8, LEVELS_FIRST = 3 };

/* "33 levels, 16 lengths each: " */
static void put_level_widths(const struct cost_model *model, FILE *out)
{
    double least = INFINITY, most = 0;
    for (size_t i = 1; i < model->n_knots; i++) { /* those with both ends */
        double width = model->knots[i] - model->knots[i - 1];
        least = fmin(least, width);
        most = fmax(most, width);
    }
    fprintf(out, "%zu levels, %.0f", model->n_coefficients, least);
    if (most > least)
        fprintf(out, " to %.0f", most);
    fputs(" lengths each: ", out);
}

static void put_step(const struct model_set *set, const struct cost_model *model, FILE *out)
{
    bool many = model->n_coefficients > LEVELS_LISTED;
    put_subject(model, out);
    if (many)
        put_level_widths(model, out);
    for (size_t i = 0; i < model->n_coefficients; i++) {
        fputs(i ? ", " : "", out);
        if (many && i == LEVELS_FIRST) {
            fputs("..., ", out);
            i = model->n_coefficients - 1;
        }
        put_value(model, model->coefficients[i], report_half_width(set, model, i), out);
        if (i < model->n_knots)
            fprintf(out, " up to length %.0f", model->knots[i]);
    }
    fputs(" above.\n", out);
}

void report_form_text(const struct model_set *set, const struct cost_model *model, FILE *out)
{
    static void (*const put[N_FORMS])(const struct model_set *set, const struct cost_model *model,
                                      FILE *out) = {
        [FORM_QUADRATIC] = put_quadratic,
        [FORM_PIECEWISE] = put_piecewise,
        [FORM_STEP] = put_step,
    };
    if (put[model->form] && model->quantity != QUANTITY_ROUND_TRIPS)
        put[model->form](set, model, out);
}

void report_crossings_text(const struct report_break_even *b, FILE *out)
{
    const struct break_even *value = &b->value;
    char margin[UNITS_TEXT_SIZE], half[UNITS_TEXT_SIZE];
    if (value->verdict != VERDICT_CROSSING) {
        fprintf(out, "They are closest at length %.0f: %s +- %s apart.\n", value->evidence.length,
                format_time(fabs(value->evidence.margin_s), margin),
                format_time(value->evidence.half_s, half));
        return;
    }
    if (value->n_crossings < 2)
        return;
    fprintf(out,
            "That is the last of %zu lengths at which the faster one changes:", value->n_crossings);
    for (size_t i = 0; i < value->n_crossings && i < BREAK_EVEN_CROSSINGS; i++) {
        const struct crossing *c = &value->crossings[i];
        fprintf(out, "%s %.1f", i ? "," : "", c->length);
        if (c->has_interval)
            fprintf(out, " [%.1f, %.1f]", c->low, c->high);
        fprintf(out, " to %s", c->cloud_above ? b->cloud : b->edge);
    }
    fputs(".\n", out);
}

/* ---- JSON */

json_t *report_knots_json(const struct cost_model *model)
{
    json_t *array = json_array();
    for (size_t k = 0; model->knot_ends && k < model->n_knots; k++)
        json_array_append_new(array, json_pack("[o,o]", report_number(model->knot_ends[k][0]),
                                               report_number(model->knot_ends[k][1])));
    return array;
}

json_t *report_crossings_json(const struct break_even *value)
{
    json_t *array = json_array();
    for (size_t i = 0; i < value->n_crossings && i < BREAK_EVEN_CROSSINGS; i++) {
        const struct crossing *c = &value->crossings[i];
        json_t *interval = c->has_interval
                               ? json_pack("[o,o]", report_number(c->low), report_number(c->high))
                               : json_null();
        json_array_append_new(array, json_pack("{s:o,s:o,s:s}", "length", report_number(c->length),
                                               "ci95", interval, "cheaper_above",
                                               c->cloud_above ? "cloud" : "edge"));
    }
    return array;
}

json_t *report_evidence_json(const struct break_even *value)
{
    return json_pack("{s:o,s:o,s:o}", "length", report_number(value->evidence.length), "margin_s",
                     report_number(value->evidence.margin_s), "half_width_s",
                     report_number(value->evidence.half_s));
}
