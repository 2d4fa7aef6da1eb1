// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Simulated campaigns with a known break-even: its 95 % interval must hold the truth in 93 to 97 %
 * of them. Edge 3 + 2n ms, cloud 203 + 0.5n ms: equal at n = 400/3.
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
};

static const struct noise noises[] = {
    {"independent, equal", 4, 0, 0, 0, false},
    {"independent, proportional", 0, 0.05, 0, 0, false},
    {"equal, in rounds", 4, 0, 0, 0, true},
    {"3 % shared by both in a round", 4, 0, 0.03, 0, true},
    {"3 % shared in a round, per target", 4, 0, 0, 0.03, true},
    {"3 % shared and 5 % proportional", 0, 0.05, 0.03, 0.01, true},
};

static double truth_ms(int target, uint32_t length)
{
    return target == 0 ? 3 + 2.0 * length : 203 + 0.5 * length;
}

static void simulate(struct dataset *dataset, const struct noise *noise, struct random *random)
{
    for (int t = 0; t < 2; t++)
        dataset->targets[t].n = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double both = noise->shared * random_normal(random);
        for (int t = 0; t < 2; t++) {
            struct dataset_target *target = &dataset->targets[t];
            double own = noise->own * random_normal(random);
            for (uint32_t i = 0; i < N_LENGTHS; i++) {
                uint32_t length = 8 + 20 * i;
                double ms = truth_ms(t, length) *
                                (1 + both + own + noise->proportional * random_normal(random)) +
                            noise->sd_ms * random_normal(random);
                target->observations[target->n++] =
                    observed(length, noise->rounds ? round : -1, ms);
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
        const struct cost_link link = {0, 0, 0};
        struct error error = {0};
        simulate(&dataset, noise, &random);
        if (campaign_fit(&dataset, &options, &set, &error) ||
            break_even_time(&set, "edge", "cloud", &link, &found, &error))
            fail_msg("%s", error.text);
        assert_int_equal(set.n_rounds, noise->rounds ? ROUNDS : 0);
        covered += found.has_interval && found.low <= 400.0 / 3 && 400.0 / 3 <= found.high;
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
