// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/policy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a request takes */

/* Behind others it may take too long to be waited for. */
double situation_cost_s(const struct situation *s, bool offload)
{
    const struct request *request = s->request;
    if (!offload)
        return s->edge_wait_s + request->edge_s;
    if (request->failed)
        return request->cloud_s + request->edge_s;
    double cloud_s = request->cloud_s + s->cloud_wait_s;
    return cloud_s > s->ledger->timeout_s ? s->ledger->timeout_s + request->edge_s : cloud_s;
}

double situation_expected_s(const struct situation *s, bool offload)
{
    const struct request *request = s->request;
    if (!offload)
        return s->edge_wait_s + request->expected_edge_s;
    double cloud_s = request->expected_cloud_s + s->cloud_wait_s;
    return s->cloud_wait_s > 0 && cloud_s > s->ledger->timeout_s
               ? s->ledger->timeout_s + request->expected_edge_s
               : cloud_s;
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

/* Comparisons with an unknown round trip, NAN, are false: the device. */
static bool by_models(const struct known_length *length, const struct cost_link *link)
{
    return known_cloud_s(length, link) < length->edge_s;
}

static bool naive(const struct situation *s)
{
    return by_models(s->length, &s->ledger->mean);
}

static bool design(const struct situation *s)
{
    return s->length->design;
}

static uint64_t microseconds(double s)
{
    return s <= 0 ? 0 : s * 1e6 >= UINT32_MAX ? UINT32_MAX : (uint64_t)llround(s * 1e6);
}

bool would_offload(const struct ledger *ledger, const struct known_length *length,
                   const struct cost_link *link)
{
    if (isinf(link->rtt_s))
        return false;
    if (!ledger->by_table)
        return by_models(length, link);
    return microseconds(link->rtt_s) < length->break_even_us;
}

static bool tracked(const struct situation *s)
{
    return would_offload(s->ledger, s->length, s->believed);
}

static bool known(const struct situation *s)
{
    const struct request *request = s->request;
    return by_models(s->length, &(struct cost_link){request->rtt_s, request->up_s_per_byte,
                                                    request->down_s_per_byte});
}

static bool oracle(const struct situation *s)
{
    return situation_expected_s(s, true) < situation_expected_s(s, false);
}

static bool clairvoyant(const struct situation *s)
{
    return situation_cost_s(s, true) < situation_cost_s(s, false);
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
    {"rnnmap", "the generated header with its tracker of the link", tracked, &belief_tracker, false,
     0},
    {"impatient", "rnnmap, giving up what takes twice as long as the device", tracked,
     &belief_tracker, true, 2},
    {"known", "the fitted models at the true link", known, NULL, false, 0},
    {"oracle", "least expected time at the true link", oracle, NULL, false, 0},
    {"clairvoyant", "the faster of the two runs", clairvoyant, NULL, false, 0},
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
    double *gains_s = calloc(ledger->n_lengths, sizeof *gains_s); /* of offloading, by length */
    double all = 0, below = 0, most = 0;
    *best = (struct hindsight){UINT32_MAX, true};
    if (!gains_s)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a threshold");
    for (size_t i = 0; i < ledger->n; i++) {
        struct situation s = {.ledger = ledger, .request = &ledger->requests[i]};
        double gain_s = situation_cost_s(&s, false) - situation_cost_s(&s, true);
        gains_s[s.request->place] += gain_s;
        all += gain_s;
    }
    for (size_t l = 0; l < ledger->n_lengths; l++) { /* ascending */
        if (all - below > most || below > most) {
            most = fmax(all - below, below);
            *best = (struct hindsight){ledger->lengths[l].n, all - below >= below};
        }
        below += gains_s[l];
    }
    free(gains_s);
    return STATUS_OK;
}
