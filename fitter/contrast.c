// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/contrast.h"

#include <math.h>
#include <string.h>

/* Between noise that is the same at all lengths (0) and in proportion to the value (1). */
static const double theta = 0.5;

static bool same_form(const struct cost_model *a, const struct cost_model *b)
{
    bool same =
        a->form == b->form && a->n_knots == b->n_knots && a->n_coefficients == b->n_coefficients;
    for (size_t k = 0; same && a->form == FORM_STEP && k < a->n_knots; k++)
        same = fabs(a->knots[k] - b->knots[k]) < 1;
    return same;
}

static void add_point(struct contrasts *c, double n)
{
    c->at[c->n_points++] = n;
}

/* The values themselves, at the places that say all about curves of this form. */
static void take_places(const struct cost_model *a, const struct cost_model *b, double from,
                        double to, struct contrasts *c)
{
    size_t segments = a->form == FORM_STEP ? a->n_segments : 0;
    for (size_t i = 0; i < segments && i < PREDICTION_MAX; i++) {
        double low = fmax(a->segments[i].from, from), high = fmin(a->segments[i].to, to);
        if (low <= high)
            add_point(c, (low + high) / 2);
    }
    if (a->form == FORM_CONSTANT)
        add_point(c, (from + to) / 2);
    if (a->form == FORM_CONSTANT || a->form == FORM_STEP)
        return;
    add_point(c, from);
    if (a->form == FORM_QUADRATIC)
        add_point(c, (from + to) / 2);
    for (size_t k = 0; k < a->n_knots && c->n_points + 1 < PREDICTION_MAX; k++) {
        double knot = (a->knots[k] + b->knots[k]) / 2;
        if (knot > from && knot < to)
            add_point(c, knot);
    }
    add_point(c, to);
}

/* The mean, and what the slope adds over the lengths, by least squares over evenly spaced ones,
 * each weighted by the inverse of the curves' value to the power 2*theta, as the fits are by
 * theirs.
 */
static void take_trend(const struct cost_model *a, const struct cost_model *b, double from,
                       double to, bool slope, struct contrasts *c)
{
    double total = 0, middle = 0, squares = 0, w[CONTRAST_POINTS];
    double top = fmax(fabs(prediction_value(a, to)) + fabs(prediction_value(b, to)), 1e-300);
    for (size_t i = 0; i < CONTRAST_POINTS; i++) {
        add_point(c, from + (to - from) * (double)i / (CONTRAST_POINTS - 1));
        double value = prediction_value(a, c->at[i]) + prediction_value(b, c->at[i]);
        w[i] = pow(fmax(value / top, 1e-3), -2 * theta);
        total += w[i];
    }
    for (size_t i = 0; i < CONTRAST_POINTS; i++)
        middle += w[i] / total * c->at[i];
    for (size_t i = 0; i < CONTRAST_POINTS; i++)
        squares += w[i] * (c->at[i] - middle) * (c->at[i] - middle);
    for (size_t i = 0; i < CONTRAST_POINTS; i++) {
        c->weight[0][i] = w[i] / total;
        c->weight[1][i] = w[i] * (c->at[i] - middle) / squares * (to - from);
    }
    c->n = slope ? 2 : 1;
}

static bool flat(const struct cost_model *model)
{
    return model->form == FORM_CONSTANT || model->form == FORM_STEP;
}

struct contrasts contrasts_of(const struct cost_model *a, const struct cost_model *b, double from,
                              double to, double most)
{
    struct contrasts c = {.n = 0};
    size_t places = a->form == FORM_STEP ? a->n_segments : 0;
    if (to > from && (!same_form(a, b) || (double)places > fmin(most, CONTRAST_POINTS))) {
        take_trend(a, b, from, to, !flat(a) && !flat(b), &c);
        return c;
    }
    if (to > from)
        take_places(a, b, from, to, &c);
    else
        add_point(&c, from);
    c.whole = true;
    c.n = c.n_points;
    for (size_t k = 0; k < c.n; k++)
        c.weight[k][k] = 1;
    return c;
}

double contrast_value(const struct contrasts *contrasts, size_t k, const struct cost_model *model)
{
    double sum = 0;
    for (size_t i = 0; i < contrasts->n_points; i++) {
        if (fabs(contrasts->weight[k][i]) > 0)
            sum += contrasts->weight[k][i] * prediction_value(model, contrasts->at[i]);
    }
    return sum;
}

static void gradient(const struct contrasts *contrasts, size_t k, const struct cost_model *model,
                     double *sum)
{
    memset(sum, 0, PREDICTION_MAX * sizeof *sum);
    for (size_t i = 0; i < contrasts->n_points; i++) {
        double g[PREDICTION_MAX];
        if (!(fabs(contrasts->weight[k][i]) > 0))
            continue;
        prediction_gradient(model, contrasts->at[i], g);
        for (size_t j = 0; j < model->n_coefficients && j < PREDICTION_MAX; j++)
            sum[j] += contrasts->weight[k][i] * g[j];
    }
}

double contrast_covariance(const struct contrasts *contrasts, size_t k, size_t l,
                           const struct model_set *set, const struct cost_model *model)
{
    double a[PREDICTION_MAX], b[PREDICTION_MAX], sum = 0;
    gradient(contrasts, k, model, a);
    gradient(contrasts, l, model, b);
    for (size_t i = 0; i < model->n_coefficients && i < PREDICTION_MAX; i++) {
        for (size_t j = 0; j < model->n_coefficients && j < PREDICTION_MAX; j++)
            sum += a[i] * b[j] * model_set_covariance(set, model, i, model, j);
    }
    return sum;
}
