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
    if (!isfinite(a + b))
        return fmin(edge_dof, cloud_dof);
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

/* Takes the crossing last found into the list. */
static void list_crossing(struct break_even *result, bool cloud_above)
{
    if (result->n_crossings < BREAK_EVEN_CROSSINGS)
        result->crossings[result->n_crossings] = (struct crossing){
            result->length, result->low, result->high, result->has_interval, cloud_above};
    result->n_crossings++;
}

/* Within one line. */
static void cross(const struct difference *x, struct break_even *result)
{
    result->length = -x->d[0] / x->d[1];
    result->has_interval = fieller(x, x->t, &result->low, &result->high);
    if (result->has_interval && !x->first)
        result->low = fmax(result->low, x->from);
    if (result->has_interval && !x->last)
        result->high = fmin(result->high, x->to);
    list_crossing(result, x->d[1] > 0);
}

/* From the end of one line to the start of the next. */
static void jump(const struct difference *before, const struct difference *x,
                 struct break_even *result)
{
    result->length = x->from;
    result->low = before->to;
    result->high = x->from;
    result->has_interval = significant_at(before, before->to) && significant_at(x, x->from);
    list_crossing(result, value_at(x, x->from) > 0);
}

/* Without a crossing: whether the two close in on each other beyond the lengths measured. */
static void judge_apart(double slope, bool significant, struct break_even *result)
{
    bool cloud_cheaper = result->cloud_above;
    bool closing = significant && (cloud_cheaper ? slope < 0 : slope > 0);
    result->cloud_above = closing ? slope > 0 : cloud_cheaper;
    result->verdict = closing         ? VERDICT_NONE_IN_RANGE
                      : cloud_cheaper ? VERDICT_ALWAYS_CLOUD
                                      : VERDICT_ALWAYS_EDGE;
}

static void judge_lines(const struct cost_line *edge, const struct cost_line *cloud,
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
    judge_apart(x.d[1], fabs(x.d[1]) > x.t * sqrt(fmax(x.v11, 0)), result);
}
/* ---- costs of any form */

/* edge - cloud, and how many standard errors of it are significant. */
struct gap {
    struct cost_line line;
    double t;
};

static double gap_at(const struct gap *gap, double n)
{
    return cost_line_value(&gap->line, n);
}

static double half_at(const struct gap *gap, double n)
{
    return gap->t * sqrt(fmax(cost_line_variance(&gap->line, n), 0));
}

/* From a crossing, on to where the difference is significant; NAN: not within `limit`. */
static double find_end(const struct gap *gap, double from, double limit)
{
    double slope = fabs(cost_line_slope(&gap->line, from)), far = fabs(limit - from);
    double step = slope > 0 ? half_at(gap, from) / slope / 64 : far / 64;
    double inside = from, outside, off = fmin(fmax(step, far * 1e-9), far / 64);
    for (double total = off;; total += off, off *= 1.02) {
        if (total > far)
            return NAN;
        outside = limit > from ? from + total : from - total;
        if (fabs(gap_at(gap, outside)) > half_at(gap, outside))
            break;
        inside = outside;
    }
    for (int i = 0; i < 60; i++) {
        double middle = (inside + outside) / 2;
        if (fabs(gap_at(gap, middle)) > half_at(gap, middle))
            outside = middle;
        else
            inside = middle;
    }
    return (inside + outside) / 2;
}

static void cross_at(const struct gap *gap, double n, double n_max, bool cloud_above,
                     struct break_even *result)
{
    result->length = n;
    result->low = find_end(gap, n, -n_max);
    result->high = find_end(gap, n, 4 * n_max);
    result->has_interval = !isnan(result->low) && !isnan(result->high);
    list_crossing(result, cloud_above);
}

/* Within a .. b, where the difference is a parabola at most. */
static void cross_piece(const struct gap *gap, double a, double b, double n_max,
                        struct break_even *result)
{
    double middle = gap_at(gap, (a + b) / 2), from = gap_at(gap, a), to = gap_at(gap, b);
    double c2 = 2 * (from - 2 * middle + to), c1 = to - from - c2, roots[2];
    bool bent = fabs(c2) > 1e-9 * (fabs(from) + fabs(middle) + fabs(to));
    int n = 0;
    double root = c1 * c1 - 4 * c2 * from;
    if (bent && root > 0) { /* without cancellation */
        double q = -(c1 + copysign(sqrt(root), c1)) / 2;
        roots[n++] = fmin(q / c2, from / q);
        roots[n++] = fmax(q / c2, from / q);
    } else if (!bent && (from > 0) != (to > 0)) {
        roots[n++] = from / (from - to);
    }
    for (int i = 0; i < n; i++) {
        if (roots[i] >= 0 && roots[i] < 1)
            cross_at(gap, a + (b - a) * roots[i], n_max, c1 + 2 * c2 * roots[i] > 0, result);
    }
}

