// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What each round of a sweep measures, in which order, and when it was enough.
 *
 * [stop] design = grid, or ci = 0: every pair once in every round, until each has reached its own
 * stop rule. A pair that does so early is measured on, so that every round holds every length and
 * the fit can tell what rounds share.
 * design = adaptive: a few such rounds, then rounds of the same duration whose content is the
 * shares of sweep_design_private.h, until every aim is reached.
 *
 * Life cycle: sweep_plan_open, then sweep_plan_done and sweep_plan_round by turns, sweep_plan_end,
 * sweep_plan_close.
 */
#ifndef PROFILER_SWEEP_PLAN_PRIVATE_H
#define PROFILER_SWEEP_PLAN_PRIVATE_H

#include "profiler/sweep_design_private.h"

struct sweep_plan {
    bool adaptive;
    struct sweep_design design; /* where adaptive */
    size_t *pairs;              /* of this round in their order: n of them, a pair may recur */
    size_t n, capacity;
    int *states; /* of them; what the order is made from */
    size_t *content, *order, *scratch;
    double *phase;      /* by pair: where in the cycle of its rare turns it starts */
    uint64_t n_coarse;  /* samples of every pair before the shares are asked for */
    bool looked;        /* at the models, and they are those of what is stored now */
    int64_t next_round; /* to look again, ... */
    int64_t next_ns;    /* ... and no sooner than then: looking takes time */
};

enum status sweep_plan_open(const struct sweep_state *state, struct sweep_plan *plan,
                            struct error *error);

/* Whether all that was asked for is reached, or the cap on samples: adaptive, on rounds. */
enum status sweep_plan_done(struct sweep_state *state, struct sweep_plan *plan, bool *done,
                            struct error *error);

/* Sets plan->pairs to those of round state->round. */
enum status sweep_plan_round(struct sweep_state *state, struct sweep_plan *plan,
                             struct error *error);

/* How far the work is by its intervals and that cap, 0..1. */
double sweep_plan_share(const struct sweep_state *state, const struct sweep_plan *plan);

/* Stores what has converged and sets what the result says of it. */
enum status sweep_plan_end(struct sweep_state *state, struct sweep_plan *plan, struct error *error);

void sweep_plan_close(struct sweep_plan *plan);

#endif
