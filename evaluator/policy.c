// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/policy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a request takes */

struct expected_cost cost_given_up(const struct ledger *ledger, const struct request *request,
                                   double after_s, const struct expected_cost *edge)
{
    return (struct expected_cost){after_s + edge->time_s,
                                  request_cloud_j(ledger, request, after_s) + edge->energy_j};
}

/* Behind others it may take too long to be waited for. */
struct expected_cost situation_cost(const struct situation *s, bool offload)
{
    const struct request *request = s->request;
    struct expected_cost edge = {request->edge_s, request->edge_j};
    if (!offload)
        return (struct expected_cost){s->edge_wait_s + edge.time_s, edge.energy_j};
    if (request->failed)
        return cost_given_up(s->ledger, request, request->cloud_s, &edge);
    double cloud_s = request->cloud_s + s->cloud_wait_s;
    if (cloud_s > s->ledger->timeout_s)
        return cost_given_up(s->ledger, request, s->ledger->timeout_s, &edge);
    return (struct expected_cost){cloud_s, request_cloud_j(s->ledger, request, cloud_s)};
}

struct expected_cost situation_expected(const struct situation *s, bool offload)
{
    const struct request *request = s->request;
    struct expected_cost edge = {request->expected_edge_s, request->expected_edge_j};
    if (!offload)
        return (struct expected_cost){s->edge_wait_s + edge.time_s, edge.energy_j};
    double cloud_s = request->expected_cloud_s + s->cloud_wait_s;
    if (s->cloud_wait_s > 0 && cloud_s > s->ledger->timeout_s)
        return cost_given_up(s->ledger, request, s->ledger->timeout_s, &edge);
    return (struct expected_cost){cloud_s, request->expected_cloud_j +
                                               s->ledger->energy.p_wait_w * s->cloud_wait_s};
}

/* Comparisons with what is not known, NAN, are false: the device. */
bool cloud_is_better(const struct ledger *ledger, const struct expected_cost *edge,
                     const struct expected_cost *cloud)
{
    const struct expected_cost costs[] = {*edge, *cloud};
    return objective_best(&ledger->objective, costs, 2) == 1;
}

/* ---- policies */

static bool never(const struct situation *s)
{
    (void)s;
    return false;
}

static bool always(const struct situation *s)
{
    (void)s;
    return true;
}

static bool toss(const struct situation *s)
{
    return random_u64(s->coin) >> 63;
}

static bool fixed(const struct situation *s)
{
    return (s->length->n >= s->hindsight->threshold) == s->hindsight->above;
}

static bool by_models(const struct ledger *ledger, const struct known_length *length,
                      const struct cost_link *link)
{
    struct expected_cost edge = known_edge_cost(length);
    struct expected_cost cloud = known_cloud_cost(ledger, length, link);
    return cloud_is_better(ledger, &edge, &cloud);
}

static bool naive(const struct situation *s)
{
    return by_models(s->ledger, s->length, &s->ledger->mean);
}

static bool design(const struct situation *s)
{
    return s->length->design;
}

static uint64_t microseconds(double s)
{
    return s <= 0 ? 0 : s * 1e6 >= UINT32_MAX ? UINT32_MAX : (uint64_t)llround(s * 1e6);
}

static uint32_t picoseconds(double s_per_byte)
{
    return s_per_byte <= 0                   ? 0
           : s_per_byte * 1e12 >= UINT32_MAX ? UINT32_MAX
                                             : (uint32_t)llround(s_per_byte * 1e12);
}

static bool by_bandwidth(const struct link_table *table, uint32_t n, const struct cost_link *link)
{
    const struct link_state state = {(uint32_t)microseconds(link->rtt_s),
                                     picoseconds(link->up_s_per_byte),
                                     picoseconds(link->down_s_per_byte)};
    return link_table_choose(table, n, &state) != DECISION_EDGE;
}

bool would_offload(const struct ledger *ledger, const struct known_length *length,
                   const struct cost_link *link)
{
    if (isinf(link->rtt_s))
        return false;
    if (!ledger->by_table)
        return ledger->by_bandwidth ? by_bandwidth(ledger->by_bandwidth, length->n, link)
                                    : by_models(ledger, length, link);
    return microseconds(link->rtt_s) < length->break_even_us;
}

