// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/prediction.h"

#include "fitter/interval.h"

#include <math.h>
#include <string.h>

size_t prediction_n_linear(const struct cost_model *model)
{
    size_t k = model->form == FORM_PIECEWISE ? model->n_knots : 0;
    return k > 0 && model->n_coefficients >= 2 + 2 * k ? model->n_coefficients - k
                                                       : model->n_coefficients;
}

void prediction_gradient(const struct cost_model *model, double n, double *g)
{
    size_t p = model->n_coefficients, linear = prediction_n_linear(model), step = 0;
    memset(g, 0, (p < PREDICTION_MAX ? p : PREDICTION_MAX) * sizeof *g);
    if (p > PREDICTION_MAX)
        return;
    if (model->form == FORM_STEP) {
        while (step + 1 < model->n_segments && step + 1 < p && n > model->segments[step].to)
            step++;
        g[step] = 1;
        return;
    }
    size_t hinges = model->form == FORM_PIECEWISE && model->n_knots < linear ? model->n_knots : 0;
    double power = 1;
    for (size_t i = 0; i < linear - hinges; i++, power *= n)
        g[i] = power;
    for (size_t k = 0; k < hinges; k++)
        g[linear - hinges + k] = fmax(n - model->knots[k], 0);
    for (size_t k = 0; k < p - linear; k++) /* by the knots */
        g[linear + k] = n > model->knots[k] ? -model->coefficients[linear - hinges + k] : 0;
}

double prediction_value(const struct cost_model *model, double n)
{
    double g[PREDICTION_MAX], value = 0;
    prediction_gradient(model, n, g);
    for (size_t i = 0; i < prediction_n_linear(model) && i < PREDICTION_MAX; i++)
        value += g[i] * model->coefficients[i];
    return value;
}

double prediction_covariance(const struct model_set *set, const struct cost_model *model, double a,
                             double b)
{
    double ga[PREDICTION_MAX], gb[PREDICTION_MAX], sum = 0;
    prediction_gradient(model, a, ga);
    prediction_gradient(model, b, gb);
    for (size_t i = 0; i < model->n_coefficients && i < PREDICTION_MAX; i++) {
        for (size_t j = 0; j < model->n_coefficients; j++)
            sum += ga[i] * gb[j] * model_set_covariance(set, model, i, model, j);
    }
    return sum;
}

double prediction_half_width(const struct model_set *set, const struct cost_model *model, double n)
{
    double variance = prediction_covariance(set, model, n, n);
    if (isnan(variance)) /* of coefficients that nothing determines */
        return INFINITY;
    return interval_t(model->dof) * sqrt(fmax(variance, 0));
}
