// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/break_even.h"

#include "fitter/cost_line.h"

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

/* edge - cloud as a line d0 + d1*n over lengths from .. to, and the covariance of d0 and d1. */
struct difference {
    double d[2];
    double v00, v01, v11;
    double t; /* 97.5 % of Student's t at its degrees of freedom */
    double from, to;
    bool first, last; /* of the lines over 1 .. n_max */
};

static double value_at(const struct difference *x, double n)
{
    return x->d[0] + x->d[1] * n;
}

static bool significant_at(const struct difference *x, double n)
{
    double variance = x->v00 + 2 * n * x->v01 + n * n * x->v11;
    return fabs(value_at(x, n)) > x->t * sqrt(fmax(variance, 0));
}

/* Rounds shared: their number less one. Else the two variances' own, pooled at the break-even
 * (Satterthwaite 1946). */
static double pooled_dof(const struct cost_line *edge, const struct cost_line *cloud, double n)
{
    double edge_dof = edge->terms[0].model->dof, cloud_dof = cloud->terms[0].model->dof;
    if (edge->set->n_rounds > 0)
        return fmin(edge_dof, cloud_dof);
    double a = cost_line_variance(edge, n), b = cost_line_variance(cloud, n);
    if (!(a + b > 0))
        return edge_dof + cloud_dof;
    return (a + b) * (a + b) / (a * a / edge_dof + b * b / cloud_dof);
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

/* The difference as it is at length `from`. */
static struct difference line_from(const struct cost_line *edge, const struct cost_line *cloud,
                                   double from, double to)
{
    struct cost_line line = cost_line_subtract(edge, cloud);
    struct difference x = {
        .d = {cost_line_coefficient(&line, 0, from), cost_line_coefficient(&line, 1, from)},
        .v00 = cost_line_covariance(&line, 0, 0, from),
        .v01 = cost_line_covariance(&line, 0, 1, from),
        .v11 = cost_line_covariance(&line, 1, 1, from),
        .from = from,
        .to = to,
    };
    double dof = pooled_dof(edge, cloud, x.d[1] != 0 ? -x.d[0] / x.d[1] : 0);
    x.t = gsl_cdf_tdist_Pinv(0.975, dof);
    return x;
}

/* The line after `x` (NULL: the first one); its last length is where the round trips change. */
static struct difference next_line(const struct cost_line *edge, const struct cost_line *cloud,
                                   const struct cost_model *trips, double n_max,
                                   const struct difference *x)
{
    double from = x ? x->to + 1 : 1, to = n_max;
    for (size_t i = 0; trips && i + 1 < trips->n_segments; i++) {
        if (trips->segments[i].to >= from)
            to = fmin(to, trips->segments[i].to);
    }
    struct difference next = line_from(edge, cloud, from, to);
    next.first = !x;
    next.last = to >= n_max;
    return next;
}

/* Within one line. */
static void cross(const struct difference *x, struct break_even *result)
{
    result->n_crossings++;
    result->length = -x->d[0] / x->d[1];
    result->has_interval = fieller(x, x->t, &result->low, &result->high);
    if (result->has_interval && !x->first)
        result->low = fmax(result->low, x->from);
    if (result->has_interval && !x->last)
        result->high = fmin(result->high, x->to);
}

/* From the end of one line to the start of the next. */
static void jump(const struct difference *before, const struct difference *x,
                 struct break_even *result)
{
    result->n_crossings++;
    result->length = x->from;
    result->low = before->to;
    result->high = x->from;
    result->has_interval = significant_at(before, before->to) && significant_at(x, x->from);
}

static void judge(const struct cost_line *edge, const struct cost_line *cloud,
                  const struct cost_model *trips, double n_max, struct break_even *result)
{
    struct difference x = next_line(edge, cloud, trips, n_max, NULL);
    for (;;) {
        /* A difference of 0 goes to the device: ties do. */
        bool from = value_at(&x, x.from) > 0, to = value_at(&x, x.to) > 0;
        if (from != to)
            cross(&x, result);
        result->cloud_above = to;
        if (x.last)
            break;
        struct difference before = x;
        x = next_line(edge, cloud, trips, n_max, &before);
        if ((value_at(&x, x.from) > 0) != to)
            jump(&before, &x, result);
    }
    if (result->n_crossings > 0)
        return;
    bool cloud_cheaper = result->cloud_above;
    bool bends = fabs(x.d[1]) > x.t * sqrt(fmax(x.v11, 0));
    bool closing = bends && (cloud_cheaper ? x.d[1] < 0 : x.d[1] > 0);
    result->cloud_above = closing ? x.d[1] > 0 : cloud_cheaper;
    result->verdict = closing         ? VERDICT_NONE_IN_RANGE
                      : cloud_cheaper ? VERDICT_ALWAYS_CLOUD
                                      : VERDICT_ALWAYS_EDGE;
}

enum status break_even_time(const struct model_set *set, const char *edge, const char *cloud,
                            const struct cost_link *link, struct break_even *result,
                            struct error *error)
{
    struct cost_pair pair;
    enum status status = cost_pair_find(set, edge, cloud, &pair, error);
    *result = (struct break_even){
        .verdict = VERDICT_CROSSING,
        .rtt_s = link->rtt_s,
        .up_s_per_byte = pair.charges_up ? link->up_s_per_byte : NAN,
        .down_s_per_byte = pair.charges_down ? link->down_s_per_byte : NAN,
    };
    if (status)
        return status;
    if (isinf(link->rtt_s) || isinf(result->up_s_per_byte) || isinf(result->down_s_per_byte))
        return error_set(error, STATUS_MISUSE, "no break-even over a link without bandwidth");
    struct cost_line e = cost_line_edge(set, &pair), c = cost_line_cloud(set, &pair, link);
    const struct cost_model *bent = cost_line_bent(&e) ? cost_line_bent(&e) : cost_line_bent(&c);
    if (bent)
        return error_set(error, STATUS_UNSUPPORTED,
                         "no break-even for the %s form of %s in this version",
                         form_name(bent->form), bent->target);
    judge(&e, &c, pair.round_trips, fmin(pair.time_s->n_max, pair.remote_s->n_max), result);
    return STATUS_OK;
}
