// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/fit.h"

#include "fitter/least_squares.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { P = FIT_MAX_COEFFICIENTS };

/* Relative to the times, squares that are rounding. */
static const double rounding = 1e-24;

size_t fit_n_linear(const struct fit_shape *shape)
{
    static const size_t n[N_FORMS] = {[FORM_CONSTANT] = 1,
                                      [FORM_LINEAR] = 2,
                                      [FORM_QUADRATIC] = 3,
                                      [FORM_PIECEWISE] = 2,
                                      [FORM_STEP] = 1};
    return n[shape->form] + shape->n_knots;
}

size_t fit_n_parameters(const struct fit_shape *shape)
{
    return fit_n_linear(shape) + shape->n_knots;
}

double fit_penalty(size_t n_parameters, double n_samples)
{
    double k = (double)n_parameters + 1, rest = n_samples - k - 2;
    if (n_parameters <= 2)
        return k * log(n_samples);
    return rest > 0 ? k * log(n_samples) * n_samples / rest : INFINITY;
}

static size_t n_coefficients(const struct fit_shape *shape)
{
    return fit_n_linear(shape) + (shape->form == FORM_PIECEWISE ? shape->n_knots : 0);
}

void fit_derivatives(const struct fit *fit, double n, double *x)
{
    const struct fit_shape *shape = &fit->shape;
    size_t k = shape->n_knots;
    if (shape->form == FORM_STEP) {
        size_t level = 0;
        while (level < k && n > shape->knots[level])
            level++;
        for (size_t i = 0; i <= k; i++)
            x[i] = i == level;
        return;
    }
    double z = (n - fit->centre) / fit->unit, power = 1;
    size_t powers = fit_n_linear(shape) - k;
    for (size_t i = 0; i < powers; i++, power *= z)
        x[i] = power;
    for (size_t i = 0; i < k; i++) {
        x[powers + i] = fmax(n - shape->knots[i], 0) / fit->unit;
        x[powers + k + i] = n > shape->knots[i] ? -fit->scaled[powers + i] : 0;
    }
}

double fit_value(const struct fit *fit, double n)
{
    double x[P], value = 0;
    fit_derivatives(fit, n, x);
    for (size_t i = 0; i < fit_n_linear(&fit->shape); i++)
        value += fit->scaled[i] * x[i];
    return value;
}

/* The levels of a step are means, one for each. */
static void solve_levels(const struct series *series, struct fit *fit)
{
    double weights[P] = {0};
    size_t level = 0;
    for (size_t i = 0; i < series->n_lengths; i++) {
        const struct series_length *l = &series->lengths[i];
        while (level < fit->shape.n_knots && l->length > fit->shape.knots[level])
            level++;
        weights[level] += l->weight * (double)l->n;
        fit->scaled[level] +=
            (l->mean - fit->scaled[level]) * l->weight * (double)l->n / weights[level];
    }
}

struct rows {
    const struct series *series;
    const struct fit *fit;
};

static void fill_row(const void *user, size_t i, double *x, double *y, double *weight)
{
    const struct rows *rows = user;
    const struct series_length *l = &rows->series->lengths[i];
    double all[P]; /* with those of knots */
    fit_derivatives(rows->fit, l->length, all);
    memcpy(x, all, fit_n_linear(&rows->fit->shape) * sizeof *x);
    *y = l->mean;
    *weight = l->weight * (double)l->n;
}

static enum status solve(const struct series *series, struct fit *fit, struct error *error)
{
    const struct rows rows = {series, fit};
    double squares;
    return least_squares(series->n_lengths, fit_n_linear(&fit->shape), fill_row, &rows, fit->scaled,
                         &squares, error);
}

