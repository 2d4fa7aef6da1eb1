// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Simulated campaigns with a known break-even: its 95 % interval must hold the truth in 93 to 97 %
 * of them. Edge 3 + 2n ms, cloud 203 + 0.5n ms: equal at n = 400/3; over a link of 20 ms, 440/3.
 */
#include "base/test/support.h"

#include "base/random.h"
#include "fitter/break_even.h"
#include "fitter/campaign_fit.h"
#include "fitter/test/observed.h"

#include <math.h>
#include <stdio.h>

enum { N_LENGTHS = 16, ROUNDS = 20, PER_CAMPAIGN = N_LENGTHS * ROUNDS };

struct noise {
    const char *name;
    double sd_ms;        /* of every sample */
    double proportional; /* of a sample, relative to its mean */
    double shared;       /* of a round, relative, the same for both targets */
    double own;          /* of a round, relative, one for each target */
    bool rounds;         /* whether the fit is told the rounds */
    int n_rounds;
    double rtt_sd_ms; /* > 0: over 20 ms, measured before each request, which meets another */
};

static const struct noise noises[] = {
    {"independent, equal", 4, 0, 0, 0, false, ROUNDS, 0},
    {"independent, proportional", 0, 0.05, 0, 0, false, ROUNDS, 0},
    {"equal, in rounds", 4, 0, 0, 0, true, ROUNDS, 0},
    {"3 % shared by both in a round", 4, 0, 0.03, 0, true, ROUNDS, 0},
    {"3 % shared in a round, per target", 4, 0, 0, 0.03, true, ROUNDS, 0},
    {"3 % shared and 5 % proportional", 0, 0.05, 0.03, 0.01, true, ROUNDS, 0},
    {"round trips measured, 10 rounds", 4, 0, 0.03, 0, true, 10, 2},
};

static double truth_ms(int target, uint32_t length)
{
    return target == 0 ? 3 + 2.0 * length : 203 + 0.5 * length;
}

static void simulate(struct dataset *dataset, const struct noise *noise, struct random *random)
{
    for (int t = 0; t < 2; t++)
        dataset->targets[t].n = 0;
    for (int round = 0; round < noise->n_rounds; round++) {
        double both = noise->shared * random_normal(random);
        for (int t = 0; t < 2; t++) {
            struct dataset_target *target = &dataset->targets[t];
            double own = noise->own * random_normal(random);
            for (uint32_t i = 0; i < N_LENGTHS; i++) {
                uint32_t length = 8 + 20 * i;
                double ms = truth_ms(t, length) *
                                (1 + both + own + noise->proportional * random_normal(random)) +
                            noise->sd_ms * random_normal(random);
                struct observation *o = &target->observations[target->n++];
                bool link = t == 1 && noise->rtt_sd_ms > 0;
                if (link)
                    ms += 20 + noise->rtt_sd_ms * random_normal(random);
                *o = observed(length, noise->rounds ? round : -1, ms);
                if (link)
                    o->rtt_ns = llround((20 + noise->rtt_sd_ms * random_normal(random)) * 1e6);
            }
        }
    }
}

static double coverage(const struct noise *noise, int campaigns, uint64_t seed)
{
    static struct observation observations[2][PER_CAMPAIGN];
    struct dataset_target targets[2] = {
        {.name = (char *)"edge", .observations = observations[0]},
        {.name = (char *)"cloud", .remote = true, .observations = observations[1]}};
    struct dataset dataset = {.campaign = (char *)"simulated", .targets = targets, .n_targets = 2};
    struct fit_options options = {.automatic = true};
    struct random random = {seed};
    int covered = 0;
    for (int c = 0; c < campaigns; c++) {
        struct model_set set;
        struct break_even found;
        const struct cost_link link = {noise->rtt_sd_ms > 0 ? 0.02 : 0, 0, 0};
        double truth = (200 + link.rtt_s * 1e3) / 1.5;
        struct error error = {0};
        simulate(&dataset, noise, &random);
        dataset.has_rtt = noise->rtt_sd_ms > 0;
        targets[1].n_rtt = dataset.has_rtt ? targets[1].n : 0;
        link_terms_find(&targets[1]);
        if (campaign_fit(&dataset, &options, &set, &error) ||
            break_even_time(&set, "edge", "cloud", &link, &found, &error))
            fail_msg("%s", error.text);
        assert_int_equal(set.n_rounds, noise->rounds ? noise->n_rounds : 0);
        covered += found.has_interval && found.low <= truth && truth <= found.high;
        model_set_free(&set);
    }
    return (double)covered / campaigns;
}

static void covers_the_truth(void **state)
{
    (void)state;
    int campaigns = test_long() ? 2000 : 1000;
    uint64_t seed = test_long() ? 20265 : 1;
    printf("seed %llu, %d campaigns each\n", (unsigned long long)seed, campaigns);
    for (size_t i = 0; i < sizeof noises / sizeof *noises; i++) {
        double share = coverage(&noises[i], campaigns, seed);
        printf("  %-36s %.1f %%\n", noises[i].name, 100 * share);
        assert_true(share >= 0.93 && share <= 0.97);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(covers_the_truth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