static bool tracked(const struct situation *s)
{
    return would_offload(s->ledger, s->length, s->believed);
}

static bool known(const struct situation *s)
{
    const struct request *request = s->request;
    return by_models(
        s->ledger, s->length,
        &(struct cost_link){request->rtt_s, request->up_s_per_byte, request->down_s_per_byte});
}

/* As if every request told the link, too late for itself. */
static bool lagged(const struct situation *s)
{
    const struct request *request = s->request;
    if (request > s->ledger->requests)
        request--;
    return by_models(
        s->ledger, s->length,
        &(struct cost_link){request->rtt_s, request->up_s_per_byte, request->down_s_per_byte});
}

static bool oracle(const struct situation *s)
{
    struct expected_cost edge = situation_expected(s, false), cloud = situation_expected(s, true);
    return cloud_is_better(s->ledger, &edge, &cloud);
}

static bool clairvoyant(const struct situation *s)
{
    struct expected_cost edge = situation_cost(s, false), cloud = situation_cost(s, true);
    return cloud_is_better(s->ledger, &edge, &cloud);
}

const struct policy policies[] = {
    {"edge", "everything on the device", never, NULL, false, 0},
    {"cloud", "everything at the endpoint", always, NULL, false, 0},
    {"random", "a fair coin for each request", toss, NULL, false, 0},
    {"fixed", "the best length threshold, known only afterwards", fixed, NULL, false, 0},
    {"naive", "the fitted models at the mean link of the whole run", naive, NULL, false, 0},
    {"design", "the generated header at the link it was designed for", design, NULL, false, 0},
    {"last-value", "the generated header at the last round trip seen", tracked, &belief_last, true,
     0},
    {"plain-mean", "the generated header at the mean of those seen", tracked, &belief_mean, true,
     0},
    {"rfc6298", "the generated header at those seen, smoothed for good", tracked, &belief_rfc6298,
     true, 0},
    {"smoothed", "the generated header at those seen, smoothed, forgotten after a minute", tracked,
     &belief_smoothed, true, 0},
    {"patient", "rnnmap, but waiting for every answer", tracked, &belief_tracker, true, 0},
    {"rnnmap", "the generated header with its tracker of the link", tracked, &belief_tracker, false,
     1 << RNNMAP_LINK_PATIENCE_SHIFT},
    {"lagged", "the fitted models at the true link of the request before", lagged, NULL, true, 0},
    {"known", "the fitted models at the true link", known, NULL, false, 0},
    {"oracle", "least expected cost at the true link", oracle, NULL, false, 0},
    {"clairvoyant", "the better of the two runs", clairvoyant, NULL, false, 0},
};
const size_t n_policies = sizeof policies / sizeof *policies;
_Static_assert(sizeof policies / sizeof *policies <= MAX_POLICIES, "room for a flag per policy");

int policy_find(const char *name)
{
    for (size_t i = 0; i < n_policies; i++) {
        if (strcmp(policies[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

/* ---- hindsight */

enum status hindsight_find(const struct ledger *ledger, struct hindsight *best, struct error *error)
{
    double *gains = calloc(ledger->n_lengths, sizeof *gains); /* of offloading, by length */
    double all = 0, below = 0, most = 0;
    *best = (struct hindsight){UINT32_MAX, true};
    if (!gains)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a threshold");
    for (size_t i = 0; i < ledger->n; i++) {
        struct situation s = {.ledger = ledger, .request = &ledger->requests[i]};
        struct expected_cost edge = situation_cost(&s, false), cloud = situation_cost(&s, true);
        double gain = ledger_price(ledger, &edge) - ledger_price(ledger, &cloud);
        gains[s.request->place] += gain;
        all += gain;
    }
    for (size_t l = 0; l < ledger->n_lengths; l++) { /* ascending */
        if (all - below > most || below > most) {
            most = fmax(all - below, below);
            *best = (struct hindsight){ledger->lengths[l].n, all - below >= below};
        }
        below += gains[l];
    }
    free(gains);
    return STATUS_OK;
}