/* Each coefficient as a combination of the scaled ones; row-major, p*p. */
static void fill_unscale(const struct fit *fit, double *t)
{
    size_t p = fit->n_coefficients, linear = fit_n_linear(&fit->shape);
    double c = fit->centre, u = fit->unit;
    memset(t, 0, p * p * sizeof *t);
    for (size_t i = 0; i < p; i++)
        t[i * p + i] = fit->form == FORM_STEP || i == 0 ? 1 : i < linear ? 1 / u : u;
    if (fit->form == FORM_STEP || fit->form == FORM_CONSTANT)
        return;
    t[1] = -c / u;
    if (fit->form == FORM_QUADRATIC) {
        t[2] = c * c / (u * u);
        t[p + 2] = -2 * c / (u * u);
        t[2 * p + 2] = 1 / (u * u);
    }
}

static void unscale(const struct fit *fit, const double *scaled, size_t n, double *coefficients)
{
    double t[P * P];
    fill_unscale(fit, t);
    for (size_t i = 0; i < n; i++) {
        coefficients[i] = 0;
        for (size_t j = 0; j < n; j++)
            coefficients[i] += t[i * fit->n_coefficients + j] * scaled[j];
    }
}

/* J'WJ, of the lengths' means. */
static void fill_information(const struct series *series, const struct fit *fit,
                             struct normal *normal)
{
    *normal = (struct normal){.p = fit->n_coefficients};
    for (size_t i = 0; i < series->n_lengths; i++) {
        const struct series_length *l = &series->lengths[i];
        double x[P], w = l->weight * (double)l->n;
        fit_derivatives(fit, l->length, x);
        normal_add(normal, x, w, w * (l->mean - fit_value(fit, l->length)));
    }
}

/* Knots that no line bends at have no error: then all that is unknown is infinite. */
static void fill_classical(const struct series *series, struct fit *fit)
{
    struct normal normal;
    size_t p = fit->n_coefficients;
    double inverse[P * P], t[P * P];
    fill_information(series, fit, &normal);
    fill_unscale(fit, t);
    if (!normal_invert(&normal, inverse)) {
        for (size_t i = 0; i < p * p; i++)
            fit->classical[i] = i % (p + 1) == 0 ? INFINITY : 0;
        return;
    }
    double variance = fit->chisq / fit->dof, half[P * P];
    for (size_t i = 0; i < p * p; i++) {
        half[i] = 0;
        for (size_t k = 0; k < p; k++)
            half[i] += t[i / p * p + k] * inverse[k * p + i % p];
    }
    for (size_t i = 0; i < p * p; i++) {
        double sum = 0;
        for (size_t l = 0; l < p; l++)
            sum += half[i / p * p + l] * t[i % p * p + l];
        fit->classical[i] = variance * sum;
    }
}

void fit_left_out(const struct series *series, const struct fit *fit, double *residuals)
{
    struct fit kept = *fit;
    struct normal normal;
    double inverse[P * P];
    size_t p = kept.n_coefficients = fit_n_linear(&fit->shape);
    fill_information(series, &kept, &normal);
    bool solved = normal_invert(&normal, inverse);
    for (size_t i = 0; i < series->n_lengths; i++) {
        const struct series_length *l = &series->lengths[i];
        double x[P], leverage = 0;
        fit_derivatives(&kept, l->length, x);
        for (size_t j = 0; solved && j < p; j++) {
            for (size_t k = 0; k < p && fabs(x[j]) > 0; k++)
                leverage += x[j] * inverse[j * p + k] * x[k];
        }
        leverage *= l->weight * (double)l->n;
        residuals[i] = solved && leverage < 1 - 1e-9
                           ? (l->mean - fit_value(fit, l->length)) / (1 - leverage)
                           : INFINITY;
    }
}

