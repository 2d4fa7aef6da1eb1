// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Costs and break-evens by the objective. Everything compared grows with the round trip r along a
 * straight line (the energy-delay product along two), so that each break-even is a division, or the
 * root of a quadratic.
 */
#include "codegen/threshold.h"

#include <math.h>

static const double rounding_share = 1e-13;

static uint32_t clamped(const struct threshold *threshold, uint32_t n)
{
    return n < threshold->n_limit ? n : threshold->n_limit;
}

double threshold_edge_s(const struct threshold *threshold, uint32_t n)
{
    return cost_edge_s(&threshold->pair, clamped(threshold, n));
}

double threshold_remote_s(const struct threshold *threshold, uint32_t n)
{
    return cost_cloud_s(&threshold->pair, clamped(threshold, n), &threshold->link);
}

double threshold_round_trips(const struct threshold *threshold, uint32_t n)
{
    return cost_round_trips(&threshold->pair, clamped(threshold, n));
}

double threshold_cloud_s(const struct threshold *threshold, uint32_t n, double rtt_s)
{
    return threshold_round_trips(threshold, n) * rtt_s + threshold_remote_s(threshold, n);
}

/* ---- what grows with the round trip */

/* `edge` on the device; base + slope*r, with slope >= 0, at the endpoint. */
struct growing {
    double edge, base, slope;
};

static struct growing times(const struct threshold *threshold, uint32_t n)
{
    return (struct growing){threshold_edge_s(threshold, n), threshold_remote_s(threshold, n),
                            threshold_round_trips(threshold, n)};
}

static struct growing energies(const struct threshold *threshold, uint32_t n)
{
    const struct energy_pair *energy = &threshold->energy;
    const struct cost_model *wait = energy->parts[ENERGY_WAIT];
    uint32_t m = clamped(threshold, n);
    double slope = 0;
    if (!energy->edge)
        return (struct growing){NAN, NAN, NAN};
    if (wait)
        slope = wait->coefficients[0] * cost_round_trips(&energy->times, m);
    return (struct growing){energy_edge_j(energy, m), energy_cloud_j(energy, m, &threshold->link),
                            slope};
}

static struct growing weighted(const struct threshold *threshold, uint32_t n)
{
    const struct objective *objective = &threshold->objective;
    double w = objective->parameter, t = w / objective->mean_time_s;
    double e = (1 - w) / objective->mean_energy_j;
    struct growing time = times(threshold, n), energy = energies(threshold, n);
    if (w >= 1)
        return (struct growing){t * time.edge, t * time.base, t * time.slope};
    if (w <= 0)
        return (struct growing){e * energy.edge, e * energy.base, e * energy.slope};
    return (struct growing){t * time.edge + e * energy.edge, t * time.base + e * energy.base,
                            t * time.slope + e * energy.slope};
}

/* Never below 0, as the factors of a product have to be. */
static struct growing held(struct growing x)
{
    return (struct growing){fmax(x.edge, 0), fmax(x.base, 0), x.slope};
}

/* What an objective compares, and what it limits. */
static const struct {
    struct growing (*value)(const struct threshold *, uint32_t);
    struct growing (*limited)(const struct threshold *, uint32_t);
} rows[] = {
    [OBJECTIVE_TIME] = {times, NULL},
    [OBJECTIVE_ENERGY] = {energies, NULL},
    [OBJECTIVE_WEIGHTED] = {weighted, NULL},
    [OBJECTIVE_EDP] = {NULL, NULL}, /* a product */
    [OBJECTIVE_ENERGY_AT_DEADLINE] = {energies, times},
    [OBJECTIVE_TIME_AT_ENERGY] = {times, energies},
};
_Static_assert(sizeof rows / sizeof *rows == N_OBJECTIVES, "one row per objective");

static bool is_product(const struct threshold *threshold)
{
    return threshold->objective.kind == OBJECTIVE_EDP;
}

static bool is_limited(const struct threshold *threshold)
{
    return rows[threshold->objective.kind].limited != NULL;
}

struct expected_cost threshold_edge_cost(const struct threshold *threshold, uint32_t n)
{
    struct growing time = times(threshold, n), energy = energies(threshold, n);
    if (is_product(threshold)) {
        time = held(time);
        energy = held(energy);
    }
    return (struct expected_cost){time.edge, energy.edge};
}

struct expected_cost threshold_cloud_cost(const struct threshold *threshold, uint32_t n,
                                          double rtt_s)
{
    struct growing time = times(threshold, n), energy = energies(threshold, n);
    if (is_product(threshold)) {
        time = held(time);
        energy = held(energy);
    }
    return (struct expected_cost){time.base + time.slope * rtt_s,
                                  energy.base + energy.slope * rtt_s};
}

/* ---- which is better */

