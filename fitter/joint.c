// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/joint.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { Q = JOINT_MAX };

/* The equations, with round trips and lengths scaled to at most 1 so that columns are alike. */
struct equations {
    size_t n_levels, p, q;
    double rtt_unit, length_unit;
    double a[Q * Q], b[Q]; /* Z'WX, row-major with stride q; Z'Wy */
};

static void row(const struct equations *e, const struct joint_sample *s, double round_trip_s,
                double *x)
{
    double power = 1;
    for (size_t i = 0; i < e->n_levels; i++)
        x[i] = s->run == i ? round_trip_s / e->rtt_unit : 0;
    for (size_t i = 0; i < e->p; i++, power *= s->length / e->length_unit)
        x[e->n_levels + i] = power;
}

static void add(struct equations *e, const struct joint_sample *s, double sign)
{
    double x[Q], z[Q];
    row(e, s, s->rtt_s, x);
    row(e, s, s->instrument_s, z);
    for (size_t i = 0; i < e->q; i++) {
        for (size_t j = 0; j < e->q; j++)
            e->a[i * e->q + j] += sign * s->weight * z[i] * x[j];
        e->b[i] += sign * s->weight * z[i] * s->y_s;
    }
}

/* What a coefficient of the scaled equations is divided by. */
static double unit(const struct equations *e, size_t i)
{
    return i < e->n_levels ? e->rtt_unit : i == e->n_levels ? 1 : e->length_unit;
}

/* Triangular form of the equations; false when they have no single solution. */
static bool decompose(const struct equations *e, double *lu, gsl_permutation *order)
{
    int sign;
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < e->q * e->q; i++)
        lu[i] = e->a[i];
    gsl_matrix_view m = gsl_matrix_view_array(lu, e->q, e->q);
    if (gsl_linalg_LU_decomp(&m.matrix, order, &sign))
        return false;
    for (size_t i = 0; i < e->q; i++) {
        double pivot = fabs(lu[i * e->q + i]);
        least = fmin(least, pivot);
        most = fmax(most, pivot);
    }
    return least > 1e-10 * most;
}

static bool solve(const struct equations *e, gsl_permutation *order, double *coefficients)
{
    double lu[Q * Q], b[Q];
    if (!decompose(e, lu, order))
        return false;
    for (size_t i = 0; i < e->q; i++)
        b[i] = e->b[i];
    gsl_matrix_view m = gsl_matrix_view_array(lu, e->q, e->q);
    gsl_vector_view v = gsl_vector_view_array(b, e->q);
    if (gsl_linalg_LU_svx(&m.matrix, order, &v.vector))
        return false;
    for (size_t i = 0; i < e->q; i++)
        coefficients[i] = b[i] / unit(e, i);
    return true;
}

static double residual(const struct joint *joint, const struct joint_sample *s)
{
    double fitted = s->run < joint->n_levels ? joint->coefficients[s->run] * s->rtt_s : 0;
    double power = 1;
    for (size_t i = 0; i < joint->p; i++, power *= s->length)
        fitted += joint->coefficients[joint->n_levels + i] * power;
    return s->y_s - fitted;
}

static void add_instruments(const struct equations *e, const struct joint_sample *s, double *zz)
{
    double z[Q];
    row(e, s, s->instrument_s, z);
    for (size_t i = 0; i < e->q; i++) {
        for (size_t j = 0; j < e->q; j++)
            zz[i * e->q + j] += s->weight * z[i] * z[j];
    }
}

static void fill_classical(const struct equations *e, const struct joint_sample *samples, size_t n,
                           gsl_permutation *order, struct joint *joint)
{
    double lu[Q * Q], inverse[Q * Q], zz[Q * Q] = {0}, squares = 0;
    size_t q = e->q;
    decompose(e, lu, order);
    gsl_matrix_view from = gsl_matrix_view_array(lu, q, q);
    gsl_matrix_view to = gsl_matrix_view_array(inverse, q, q);
    gsl_linalg_LU_invert(&from.matrix, order, &to.matrix);
    for (size_t i = 0; i < n; i++) {
        double off = residual(joint, &samples[i]);
        squares += samples[i].weight * off * off;
        add_instruments(e, &samples[i], zz);
    }
    for (size_t i = 0; i < q; i++) {
        for (size_t j = 0; j < q; j++) {
            double sum = 0;
            for (size_t k = 0; k < q; k++) {
                for (size_t l = 0; l < q; l++)
                    sum += inverse[i * q + k] * zz[k * q + l] * inverse[j * q + l];
            }
            joint->classical[i][j] = squares / joint->dof * sum / (unit(e, i) * unit(e, j));
        }
    }
}

