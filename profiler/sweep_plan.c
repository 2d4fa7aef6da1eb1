// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/sweep_plan_private.h"

#include "base/memory.h"
#include "base/random.h"
#include "profiler/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MIN_ROUNDS = 10,       /* before an interval is believed */
    COARSE_ROUNDS = 3,     /* at least, and until a target's noise has that many ... */
    COARSE_FREEDOM = 12,   /* ... degrees of freedom */
    ROUND_SAMPLES = 65536, /* at most */
    LOOK_SHARE = 20        /* looking takes at most one part in that many of the time */
};
static const double floor_share = 0.05; /* of the time, spread as in a plain round */
static const double look_growth = 0.1;  /* of the rounds, before the models are looked at again */

enum status sweep_plan_open(const struct sweep_state *state, struct sweep_plan *plan,
                            struct error *error)
{
    const struct campaign_config *config = state->sweep->config;
    size_t n = state->n_pairs;
    struct random random = {config->seed};
    size_t *ranks = malloc(n * sizeof *ranks);
    *plan = (struct sweep_plan){.adaptive = !config->grid && config->stop_ci > 0,
                                .phase = malloc(n * sizeof *plan->phase)};
    plan->n_coarse = 1 + (COARSE_FREEDOM + config->n_lengths - 1) / config->n_lengths;
    if (plan->n_coarse < COARSE_ROUNDS)
        plan->n_coarse = COARSE_ROUNDS;
    enum status status = STATUS_OK;
    if (!ranks || !plan->phase)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n);
    for (size_t i = 0; !status && i < n; i++)
        ranks[i] = i;
    if (!status)
        random_shuffle(&random, ranks, n, sizeof *ranks);
    for (size_t i = 0; !status && i < n; i++)
        plan->phase[i] = ((double)ranks[i] + 0.5) / (double)n;
    free(ranks);
    if (!status && plan->adaptive)
        status = sweep_design_open(state, &plan->design, error);
    return status;
}

/* The cap: as long as a plain sweep would last that takes so many samples of every pair. */
static bool is_over(const struct sweep_state *state)
{
    return (uint64_t)state->round >= state->sweep->config->max_samples;
}

static bool is_coarse(const struct sweep_state *state, const struct sweep_plan *plan)
{
    for (size_t i = 0; i < state->n_pairs; i++) {
        if (state->pairs[i].times.n < plan->n_coarse)
            return true;
    }
    return false;
}

static enum status look(struct sweep_state *state, struct sweep_plan *plan, struct error *error)
{
    int64_t began_ns = sweep_now(state);
    enum status status = sweep_design_update(state, &plan->design, error);
    state->now_ns = sweep_now(state);
    plan->looked = true;
    plan->next_round = state->round + 1 + (int64_t)(look_growth * (double)state->round);
    plan->next_ns = state->now_ns + (state->now_ns - began_ns) * LOOK_SHARE;
    return status;
}

/* Pairs that no aim depends on and that have not reached their own stop rule. */
static size_t n_plain_left(const struct sweep_state *state, const struct sweep_plan *plan)
{
    size_t n = 0;
    for (size_t i = 0; i < state->n_pairs; i++)
        n += !state->pairs[i].settled && !plan->design.aimed[state->pairs[i].place];
    return n;
}

/* Whether every aim is reached: intervals of few rounds are not believed. */
static bool aims_are_reached(const struct sweep_state *state, const struct sweep_plan *plan)
{
    return plan->design.n_aims == 0 || (plan->design.n_missed == 0 && state->round >= MIN_ROUNDS);
}

enum status sweep_plan_done(struct sweep_state *state, struct sweep_plan *plan, bool *done,
                            struct error *error)
{
    size_t left = sweep_pairs_settle(state);
    enum status status = STATUS_OK;
    if (!plan->adaptive) {
        *done = left == 0;
        return status;
    }
    bool ready = !is_coarse(state, plan);
    if (ready && (state->round >= plan->next_round && state->now_ns >= plan->next_ns))
        status = look(state, plan, error);
    *done = is_over(state) ||
            (plan->looked && aims_are_reached(state, plan) && n_plain_left(state, plan) == 0);
    return status;
}

/* How often a pair comes in this round. What comes rarely comes at even distances, each pair at
 * other rounds; what comes often differs by one between rounds. */
static uint64_t count(const struct sweep_state *state, const struct sweep_plan *plan, size_t i,
                      double per_round)
{
    double at = per_round * (double)state->round + plan->phase[i];
    return (uint64_t)(floor(at + per_round) - floor(at));
}