static void jump_at(const struct gap *gap, double n, struct break_even *result)
{
    result->length = n + 1;
    result->low = n;
    result->high = n + 1;
    result->has_interval =
        fabs(gap_at(gap, n)) > half_at(gap, n) && fabs(gap_at(gap, n + 1)) > half_at(gap, n + 1);
    list_crossing(result, gap_at(gap, n + 1) > 0);
}

enum { MAX_BREAKS = 256 };

static void judge_curves(const struct gap *gap, double n_max, struct break_even *result)
{
    struct cost_line_break breaks[MAX_BREAKS + 1];
    size_t n = cost_line_breaks(&gap->line, 1, n_max, breaks, MAX_BREAKS);
    double from = 1;
    breaks[n++] = (struct cost_line_break){n_max, false};
    for (size_t i = 0; i < n; i++) {
        double to = breaks[i].at;
        if (to > from)
            cross_piece(gap, from, to, n_max, result);
        if (breaks[i].jump && (gap_at(gap, to) > 0) != (gap_at(gap, to + 1) > 0))
            jump_at(gap, to, result);
        from = fmax(from, breaks[i].jump ? to + 1 : to);
    }
    result->cloud_above = gap_at(gap, n_max) > 0;
    double beyond = 2 * n_max, margin = gap_at(gap, beyond);
    bool closes = (margin > 0) != result->cloud_above && fabs(margin) > half_at(gap, beyond);
    if (result->n_crossings == 0)
        judge_apart(cost_line_slope(&gap->line, n_max), closes, result);
}

/* ---- both */

/* Over places between the ends, and the breaks. */
static void find_evidence(const struct gap *gap, double n_max, struct break_even *result)
{
    enum { PLACES = 256 };
    struct cost_line_break breaks[MAX_BREAKS];
    size_t n = cost_line_breaks(&gap->line, 1, n_max, breaks, MAX_BREAKS);
    double least = INFINITY;
    result->evidence = (struct evidence){result->length, 0, half_at(gap, result->length)};
    for (size_t i = 0; result->n_crossings == 0 && i <= PLACES + n; i++) {
        double at = i <= PLACES ? 1 + (n_max - 1) * (double)i / PLACES : breaks[i - PLACES - 1].at;
        double margin = gap_at(gap, at), half = half_at(gap, at);
        double errors = fabs(margin) / fmax(half, 1e-300);
        if (errors < least)
            result->evidence = (struct evidence){at, margin, half};
        least = fmin(least, errors);
    }
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
    double n_max = fmin(pair.time_s->n_max, pair.remote_s->n_max);
    struct gap gap = {.line = cost_line_subtract(&e, &c)};
    gap.t = gsl_cdf_tdist_Pinv(0.975, pooled_dof(&e, &c, n_max / 2));
    if (cost_line_bent(&e) || cost_line_bent(&c))
        judge_curves(&gap, n_max, result);
    else
        judge_lines(&e, &c, pair.round_trips, n_max, result);
    find_evidence(&gap, n_max, result);
    return STATUS_OK;
}

/* ---- energies */

/* The fewest degrees of freedom behind any of a line's models. */
static double least_dof(const struct cost_line *line)
{
    double least = INFINITY;
    for (size_t i = 0; i < line->n_terms; i++)
        least = fmin(least, line->terms[i].model->dof);
    for (size_t i = 0; i < line->n_factors; i++)
        least = fmin(least, line->factors[i].model->dof);
    return fmax(least, 1);
}

enum status break_even_energy(const struct model_set *set, const char *edge, const char *cloud,
                              const struct cost_link *link, struct break_even *result,
                              enum provenance *provenance, struct error *error)
{
    struct energy_pair pair;
    enum status status = energy_pair_find(set, edge, cloud, link, &pair, error);
    if (status)
        return status;
    *provenance = pair.provenance;
    *result = (struct break_even){
        .verdict = VERDICT_CROSSING,
        .rtt_s = link->rtt_s,
        .up_s_per_byte = pair.times.charges_up ? link->up_s_per_byte : NAN,
        .down_s_per_byte = pair.times.charges_down ? link->down_s_per_byte : NAN,
    };
    if (isinf(link->rtt_s) || isinf(result->up_s_per_byte) || isinf(result->down_s_per_byte))
        return error_set(error, STATUS_MISUSE, "no break-even over a link without bandwidth");
    struct cost_line e = cost_line_edge_j(set, &pair), c = cost_line_cloud_j(set, &pair, link);
    const struct cost_model *remote = pair.cloud ? pair.cloud : pair.times.remote_s;
    double n_max = fmin(pair.edge->n_max, remote->n_max);
    struct gap gap = {.line = cost_line_subtract(&e, &c)};
    gap.t = gsl_cdf_tdist_Pinv(0.975, fmin(least_dof(&e), least_dof(&c)));
    judge_curves(&gap, n_max, result);
    find_evidence(&gap, n_max, result);
    return STATUS_OK;
}
