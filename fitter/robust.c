// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/robust.h"

#include "fitter/chosen.h"
#include "fitter/values.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SHAPES = 4, MAX_ITERATIONS = 200 };

/* The slope of psi at u, in units of its constant. */
static double slope(enum robust_kind kind, double u)
{
    if (fabs(u) >= 1)
        return 0;
    return kind == ROBUST_HUBER ? 1 : (1 - u * u) * (1 - 5 * u * u);
}

static double weight(enum robust_kind kind, double u)
{
    u = fabs(u);
    if (kind == ROBUST_HUBER)
        return u < 1 ? 1 : 1 / u;
    return u < 1 ? (1 - u * u) * (1 - u * u) : 0;
}

/* The tuning constants of GSL: 95 % efficiency where the noise is normal. */
static const double tuning[] = {[ROBUST_HUBER] = 1.345, [ROBUST_BISQUARE] = 4.685};

/* Residuals and one scale for all, each times the root of its length's weight. */
static void make_pseudo(const struct values *values, const struct series *weights,
                        const struct fit *shape, const gsl_vector *c, enum robust_kind kind,
                        double sigma, struct values *pseudo)
{
    double x[FIT_MAX_COEFFICIENTS], sum = 0, unit = tuning[kind] * sigma;
    for (size_t i = 0; i < values->n; i++) {
        const struct value *v = &values->list[i];
        double fitted = 0, root = sqrt(series_weight(weights, v->length));
        fit_derivatives(shape, v->length, x);
        for (size_t j = 0; j < c->size; j++)
            fitted += gsl_vector_get(c, j) * x[j];
        double u = (v->value - fitted) * root / unit;
        sum += slope(kind, u);
        pseudo->list[i] = *v;
        pseudo->list[i].value = fitted;
    }
    double mean = sum / (double)values->n;
    for (size_t i = 0; i < values->n; i++) {
        const struct value *v = &values->list[i];
        double root = sqrt(series_weight(weights, v->length)), fitted = pseudo->list[i].value;
        double off = v->value - fitted;
        pseudo->list[i].value = fitted + off * weight(kind, off * root / unit) / mean;
    }
}

/* GSL's robust fit of a shape; values without spread stay as they are. */
static enum status reweight(const struct values *values, const struct series *weights,
                            const struct fit *shape, enum robust_kind kind, struct values *pseudo,
                            struct error *error)
{
    size_t n = values->n, p = fit_n_linear(&shape->shape);
    gsl_multifit_robust_workspace *work = gsl_multifit_robust_alloc(
        kind == ROBUST_HUBER ? gsl_multifit_robust_huber : gsl_multifit_robust_bisquare, n, p);
    gsl_matrix *x = gsl_matrix_alloc(n, p), *covariance = gsl_matrix_alloc(p, p);
    gsl_vector *y = gsl_vector_alloc(n), *c = gsl_vector_alloc(p);
    enum status status = STATUS_OK;
    if (!work || !x || !covariance || !y || !c) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", n);
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        const struct value *v = &values->list[i];
        double row[FIT_MAX_COEFFICIENTS], root = sqrt(series_weight(weights, v->length));
        fit_derivatives(shape, v->length, row);
        for (size_t j = 0; j < p; j++)
            gsl_matrix_set(x, i, j, row[j] * root);
        gsl_vector_set(y, i, v->value * root);
    }
    gsl_multifit_robust_maxiter(MAX_ITERATIONS, work);
    int rc = gsl_multifit_robust(x, y, c, covariance, work);
    double sigma = gsl_multifit_robust_statistics(work).sigma_mad;
    if (rc)
        status = error_set(error, STATUS_INVALID, "the robust fit does not converge: %s",
                           gsl_strerror(rc));
    else if (sigma > 0)
        make_pseudo(values, weights, shape, c, kind, sigma, pseudo);
    else
        memcpy(pseudo->list, values->list, n * sizeof *values->list);
done:
    gsl_multifit_robust_free(work);
    gsl_matrix_free(x);
    gsl_matrix_free(covariance);
    gsl_vector_free(y);
    gsl_vector_free(c);
    return status;
}

/* The pseudo-values' series, weighted as the values'. */
static enum status pseudo_series(const struct values *pseudo, const struct series *weights,
                                 struct series *series, struct error *error)
{
    enum status status = values_series(pseudo, series, error);
    for (size_t i = 0; !status && i < series->n_lengths; i++)
        series->lengths[i].weight = weights->lengths[i].weight;
    series->n_outliers = weights->n_outliers;
    return status;
}

enum status robust_fit(const struct dataset_target *target, const struct fit_options *options,
                       enum quantity quantity, struct series *series, struct fit *fit,
                       struct error *error)
{
    struct values values = {0}, pseudo = {0};
    struct series plain = {0};
    struct fit_options silent = *options;
    silent.remark = NULL;
    *series = (struct series){0};
    enum status status = values_gather(target, false, &values, error);
    if (!status && !(pseudo.list = malloc((values.n + 1) * sizeof *pseudo.list)))
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", values.n);
    pseudo.n = values.n;
    if (!status)
        status = values_series(&values, &plain, error);
    if (!status && !options->equal_weights)
        series_weigh(&plain);
    if (!status)
        status = fit_chosen(&plain, &silent, false, target->name, quantity, fit, error);
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    bool settled = false;
    for (int i = 0; !status && !settled && i < MAX_SHAPES; i++) {
        struct fit_shape before = fit->shape;
        status = reweight(&values, &plain, fit, options->robust, &pseudo, error);
        series_free(series);
        if (!status)
            status = pseudo_series(&pseudo, &plain, series, error);
        fit_free(fit);
        if (!status)
            status = fit_chosen(series, i + 1 < MAX_SHAPES ? &silent : options, false, target->name,
                                quantity, fit, error);
        settled = !status && fit->form == before.form && fit->shape.n_knots == before.n_knots;
    }
    gsl_set_error_handler(handler);
    series_free(&plain);
    values_free(&values);
    values_free(&pseudo);
    if (status)
        series_free(series);
    return status;
}
