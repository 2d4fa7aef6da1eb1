// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Campaigns over two places of known truth, through the real sweep, store and fitter: only the
 * inferences and their time are simulated. For the test and the benchmark of adaptive sweeps.
 */
#ifndef PROFILER_TEST_SIMULATION_H
#define PROFILER_TEST_SIMULATION_H

#include "base/memory.h"
#include "base/random.h"
#include "fitter/break_even.h"
#include "fitter/c_optimal.h"
#include "fitter/campaign_fit.h"
#include "profiler/sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIMULATED_LENGTHS = 64 };

struct simulated_place {
    double intercept_ms, slope_ms; /* without the link */
    double sd_ms, proportional;    /* noise of each sample: constant, and relative to its time */
    double own;                    /* noise that a round of this place shares, relative */
    double rtt_ms, rtt_sd_ms;      /* of the request and of the probe before it; 0: no link */
};

struct scenario {
    const char *name;
    uint32_t from, to, step; /* lengths */
    struct simulated_place places[2];
    double shared;      /* noise that both places share in a round, relative */
    double overhead_ms; /* between samples */
    double ci;          /* asked of the break-even */
};

static const struct scenario scenarios[] = {
    {"equal noise", 8, 308, 20, {{3, 2, 4, 0, 0, 0, 0}, {203, 0.5, 4, 0, 0, 0, 0}}, 0, 0.1, 0.005},
    {"proportional noise",
     8,
     308,
     20,
     {{3, 2, 0, 0.05, 0, 0, 0}, {203, 0.5, 0, 0.05, 0, 0, 0}},
     0,
     0.1,
     0.01},
    {"over a link",
     16,
     640,
     16,
     {{1, 0.5, 0.2, 0.02, 0, 0, 0}, {8, 0.25, 0.5, 0.02, 0, 30, 5}},
     0,
     0.1,
     0.02},
    {"few lengths, far apart",
     10,
     1000,
     330,
     {{0, 1, 5, 0.02, 0, 0, 0}, {300, 0.4, 5, 0.02, 0, 0, 0}},
     0,
     0.1,
     0.005},
    {"break-even at the short end",
     4,
     204,
     10,
     {{2, 3, 1, 0.03, 0, 0, 0}, {50, 0.6, 3, 0.03, 0, 0, 0}},
     0,
     0.1,
     0.02},
    {"break-even at the long end",
     4,
     204,
     10,
     {{2, 1, 1, 0.03, 0, 0, 0}, {150, 0.2, 3, 0.03, 0, 0, 0}},
     0,
     0.1,
     0.01},
    {"two lengths", 50, 150, 100, {{0, 2, 4, 0, 0, 0, 0}, {150, 0.5, 4, 0, 0, 0, 0}}, 0, 0.1, 0.01},
    {"noise shared by rounds",
     8,
     308,
     20,
     {{3, 2, 0, 0.01, 0.03, 0, 0}, {203, 0.5, 0, 0.01, 0.03, 0, 0}},
     0.03,
     0.1,
     0.02},
};
enum { N_SCENARIOS = sizeof scenarios / sizeof *scenarios };

struct simulation {
    const struct scenario *scenario;
    const char *path;
    struct store *store; /* the last campaign's */
    struct campaign campaign;
    struct campaign_config config;
    uint32_t lengths[SIMULATED_LENGTHS];
    struct random random;
    struct random weather; /* what rounds share, from a seed that campaigns may have in common */
    int64_t now_ns;
    double shared, own[2]; /* this round's */
    struct simulated_self {
        struct simulation *simulation;
        int place;
    } selves[2];
    int64_t began_ns;     /* the first round: behind the warm-up */
    bool resume;          /* the last campaign, in place of a new one */
    double *round_ends_s; /* n_rounds, from then on */
    size_t n_rounds, capacity;
};

static double true_ms(const struct scenario *s, int place, double length)
{
    return s->places[place].intercept_ms + s->places[place].slope_ms * length;
}

static double true_sd_ms(const struct scenario *s, int place, double length)
{
    const struct simulated_place *p = &s->places[place];
    double of_time = p->proportional * true_ms(s, place, length);
    return sqrt(p->sd_ms * p->sd_ms + of_time * of_time + 2 * p->rtt_sd_ms * p->rtt_sd_ms);
}

