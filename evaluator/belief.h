// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a product believes of its link from what it sees: the plainest tracker, a smoothed estimate
 * (RFC 6298, alpha = 1/8) that starts from the design link. A request that fails means the device
 * until something is seen that works; what has not been renewed for a minute is forgotten, or a
 * link that was bad once would never be tried again.
 */
#ifndef EVALUATOR_BELIEF_H
#define EVALUATOR_BELIEF_H

#include "fitter/cost.h"

#include <stdbool.h>

struct belief {
    struct cost_link link, design;
    double seen_s; /* when something was last seen */
    bool down;
};

void belief_start(struct belief *belief, const struct cost_link *design);

/* A request or a probe that was answered at at_s showed this link; infinite and unknown figures
 * tell nothing. */
void belief_see(struct belief *belief, const struct cost_link *link, double at_s);

/* One that failed at at_s. */
void belief_fail(struct belief *belief, double at_s);

/* Forgets what is too old at now_s. */
void belief_age(struct belief *belief, double now_s);

#endif
