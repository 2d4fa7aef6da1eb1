// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/outcome.h"

#include "base/quantile.h"
#include "evaluator/course.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* With queues the best threshold has to be tried out: so many a direction, on so many requests. */
enum { N_TRIED = 32, N_TRIED_ON = 20000 };

/* What making an evaluation holds. */
struct making {
    const struct ledger *ledger;
    uint64_t seed;
    struct course *course;
    struct evaluation *evaluation;
    struct expected_cost *single; /* of each request at the better single device */
    struct expected_cost *costs;  /* of each request under the policy at hand */
    double *scratch;              /* to select quantiles in */
};

static double measure(const struct making *m, const struct expected_cost *cost)
{
    return objective_measure(&m->ledger->objective, cost);
}

static bool misses(const struct making *m, const struct expected_cost *cost)
{
    return objective_value_of(&m->ledger->objective, cost).rank > 0;
}

/* Means over the requests. */
struct means {
    double measure, time_s, energy_j, missed;
};

static struct means run(struct making *m, const char *policy, struct expected_cost *costs)
{
    struct fare fare;
    struct series_sum of_measure, of_time;
    struct means means = {0};
    double n = (double)m->ledger->n;
    course_run(m->course, &policies[policy_find(policy)], &m->evaluation->hindsight, m->seed,
               m->ledger->n, costs, &fare);
    series_sum_start(&of_measure, m->ledger->n);
    series_sum_start(&of_time, m->ledger->n);
    for (size_t i = 0; i < m->ledger->n; i++) {
        series_sum_add(&of_measure, measure(m, &costs[i]), 0);
        series_sum_add(&of_time, costs[i].time_s, 0);
        means.energy_j += costs[i].energy_j / n;
        means.missed += misses(m, &costs[i]);
    }
    means.missed /= n;
    means.measure = series_sum_mean(&of_measure); /* as judge() does it: to the last bit */
    means.time_s = series_sum_mean(&of_time);
    return means;
}

static void describe_round_trips(struct making *m)
{
    struct evaluation *e = m->evaluation;
    size_t n = 0;
    for (size_t i = 0; i < m->ledger->n; i++) {
        if (!isnan(m->ledger->requests[i].rtt_s))
            m->scratch[n++] = m->ledger->requests[i].rtt_s;
    }
    e->n_unprobed = m->ledger->n - n;
    e->rtt_p5_s = e->rtt_p50_s = e->rtt_p95_s = -1;
    if (n == 0)
        return;
    e->rtt_p5_s = quantile_select(m->scratch, n, 0.05);
    e->rtt_p50_s = quantile_select(m->scratch, n, 0.5);
    e->rtt_p95_s = quantile_select(m->scratch, n, 0.95);
}

/* What the first n requests cost under a threshold. */
static double try_threshold(struct making *m, const struct hindsight *tried, size_t n)
{
    struct fare fare;
    double sum = 0;
    course_run(m->course, &policies[policy_find("fixed")], tried, m->seed, n, m->costs, &fare);
    for (size_t i = 0; i < n; i++)
        sum += ledger_price(m->ledger, &m->costs[i]);
    return sum;
}

/* Offloading nothing, all, and from or below lengths that part the first requests evenly. */
static void try_thresholds(struct making *m)
{
    const struct ledger *ledger = m->ledger;
    struct hindsight tried[2 * N_TRIED] = {{UINT32_MAX, true}, {0, true}};
    size_t n = ledger->n;
    double least = INFINITY;
    if (n > N_TRIED_ON)
        n = N_TRIED_ON;
    for (size_t i = 0; i < n; i++)
        m->scratch[i] = ledger->lengths[ledger->requests[i].place].n;
    for (size_t t = 2; t < 2 * N_TRIED; t++) {
        double share = (double)(t / 2) / N_TRIED;
        tried[t] = (struct hindsight){(uint32_t)quantile_select(m->scratch, n, share), t % 2 == 0};
    }
    for (size_t t = 0; t < 2 * N_TRIED; t++) {
        double sum = try_threshold(m, &tried[t], n);
        if (sum < least) {
            least = sum;
            m->evaluation->hindsight = tried[t];
        }
    }
}

/* The single devices and the oracle come first: the others are compared with them. */
static enum status compare_singles(struct making *m, struct error *error)
{
    struct evaluation *e = m->evaluation;
    struct means edge = run(m, "edge", m->single), cloud = run(m, "cloud", m->costs);
    struct series_sum difference;
    series_sum_start(&difference, m->ledger->n);
    e->better_is_cloud =
        cloud.missed != edge.missed ? cloud.missed < edge.missed : cloud.measure < edge.measure;
    const struct means *better = e->better_is_cloud ? &cloud : &edge;
    for (size_t i = 0; i < m->ledger->n; i++) {
        double excess = measure(m, &m->costs[i]) - measure(m, &m->single[i]);
        series_sum_add(&difference, e->better_is_cloud ? -excess : excess,
                       m->ledger->requests[i].group);
    }
    if (e->better_is_cloud)
        memcpy(m->single, m->costs, m->ledger->n * sizeof *m->costs);
    e->better_single = better->measure;
    e->better_single_s = better->time_s;
    e->better_single_j = better->energy_j;
    e->better_single_missed = better->missed;
    e->other_single = e->better_is_cloud ? edge.measure : cloud.measure;
    e->oracle = run(m, "oracle", m->costs).measure;
    return series_sum_interval(&difference, BOOTSTRAP_RESAMPLES, m->seed, &e->singles_ci95, error);
}