/* What a sample takes on average: the probe's round trip, too. */
static double true_cost_ms(const struct scenario *s, int place, double length)
{
    return true_ms(s, place, length) + 2 * s->places[place].rtt_ms + s->overhead_ms;
}

static double true_break_even(const struct scenario *s)
{
    const struct simulated_place *edge = &s->places[0], *cloud = &s->places[1];
    return (cloud->intercept_ms + cloud->rtt_ms - edge->intercept_ms) /
           (edge->slope_ms - cloud->slope_ms);
}

/* The standard deviation of the break-even after a second of the c-optimal design of the truth. */
static double least_sd(const struct scenario *s)
{
    double sum = 0, at = true_break_even(s);
    for (int p = 0; p < 2; p++) {
        double g[2 * SIMULATED_LENGTHS];
        size_t n = 0;
        for (uint32_t l = s->from; l <= s->to; l += s->step, n++) {
            double scale = 1 / (true_sd_ms(s, p, l) * sqrt(true_cost_ms(s, p, l) * 1e-3));
            g[2 * n] = scale;
            g[2 * n + 1] = scale * l;
        }
        struct c_optimal design;
        struct error error = {0};
        if (c_optimal(g, n, 2, (double[]){1, at}, &design, &error))
            printf("%s\n", error.text);
        sum += design.root;
    }
    return sum / (s->places[0].slope_ms - s->places[1].slope_ms);
}

/* The same by the samples of a data set, fitted with the true weights. */
static double informed_sd(const struct scenario *s, const struct dataset *dataset)
{
    double variance = 0, at = true_break_even(s);
    for (size_t t = 0; t < 2; t++) {
        const struct dataset_target *target = &dataset->targets[t];
        double *g = malloc(2 * target->n * sizeof *g), *ones = malloc(target->n * sizeof *ones);
        for (size_t i = 0; i < target->n; i++) {
            double length = target->observations[i].length;
            ones[i] = 1;
            g[2 * i] = 1e3 / true_sd_ms(s, (int)t, length);
            g[2 * i + 1] = g[2 * i] * length;
        }
        variance += c_variance(g, ones, target->n, 2, (double[]){1, at});
        free(g);
        free(ones);
    }
    return sqrt(variance) * 1e3 / (s->places[0].slope_ms - s->places[1].slope_ms);
}

static int64_t simulated_now(void *clock)
{
    return ((struct simulation *)clock)->now_ns;
}

static enum status simulate(void *user, uint32_t length, struct sample *sample, struct error *why)
{
    struct simulated_self *self = user;
    struct simulation *simulation = self->simulation;
    const struct scenario *s = simulation->scenario;
    const struct simulated_place *p = &s->places[self->place];
    struct random *random = &simulation->random;
    double probe_ms = p->rtt_ms + p->rtt_sd_ms * random_normal(random);
    double link_ms = p->rtt_ms + p->rtt_sd_ms * random_normal(random);
    double ms =
        true_ms(s, self->place, length) * (1 + simulation->shared + simulation->own[self->place] +
                                           p->proportional * random_normal(random)) +
        p->sd_ms * random_normal(random);
    (void)why;
    sample->length = length;
    sample->time_ns = llround(fmax(ms + link_ms, 0) * 1e6);
    if (p->rtt_ms > 0)
        sample->rtt_ns = llround(fmax(probe_ms, 0) * 1e6);
    simulation->now_ns += sample->time_ns + llround((fmax(probe_ms, 0) + s->overhead_ms) * 1e6);
    return STATUS_OK;
}

static enum status begin_round(void *self, int64_t round, struct error *error)
{
    struct simulation *s = self;
    (void)round;
    (void)error;
    if (s->n_rounds == 0)
        s->began_ns = s->now_ns;
    s->shared = s->scenario->shared * random_normal(&s->weather);
    for (int p = 0; p < 2; p++)
        s->own[p] = s->scenario->places[p].own * random_normal(&s->weather);
    return STATUS_OK;
}

