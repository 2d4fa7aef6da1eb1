// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/pictures.h"

#include "base/chart.h"
#include "base/memory.h"
#include "base/quantile.h"
#include "fitter/prediction.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

enum { CURVE_POINTS = 240, QUANTILE_POINTS = 200, EXTREMES = 20 };

/* Blue, orange, green, purple: told apart by the colour-blind (Okabe and Ito 2008). */
static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7"};
enum { N_COLOURS = sizeof colours / sizeof *colours };
static const char outlier_colour[] = "#c00000";
static const char length_title[] = "length of the input (time steps)";

/* What an axis counts in. */
struct unit {
    double scale;
    const char *name;
};

static struct unit unit_of(double most, const char *const names[3])
{
    return most < 2e-3  ? (struct unit){1e6, names[0]}
           : most < 2.0 ? (struct unit){1e3, names[1]}
                        : (struct unit){1, names[2]};
}

static const char *const time_units[] = {"us", "ms", "s"};
static const char *const energy_units[] = {"uJ", "mJ", "J"};

/* All points, or a density of the many. Moves the outliers to the front of `points`. */
static void put_cloud(struct chart *chart, const struct view_target *target,
                      struct chart_point *points, const char *colour)
{
    size_t n = 0;
    if (target->n > PICTURE_POINTS)
        chart_density(chart, points, target->n, colour);
    else
        chart_points(chart, points, target->n, colour, 1.1, target->n > 1000 ? 0.5 : 0.65);
    for (size_t i = 0; i < target->n; i++) {
        if (target->samples[i].outlier)
            points[n++] = points[i];
    }
    chart_points(chart, points, n, outlier_colour, 1.6, 0.9);
}

/* Three curves of points from 1 to n_max; two more points on either side of each jump. */
struct band {
    struct chart_point low[CURVE_POINTS + 1], middle[CURVE_POINTS + 1], high[CURVE_POINTS + 1];
    size_t n;
};

static void put_band(struct chart *chart, const struct band *band, const char *colour)
{
    chart_band(chart, band->low, band->high, band->n, colour);
    chart_line(chart, band->middle, band->n, colour, 1.8, false);
}

static void add_to_band(struct band *band, double n, double value, double half, double scale)
{
    band->low[band->n] = (struct chart_point){n, (value - half) * scale};
    band->middle[band->n] = (struct chart_point){n, value * scale};
    band->high[band->n++] = (struct chart_point){n, (value + half) * scale};
}

static double length_at(double n_max, int i)
{
    return 1 + (n_max - 1) * i / CURVE_POINTS;
}

/* Nearly the largest of the values of samples that are no outliers: these may lie at the edge. */
static double usual_most(const struct view_target *target,
                         double (*of)(const struct view_sample *s))
{
    double *values = malloc((target->n + 1) * sizeof *values), most = 0;
    size_t n = 0;
    for (size_t i = 0; values && i < target->n; i++) {
        double value = of(&target->samples[i]);
        if (!target->samples[i].outlier && isfinite(value))
            values[n++] = value;
    }
    if (n > 0)
        most = quantile_select(values, n, 0.998);
    free(values);
    return most;
}

static double time_of(const struct view_sample *s)
{
    return s->time_s;
}

static double most_s(const struct view *view)
{
    double most = 0;
    for (size_t t = 0; t < view->n_targets; t++) {
        const struct view_target *target = &view->targets[t];
        most = fmax(most, usual_most(target, time_of));
        for (int i = 0; i <= CURVE_POINTS; i++)
            most = fmax(most, view_curve_value(&target->curve, length_at(view->n_max, i)));
    }
    return most;
}

static void put_target_times(struct chart *chart, const struct view *view, size_t t, double scale)
{
    const struct view_target *target = &view->targets[t];
    const char *colour = colours[t % N_COLOURS];
    struct chart_point *points = malloc((target->n + 1) * sizeof *points);
    struct band band = {.n = 0};
    for (size_t i = 0; points && i < target->n; i++)
        points[i] =
            (struct chart_point){target->samples[i].length, target->samples[i].time_s * scale};
    if (points)
        put_cloud(chart, target, points, colour);
    free(points);
    for (int i = 0; i <= CURVE_POINTS; i++) {
        double n = length_at(view->n_max, i);
        add_to_band(&band, n, view_curve_value(&target->curve, n),
                    view_curve_half_width(&target->curve, n), scale);
    }
    put_band(chart, &band, colour);
}

