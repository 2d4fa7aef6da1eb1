// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/cost_set.h"

#include <math.h>

/* Beyond this (about 140 years, in J no less absurd) figures are not costs of an inference. */
static const double cost_max = 4.4e9;

static const double s_per_us = 1e-6, s_per_ps = 1e-12;

uint32_t link_state_value(const struct link_state *state, enum link_term term)
{
    const uint32_t values[N_LINK_TERMS] = {state->rtt_us, state->up_ps_per_byte,
                                           state->down_ps_per_byte};
    return values[term];
}

static uint32_t clamped(const struct cost_set *costs, uint32_t n)
{
    return n < costs->n_limit ? n : costs->n_limit;
}

static double power_of(const struct energy_pair *pair, enum energy_part part)
{
    return pair->parts[part] ? pair->parts[part]->coefficients[0] : 0;
}

/* ---- what there is */

bool cost_set_charges(const struct cost_set *costs, enum link_term direction)
{
    bool charges = false;
    for (size_t k = 1; k < costs->n_targets; k++)
        charges = charges || (direction == TERM_UP ? costs->times[k].charges_up
                                                   : costs->times[k].charges_down);
    return charges;
}

const struct energy_pair *cost_set_energy(const struct cost_set *costs)
{
    size_t least = 1;
    for (size_t k = 2; k < costs->n_targets; k++) {
        if (costs->energies[k].provenance > costs->energies[least].provenance)
            least = k;
    }
    return &costs->energies[least];
}

static size_t list_add(const struct cost_model **list, size_t n, const struct cost_model *model)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i] == model)
            return n;
    }
    if (model)
        list[n++] = model;
    return n;
}

static size_t list_pair(const struct cost_model **list, size_t n, const struct cost_pair *pair)
{
    n = list_add(list, n, pair->time_s);
    n = list_add(list, n, pair->remote_s);
    n = list_add(list, n, pair->round_trips);
    n = list_add(list, n, pair->charges_up ? pair->bytes_up : NULL);
    return list_add(list, n, pair->charges_down ? pair->bytes_down : NULL);
}

size_t cost_set_models(const struct cost_set *costs, const struct cost_model **list)
{
    bool energy = objective_needs_energy(&costs->objective);
    size_t n = list_pair(list, 0, &costs->times[1]);
    if (energy)
        n = list_add(list, n, costs->energies[1].edge);
    for (size_t k = 1; k < costs->n_targets; k++) {
        n = list_pair(list, n, &costs->times[k]);
        n = list_pair(list, n, &costs->means[k]);
        if (energy)
            n = list_add(list, n, costs->energies[k].cloud);
        for (int i = 0; energy && i < N_ENERGY_PARTS; i++)
            n = list_add(list, n, costs->energies[k].parts[i]);
    }
    return n;
}

/* Models of an endpoint that are constants say nothing about lengths. */
static bool has_lengths(const struct cost_model *model)
{
    return model->quantity == QUANTITY_TIME_S || model->quantity == QUANTITY_REMOTE_S ||
           model->quantity == QUANTITY_ENERGY_J;
}

static enum status check_models(struct cost_set *costs, struct error *error)
{
    const struct cost_model *list[COST_MODELS_MAX];
    size_t n = cost_set_models(costs, list);
    costs->n_max = INT32_MAX;
    for (size_t i = 0; i < n; i++) {
        const struct cost_model *model = list[i];
        bool power = model->quantity > QUANTITY_ROUND_TRIPS;
        if (power ? model->n_coefficients == 0 : model->n_segments == 0 || model->n_max == 0)
            return error_set(error, STATUS_INVALID,
                             "the %s model of \"%s\" is empty: fit it again with rnnfit",
                             quantity_name(model->quantity), model->target);
        if (has_lengths(model) && model->n_max < costs->n_max)
            costs->n_max = model->n_max;
        for (size_t s = 0; s < model->n_segments; s++)
            costs->curved = costs->curved || model->segments[s].quadratic < 0 ||
                            model->segments[s].quadratic > 0;
    }
    if (costs->n_max > COST_LENGTHS_MAX / 2)
        return error_set(error, STATUS_UNSUPPORTED,
                         "lengths up to %lu are too many for a decision between several endpoints "
                         "or by bandwidth (at most %d): choose --link rtt and one endpoint",
                         (unsigned long)costs->n_max, COST_LENGTHS_MAX / 2);
    costs->n_limit = 2 * costs->n_max;
    return STATUS_OK;
}

