// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Policies: rules that say for each request where it runs, from what they may know of it.
 *
 * A policy is a line in the table and a function that looks at a situation; which of its members it
 * may look at is what makes the policy. Pure: no clock, no engine, no network.
 */
#ifndef EVALUATOR_POLICY_H
#define EVALUATOR_POLICY_H

#include "base/random.h"
#include "evaluator/belief.h"
#include "evaluator/ledger.h"

#include <stdbool.h>
#include <stddef.h>

/* What is known only afterwards: the rule "offload from `threshold` on" or "below it". */
struct hindsight {
    uint32_t threshold;
    bool above;
};

struct situation {
    const struct ledger *ledger;
    const struct known_length *length;
    struct random *coin;
    const struct cost_link *believed; /* by what this policy has seen of the link so far */
    const struct request *request;    /* the truth: how the link is, what the request will take */
    double edge_wait_s, cloud_wait_s; /* behind what is in hand there */
    const struct hindsight *hindsight;
};

struct policy {
    const char *name;
    const char *meaning; /* a line for people */
    /* Whether the request is offloaded. Ties stay on the device. */
    bool (*offload)(const struct situation *situation);
    const struct belief_rule *learns; /* what it makes of the link; NULL: it does not look */
    bool compared;                    /* with rnnmap, and reported only where it is asked for */
    double patience; /* gives up what cost that many times what the device would; 0: it does not */
};

enum { MAX_POLICIES = 20 };

/* In the order of reports. */
extern const struct policy policies[];
extern const size_t n_policies;

/* The place of a policy in the table, or -1. */
int policy_find(const char *name);

/* What the request takes from when it is made, if it is sent there: drawn, and expected. */
struct expected_cost situation_cost(const struct situation *situation, bool offload);
struct expected_cost situation_expected(const struct situation *situation, bool offload);

/* A request that is given up after so long and then costs what the device does. */
struct expected_cost cost_given_up(const struct ledger *ledger, const struct request *request,
                                   double after_s, const struct expected_cost *edge);

/* By the ledger's objective; false of a tie, and where something is not known. */
bool cloud_is_better(const struct ledger *ledger, const struct expected_cost *edge,
                     const struct expected_cost *cloud);

/* What a product decides that believes this of its link: by the header, or by the models where the
 * header cannot know the bandwidth. */
bool would_offload(const struct ledger *ledger, const struct known_length *length,
                   const struct cost_link *link);

/* The best of all rules of its kind for requests that do not wait for each other: the gains summed
 * from either end are largest there. STATUS_NO_MEMORY. */
enum status hindsight_find(const struct ledger *ledger, struct hindsight *best,
                           struct error *error);

#endif
