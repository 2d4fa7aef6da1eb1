// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Adaptive sweeps of simulated campaigns beside plain ones of the same truth: what the test holds
 * to bounds and the benchmark prints.
 */
#ifndef PROFILER_TEST_COMPARISON_H
#define PROFILER_TEST_COMPARISON_H

#include "profiler/test/simulation.h"

enum {
    COMPARED_ROUNDS = 60
}; /* of a plain sweep: what an adaptive one's time is for its efficiency */

/* Sums over n campaigns. */
struct comparison {
    double n;
    double efficiency; /* variance by the c-optimal design of the truth over that by the samples */
    double adaptive_s, grid_s; /* until the interval was as asked for */
    double squares;            /* of the adaptive ones' errors, over what their samples tell */
    double covered;            /* their intervals that hold the truth */
};

/* Runs until the interval is as asked for, at most for a time. */
static enum status run(struct simulation *s, bool grid, double ci, double max_time_s,
                       struct sweep_result *result, struct error *error)
{
    s->config.grid = grid;
    s->config.stop_ci = ci;
    s->config.max_time_s = max_time_s;
    enum status status = simulation_run(s, 2, result, error);
    if (status != STATUS_NOT_REACHED)
        return status;
    error_clear(error);
    return STATUS_OK;
}

/* An adaptive sweep to the interval. */
static enum status run_adaptive(struct simulation *s, struct comparison *to, struct error *error)
{
    struct sweep_result result;
    struct dataset dataset;
    struct break_even found = {0};
    double truth = true_break_even(s->scenario);
    enum status status = run(s, false, s->scenario->ci, 1e9, &result, error);
    if (!status)
        status = simulated_dataset(s, &dataset, error);
    if (status)
        return status;
    status = simulated_break_even(&dataset, 0, &found, error);
    to->adaptive_s += result.elapsed_s;
    to->squares += pow((found.length - truth) / informed_sd(s->scenario, &dataset), 2);
    to->covered += found.has_interval && found.low <= truth && truth <= found.high;
    dataset_free(&dataset);
    return status;
}

/* The time after which the rounds so far were enough; 0: never. */
static enum status find_enough(struct simulation *s, double *time_s, struct error *error)
{
    struct dataset dataset;
    enum status status = simulated_dataset(s, &dataset, error);
    *time_s = 0;
    if (status)
        return status;
    for (size_t k = 10; !status && k <= s->n_rounds && *time_s <= 0; k += 1 + k / 10) {
        struct break_even found = {0};
        status = simulated_break_even(&dataset, (int32_t)k, &found, error);
        if (found.verdict == VERDICT_CROSSING && found.has_interval &&
            (found.high - found.low) / 2 <= s->scenario->ci * found.length)
            *time_s = s->round_ends_s[k - 1];
    }
    dataset_free(&dataset);
    return status;
}

/* A plain sweep, for as long as it takes. */
static enum status run_grid(struct simulation *s, uint64_t weather, double budget_s,
                            struct comparison *to, struct error *error)
{
    enum status status = STATUS_OK;
    for (double found_s = 0; !status && found_s <= 0; budget_s *= 3) {
        struct sweep_result result;
        s->weather.state = weather;
        status = run(s, true, 0, budget_s, &result, error);
        if (!status)
            status = find_enough(s, &found_s, error);
        to->grid_s += found_s;
    }
    return status;
}

static enum status run_for_a_time(struct simulation *s, struct comparison *to, struct error *error)
{
    struct sweep_result result;
    struct dataset dataset;
    double round_s = 0;
    for (size_t l = 0; l < s->config.n_lengths; l++)
        round_s += 1e-3 * (true_cost_ms(s->scenario, 0, s->lengths[l]) +
                           true_cost_ms(s->scenario, 1, s->lengths[l]));
    enum status status = run(s, false, 1e-9, COMPARED_ROUNDS * round_s, &result, error);
    if (!status)
        status = simulated_dataset(s, &dataset, error);
    if (status)
        return status;
    to->efficiency +=
        pow(least_sd(s->scenario) / informed_sd(s->scenario, &dataset), 2) / result.elapsed_s;
    dataset_free(&dataset);
    return STATUS_OK;
}

/* n campaigns of a scenario, added to *to. */
static enum status compare(const struct scenario *scenario, const char *path, int n,
                           struct comparison *to, struct error *error)
{
    struct simulation s;
    enum status status = STATUS_OK;
    simulation_open(&s, scenario, path, 1);
    for (int i = 0; !status && i < n; i++) {
        double before_s = to->adaptive_s;
        s.weather.state = (uint64_t)i;
        status = run_adaptive(&s, to, error);
        if (!status)
            status = run_grid(&s, (uint64_t)i, 3 * (to->adaptive_s - before_s), to, error);
        if (!status)
            status = run_for_a_time(&s, to, error);
        to->n++;
    }
    simulation_close(&s);
    return status;
}

#endif
