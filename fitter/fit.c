// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/fit.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_multifit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { P = FIT_MAX_POWERS };

size_t fit_n_coefficients(enum model_form form)
{
    return form == FORM_CONSTANT ? 1 : form == FORM_LINEAR ? 2 : 0;
}

/* Row of the design matrix: powers of n. */
static void basis(size_t p, double n, double *x)
{
    double power = 1;
    for (size_t j = 0; j < p; j++, power *= n)
        x[j] = power;
}

static double value_at(const struct fit *fit, double n)
{
    double value = 0;
    for (size_t j = fit->n_coefficients; j-- > 0;)
        value = value * n + fit->coefficients[j];
    return value;
}

/* Coefficients and (X'WX)^-1 from the lengths' means, by singular values. */
static enum status solve(const struct series *series, struct fit *fit, struct error *error)
{
    size_t n = series->n_lengths, p = fit->n_coefficients;
    gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(n, p);
    gsl_matrix *x = gsl_matrix_alloc(n, p);
    gsl_vector *y = gsl_vector_alloc(n), *w = gsl_vector_alloc(n);
    enum status status = STATUS_OK;
    if (!work || !x || !y || !w) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for a fit");
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        const struct series_length *l = &series->lengths[i];
        basis(p, l->length, gsl_matrix_ptr(x, i, 0));
        gsl_vector_set(y, i, l->mean);
        gsl_vector_set(w, i, l->weight * (double)l->n);
    }
    double chisq;
    gsl_vector_view c = gsl_vector_view_array(fit->coefficients, p);
    gsl_matrix_view cov = gsl_matrix_view_array(fit->classical, p, p);
    int rc = gsl_multifit_wlinear(x, w, y, &c.vector, &cov.matrix, &chisq, work);
    if (rc)
        status = error_set(error, STATUS_EXTERNAL, "GSL: %s", gsl_strerror(rc));
done:
    gsl_multifit_linear_free(work);
    gsl_matrix_free(x);
    gsl_vector_free(y);
    gsl_vector_free(w);
    return status;
}

/* Residual figures over samples: what the lengths' means leave plus what is within lengths. */
static void judge(const struct series *series, struct fit *fit)
{
    double n = (double)series->n_samples, p = (double)fit->n_coefficients;
    double rss = 0, chisq = 0, log_weights = 0, grand = 0, tss = 0;
    for (size_t i = 0; i < series->n_lengths; i++)
        grand += series->lengths[i].mean * (double)series->lengths[i].n / n;
    for (size_t i = 0; i < series->n_lengths; i++) {
        const struct series_length *l = &series->lengths[i];
        double off = l->mean - value_at(fit, l->length), from_grand = l->mean - grand;
        double squares = l->m2 + (double)l->n * off * off;
        rss += squares;
        chisq += l->weight * squares;
        tss += l->m2 + (double)l->n * from_grand * from_grand;
        log_weights += (double)l->n * log(l->weight);
    }
    fit->dof = n - p;
    fit->residual_sd = sqrt(rss / fit->dof);
    fit->r2 = tss > 0 ? 1 - rss / tss : 1;
    /* Exact data have no likelihood to compare; the smallest positive number stands for 0. */
    fit->bic = n * (log(fmax(chisq, 1e-300) / n) + 1.8378770664093453 + 1) - log_weights +
               (p + 1) * log(n);
    for (size_t j = 0; j < fit->n_coefficients * fit->n_coefficients; j++)
        fit->classical[j] *= chisq / fit->dof;
}

/* Normal equations of some cells, with n scaled by `unit` so that the two columns are alike. */
struct normal {
    double a[P * P], b[P];
};

static void add_cell(struct normal *normal, size_t p, double unit, const struct series *series,
                     const struct series_cell *cell, double sign)
{
    const struct series_length *l = &series->lengths[cell->length];
    double x[P];
    basis(p, l->length / unit, x);
    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j < p; j++)
            normal->a[i * p + j] += sign * l->weight * (double)cell->n * x[i] * x[j];
        normal->b[i] += sign * l->weight * cell->sum * x[i];
    }
}