static void put_crossings(struct chart *chart, const struct break_even *b)
{
    size_t n = b->verdict == VERDICT_CROSSING ? b->n_crossings : 0;
    for (size_t i = 0; i < n && i < BREAK_EVEN_CROSSINGS; i++) {
        const struct crossing *c = &b->crossings[i];
        char *note = c->has_interval ? text_format("%.1f [%.1f, %.1f]", c->length, c->low, c->high)
                                     : text_format("%.1f", c->length);
        chart_mark(chart, c->length, c->has_interval ? c->low : 1, c->has_interval ? c->high : 0,
                   note ? note : "");
        free(note);
    }
}

void picture_times(const struct view *view, const struct report *report, FILE *out)
{
    struct chart chart;
    double most = most_s(view);
    struct unit unit = unit_of(most, time_units);
    char *title = text_format("time of one inference (%s)", unit.name);
    struct chart_axis y = chart_axis_around(0, most * unit.scale * 1.02, title ? title : "time");
    chart_begin(&chart, out, "Time of one inference against length, samples and fitted curves",
                chart_axis_around(0, view->n_max, length_title), y);
    for (size_t t = 0; t < view->n_targets; t++)
        put_target_times(&chart, view, t, unit.scale);
    for (size_t i = 0; i < report->n_break_evens; i++)
        put_crossings(&chart, &report->break_evens[i].value);
    for (size_t t = 0; t < view->n_targets; t++) {
        const struct view_target *target = &view->targets[t];
        char *text =
            text_format("%s: %s%s", target->name, form_name(target->curve.main->form),
                        target->curve.main->quantity == QUANTITY_REMOTE_S ? ", with link" : "");
        chart_legend(&chart, colours[t % N_COLOURS], text ? text : target->name);
        free(text);
    }
    chart_end(&chart);
    free(title);
}

/* In percent of the fitted time; NAN where that is not positive. */
static double percent_of(const struct view_sample *s)
{
    double fitted = s->time_s - s->residual_s;
    return fitted > 0 ? 100 * s->residual_s / fitted : NAN;
}

static double percent_size(const struct view_sample *s)
{
    return fabs(percent_of(s));
}

