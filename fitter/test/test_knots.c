// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What is said of knots: how wide their intervals are (how often they hold the truth: see
 * test_forms_coverage.c), jumps, and lines that rest on few lengths.
 */
#include "base/test/support.h"

#include "base/random.h"
#include "fitter/campaign_fit.h"
#include "fitter/test/observed.h"

#include <string.h>

enum { ROUNDS = 20, N_MAX = 64 * ROUNDS };

struct truth {
    uint32_t spacing, n_lengths;
    double knot, hinge, jump; /* ms; the jump is behind the knot */
};

static void count_doubt(void *user, const char *line)
{
    int *n = user;
    *n += strstr(line, "with few lengths beside it") != NULL;
}

/* 5 ms and 1 ms per step, with 2 ms of noise. */
static void fit(const struct truth *truth, uint64_t seed, int *n_doubts, struct model_set *set)
{
    static struct observation observations[N_MAX];
    struct dataset_target target = {.name = (char *)"edge", .observations = observations};
    struct dataset dataset = {.campaign = (char *)"known", .targets = &target, .n_targets = 1};
    const struct fit_options options = {
        .automatic = true, .curved = true, .max_knots = 4, .remark = count_doubt, .user = n_doubts};
    struct random random = {seed};
    struct error error = {0};
    for (int round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 1; i <= truth->n_lengths; i++) {
            double n = truth->spacing * i, ms = 5 + n + 2 * random_normal(&random);
            if (n > truth->knot)
                ms += truth->jump + truth->hinge * (n - truth->knot);
            observations[target.n++] = observed(truth->spacing * i, round, ms);
        }
    }
    *n_doubts = 0;
    if (campaign_fit(&dataset, &options, set, &error))
        fail_msg("%s", error.text);
    assert_int_equal(set->models[0].form, FORM_PIECEWISE);
}

static void a_knot_is_known_to_less_than_a_gap(void **state)
{
    const struct truth truth = {20, 32, 290, 1, 0};
    struct model_set set;
    int n_doubts;
    (void)state;
    fit(&truth, 3, &n_doubts, &set);
    const double *ends = set.models[0].knot_ends[0];
    assert_int_equal(set.models[0].n_knots, 1);
    assert_true(ends[0] < set.models[0].knots[0] && set.models[0].knots[0] < ends[1]);
    assert_true(ends[0] > 288 && ends[1] < 292);
    assert_int_equal(n_doubts, 0);
    model_set_free(&set);
}

/* It is somewhere between two lengths, and no narrower interval would be true. */
static void a_jump_has_the_gap(void **state)
{
    const struct truth truth = {20, 32, 290, 1, 300};
    struct model_set set;
    int n_doubts;
    (void)state;
    fit(&truth, 3, &n_doubts, &set);
    assert_int_equal(set.models[0].n_knots, 2);
    for (int k = 0; k < 2; k++) {
        assert_close(set.models[0].knot_ends[k][0], 280, 0, 0);
        assert_close(set.models[0].knot_ends[k][1], 300, 0, 0);
    }
    model_set_free(&set);
}

static void few_lengths_are_remarked(void **state)
{
    const struct truth truth = {40, 10, 119, 1, 0};
    struct model_set set;
    int n_doubts;
    (void)state;
    fit(&truth, 3, &n_doubts, &set);
    assert_int_equal(n_doubts, 1);
    model_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_knot_is_known_to_less_than_a_gap),
        cmocka_unit_test(a_jump_has_the_gap),
        cmocka_unit_test(few_lengths_are_remarked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