/* Solves by Cholesky; false when the equations do not determine the coefficients. */
static bool solve_normal(const struct normal *normal, size_t p, double unit, double *coefficients)
{
    struct normal copy = *normal;
    double scale = 1;
    for (size_t i = 0; i < p; i++) {
        if (!(copy.a[i * p + i] > 0))
            return false;
    }
    if (p == 2 && copy.a[0] * copy.a[3] - copy.a[1] * copy.a[2] <= 1e-12 * copy.a[0] * copy.a[3])
        return false;
    gsl_matrix_view a = gsl_matrix_view_array(copy.a, p, p);
    gsl_vector_view b = gsl_vector_view_array(copy.b, p);
    if (gsl_linalg_cholesky_decomp1(&a.matrix) || gsl_linalg_cholesky_svx(&a.matrix, &b.vector))
        return false;
    for (size_t j = 0; j < p; j++, scale *= unit)
        coefficients[j] = copy.b[j] / scale;
    return true;
}

/* Fills fit->leave_out; leaves it NULL where rounds cannot be resampled. */
static enum status leave_rounds_out(const struct series *series, struct fit *fit,
                                    struct error *error)
{
    size_t p = fit->n_coefficients, g = 0;
    double unit = series->lengths[series->n_lengths - 1].length;
    struct normal all = {0};
    if (series->n_rounds < 3)
        return STATUS_OK;
    fit->leave_out = malloc(series->n_rounds * p * sizeof *fit->leave_out);
    fit->rounds = malloc(series->n_rounds * sizeof *fit->rounds);
    if (!fit->leave_out || !fit->rounds)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu rounds", series->n_rounds);
    for (size_t i = 0; i < series->n_cells; i++)
        add_cell(&all, p, unit, series, &series->cells[i], 1);
    for (size_t first = 0, end; first < series->n_cells; first = end, g++) {
        struct normal rest = all;
        for (end = first;
             end < series->n_cells && series->cells[end].round == series->cells[first].round; end++)
            add_cell(&rest, p, unit, series, &series->cells[end], -1);
        fit->rounds[g] = series->cells[first].round;
        if (!solve_normal(&rest, p, unit, fit->leave_out + g * p)) {
            free(fit->leave_out);
            fit->leave_out = NULL;
            return STATUS_OK;
        }
    }
    fit->n_rounds = g;
    return STATUS_OK;
}

enum status fit_series(const struct series *series, enum model_form form, struct fit *fit,
                       struct error *error)
{
    size_t p = fit_n_coefficients(form);
    *fit = (struct fit){.form = form, .n_coefficients = p};
    if (p == 0)
        return error_set(error, STATUS_UNSUPPORTED, "form %s is not available", form_name(form));
    if (series->n_lengths < p)
        return error_set(error, STATUS_INVALID, "form %s needs %zu lengths, there is %zu",
                         form_name(form), p, series->n_lengths);
    if (series->n_samples <= p)
        return error_set(error, STATUS_INVALID,
                         "form %s needs more than %zu samples, there are %llu", form_name(form), p,
                         (unsigned long long)series->n_samples);
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    enum status status = solve(series, fit, error);
    if (!status) {
        judge(series, fit);
        status = leave_rounds_out(series, fit, error);
    }
    gsl_set_error_handler(handler);
    if (status)
        fit_free(fit);
    return status;
}

enum status fit_choose(const struct series *series, struct fit *fit, struct error *error)
{
    struct fit line;
    enum status status = fit_series(series, FORM_CONSTANT, fit, error);
    if (status || series->n_lengths < 2 || series->n_samples <= 2)
        return status;
    status = fit_series(series, FORM_LINEAR, &line, error);
    if (!status && line.bic < fit->bic) {
        fit_free(fit);
        *fit = line;
    } else {
        fit_free(status ? fit : &line);
    }
    return status;
}

void fit_forget_rounds(struct fit *fit)
{
    free(fit->leave_out);
    free(fit->rounds);
    fit->leave_out = NULL;
    fit->rounds = NULL;
    fit->n_rounds = 0;
}

void fit_free(struct fit *fit)
{
    fit_forget_rounds(fit);
}