/* Residual figures over samples: what the lengths' means leave plus what is within lengths. */
static void judge(const struct series *series, struct fit *fit)
{
    double n = (double)series->n_samples, p = (double)fit_n_parameters(&fit->shape);
    double rss = 0, log_weights = 0, grand = 0, tss = 0, size = 0;
    fit->chisq = 0;
    for (size_t i = 0; i < series->n_lengths; i++)
        grand += series->lengths[i].mean * (double)series->lengths[i].n / n;
    for (size_t i = 0; i < series->n_lengths; i++) {
        const struct series_length *l = &series->lengths[i];
        double off = l->mean - fit_value(fit, l->length), from_grand = l->mean - grand;
        double squares = l->m2 + (double)l->n * off * off;
        rss += squares;
        fit->chisq += l->weight * squares;
        tss += l->m2 + (double)l->n * from_grand * from_grand;
        size += l->weight * (double)l->n * l->mean * l->mean;
        log_weights += (double)l->n * log(l->weight);
    }
    fit->dof = n - p;
    fit->residual_sd = sqrt(rss / fit->dof);
    fit->r2 = tss > 0 ? 1 - rss / tss : 1;
    /* Exact data have no likelihood to compare: what is rounding counts as no misfit. */
    double misfit = fmax(fmax(fit->chisq, rounding * size), 1e-300);
    fit->bic = n * (log(misfit / n) + 1.8378770664093453 + 1) - log_weights +
               fit_penalty(fit_n_parameters(&fit->shape), n);
}

static enum status cross_validate(const struct series *series, struct fit *fit, struct error *error)
{
    double *residuals = malloc(series->n_lengths * sizeof *residuals);
    if (!residuals)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a fit");
    fit_left_out(series, fit, residuals);
    for (size_t i = 0; i < series->n_lengths; i++) {
        const struct series_length *l = &series->lengths[i];
        fit->cross_validation += l->weight * (double)l->n * residuals[i] * residuals[i];
    }
    free(residuals);
    return STATUS_OK;
}

enum status fit_shape(const struct series *series, const struct fit_shape *shape, struct fit *fit,
                      struct error *error)
{
    size_t p = fit_n_parameters(shape);
    double first = series->lengths[0].length, last = series->lengths[series->n_lengths - 1].length;
    *fit = (struct fit){.form = shape->form,
                        .n_coefficients = n_coefficients(shape),
                        .shape = *shape,
                        .exact_knots = true,
                        .centre = first / 2 + last / 2,
                        .unit = last > first ? (last - first) / 2 : 1};
    if (series->n_lengths < p)
        return error_set(error, STATUS_INVALID, "form %s needs %zu lengths, there %s %zu",
                         form_name(shape->form), p, series->n_lengths == 1 ? "is" : "are",
                         series->n_lengths);
    if (series->n_samples <= p)
        return error_set(error, STATUS_INVALID,
                         "form %s needs more than %zu samples, there are %llu",
                         form_name(shape->form), p, (unsigned long long)series->n_samples);
    enum status status = STATUS_OK;
    if (shape->form == FORM_STEP)
        solve_levels(series, fit);
    else
        status = solve(series, fit, error);
    if (status)
        return status;
    size_t k = fit->n_coefficients - fit_n_linear(shape);
    for (size_t i = 0; i < k; i++)
        fit->scaled[fit->n_coefficients - k + i] = shape->knots[i] / fit->unit;
    unscale(fit, fit->scaled, fit->n_coefficients, fit->coefficients);
    judge(series, fit);
    fill_classical(series, fit);
    return cross_validate(series, fit, error);
}

enum status fit_series(const struct series *series, enum model_form form, struct fit *fit,
                       struct error *error)
{
    const struct fit_shape shape = {.form = form};
    enum status status = fit_shape(series, &shape, fit, error);
    return status ? status : fit_rounds(series, fit, error);
}

bool fit_step(const struct series *series, const struct fit *fit, const double *means,
              double *coefficients)
{
    struct normal here, there = {.p = fit->n_coefficients};
    double own[P], step[P];
    fill_information(series, fit, &here);
    for (size_t i = 0; i < series->n_lengths; i++) {
        const struct series_length *l = &series->lengths[i];
        double x[P], w = l->weight * (double)l->n;
        if (isnan(means[i]))
            continue;
        fit_derivatives(fit, l->length, x);
        normal_add(&there, x, w, w * (means[i] - fit_value(fit, l->length)));
    }
    if (!normal_solve(&here, own) || !normal_solve(&there, step))
        return false;
    for (size_t i = 0; i < fit->n_coefficients; i++)
        step[i] += fit->scaled[i] - own[i];
    unscale(fit, step, fit->n_coefficients, coefficients);
    return true;
}