/* Whether two values of one rank are equal but for rounding. */
static bool is_tie(const struct threshold *threshold, uint32_t n, double rtt_s,
                   struct objective_value edge, struct objective_value cloud)
{
    struct growing time = times(threshold, n), energy = energies(threshold, n);
    struct expected_cost size = {fabs(time.base) + time.slope * rtt_s,
                                 fabs(energy.base) + energy.slope * rtt_s};
    double sizes = fabs(edge.value) + fabs(cloud.value);
    if (edge.rank != cloud.rank)
        return false;
    if (edge.rank == 0 && !is_product(threshold))
        sizes += objective_value_of(&threshold->objective, &size).value;
    return fabs(edge.value - cloud.value) <= rounding_share * sizes;
}

int threshold_best(const struct threshold *threshold, uint32_t n, double rtt_s)
{
    const struct expected_cost costs[] = {threshold_edge_cost(threshold, n),
                                          threshold_cloud_cost(threshold, n, rtt_s)};
    struct objective_value edge = objective_value_of(&threshold->objective, &costs[0]);
    struct objective_value cloud = objective_value_of(&threshold->objective, &costs[1]);
    if (is_tie(threshold, n, rtt_s, edge, cloud))
        return DECISION_EDGE;
    return (int)objective_best(&threshold->objective, costs, 2);
}

struct objective_regret threshold_regret(const struct threshold *threshold, uint32_t n,
                                         double rtt_s, int decision)
{
    const struct expected_cost costs[] = {threshold_edge_cost(threshold, n),
                                          threshold_cloud_cost(threshold, n, rtt_s)};
    struct objective_value edge = objective_value_of(&threshold->objective, &costs[0]);
    struct objective_value cloud = objective_value_of(&threshold->objective, &costs[1]);
    int best = threshold_best(threshold, n, rtt_s);
    if (best == decision || is_tie(threshold, n, rtt_s, edge, cloud))
        return (struct objective_regret){0, 0};
    return objective_regret_of(&threshold->objective, &costs[decision], &costs[best]);
}

static int rank(const struct threshold *threshold, const struct expected_cost *cost)
{
    return objective_value_of(&threshold->objective, cost).rank;
}

bool threshold_accepts(const struct threshold *threshold, uint32_t n, double rtt_s, int decision,
                       double max_regret)
{
    if (threshold_best(threshold, n, rtt_s) == decision)
        return true;
    struct expected_cost edge = threshold_edge_cost(threshold, n);
    struct expected_cost cloud = threshold_cloud_cost(threshold, n, rtt_s);
    return max_regret > 0 && rank(threshold, &edge) == rank(threshold, &cloud) &&
           threshold_regret(threshold, n, rtt_s, decision).relative <= max_regret;
}

/* ---- break-evens */

/* The round trip from which on the endpoint is not better than `edge`. */
static double crossing(double edge, double base, double slope)
{
    double gain = edge - base;
    if (fabs(gain) <= rounding_share * (fabs(edge) + fabs(base)))
        gain = 0;
    return slope > 0 ? gain / slope : gain > 0 ? INFINITY : -INFINITY;
}

/* The greatest round trip that keeps the endpoint within the limit. */
static double limit_of(const struct growing *x, double limit)
{
    return x->slope > 0 ? (limit - x->base) / x->slope : x->base <= limit ? INFINITY : -INFINITY;
}

/* (t.base + t.slope r)(e.base + e.slope r) = product; the root in the form that does not cancel. */
static double product_crossing(const struct growing *t, const struct growing *e, double product)
{
    double gain = product - t->base * e->base, square = t->slope * e->slope;
    double slope = t->slope * e->base + t->base * e->slope;
    if (fabs(gain) <= rounding_share * (product + t->base * e->base))
        return slope > 0 || square > 0 ? 0 : -INFINITY;
    if (gain < 0)
        return slope > 0 ? gain / slope : -INFINITY;
    double root = slope + sqrt(slope * slope + 4 * square * gain);
    return root > 0 ? 2 * gain / root : INFINITY;
}

/* Where the cost on the device is `scale` times what it is. */
static double break_even(const struct threshold *threshold, uint32_t n, double scale)
{
    if (is_product(threshold)) {
        struct growing t = held(times(threshold, n)), e = held(energies(threshold, n));
        return product_crossing(&t, &e, scale * t.edge * e.edge);
    }
    struct growing value = rows[threshold->objective.kind].value(threshold, n);
    double even = crossing(scale * value.edge, value.base, value.slope);
    if (!is_limited(threshold))
        return even;
    struct growing limited = rows[threshold->objective.kind].limited(threshold, n);
    double limit = limit_of(&limited, threshold->objective.parameter);
    if (limited.edge <= threshold->objective.parameter)
        return fmin(even, limit);
    return fmax(limit, crossing(scale * limited.edge, limited.base, limited.slope));
}

double threshold_s(const struct threshold *threshold, uint32_t n)
{
    return break_even(threshold, n, 1);
}

struct threshold_range threshold_range(const struct threshold *threshold, uint32_t n,
                                       double max_regret)
{
    double even = break_even(threshold, n, 1);
    if (max_regret <= 0)
        return (struct threshold_range){even, even};
    return (struct threshold_range){fmin(even, break_even(threshold, n, 1 / (1 + max_regret))),
                                    fmax(even, break_even(threshold, n, 1 + max_regret))};
}

