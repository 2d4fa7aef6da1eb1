// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the policies cost over the same ledger, against the better single device and against the
 * oracle, with intervals.
 *
 * Life cycle: evaluation_make from a ledger, evaluation_free. Times in seconds. Pure.
 */
#ifndef EVALUATOR_OUTCOME_H
#define EVALUATOR_OUTCOME_H

#include "evaluator/bootstrap.h"
#include "evaluator/policy.h"

struct outcome {
    const struct policy *policy;
    double total_s, mean_s;
    struct interval mean_ci95; /* of the mean alone; differences are paired and narrower */
    double p95_s, p99_s;       /* nearest rank */
    double offloaded;          /* share of the requests */
    double failed;             /* share offloaded in vain */
    double mean_wait_s;        /* of that mean: behind other requests */
    double vs_better_single_s; /* mean difference to the better single device, < 0: faster */
    struct interval ci95;      /* of that, paired by request */
    double regret_s;           /* mean cost less the oracle's */
    double oracle_ratio;       /* mean cost over the oracle's */
    double expected_regret_s;  /* by expected costs: free of single runs' noise */
    size_t n_probes;           /* offloaded though what was last seen spoke against it */
    double probe_loss_s;       /* what they lost, all together, of the expected regret */
    double wrong;              /* share decided otherwise than the oracle would have then */
};

struct evaluation {
    struct outcome *outcomes; /* n_outcomes, in the order of the table; owned */
    size_t n_outcomes;
    size_t n_requests, n_failed, n_unprobed; /* failed at the endpoint; round trip unknown */
    bool open;                               /* requests queued */
    double span_s;                           /* from the first request to the last */
    double edge_load, cloud_load; /* work over span if all went there; from 1 on queues only grow */
    bool better_is_cloud;         /* which single device has the smaller mean */
    double better_single_s, other_single_s, oracle_s; /* means */
    struct interval singles_ci95; /* of the worse single device less the better one, paired */
    struct hindsight hindsight;
    double rtt_p50_s, rtt_p5_s, rtt_p95_s; /* of the round trips met; < 0: none known */
};

/* `wanted` is an array of n_policies flags. STATUS_NO_MEMORY. */
enum status evaluation_make(const struct ledger *ledger, const bool *wanted, uint64_t seed,
                            struct evaluation *evaluation, struct error *error);

/* The outcome of a policy, or NULL where it was not wanted. */
const struct outcome *evaluation_find(const struct evaluation *evaluation, const char *policy);

/* Whether the two single devices differ by more than the noise. */
bool evaluation_decided(const struct evaluation *evaluation);

void evaluation_free(struct evaluation *evaluation);

#endif