/* What a length's samples add to the equations of a step from the optimum, shared by all its
 * rounds: p derivatives, the value and the weight. NULL: out of memory. */
static double *find_tangents(const struct series *series, const struct fit *fit)
{
    size_t p = fit->n_coefficients;
    double *tangents = malloc(series->n_lengths * (p + 2) * sizeof *tangents);
    for (size_t i = 0; tangents && i < series->n_lengths; i++) {
        const struct series_length *l = &series->lengths[i];
        double x[P], *tangent = tangents + i * (p + 2);
        fit_derivatives(fit, l->length, x);
        memcpy(tangent, x, p * sizeof *x);
        tangent[p] = fit_value(fit, l->length);
        tangent[p + 1] = l->weight;
    }
    return tangents;
}

/* The steps without each round, less the step with all of them: at a knot on a length the squares
 * have no slope of 0. False: some round is needed. */
static bool leave_rounds_out(const struct series *series, const double *tangents, struct fit *fit)
{
    struct normal all, rest;
    double whole[P], step[P];
    size_t p = fit->n_coefficients, g = 0;
    fill_information(series, fit, &all);
    if (!normal_solve(&all, whole))
        return false;
    for (size_t first = 0, end; first < series->n_cells; first = end, g++) {
        normal_copy(&rest, &all);
        for (end = first;
             end < series->n_cells && series->cells[end].round == series->cells[first].round;
             end++) {
            const struct series_cell *cell = &series->cells[end];
            const double *x = tangents + cell->length * (p + 2), value = x[p], weight = x[p + 1];
            normal_add(&rest, x, -weight * cell->n, -weight * (cell->sum - cell->n * value));
        }
        fit->rounds[g] = series->cells[first].round;
        if (!normal_solve(&rest, step))
            return false;
        for (size_t i = 0; i < p; i++)
            step[i] += fit->scaled[i] - whole[i];
        unscale(fit, step, p, fit->leave_out + g * p);
    }
    fit->n_rounds = g;
    return true;
}

enum status fit_rounds(const struct series *series, struct fit *fit, struct error *error)
{
    if (series->n_rounds < 3)
        return STATUS_OK;
    double *tangents = find_tangents(series, fit);
    fit->leave_out = malloc(series->n_rounds * fit->n_coefficients * sizeof *fit->leave_out);
    fit->rounds = malloc(series->n_rounds * sizeof *fit->rounds);
    enum status status = STATUS_OK;
    if (!tangents || !fit->leave_out || !fit->rounds)
        status =
            error_set(error, STATUS_NO_MEMORY, "out of memory for %zu rounds", series->n_rounds);
    if (status || !leave_rounds_out(series, tangents, fit))
        fit_forget_rounds(fit);
    free(tangents);
    return status;
}

double fit_variance(const struct fit *fit, size_t coefficient)
{
    size_t p = fit->n_coefficients;
    double n = (double)fit->n_rounds, mean = 0, sum = 0;
    if (!fit->leave_out)
        return fit->classical[coefficient * p + coefficient];
    for (size_t r = 0; r < fit->n_rounds; r++)
        mean += fit->leave_out[r * p + coefficient] / n;
    for (size_t r = 0; r < fit->n_rounds; r++)
        sum += pow(fit->leave_out[r * p + coefficient] - mean, 2);
    return (n - 1) / n * sum;
}

double fit_dof(const struct fit *fit)
{
    size_t clusters = fit->n_clusters > 0 ? fit->n_clusters : fit->n_rounds;
    return fit->leave_out ? (double)clusters - 1 : fit->dof;
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