void picture_residuals(const struct view *view, size_t t, FILE *out)
{
    struct chart chart;
    const struct view_target *target = &view->targets[t];
    struct chart_point *points = malloc((target->n + 1) * sizeof *points);
    double reach = fmax(1.1 * usual_most(target, percent_size), 1e-9);
    for (size_t i = 0; points && i < target->n; i++)
        points[i] =
            (struct chart_point){target->samples[i].length, percent_of(&target->samples[i])};
    chart_begin(&chart, out, "Residuals against length",
                chart_axis_around(0, view->n_max, length_title),
                chart_axis_around(-reach, reach, "residual (% of the fitted time)"));
    if (points)
        put_cloud(&chart, target, points, colours[t % N_COLOURS]);
    const struct chart_point zero[] = {{0, 0}, {chart.x.high, 0}};
    chart_line(&chart, zero, 2, "#444444", 1, false);
    chart_end(&chart);
    free(points);
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Ranks evenly spaced in normal quantiles, and the extremes one by one. */
static size_t choose_quantiles(const double *sorted, size_t n, struct chart_point *points)
{
    size_t taken = 0, last = n;
    for (size_t i = 0; i < n && n <= QUANTILE_POINTS; i++)
        points[taken++] =
            (struct chart_point){gsl_cdf_ugaussian_Pinv(((double)i + 0.5) / (double)n), sorted[i]};
    if (n <= QUANTILE_POINTS)
        return taken;
    double edge = gsl_cdf_ugaussian_Pinv(0.5 / (double)n);
    for (int k = 0; k < QUANTILE_POINTS; k++) {
        double p = gsl_cdf_ugaussian_P(edge - 2 * edge * k / (QUANTILE_POINTS - 1));
        size_t i = (size_t)fmin(p * (double)n, (double)n - 1);
        if (i != last)
            points[taken++] = (struct chart_point){
                gsl_cdf_ugaussian_Pinv(((double)i + 0.5) / (double)n), sorted[i]};
        last = i;
    }
    return taken;
}

void picture_quantiles(const struct view *view, size_t t, FILE *out)
{
    struct chart chart;
    const struct view_target *target = &view->targets[t];
    struct chart_point points[QUANTILE_POINTS];
    double *sorted = malloc((target->n + 1) * sizeof *sorted), wide = 1, high = 1;
    size_t n = 0;
    for (size_t i = 0; sorted && i < target->n; i++)
        sorted[i] = target->samples[i].scaled;
    if (sorted) {
        qsort(sorted, target->n, sizeof *sorted, by_size);
        n = choose_quantiles(sorted, target->n, points);
    }
    free(sorted);
    for (size_t i = 0; i < n; i++)
        wide = fmax(wide, fabs(points[i].x));
    for (size_t i = 0; i < target->n; i++)
        high = fmax(high, target->samples[i].outlier ? 0 : fabs(target->samples[i].scaled));
    chart_begin(&chart, out, "Quantiles of the residuals against those of the normal distribution",
                chart_axis_around(-wide, wide, "quantile of the normal distribution"),
                chart_axis_around(-high, high, "residual / its standard deviation"));
    const struct chart_point diagonal[] = {{chart.x.low, chart.x.low},
                                           {chart.x.high, chart.x.high}};
    chart_line(&chart, diagonal, 2, "#444444", 1, true);
    chart_points(&chart, points, n, colours[t % N_COLOURS], 1.8, 0.8);
    chart_end(&chart);
}

bool picture_energies(const struct report *report, FILE *out)
{
    const struct model_set *set = report->set;
    struct chart chart;
    double n_max = 0, most = 0;
    for (size_t i = 0; i < set->n_models; i++) {
        const struct cost_model *model = &set->models[i];
        if (model->quantity != QUANTITY_ENERGY_J)
            continue;
        n_max = fmax(n_max, model->n_max);
        most = fmax(most, fmax(prediction_value(model, model->n_max), prediction_value(model, 1)));
    }
    if (!(n_max > 0))
        return false;
    struct unit unit = unit_of(most, energy_units);
    char *title = text_format("energy of one inference (%s)", unit.name);
    chart_begin(&chart, out, "Energy of one inference against length, fitted curves",
                chart_axis_around(0, n_max, length_title),
                chart_axis_around(0, most * unit.scale * 1.05, title ? title : "energy"));
    for (size_t i = 0, drawn = 0; i < set->n_models; i++) {
        const struct cost_model *model = &set->models[i];
        struct band band = {.n = 0};
        if (model->quantity != QUANTITY_ENERGY_J)
            continue;
        for (int k = 0; k <= CURVE_POINTS; k++) {
            double n = length_at(model->n_max, k);
            add_to_band(&band, n, prediction_value(model, n), prediction_half_width(set, model, n),
                        unit.scale);
        }
        put_band(&chart, &band, colours[drawn % N_COLOURS]);
        char *text = text_format("%s: %s, %s", model->target, form_name(model->form),
                                 provenance_name(model->provenance));
        chart_legend(&chart, colours[drawn++ % N_COLOURS], text ? text : model->target);
        free(text);
    }
    chart_end(&chart);
    free(title);
    return true;
}

void picture_output_length(const struct output_length *o, FILE *out)
{
    struct chart chart;
    struct band band = {.n = 0};
    double most = 1;
    for (int k = 0; k <= CURVE_POINTS; k++) {
        double n = o->n_min + (double)(o->n_max - o->n_min) * k / CURVE_POINTS, low, high;
        output_length_interval(o, n, &low, &high);
        most = fmax(most, high);
        band.low[band.n] = (struct chart_point){n, low};
        band.middle[band.n] = (struct chart_point){n, output_length_mean(o, n)};
        band.high[band.n++] = (struct chart_point){n, high};
    }
    chart_begin(&chart, out, "Length of the output against that of the input",
                chart_axis_around(0, o->n_max, length_title),
                chart_axis_around(0, most, "length of the output"));
    put_band(&chart, &band, colours[2]);
    chart_legend(&chart, colours[2], "M(n), and where 95 % of outputs are");
    chart_end(&chart);
}
