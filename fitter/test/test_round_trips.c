// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Simulated campaigns over several states of the link, with known numbers of round trips, bytes and
 * remote time: the estimates must come out unbiased, and their intervals must hold the truth in
 * about 95 % of the campaigns.
 */
#include "base/test/support.h"

#include "base/random.h"
#include "fitter/campaign_fit.h"
#include "fitter/link_states.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_LENGTHS = 10, ROUNDS = 20, N_STATES = 3, SAMPLES = ROUNDS * N_STATES * N_LENGTHS };
enum { UP_PS = 800000, DOWN_PS = 160000 }; /* 10 and 50 Mbit/s */

enum states {
    EACH_ROUND_ALL,   /* a round goes through every state */
    EACH_ROUND_ITS,   /* a round is in one state */
    EACH_ROUND_ITS_R, /* a round trip of its own for each round: a link that wanders */
};

struct world {
    const char *what;
    bool cold;
    double trips[3];    /* c1 up to length 300, up to 700, above */
    double bytes_slope; /* bytes up per step; 100 on top */
    enum states states;
    double probe_noise;   /* of the measured round trip, relative to the first state's */
    double noise, shared; /* of remote time: of one sample, of a round; relative */
    bool rounds;          /* whether the fit is told the rounds */
    enum model_form form; /* expected */
    size_t n_levels;      /* expected; 0: no model */
};

static const double states_s[N_STATES] = {5e-3, 20e-3, 60e-3};

static const struct world worlds[] = {
    {"one, warm", false, {1, 1, 1}, 8, EACH_ROUND_ALL, 0.2, 0.03, 0.02, true, 0, 0},
    {"two, cold", true, {2, 2, 2}, 8, EACH_ROUND_ALL, 0.2, 0.03, 0.02, true, FORM_CONSTANT, 1},
    {"three, cold, a state each round",
     true,
     {3, 3, 3},
     8,
     EACH_ROUND_ITS,
     0.2,
     0.03,
     0.01,
     true,
     FORM_CONSTANT,
     1},
    {"two, cold, no rounds",
     true,
     {2, 2, 2},
     8,
     EACH_ROUND_ALL,
     0.2,
     0.03,
     0,
     false,
     FORM_CONSTANT,
     1},
    {"two, cold, a wandering link",
     true,
     {2, 2, 2},
     8,
     EACH_ROUND_ITS_R,
     0.4,
     0.03,
     0,
     true,
     FORM_CONSTANT,
     1},
    {"step, cold", true, {2, 3, 4}, 8, EACH_ROUND_ALL, 0.2, 0.03, 0.02, true, FORM_STEP, 3},
    {"step, warm, slow start above 300",
     false,
     {1, 2, 3},
     45,
     EACH_ROUND_ALL,
     0.2,
     0.03,
     0.02,
     true,
     FORM_STEP,
     3},
};
enum { N_WORLDS = sizeof worlds / sizeof *worlds };

static uint32_t length_at(int i)
{
    return 60 + 100 * (uint32_t)i;
}

static double trips_at(const struct world *world, uint32_t length)
{
    return world->trips[length <= 300 ? 0 : length <= 700 ? 1 : 2];
}

/* Remote time 4 ms + 0.1 ms per step. */
static void simulate(const struct world *world, struct dataset_target *target,
                     struct random *random)
{
    target->n = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double shared = world->shared * random_normal(random);
        double wandering = 5e-3 + 55e-3 * random_uniform(random);
        for (int k = 0; k < N_STATES * N_LENGTHS; k++) {
            uint32_t length = length_at(k % N_LENGTHS);
            double r = states_s[world->states == EACH_ROUND_ALL ? k / N_LENGTHS : round % N_STATES];
            if (world->states == EACH_ROUND_ITS_R)
                r = wandering;
            int64_t up = 100 + llround(world->bytes_slope * length), down = 300;
            double remote =
                (4e-3 + 0.1e-3 * length) * (1 + shared + world->noise * random_normal(random));
            double probe = r + world->probe_noise * states_s[0] * random_normal(random);
            double time = trips_at(world, length) * r + remote +
                          1e-12 * (double)(up * UP_PS + down * DOWN_PS);
            target->observations[target->n++] = (struct observation){
                .length = length,
                .round = world->rounds ? round : -1,
                .time_ns = llround(time * 1e9),
                .rtt_ns = llround(fmax(probe, 0) * 1e9),
                .bytes_up = up,
                .bytes_down = down,
                .connect_ns = world->cold ? llround(r * 1e9) : 0,
                .link_rtt_ns = -1,
                .up_ps_per_byte = UP_PS,
                .down_ps_per_byte = DOWN_PS,
            };
        }
    }
    link_terms_find(target);
}