static enum status append(struct sweep_plan *plan, size_t pair, uint64_t times, struct error *error)
{
    enum status status = STATUS_OK;
    while (!status && times-- > 0) {
        status =
            array_reserve(&plan->content, plan->n, &plan->capacity, sizeof *plan->content, error);
        if (!status)
            plan->content[plan->n++] = pair;
    }
    return status;
}

/* Makes plan->content: pairs in the order of the sweep. */
static enum status fill(const struct sweep_state *state, struct sweep_plan *plan,
                        struct error *error)
{
    const struct sweep_design *design = &plan->design;
    bool whole = !plan->adaptive || design->n_aims == 0 || is_coarse(state, plan);
    double sum = 0;
    enum status status = STATUS_OK;
    plan->n = 0;
    for (size_t i = 0; !whole && i < state->n_pairs; i++)
        sum += design->shares[i] * design->round_s / design->cost_s[i];
    double fit = sum > ROUND_SAMPLES ? ROUND_SAMPLES / sum : 1;
    for (size_t i = 0; !status && i < state->n_pairs; i++) {
        double per_round = 1;
        if (!whole && design->aimed[state->pairs[i].place])
            per_round = floor_share + (1 - floor_share) * fit * design->shares[i] *
                                          design->round_s / design->cost_s[i];
        status = append(plan, i, count(state, plan, i, per_round), error);
    }
    return status;
}

enum status sweep_plan_round(struct sweep_state *state, struct sweep_plan *plan,
                             struct error *error)
{
    size_t had = plan->capacity;
    enum status status = fill(state, plan, error);
    if (!status && plan->capacity > had) {
        free(plan->pairs);
        free(plan->states);
        free(plan->order);
        free(plan->scratch);
        plan->pairs = malloc(plan->capacity * sizeof *plan->pairs);
        plan->states = malloc(plan->capacity * sizeof *plan->states);
        plan->order = malloc(plan->capacity * sizeof *plan->order);
        plan->scratch = malloc(plan->capacity * sizeof *plan->scratch);
        if (!plan->pairs || !plan->states || !plan->order || !plan->scratch)
            status = error_set(error, STATUS_NO_MEMORY, "out of memory for a round");
    }
    if (status)
        return status;
    for (size_t i = 0; i < plan->n; i++)
        plan->states[i] = state->pairs[plan->content[i]].state;
    if (plan->n > 0)
        round_order(state->sweep->config->seed, state->round, plan->states, plan->n,
                    state->n_states, plan->order, plan->scratch);
    for (size_t i = 0; i < plan->n; i++)
        plan->pairs[i] = plan->content[plan->order[i]];
    plan->looked = false;
    return STATUS_OK;
}

double sweep_plan_share(const struct sweep_state *state, const struct sweep_plan *plan)
{
    if (!plan->adaptive || plan->design.n_aims == 0)
        return sweep_pairs_share(state);
    const struct campaign_config *config = state->sweep->config;
    double by_rounds = (double)state->round / (double)config->max_samples;
    double by_interval =
        plan->design.widest ? pow(config->stop_ci / plan->design.widest->half_width, 2) : 0;
    return fmin(fmax(by_rounds, by_interval), 1);
}

enum status sweep_plan_end(struct sweep_state *state, struct sweep_plan *plan, struct error *error)
{
    struct sweep_result *result = state->result;
    const struct sweep_design *design = &plan->design;
    enum status status = STATUS_OK;
    if (plan->adaptive && !plan->looked && !is_coarse(state, plan))
        status = look(state, plan, error);
    if (!status)
        status = sweep_pairs_store(state, error);
    if (status || !plan->adaptive || !design->widest)
        return status;
    bool reached = aims_are_reached(state, plan);
    size_t n_missed = design->n_missed > 0 || reached ? design->n_missed : design->n_aims;
    result->n_not_converged = n_missed + n_plain_left(state, plan);
    result->aim_reached = reached;
    result->aim_half_width = design->widest->half_width;
    snprintf(result->aim, sizeof result->aim, "%s", design->widest->text);
    return status;
}

void sweep_plan_close(struct sweep_plan *plan)
{
    sweep_design_close(&plan->design);
    free(plan->pairs);
    free(plan->states);
    free(plan->content);
    free(plan->order);
    free(plan->scratch);
    free(plan->phase);
    *plan = (struct sweep_plan){0};
}