/* ---- means */

static struct expected_cost mean_of_histogram(const struct threshold *threshold,
                                              const struct histogram *lengths)
{
    struct expected_cost sum = {0, 0};
    for (size_t i = 0; i < lengths->n; i++) {
        struct expected_cost cost = threshold_edge_cost(threshold, lengths->lengths[i]);
        double share = (double)lengths->counts[i] / (double)lengths->total;
        sum.time_s += share * cost.time_s;
        sum.energy_j += share * cost.energy_j;
    }
    return sum;
}

struct expected_cost threshold_edge_mean(const struct threshold *threshold,
                                         const struct histogram *lengths)
{
    struct expected_cost sum = {0, 0};
    if (lengths)
        return mean_of_histogram(threshold, lengths);
    for (size_t i = 0; i < threshold->n_pieces; i++) {
        uint32_t from = threshold->pieces[i].from, to = threshold->pieces[i].to;
        from = from < 1 ? 1 : from;
        to = to > threshold->n_max ? threshold->n_max : to;
        if (from > to)
            continue;
        struct expected_cost first = threshold_edge_cost(threshold, from);
        struct expected_cost last = threshold_edge_cost(threshold, to);
        double share = ((double)(to - from) + 1) / threshold->n_max;
        sum.time_s += share * (first.time_s + last.time_s) / 2;
        sum.energy_j += share * (first.energy_j + last.energy_j) / 2;
    }
    return sum;
}

/* ---- where answers change within a piece */

static bool edge_keeps_limit(const struct threshold *threshold, const void *user, uint32_t n)
{
    (void)user;
    struct growing limited = rows[threshold->objective.kind].limited(threshold, n);
    return limited.edge <= threshold->objective.parameter;
}

static bool cloud_keeps_limit(const struct threshold *threshold, const void *rtt_s, uint32_t n)
{
    struct growing limited = rows[threshold->objective.kind].limited(threshold, n);
    return limited.base + limited.slope * *(const double *)rtt_s <= threshold->objective.parameter;
}

static bool edge_costs(const struct threshold *threshold, const void *user, uint32_t n)
{
    (void)user;
    return rows[threshold->objective.kind].value(threshold, n).edge > 0;
}

static bool cloud_costs(const struct threshold *threshold, const void *rtt_s, uint32_t n)
{
    struct growing value = rows[threshold->objective.kind].value(threshold, n);
    return value.base + value.slope * *(const double *)rtt_s > 0;
}

/* Whether the limit, rather than the cost, is what changes the decision. */
static bool limit_binds(const struct threshold *threshold, const void *scale, uint32_t n)
{
    const double *factor = scale;
    struct growing value = rows[threshold->objective.kind].value(threshold, n);
    struct growing limited = rows[threshold->objective.kind].limited(threshold, n);
    double limit = limit_of(&limited, threshold->objective.parameter);
    const struct growing *compared =
        limited.edge <= threshold->objective.parameter ? &value : &limited;
    return crossing(*factor * compared->edge, compared->base, compared->slope) > limit;
}

enum status threshold_split_ranges(struct threshold *threshold, double max_regret,
                                   struct error *error)
{
    const double scales[] = {1, 1 + max_regret, 1 / (1 + max_regret)};
    enum status status = STATUS_OK;
    if (threshold->curved)
        return STATUS_OK;
    if (max_regret > 0)
        status = threshold_split(threshold, edge_costs, NULL, error);
    if (!status && is_limited(threshold))
        status = threshold_split(threshold, edge_keeps_limit, NULL, error);
    for (int i = 0; !status && is_limited(threshold) && i < (max_regret > 0 ? 3 : 1); i++)
        status = threshold_split(threshold, limit_binds, &scales[i], error);
    return status;
}

struct decision_question {
    double rtt_s, max_regret;
    int decision;
};

static bool is_accepted(const struct threshold *threshold, const void *user, uint32_t n)
{
    const struct decision_question *q = user;
    return threshold_accepts(threshold, n, q->rtt_s, q->decision, q->max_regret);
}

enum status threshold_split_decisions(struct threshold *threshold, double rtt_s, double max_regret,
                                      struct error *error)
{
    enum status status = STATUS_OK;
    if (threshold->curved)
        return STATUS_OK;
    if (is_limited(threshold)) {
        status = threshold_split(threshold, edge_keeps_limit, NULL, error);
        if (!status)
            status = threshold_split(threshold, cloud_keeps_limit, &rtt_s, error);
    }
    if (!status && max_regret > 0)
        status = threshold_split(threshold, edge_costs, NULL, error);
    if (!status && max_regret > 0)
        status = threshold_split(threshold, cloud_costs, &rtt_s, error);
    for (int decision = 0; !status && decision < 2; decision++) {
        const struct decision_question question = {rtt_s, max_regret, decision};
        status = threshold_split(threshold, is_accepted, &question, error);
    }
    return status;
}