/* How estimates of one number come out over campaigns. */
struct tally {
    double truth, sum, squares;
    int n, covered;
};

static void count(struct tally *tally, const struct model_set *set, const struct cost_model *model,
                  size_t i, double truth)
{
    double off = model->coefficients[i] - truth;
    double half =
        gsl_cdf_tdist_Pinv(0.975, model->dof) * sqrt(model_set_covariance(set, model, i, model, i));
    tally->truth = truth;
    tally->sum += off;
    tally->squares += off * off;
    tally->n++;
    tally->covered += fabs(off) <= half;
}

/* Unbiased: the mean error within 4 of its standard errors. Covered in 95 % less or more what the
 * number of campaigns allows (3.5 standard errors), and 2 % for the approximation that it is. */
static void check(const struct world *world, const char *what, const struct tally *tally)
{
    double n = tally->n, mean = tally->sum / n, sd = sqrt(tally->squares / n);
    double covered = tally->covered / n, slack = 3.5 * sqrt(0.95 * 0.05 / n) + 0.02;
    printf("  %-34s %-10s %9.6f %+.6f (sd %.6f), held in %.1f %%\n", world->what, what,
           tally->truth, mean, sd, 100 * covered);
    assert_true(fabs(mean) <= 4 * sd / sqrt(n));
    assert_true(fabs(covered - 0.95) <= slack);
}

static void fit(struct dataset *dataset, const struct world *world, struct model_set *set)
{
    struct fit_options options = {.automatic = true};
    struct error error = {0};
    dataset->up_s_per_byte = UP_PS * 1e-12;
    dataset->down_s_per_byte = DOWN_PS * 1e-12;
    if (campaign_fit(dataset, &options, set, &error))
        fail_msg("%s: %s", world->what, error.text);
}

static void run_world(const struct world *world, int campaigns, uint64_t seed)
{
    struct observation *observations = malloc(SAMPLES * sizeof *observations);
    struct dataset_target target = {
        .name = (char *)"cloud", .remote = true, .observations = observations};
    struct dataset dataset = {.campaign = (char *)"x", .targets = &target, .n_targets = 1};
    struct random random = {seed};
    struct tally levels[3] = {{0}}, intercept = {0}, slope = {0};
    int as_expected = 0;
    for (int c = 0; c < campaigns; c++) {
        struct model_set set;
        simulate(world, &target, &random);
        fit(&dataset, world, &set);
        const struct cost_model *trips = model_set_find(&set, "cloud", QUANTITY_ROUND_TRIPS);
        const struct cost_model *remote = model_set_find(&set, "cloud", QUANTITY_REMOTE_S);
        bool expected = world->n_levels == 0 ? !trips
                                             : trips && trips->form == world->form &&
                                                   trips->n_coefficients == world->n_levels;
        as_expected += expected;
        for (size_t i = 0; expected && i < world->n_levels; i++) {
            if (world->cold || i > 0)
                count(&levels[i], &set, trips, i, world->trips[i]);
            else
                assert_close(trips->coefficients[0], 1, 0, 0);
            if (i + 1 < world->n_levels)
                assert_int_equal(trips->segments[i].to, i == 0 ? 310 : 710);
        }
        if (expected && remote->form == FORM_LINEAR) {
            count(&intercept, &set, remote, 0, 4e-3);
            count(&slope, &set, remote, 1, 0.1e-3);
        }
        model_set_free(&set);
    }
    assert_in_range(as_expected, campaigns - campaigns / 50, campaigns);
    for (size_t i = world->cold ? 0 : 1; i < world->n_levels; i++)
        check(world, "c1", &levels[i]);
    check(world, "intercept", &intercept);
    check(world, "slope", &slope);
    free(observations);
}

static void estimates_hold_the_truth(void **state)
{
    (void)state;
    int campaigns = test_long() ? 1000 : 200;
    uint64_t seed = test_long() ? 31415 : 3;
    printf("seed %llu, %d campaigns each: the truth, the mean error\n", (unsigned long long)seed,
           campaigns);
    for (size_t i = 0; i < N_WORLDS; i++)
        run_world(&worlds[i], campaigns, seed + i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(estimates_hold_the_truth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
