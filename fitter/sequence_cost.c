// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/sequence_cost.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>
#include <math.h>

enum { P = 3 };

/* By singular values, the columns scaled to at most 1 so that lengths far from it lose nothing. */
static enum status solve(const struct sequence_sample *samples, size_t n, const double unit[P],
                         gsl_matrix *x, gsl_vector *y, gsl_multifit_linear_workspace *work,
                         struct sequence_cost *cost, struct error *error)
{
    double c[P], covariance[P * P], squares;
    for (size_t i = 0; i < n; i++) {
        gsl_matrix_set(x, i, 0, 1);
        gsl_matrix_set(x, i, 1, samples[i].n_in / unit[1]);
        gsl_matrix_set(x, i, 2, samples[i].n_out / unit[2]);
        gsl_vector_set(y, i, samples[i].cost);
    }
    size_t rank;
    gsl_vector_view cv = gsl_vector_view_array(c, P);
    gsl_matrix_view vv = gsl_matrix_view_array(covariance, P, P);
    int rc = gsl_multifit_linear_tsvd(x, y, 1e-10, &cv.vector, &vv.matrix, &squares, &rank, work);
    if (rc)
        return error_set(error, STATUS_EXTERNAL, "GSL: %s", gsl_strerror(rc));
    if (rank < P)
        return error_set(error, STATUS_INVALID,
                         "the lengths of inputs and outputs always go together: measure outputs of "
                         "several lengths for one input to tell what each costs");
    cost->base = c[0];
    cost->per_in = c[1] / unit[1];
    cost->per_out = c[2] / unit[2];
    cost->dof = (double)n - P;
    cost->residual_sd = sqrt(squares / cost->dof);
    /* GSL's unweighted covariance holds s^2 = squares/(n-p) already. */
    for (size_t i = 0; i < P; i++) {
        for (size_t j = 0; j < P; j++)
            cost->covariance[i][j] = covariance[i * P + j] / (unit[i] * unit[j]);
    }
    return STATUS_OK;
}

enum status sequence_cost_fit(const struct sequence_sample *samples, size_t n,
                              struct sequence_cost *cost, struct error *error)
{
    double unit[P] = {1, 1, 1};
    *cost = (struct sequence_cost){0};
    if (n <= P)
        return error_set(error, STATUS_INVALID,
                         "costs of two lengths need four samples or more, there are %zu", n);
    for (size_t i = 0; i < n; i++) {
        unit[1] = fmax(unit[1], samples[i].n_in);
        unit[2] = fmax(unit[2], samples[i].n_out);
        if (!isfinite(samples[i].cost))
            return error_set(error, STATUS_INVALID, "sample %zu is no number", i + 1);
    }
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(n, P);
    gsl_matrix *x = gsl_matrix_alloc(n, P);
    gsl_vector *y = gsl_vector_alloc(n);
    enum status status =
        work && x && y ? solve(samples, n, unit, x, y, work, cost, error)
                       : error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", n);
    gsl_multifit_linear_free(work);
    gsl_matrix_free(x);
    gsl_vector_free(y);
    gsl_set_error_handler(handler);
    return status;
}

double sequence_cost_value(const struct sequence_cost *cost, double n_in, double n_out)
{
    return cost->base + cost->per_in * n_in + cost->per_out * n_out;
}

struct sequence_line sequence_cost_expected(const struct sequence_cost *cost,
                                            const struct output_length *output)
{
    const double(*v)[P] = cost->covariance;
    double gamma = output->gamma, delta = output->delta, squared = cost->per_out * cost->per_out;
    return (struct sequence_line){
        .intercept = cost->base + cost->per_out * delta,
        .slope = cost->per_in + cost->per_out * gamma,
        .var_intercept =
            v[0][0] + 2 * delta * v[0][2] + delta * delta * v[2][2] + squared * output->var_delta,
        .var_slope =
            v[1][1] + 2 * gamma * v[1][2] + gamma * gamma * v[2][2] + squared * output->var_gamma,
        .covariance = v[0][1] + gamma * v[0][2] + delta * v[1][2] + gamma * delta * v[2][2] +
                      squared * output->covariance,
    };
}

void sequence_cost_range(const struct sequence_cost *cost, const struct output_length *output,
                         double n_in, double *low, double *high)
{
    double least, most;
    output_length_interval(output, n_in, &least, &most);
    double a = sequence_cost_value(cost, n_in, least), b = sequence_cost_value(cost, n_in, most);
    *low = fmin(a, b);
    *high = fmax(a, b);
}
