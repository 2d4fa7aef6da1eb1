// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Simulated campaigns of a straight or bent device beside a straight endpoint, the true form given:
 * 95 % intervals must hold the truth in 93 to 97 % of them, of each coefficient, each knot and the
 * break-even. Each knot changes the slope by 20 standard errors and more; one is at a length,
 * others between two, and one about two standard errors of its place before a length, with few
 * lengths before it: there the squares have a kink, and the tangent's interval holds it in 80 %
 * only.
 */
#include "base/test/support.h"

#include "base/random.h"
#include "fitter/break_even.h"
#include "fitter/campaign_fit.h"
#include "fitter/interval.h"
#include "fitter/test/observed.h"

#include <math.h>
#include <stdio.h>

enum { N_LENGTHS = 32, ROUNDS = 20, PER_CAMPAIGN = N_LENGTHS * ROUNDS, MAX_NUMBERS = 9 };

static const struct noise {
    const char *name;
    double sd_ms, proportional, shared; /* of a sample, of it relative; of a round, relative */
    bool rounds;                        /* whether the fit is told the rounds */
} noises[] = {
    {"equal", 2, 0, 0, false},
    {"proportional", 0, 0.02, 0, false},
    {"3 % shared in a round, 2 ms", 2, 0, 0.03, true},
};

/* In ms; the cloud takes 200 + 0.5 n. */
static const struct truth {
    const char *name;
    uint32_t n_lengths, spacing;
    size_t n_knots;
    double intercept, slope, knots[2], hinges[2];
} truths[] = {
    {"a line", 32, 20, 0, 5, 1, {0}, {0}},
    {"one knot", 32, 20, 1, 5, 1, {230.5}, {1}},
    {"one, few lengths", 10, 40, 1, 5, 1, {118.3}, {1}},
    {"two knots", 32, 20, 2, 5, 1, {180, 427.3}, {1, -0.8}},
};

static double edge_ms(const struct truth *truth, double n)
{
    double ms = truth->intercept + truth->slope * n;
    for (size_t k = 0; k < truth->n_knots; k++)
        ms += truth->hinges[k] * fmax(n - truth->knots[k], 0);
    return ms;
}

static double cloud_ms(double n)
{
    return 200 + 0.5 * n;
}

/* Where they are equal, by halving. */
static double equal_at(const struct truth *truth)
{
    double low = 1, high = 640;
    for (int i = 0; i < 100; i++) {
        double n = (low + high) / 2;
        if (edge_ms(truth, n) < cloud_ms(n))
            low = n;
        else
            high = n;
    }
    return low;
}

static void simulate(struct dataset *dataset, const struct truth *truth, const struct noise *noise,
                     struct random *random)
{
    dataset->targets[0].n = dataset->targets[1].n = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double both = 1 + noise->shared * random_normal(random);
        for (int t = 0; t < 2; t++) {
            struct dataset_target *target = &dataset->targets[t];
            for (uint32_t i = 1; i <= truth->n_lengths; i++) {
                uint32_t length = truth->spacing * i;
                double ms = t ? cloud_ms(length) : edge_ms(truth, length);
                ms *= both + noise->proportional * random_normal(random);
                ms += noise->sd_ms * random_normal(random);
                target->observations[target->n++] =
                    observed(length, noise->rounds ? round : -1, ms);
            }
        }
    }
}

/* The true coefficients in the model's order, in s. */
static size_t list_truth(const struct truth *truth, double *values)
{
    size_t n = 0;
    values[n++] = truth->intercept * 1e-3;
    values[n++] = truth->slope * 1e-3;
    for (size_t k = 0; k < truth->n_knots; k++)
        values[n++] = truth->hinges[k] * 1e-3;
    for (size_t k = 0; k < truth->n_knots; k++)
        values[n++] = truth->knots[k];
    return n;
}

static void count(const struct model_set *set, const struct truth *truth, int *covered)
{
    double values[MAX_NUMBERS];
    const struct cost_model *model = model_set_find(set, "edge", QUANTITY_TIME_S);
    const struct cost_link link = {0, 0, 0};
    struct break_even found;
    size_t n = list_truth(truth, values);
    assert_int_equal(model->n_knots, truth->n_knots);
    assert_int_equal(model->n_coefficients, n);
    for (size_t i = 0; i < n; i++) {
        double half = interval_t(model->dof) * sqrt(model_set_covariance(set, model, i, model, i));
        size_t k = i + truth->n_knots - n; /* the knots are the last */
        covered[i] += i + truth->n_knots < n ? fabs(model->coefficients[i] - values[i]) <= half
                                             : model->knot_ends[k][0] <= values[i] &&
                                                   values[i] <= model->knot_ends[k][1];
    }
    assert_int_equal(break_even_time(set, "edge", "cloud", &link, &found, NULL), STATUS_OK);
    assert_int_equal(found.verdict, VERDICT_CROSSING);
    double even = equal_at(truth);
    covered[n] += found.has_interval && found.low <= even && even <= found.high;
}

static bool cover(const struct truth *truth, const struct noise *noise, int campaigns,
                  uint64_t seed)
{
    static struct observation observations[2][PER_CAMPAIGN];
    struct dataset_target targets[2] = {
        {.name = (char *)"edge", .observations = observations[0]},
        {.name = (char *)"cloud", .remote = true, .observations = observations[1]}};
    struct dataset dataset = {.campaign = (char *)"simulated", .targets = targets, .n_targets = 2};
    struct random random = {seed};
    int covered[MAX_NUMBERS] = {0};
    for (int c = 0; c < campaigns; c++) {
        struct fit_options options = {.form = truth->n_knots ? FORM_PIECEWISE : FORM_LINEAR,
                                      .max_knots = truth->n_knots};
        struct model_set set;
        struct error error = {0};
        simulate(&dataset, truth, noise, &random);
        if (campaign_fit(&dataset, &options, &set, &error))
            fail_msg("%s", error.text);
        assert_int_equal(set.n_rounds, noise->rounds ? ROUNDS : 0);
        count(&set, truth, covered);
        model_set_free(&set);
    }
    /* four standard errors of so few campaigns are more than two points off */
    double slack = test_long() ? 0 : 2.5;
    bool within = true;
    printf("  %-16s %-28s", truth->name, noise->name);
    for (size_t i = 0; i < 3 + 2 * truth->n_knots; i++) {
        double share = 100.0 * covered[i] / campaigns;
        printf(" %5.1f", share);
        /* beside a length, with few lengths before it, only knots and the break-even hold */
        if (i < 2 + truth->n_knots && truth->n_lengths < N_LENGTHS)
            continue;
        within = within && share >= 93 - slack && share <= 97 + slack;
    }
    puts(" %");
    return within;
}

static void intervals_hold_the_truth(void **state)
{
    (void)state;
    int campaigns = test_long() ? 2000 : 300;
    uint64_t seed = 11;
    bool within = true;
    printf("seed %llu, %d campaigns each: powers, hinges, knots, break-even\n",
           (unsigned long long)seed, campaigns);
    for (size_t t = 0; t < sizeof truths / sizeof *truths; t++) {
        for (size_t i = 0; i < sizeof noises / sizeof *noises; i++)
            within = cover(&truths[t], &noises[i], campaigns, seed) && within;
    }
    assert_true(within);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(intervals_hold_the_truth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