static bool is_cost(double value)
{
    return fabs(value) < cost_max;
}

static enum status check_costs(const struct cost_set *costs, struct error *error)
{
    bool time = objective_needs_time(&costs->objective);
    bool energy = objective_needs_energy(&costs->objective);
    for (size_t k = 0; k < costs->n_targets; k++) {
        for (uint32_t n = 0; n <= costs->n_limit; n++) {
            struct expected_cost cost = cost_set_expected(costs, k, n, &costs->design);
            double trips = k ? cost_round_trips(&costs->times[k], n) : 1;
            if ((time && !is_cost(cost.time_s)) || (energy && !is_cost(cost.energy_j)) ||
                !(trips > 0 && is_cost(trips)))
                return error_set(error, STATUS_INVALID,
                                 "at length %lu the models of target %zu say %g s, %g J and %g "
                                 "round trips: check the samples and fit again with rnnfit",
                                 (unsigned long)n, k, cost.time_s, cost.energy_j, trips);
        }
    }
    return STATUS_OK;
}

/* A link that differs from the design link in what products state. */
static struct cost_link any_other(const struct cost_set *costs)
{
    struct cost_link link = costs->design;
    if (costs->link != LINK_FIXED)
        link.rtt_s += 1;
    if (costs->link == LINK_BANDWIDTH) {
        link.up_s_per_byte += 1;
        link.down_s_per_byte += 1;
    }
    return link;
}

/* The means that `weighted` divides by, unless they are given. */
static enum status find_means(struct cost_set *costs, const struct histogram *lengths,
                              struct error *error)
{
    if (!objective_lacks_means(&costs->objective))
        return STATUS_OK;
    struct expected_cost mean = {0, 0};
    size_t n = lengths ? lengths->n : costs->n_max;
    for (size_t i = 0; i < n; i++) {
        uint32_t length = lengths ? lengths->lengths[i] : (uint32_t)i + 1;
        double share =
            lengths ? (double)lengths->counts[i] / (double)lengths->total : 1.0 / (double)n;
        struct expected_cost cost = cost_set_expected(costs, 0, length, NULL);
        mean.time_s += share * cost.time_s;
        mean.energy_j += share * cost.energy_j;
    }
    return objective_set_means(&costs->objective, &mean, error);
}

static enum status find_endpoint(struct cost_set *costs, const struct cost_inputs *inputs,
                                 const struct cost_link *other, size_t k, struct error *error)
{
    const char *edge = inputs->names[0], *cloud = inputs->names[k];
    enum status status = cost_pair_find(inputs->set, edge, cloud, &costs->times[k], error);
    if (!status)
        status = cost_pair_find(inputs->means, edge, cloud, &costs->means[k], error);
    if (!status && objective_needs_energy(inputs->objective))
        status = energy_pair_find(inputs->means, edge, cloud, other, &costs->energies[k], error);
    return status;
}

enum status cost_set_find(const struct cost_inputs *inputs, struct cost_set *costs,
                          struct error *error)
{
    enum status status = STATUS_OK;
    *costs = (struct cost_set){.objective = *inputs->objective,
                               .link = inputs->link,
                               .design = inputs->design,
                               .n_targets = inputs->n_targets};
    if (inputs->n_targets < 2 || inputs->n_targets > TARGETS_MAX)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%zu targets: a header decides between the device and 1 to %d endpoints",
                         inputs->n_targets, ENDPOINTS_MAX);
    if (!(inputs->design.rtt_s >= 0 && isfinite(inputs->design.rtt_s) &&
          isfinite(inputs->design.up_s_per_byte) && isfinite(inputs->design.down_s_per_byte)))
        return error_set(error, STATUS_MISUSE, "a design link without bandwidth makes no sense");
    struct cost_link other = any_other(costs);
    for (size_t k = 1; !status && k < inputs->n_targets; k++)
        status = find_endpoint(costs, inputs, &other, k, error);
    if (!status)
        status = check_models(costs, error);
    if (!status)
        status = find_means(costs, inputs->lengths, error);
    return status ? status : check_costs(costs, error);
}

/* ---- what it costs */

struct cost_link cost_set_link(const struct cost_set *costs, const struct link_state *state)
{
    struct cost_link link = costs->design;
    if (costs->link != LINK_FIXED)
        link.rtt_s = state->rtt_us * s_per_us;
    if (costs->link == LINK_BANDWIDTH) {
        link.up_s_per_byte = state->up_ps_per_byte * s_per_ps;
        link.down_s_per_byte = state->down_ps_per_byte * s_per_ps;
    }
    return link;
}

