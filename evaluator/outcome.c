// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/outcome.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Arrays of one number or decision per request, reused from policy to policy. */
struct scratch {
    bool *offload, *oracle;
    double *cost_s, *difference_s;
};

static void scratch_free(struct scratch *scratch)
{
    free(scratch->offload);
    free(scratch->oracle);
    free(scratch->cost_s);
    free(scratch->difference_s);
}

static enum status scratch_make(struct scratch *scratch, size_t n, struct error *error)
{
    *scratch = (struct scratch){.offload = calloc(n, sizeof(bool)),
                                .oracle = calloc(n, sizeof(bool)),
                                .cost_s = calloc(n, sizeof(double)),
                                .difference_s = calloc(n, sizeof(double))};
    if (scratch->offload && scratch->oracle && scratch->cost_s && scratch->difference_s)
        return STATUS_OK;
    scratch_free(scratch);
    return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu requests", n);
}

static double mean(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Nearest rank of sorted values. */
static double quantile(const double *sorted, size_t n, double p)
{
    double rank = ceil(p * (double)n);
    return sorted[rank < 1 ? 0 : (size_t)rank - 1];
}

static void describe_round_trips(const struct ledger *ledger, double *work,
                                 struct evaluation *evaluation)
{
    size_t n = 0;
    for (size_t i = 0; i < ledger->n; i++) {
        if (ledger->requests[i].rtt_ns >= 0)
            work[n++] = (double)ledger->requests[i].rtt_ns * 1e-9;
    }
    evaluation->n_unprobed = ledger->n - n;
    evaluation->rtt_p5_s = evaluation->rtt_p50_s = evaluation->rtt_p95_s = -1;
    if (n == 0)
        return;
    qsort(work, n, sizeof *work, by_value);
    evaluation->rtt_p5_s = quantile(work, n, 0.05);
    evaluation->rtt_p50_s = quantile(work, n, 0.5);
    evaluation->rtt_p95_s = quantile(work, n, 0.95);
}

static void compare_with_oracle(const struct ledger *ledger, const struct scratch *scratch,
                                double oracle_s, struct outcome *outcome)
{
    size_t wrong = 0, offloaded = 0;
    double regret = 0;
    for (size_t i = 0; i < ledger->n; i++) {
        double excess = ledger_expected_s(ledger, i, scratch->offload[i]) -
                        ledger_expected_s(ledger, i, scratch->oracle[i]);
        regret += isfinite(excess) ? excess : 0; /* an unknown round trip has no expectation */
        wrong += scratch->offload[i] != scratch->oracle[i];
        offloaded += scratch->offload[i];
    }
    outcome->offloaded = (double)offloaded / (double)ledger->n;
    outcome->wrong = (double)wrong / (double)ledger->n;
    outcome->expected_regret_s = regret / (double)ledger->n;
    outcome->regret_s = outcome->mean_s - oracle_s;
    outcome->oracle_ratio = outcome->mean_s / oracle_s;
}

static enum status judge(const struct ledger *ledger, const struct header_rule *rule,
                         const struct policy *policy, uint64_t seed, struct scratch *scratch,
                         const struct evaluation *evaluation, struct outcome *outcome,
                         struct error *error)
{
    enum status status = policy->decide(ledger, rule, scratch->offload, error);
    if (status)
        return status;
    for (size_t i = 0; i < ledger->n; i++) {
        scratch->cost_s[i] = ledger_cost_s(ledger, i, scratch->offload[i]);
        scratch->difference_s[i] =
            scratch->cost_s[i] - ledger_cost_s(ledger, i, evaluation->better_is_cloud);
    }
    *outcome = (struct outcome){.policy = policy,
                                .mean_s = mean(scratch->cost_s, ledger->n),
                                .vs_better_single_s = mean(scratch->difference_s, ledger->n)};
    compare_with_oracle(ledger, scratch, evaluation->oracle_s, outcome);
    status = bootstrap_mean(scratch->cost_s, ledger->n, BOOTSTRAP_RESAMPLES, seed,
                            &outcome->mean_ci95, error);
    if (!status)
        status = bootstrap_mean(scratch->difference_s, ledger->n, BOOTSTRAP_RESAMPLES, seed,
                                &outcome->ci95, error);
    qsort(scratch->cost_s, ledger->n, sizeof *scratch->cost_s, by_value);
    outcome->p95_s = quantile(scratch->cost_s, ledger->n, 0.95);
    return status;
}

enum status evaluation_make(const struct ledger *ledger, const struct header_rule *rule,
                            const bool *wanted, uint64_t seed, struct evaluation *evaluation,
                            struct error *error)
{
    struct scratch scratch = {0};
    double edge_s = mean(ledger->edge_s, ledger->n), cloud_s = mean(ledger->cloud_s, ledger->n);
    *evaluation = (struct evaluation){.outcomes = calloc(n_policies, sizeof(struct outcome)),
                                      .n_requests = ledger->n,
                                      .n_failed = ledger->n_failed,
                                      .better_is_cloud = cloud_s < edge_s,
                                      .better_single_s = fmin(edge_s, cloud_s)};
    enum status status = evaluation->outcomes
                             ? scratch_make(&scratch, ledger->n, error)
                             : error_set(error, STATUS_NO_MEMORY, "out of memory for policies");
    if (status)
        goto done;
    describe_round_trips(ledger, scratch.cost_s, evaluation);
    status = policies[policy_find("oracle")].decide(ledger, rule, scratch.oracle, error);
    for (size_t i = 0; i < ledger->n; i++)
        scratch.cost_s[i] = ledger_cost_s(ledger, i, scratch.oracle[i]);
    evaluation->oracle_s = mean(scratch.cost_s, ledger->n);
    for (size_t p = 0; !status && p < n_policies; p++) {
        if (wanted[p])
            status = judge(ledger, rule, &policies[p], seed, &scratch, evaluation,
                           &evaluation->outcomes[evaluation->n_outcomes++], error);
    }
done:
    scratch_free(&scratch);
    if (status)
        evaluation_free(evaluation);
    return status;
}

const struct outcome *evaluation_find(const struct evaluation *evaluation, const char *policy)
{
    for (size_t i = 0; i < evaluation->n_outcomes; i++) {
        if (strcmp(evaluation->outcomes[i].policy->name, policy) == 0)
            return &evaluation->outcomes[i];
    }
    return NULL;
}

void evaluation_free(struct evaluation *evaluation)
{
    free(evaluation->outcomes);
    *evaluation = (struct evaluation){0};
}