static enum status leave_rounds_out(const struct equations *all, const struct joint_sample *samples,
                                    size_t n, gsl_permutation *order, struct joint *joint,
                                    struct error *error)
{
    size_t n_rounds = n > 0, g = 0;
    for (size_t i = 1; i < n; i++)
        n_rounds += samples[i].round != samples[i - 1].round;
    if (n_rounds < 3 || samples[0].round < 0)
        return STATUS_OK;
    joint->leave_out = malloc(n_rounds * joint->q * sizeof *joint->leave_out);
    joint->rounds = malloc(n_rounds * sizeof *joint->rounds);
    if (!joint->leave_out || !joint->rounds)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu rounds", n_rounds);
    joint->n_rounds = n_rounds;
    for (size_t first = 0, end; first < n; first = end, g++) {
        struct equations rest = *all;
        for (end = first; end < n && samples[end].round == samples[first].round; end++)
            add(&rest, &samples[end], -1);
        joint->rounds[g] = samples[first].round;
        if (!solve(&rest, order, joint->leave_out + g * joint->q)) {
            joint_free(joint);
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

static int by_round(const void *left, const void *right)
{
    const struct joint_sample *a = left, *b = right;
    return (a->round > b->round) - (a->round < b->round);
}

enum status joint_fit(struct joint_sample *samples, size_t n, size_t n_levels, size_t p,
                      struct joint *joint, struct error *error)
{
    struct equations e = {.n_levels = n_levels, .p = p, .q = n_levels + p};
    *joint = (struct joint){.n_levels = n_levels, .p = p, .q = e.q, .dof = (double)n - (double)e.q};
    gsl_permutation *order = gsl_permutation_alloc(e.q);
    if (!order)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a fit");
    qsort(samples, n, sizeof *samples, by_round);
    for (size_t i = 0; i < n; i++) {
        e.rtt_unit = fmax(e.rtt_unit, samples[i].rtt_s);
        e.length_unit = fmax(e.length_unit, samples[i].length);
    }
    if (!(e.rtt_unit > 0))
        e.rtt_unit = 1;
    for (size_t i = 0; i < n; i++)
        add(&e, &samples[i], 1);
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    enum status status = STATUS_OK;
    if (joint->dof < 1 || !solve(&e, order, joint->coefficients)) {
        status = error_set(error, STATUS_INVALID, "the samples do not tell round trips from time");
    } else {
        fill_classical(&e, samples, n, order, joint);
        status = leave_rounds_out(&e, samples, n, order, joint, error);
    }
    gsl_set_error_handler(handler);
    gsl_permutation_free(order);
    if (status)
        joint_free(joint);
    return status;
}

double joint_standard_error(const struct joint *joint, size_t i)
{
    if (!joint->leave_out)
        return sqrt(fmax(joint->classical[i][i], 0));
    double g = (double)joint->n_rounds, mean = 0, sum = 0;
    for (size_t r = 0; r < joint->n_rounds; r++)
        mean += joint->leave_out[r * joint->q + i] / g;
    for (size_t r = 0; r < joint->n_rounds; r++) {
        double off = joint->leave_out[r * joint->q + i] - mean;
        sum += off * off;
    }
    return sqrt((g - 1) / g * sum);
}

double joint_dof(const struct joint *joint)
{
    return joint->leave_out ? (double)joint->n_rounds - 1 : joint->dof;
}

void joint_free(struct joint *joint)
{
    free(joint->leave_out);
    free(joint->rounds);
    joint->leave_out = NULL;
    joint->rounds = NULL;
    joint->n_rounds = 0;
}
