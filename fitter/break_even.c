// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/break_even.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

static const char *const verdicts[] = {
    [VERDICT_CROSSING] = "crossing",
    [VERDICT_ALWAYS_EDGE] = "always_edge",
    [VERDICT_ALWAYS_CLOUD] = "always_cloud",
    [VERDICT_NONE_IN_RANGE] = "none_in_range",
};
_Static_assert(sizeof verdicts / sizeof *verdicts == N_VERDICTS, "a name each");

const char *verdict_name(enum verdict verdict)
{
    return verdicts[verdict];
}

/* edge - cloud as a line d0 + d1*n, and the covariance of d0 and d1. */
struct difference {
    double d[2];
    double v00, v01, v11;
    double dof;
};

static double coefficient(const struct cost_model *model, size_t i)
{
    return i < model->n_coefficients ? model->coefficients[i] : 0;
}

/* cov(a_i, b_j), 0 where a model has no such coefficient. */
static double covariance(const struct model_set *set, const struct cost_model *a, size_t i,
                         const struct cost_model *b, size_t j)
{
    return i < a->n_coefficients && j < b->n_coefficients ? model_set_covariance(set, a, i, b, j)
                                                          : 0;
}

static double difference_covariance(const struct model_set *set, const struct cost_model *edge,
                                    const struct cost_model *cloud, size_t i, size_t j)
{
    return covariance(set, edge, i, edge, j) + covariance(set, cloud, i, cloud, j) -
           covariance(set, edge, i, cloud, j) - covariance(set, cloud, i, edge, j);
}

static double variance_at(const struct model_set *set, const struct cost_model *model, double n)
{
    return covariance(set, model, 0, model, 0) + 2 * n * covariance(set, model, 0, model, 1) +
           n * n * covariance(set, model, 1, model, 1);
}

/* Rounds shared: their number less one. Else the two variances' own, pooled at the break-even
 * (Satterthwaite 1946). */
static double pooled_dof(const struct model_set *set, const struct cost_model *edge,
                         const struct cost_model *cloud, double n)
{
    if (set->n_rounds > 0)
        return fmin(edge->dof, cloud->dof);
    double a = variance_at(set, edge, n), b = variance_at(set, cloud, n);
    if (!(a + b > 0))
        return edge->dof + cloud->dof;
    return (a + b) * (a + b) / (a * a / edge->dof + b * b / cloud->dof);
}

/* The roots of a n^2 + 2 b n + c <= 0 with a > 0 (Fieller's set is this interval then). */
static bool fieller(const struct difference *x, double t, double *low, double *high)
{
    double a = x->d[1] * x->d[1] - t * t * x->v11;
    double b = x->d[0] * x->d[1] - t * t * x->v01;
    double c = x->d[0] * x->d[0] - t * t * x->v00;
    double root = b * b - a * c;
    if (!(a > 0) || root < 0)
        return false;
    root = sqrt(root);
    *low = (-b - root) / a;
    *high = (-b + root) / a;
    return true;
}

static enum status subtract(const struct model_set *set, const struct cost_model *edge,
                            const struct cost_model *cloud, double rtt_s, struct difference *x,
                            struct error *error)
{
    const struct cost_model *models[] = {edge, cloud};
    for (int i = 0; i < 2; i++) {
        if (models[i]->form != FORM_CONSTANT && models[i]->form != FORM_LINEAR)
            return error_set(error, STATUS_UNSUPPORTED,
                             "no break-even for the %s form of %s in this version",
                             form_name(models[i]->form), models[i]->target);
    }
    for (size_t i = 0; i < 2; i++)
        x->d[i] = coefficient(edge, i) - coefficient(cloud, i);
    x->d[0] -= rtt_s;
    x->v00 = difference_covariance(set, edge, cloud, 0, 0);
    x->v01 = difference_covariance(set, edge, cloud, 0, 1);
    x->v11 = difference_covariance(set, edge, cloud, 1, 1);
    x->dof = pooled_dof(set, edge, cloud, x->d[1] != 0 ? -x->d[0] / x->d[1] : 0);
    return STATUS_OK;
}

enum status break_even_time(const struct model_set *set, const char *edge, const char *cloud,
                            double rtt_s, struct break_even *result, struct error *error)
{
    const struct cost_model *e = model_set_find(set, edge, QUANTITY_TIME_S);
    const struct cost_model *c = model_set_find(set, cloud, QUANTITY_REMOTE_S);
    struct difference x = {0};
    *result = (struct break_even){.rtt_s = rtt_s};
    if (!e || !c)
        return error_set(error, STATUS_NOT_FOUND, "no model of %s for target %s",
                         e ? "remote_s" : "time_s", e ? cloud : edge);
    enum status status = subtract(set, e, c, rtt_s, &x, error);
    if (status)
        return status;
    double n_max = fmin(e->n_max, c->n_max), t = gsl_cdf_tdist_Pinv(0.975, x.dof);
    double at_1 = x.d[0] + x.d[1], at_max = x.d[0] + x.d[1] * n_max;
    bool bends = fabs(x.d[1]) > t * sqrt(fmax(x.v11, 0));
    /* A difference of 0 goes to the device: ties do. */
    if ((at_1 > 0) != (at_max > 0)) {
        result->verdict = VERDICT_CROSSING;
        result->length = -x.d[0] / x.d[1];
        result->cloud_above = x.d[1] > 0;
        result->has_interval = fieller(&x, t, &result->low, &result->high);
        return STATUS_OK;
    }
    bool closing = bends && (at_1 > 0 ? x.d[1] < 0 : x.d[1] > 0);
    result->cloud_above = closing ? x.d[1] > 0 : at_1 > 0;
    result->verdict = closing    ? VERDICT_NONE_IN_RANGE
                      : at_1 > 0 ? VERDICT_ALWAYS_CLOUD
                                 : VERDICT_ALWAYS_EDGE;
    return STATUS_OK;
}