static enum status end_round(void *self, int64_t round, struct error *error)
{
    struct simulation *s = self;
    (void)round;
    enum status status =
        array_reserve(&s->round_ends_s, s->n_rounds, &s->capacity, sizeof *s->round_ends_s, error);
    if (!status)
        s->round_ends_s[s->n_rounds++] = (double)(s->now_ns - s->began_ns) * 1e-9;
    return status;
}

/* Campaigns of one scenario, one after the other, each in a file of its own at `path`. */
static void simulation_open(struct simulation *s, const struct scenario *scenario, const char *path,
                            uint64_t seed)
{
    *s = (struct simulation){
        .scenario = scenario, .path = path, .random = {seed}, .weather = {~seed}};
    for (uint32_t l = scenario->from; l <= scenario->to; l += scenario->step)
        s->lengths[s->config.n_lengths++] = l;
    s->config.lengths = s->lengths;
    s->config.stop_ci = scenario->ci;
    s->config.max_samples = 100000;
    s->config.max_time_s = 1e9;
    s->config.name = (char *)"simulated";
}

static enum status new_campaign(struct simulation *s, struct error *error)
{
    s->config.seed = random_u64(&s->random) >> 1;
    s->campaign = (struct campaign){.name = s->config.name};
    store_close(s->store);
    s->store = NULL;
    unlink(s->path);
    enum status status = store_open(s->path, STORE_CREATE, &s->store, error);
    return status ? status : store_campaign_add(s->store, &s->campaign, error);
}

/* A campaign over the first n_places places. */
static enum status simulation_run(struct simulation *s, size_t n_places,
                                  struct sweep_result *result, struct error *error)
{
    static const char *const names[] = {"edge", "cloud"};
    struct place places[2] = {{.simulate = simulate}, {.simulate = simulate}};
    s->now_ns = 0;
    s->n_rounds = 0;
    enum status status = s->resume ? STATUS_OK : new_campaign(s, error);
    for (size_t p = 0; p < n_places; p++) {
        s->selves[p] = (struct simulated_self){s, (int)p};
        places[p].simulation = &s->selves[p];
        places[p].target = (struct target){.name = text_copy(names[p]),
                                           .url = p ? text_copy("http://simulated") : NULL};
        if (!status)
            status = store_target_add(s->store, s->campaign.id, &places[p].target, error);
    }
    struct sweep sweep = {.config = &s->config,
                          .store = s->store,
                          .campaign_id = s->campaign.id,
                          .places = places,
                          .n_places = n_places,
                          .now_ns = simulated_now,
                          .clock = s,
                          .companions = {{s, begin_round, end_round}},
                          .n_companions = 1};
    if (!status)
        status = sweep_run(&sweep, result, error);
    for (size_t p = 0; p < n_places; p++)
        place_close(&places[p]);
    return status;
}

static void simulation_close(struct simulation *s)
{
    free(s->round_ends_s);
    store_close(s->store);
    unlink(s->path);
    *s = (struct simulation){0};
}

/* The break-even from the first n_rounds rounds of a campaign (0: all). */
static enum status simulated_break_even(struct dataset *dataset, int32_t n_rounds,
                                        struct break_even *found, struct error *error)
{
    const struct fit_options options = {.automatic = true};
    size_t all[2];
    struct model_set set;
    for (size_t t = 0; t < dataset->n_targets; t++) {
        struct dataset_target *target = &dataset->targets[t];
        all[t] = target->n;
        while (n_rounds > 0 && target->n > 0 &&
               target->observations[target->n - 1].round >= n_rounds)
            target->n--;
    }
    enum status status = campaign_fit(dataset, &options, &set, error);
    if (!status) {
        struct cost_link link = cost_link_measured(&set);
        status = break_even_time(&set, "edge", "cloud", &link, found, error);
        model_set_free(&set);
    }
    for (size_t t = 0; t < dataset->n_targets; t++)
        dataset->targets[t].n = all[t];
    return status;
}

static enum status simulated_dataset(const struct simulation *s, struct dataset *dataset,
                                     struct error *error)
{
    const struct hold_out nothing = {0};
    return dataset_from_store(s->store, &s->campaign, &nothing, dataset, error);
}

#endif
