// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the policies cost over the same ledger, against the better single device and against the
 * oracle, with intervals.
 *
 * Life cycle: evaluation_make from a ledger, evaluation_free. Times in seconds, energies in joules;
 * what is compared is in the measure of the ledger's objective (codegen/objective.h). Pure.
 */
#ifndef EVALUATOR_OUTCOME_H
#define EVALUATOR_OUTCOME_H

#include "evaluator/bootstrap.h"
#include "evaluator/policy.h"

struct outcome {
    const struct policy *policy;
    double total_s, mean_s;
    double mean_j; /* of the device's energy; NAN where it is not known */
    double mean;   /* of the objective's measure: mean_s, mean_j, or what it makes of them */
    double missed; /* share of the requests that missed the objective's deadline or budget */
    struct interval mean_ci95;   /* of `mean` alone; differences are paired and narrower */
    double p95_s, p99_s;         /* nearest rank */
    double offloaded;            /* share of the requests */
    double failed;               /* share offloaded in vain */
    double mean_wait_s;          /* of that mean: behind other requests */
    double vs_better_single;     /* difference of means to the better single device, < 0: better */
    double vs_better_single_s;   /* the same of the times alone */
    struct interval ci95;        /* of that, paired by request */
    struct interval missed_ci95; /* likewise of `missed` less that of the better single device */
    double regret;               /* mean less the oracle's */
    double oracle_ratio;         /* mean over the oracle's */
    double expected_regret;      /* by expected costs: free of single runs' noise */
    size_t n_probes;             /* offloaded though what was last seen spoke against it */
    double kept_loss;            /* of the expected regret, all together: by staying */
    double probe_loss;           /* what they lost, all together, of the expected regret */
    double wrong;                /* share decided otherwise than the oracle would have then */
};

struct evaluation {
    struct outcome *outcomes; /* n_outcomes, in the order of the table; owned */
    size_t n_outcomes;
    size_t n_requests, n_failed, n_unprobed; /* failed at the endpoint; round trip unknown */
    bool open;                               /* requests queued */
    double span_s;                           /* from the first request to the last */
    double edge_load, cloud_load; /* work over span if all went there; from 1 on queues only grow */
    struct objective objective;
    bool has_energy; /* and how it is known */
    enum provenance energy_provenance;
    bool better_is_cloud; /* which single device has the smaller mean; with a deadline or a
                             budget, which misses fewer first */
    double better_single, other_single, oracle; /* means */
    double better_single_s, better_single_j;    /* its time and energy, whatever the objective */
    double better_single_missed;                /* the share that it missed */
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