static void take_fare(const struct fare *fare, size_t n_requests, struct outcome *o)
{
    double n = (double)n_requests;
    o->offloaded = (double)fare->n_offloaded / n;
    o->failed = (double)fare->n_failed / n;
    o->wrong = (double)fare->n_wrong / n;
    o->n_probes = fare->n_probes;
    o->kept_loss = fare->kept_loss;
    o->probe_loss = fare->probe_loss;
    o->mean_wait_s = fare->wait_s / n;
    o->expected_regret = fare->expected_regret / n;
}

/* Times by themselves, whatever is compared. */
static void describe_times(struct making *m, struct outcome *o)
{
    const struct ledger *ledger = m->ledger;
    struct series_sum time;
    series_sum_start(&time, ledger->n);
    for (size_t i = 0; i < ledger->n; i++) {
        m->scratch[i] = m->costs[i].time_s;
        series_sum_add(&time, m->costs[i].time_s, 0);
        o->mean_j += m->costs[i].energy_j / (double)ledger->n;
        o->missed += misses(m, &m->costs[i]);
    }
    o->missed /= (double)ledger->n;
    o->mean_s = series_sum_mean(&time);
    o->total_s = o->mean_s * (double)ledger->n;
    o->vs_better_single_s = o->mean_s - m->evaluation->better_single_s;
    o->p95_s = quantile_select(m->scratch, ledger->n, 0.95);
    o->p99_s = quantile_select(m->scratch, ledger->n, 0.99);
}

/* How much oftener than the better single device it misses the deadline or the budget. */
static enum status compare_misses(struct making *m, struct outcome *o, struct error *error)
{
    struct series_sum difference;
    series_sum_start(&difference, m->ledger->n);
    for (size_t i = 0; i < m->ledger->n; i++)
        series_sum_add(&difference, misses(m, &m->costs[i]) - misses(m, &m->single[i]),
                       m->ledger->requests[i].group);
    return series_sum_interval(&difference, BOOTSTRAP_RESAMPLES, m->seed, &o->missed_ci95, error);
}

static enum status judge(struct making *m, const struct policy *policy, struct outcome *o,
                         struct error *error)
{
    const struct ledger *ledger = m->ledger;
    struct series_sum cost, difference;
    struct fare fare;
    course_run(m->course, policy, &m->evaluation->hindsight, m->seed, ledger->n, m->costs, &fare);
    series_sum_start(&cost, ledger->n);
    series_sum_start(&difference, ledger->n);
    for (size_t i = 0; i < ledger->n; i++) {
        uint32_t group = ledger->requests[i].group;
        double mine = measure(m, &m->costs[i]);
        series_sum_add(&cost, mine, group);
        series_sum_add(&difference, mine - measure(m, &m->single[i]), group);
    }
    *o = (struct outcome){.policy = policy,
                          .mean = series_sum_mean(&cost),
                          .vs_better_single = series_sum_mean(&difference)};
    take_fare(&fare, ledger->n, o);
    describe_times(m, o);
    o->regret = o->mean - m->evaluation->oracle;
    o->oracle_ratio = o->mean / m->evaluation->oracle;
    enum status status =
        series_sum_interval(&cost, BOOTSTRAP_RESAMPLES, m->seed, &o->mean_ci95, error);
    if (!status)
        status = series_sum_interval(&difference, BOOTSTRAP_RESAMPLES, m->seed, &o->ci95, error);
    if (!status && !objective_is_scalar(&ledger->objective))
        status = compare_misses(m, o, error);
    return status;
}

static enum status make(struct making *m, const bool *wanted, struct error *error)
{
    struct evaluation *e = m->evaluation;
    enum status status = STATUS_OK;
    describe_round_trips(m);
    if (m->ledger->open)
        try_thresholds(m);
    else
        status = hindsight_find(m->ledger, &e->hindsight, error);
    if (!status)
        status = compare_singles(m, error);
    for (size_t p = 0; !status && p < n_policies; p++) {
        if (wanted[p])
            status = judge(m, &policies[p], &e->outcomes[e->n_outcomes++], error);
    }
    return status;
}

enum status evaluation_make(const struct ledger *ledger, const bool *wanted, uint64_t seed,
                            struct evaluation *evaluation, struct error *error)
{
    struct making m = {.ledger = ledger,
                       .seed = seed,
                       .evaluation = evaluation,
                       .single = malloc(ledger->n * sizeof *m.single),
                       .costs = malloc(ledger->n * sizeof *m.costs),
                       .scratch = malloc(ledger->n * sizeof *m.scratch)};
    *evaluation = (struct evaluation){.outcomes = calloc(n_policies, sizeof(struct outcome)),
                                      .n_requests = ledger->n,
                                      .n_failed = ledger->n_failed,
                                      .objective = ledger->objective,
                                      .has_energy = ledger->energy.known,
                                      .energy_provenance = ledger->energy.provenance,
                                      .open = ledger->open,
                                      .span_s = ledger->span_s,
                                      .edge_load = ledger->edge_work_s / ledger->span_s,
                                      .cloud_load = ledger->cloud_work_s / ledger->span_s};
    enum status status = STATUS_OK;
    if (!m.single || !m.costs || !m.scratch || !evaluation->outcomes)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu requests", ledger->n);
    if (!status)
        status = course_open(ledger, &m.course, error);
    if (!status)
        status = make(&m, wanted, error);
    course_close(m.course);
    free(m.single);
    free(m.costs);
    free(m.scratch);
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

bool evaluation_decided(const struct evaluation *evaluation)
{
    return evaluation->singles_ci95.low > 0;
}

void evaluation_free(struct evaluation *evaluation)
{
    free(evaluation->outcomes);
    *evaluation = (struct evaluation){0};
}
