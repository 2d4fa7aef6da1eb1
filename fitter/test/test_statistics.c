// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Quantiles and robust means of simulated campaigns: their truth is arithmetic (normal noise in
 * proportion to 3 + 0.2 n ms), and 95 % intervals over rounds hold it.
 */
#include "base/test/support.h"

#include "base/random.h"
#include "fitter/campaign_fit.h"
#include "fitter/interval.h"
#include "fitter/test/observed.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>

enum { N_LENGTHS = 12, ROUNDS = 20, REPEATS = 3, N = N_LENGTHS * ROUNDS * REPEATS };

static const struct setting {
    const char *name;
    enum statistic statistic;
    enum robust_kind robust;
    double quantile; /* of the normal distribution; 0: the mean */
    double spoilt;   /* share of samples that take five times as long */
    double least;    /* per cent of the intervals that hold the truth, with full counts */
} settings[] = {
    {"p50", STATISTIC_P50, ROBUST_NONE, 0.5, 0, 93},
    {"p90", STATISTIC_P90, ROBUST_NONE, 0.9, 0, 92},
    {"p95", STATISTIC_P95, ROBUST_NONE, 0.95, 0, 91},
    {"huber", STATISTIC_MEAN, ROBUST_HUBER, 0, 0, 93},
    {"bisquare", STATISTIC_MEAN, ROBUST_BISQUARE, 0, 0, 93},
    {"bisquare, 3 % spoilt", STATISTIC_MEAN, ROBUST_BISQUARE, 0, 0.03,
     89}, /* all too long: biased */
};

static const double relative_sd = 0.05;

static void simulate(const struct setting *setting, struct dataset_target *target,
                     struct random *random)
{
    target->n = 0;
    for (int32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < N_LENGTHS * REPEATS; i++) {
            uint32_t length = 20 * (i % N_LENGTHS + 1);
            double ms = (3 + 0.2 * length) * (1 + relative_sd * random_normal(random));
            if (random_uniform(random) < setting->spoilt)
                ms *= 5;
            target->observations[target->n++] = observed(length, round, ms);
        }
    }
}

static bool hold(const struct setting *setting, int campaigns, uint64_t seed)
{
    static struct observation observations[N];
    struct dataset_target target = {.name = (char *)"edge", .observations = observations};
    struct dataset dataset = {.campaign = (char *)"simulated", .targets = &target, .n_targets = 1};
    struct random random = {seed};
    int held[2] = {0};
    double factor = 1;
    if (setting->quantile > 0)
        factor += relative_sd * gsl_cdf_ugaussian_Pinv(setting->quantile);
    const double truth[] = {3e-3 * factor, 0.2e-3 * factor};
    for (int c = 0; c < campaigns; c++) {
        const struct fit_options options = {.form = FORM_LINEAR,
                                            .statistic = setting->statistic,
                                            .robust = setting->robust,
                                            .hold_out = {.seed = seed + (uint64_t)c}};
        struct model_set set;
        struct error error = {0};
        simulate(setting, &target, &random);
        if (campaign_fit(&dataset, &options, &set, &error))
            fail_msg("%s: %s", setting->name, error.text);
        const struct cost_model *model = &set.models[0];
        assert_int_equal(model->statistic, setting->statistic);
        assert_int_equal(set.n_rounds, ROUNDS);
        for (size_t i = 0; i < 2; i++) {
            double half =
                interval_t(model->dof) * sqrt(model_set_covariance(&set, model, i, model, i));
            held[i] += fabs(model->coefficients[i] - truth[i]) <= half;
        }
        model_set_free(&set);
    }
    bool within = true;
    double slack = test_long() ? 0 : 4;
    printf("  %-22s", setting->name);
    for (size_t i = 0; i < 2; i++) {
        double share = 100.0 * held[i] / campaigns;
        printf(" %5.1f", share);
        within = within && share >= setting->least - slack && share <= 98 + slack;
    }
    puts(" %");
    return within;
}

static void intervals_hold_the_truth(void **state)
{
    (void)state;
    int campaigns = test_long() ? 1000 : 150;
    uint64_t seed = 17;
    bool within = true;
    printf("seed %llu, %d campaigns each: intercept, slope\n", (unsigned long long)seed, campaigns);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        within = hold(&settings[i], campaigns, seed) && within;
    assert_true(within);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(intervals_hold_the_truth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