/* A product of two factors below 0 would be a cost again: there such a factor counts as 0. */
static double factor(const struct cost_set *costs, double cost)
{
    return costs->objective.kind == OBJECTIVE_EDP && cost < 0 ? 0 : cost;
}

struct expected_cost cost_set_expected(const struct cost_set *costs, size_t target, uint32_t n,
                                       const struct cost_link *link)
{
    struct expected_cost cost = {NAN, NAN};
    bool energy = objective_needs_energy(&costs->objective);
    double m = clamped(costs, n);
    if (target == 0) {
        cost.time_s = cost_edge_s(&costs->times[1], m);
        if (energy)
            cost.energy_j = energy_edge_j(&costs->energies[1], m);
    } else {
        cost.time_s = cost_cloud_s(&costs->times[target], m, link);
        if (energy)
            cost.energy_j = energy_cloud_j(&costs->energies[target], m, link);
    }
    return (struct expected_cost){factor(costs, cost.time_s), factor(costs, cost.energy_j)};
}

double cost_set_remote_s(const struct cost_set *costs, size_t target, uint32_t n)
{
    struct cost_link link = costs->design;
    link.rtt_s = 0;
    if (costs->link == LINK_BANDWIDTH)
        link.up_s_per_byte = link.down_s_per_byte = 0;
    return cost_cloud_s(&costs->means[target], clamped(costs, n), &link);
}

/* What of a link's state passes through as a cost: round trips, bytes, watts. */
static struct cost_terms time_terms(const struct cost_pair *pair, double m,
                                    const struct cost_link *least)
{
    const struct cost_link up = {0, 1, 0}, down = {0, 0, 1};
    return (struct cost_terms){cost_cloud_s(pair, m, least),
                               {s_per_us * cost_round_trips(pair, m),
                                s_per_ps * cost_link_s(pair, m, &up),
                                s_per_ps * cost_link_s(pair, m, &down)}};
}

static struct cost_terms energy_terms(const struct energy_pair *pair, double m,
                                      const struct cost_link *least)
{
    static const enum energy_part parts[N_LINK_TERMS] = {ENERGY_WAIT, ENERGY_TX, ENERGY_RX};
    struct cost_terms terms = time_terms(&pair->times, m, least);
    terms.base = energy_cloud_j(pair, m, least);
    for (size_t i = 0; i < N_LINK_TERMS; i++)
        terms.per[i] *= power_of(pair, parts[i]);
    return terms;
}

static struct cost_terms weigh(const struct cost_terms *a, double share_a,
                               const struct cost_terms *b, double share_b)
{
    struct cost_terms sum = {0};
    sum.base = (share_a > 0 ? share_a * a->base : 0) + (share_b > 0 ? share_b * b->base : 0);
    for (size_t i = 0; i < N_LINK_TERMS; i++)
        sum.per[i] =
            (share_a > 0 ? share_a * a->per[i] : 0) + (share_b > 0 ? share_b * b->per[i] : 0);
    return sum;
}

struct cost_terms cost_set_terms(const struct cost_set *costs, enum cost_kind kind, size_t target,
                                 uint32_t n)
{
    const struct objective *objective = &costs->objective;
    struct cost_terms time = {0}, energy = {0};
    struct cost_link least = costs->design;
    double m = clamped(costs, n);
    if (costs->link != LINK_FIXED)
        least.rtt_s = 0;
    if (costs->link == LINK_BANDWIDTH)
        least.up_s_per_byte = least.down_s_per_byte = 0;
    if (target == 0) {
        struct expected_cost cost = cost_set_expected(costs, 0, n, NULL);
        time.base = cost.time_s;
        energy.base = cost.energy_j;
    } else {
        time = time_terms(&costs->times[target], m, &least);
        if (objective_needs_energy(objective))
            energy = energy_terms(&costs->energies[target], m, &least);
    }
    double w = kind == COST_TIME ? 1 : kind == COST_ENERGY ? 0 : objective->parameter;
    bool means = kind == COST_WEIGHTED;
    struct cost_terms terms = weigh(&time, w / (means ? objective->mean_time_s : 1), &energy,
                                    (1 - w) / (means ? objective->mean_energy_j : 1));
    for (size_t i = 0; i < N_LINK_TERMS; i++) {
        if (costs->link == LINK_FIXED || (costs->link == LINK_RTT && i != TERM_RTT))
            terms.per[i] = 0;
    }
    return terms;
}
