// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Decision tables and their certificates, against brute force over the models.
 */
#include "codegen/test/pairs.h"

#include "base/clock.h"

#include <math.h>

static void build(const struct pair *pair, enum link_kind link, double max_regret,
                  struct model_set *set, struct decision_table *table)
{
    struct error error = {0};
    struct table_options options = {.edge = "edge",
                                    .cloud = "cloud",
                                    .link = link,
                                    .rtt_s = pair->rtt_s,
                                    .max_regret = max_regret,
                                    .bandwidth = NULL};
    pair_set(pair, set);
    if (decision_table_build(set, &options, table, &error))
        fail_msg("%s: %s", pair->what, error.text);
}

static void drop(struct model_set *set, struct decision_table *table)
{
    decision_table_free(table);
    model_set_free(set);
}

/* Regret of one decision by the models. */
static void cost(const struct model_set *set, uint32_t n, double rtt_s, int decision, double *above,
                 double *share)
{
    double edge = cost_model_value(model_set_find(set, "edge", QUANTITY_TIME_S), n);
    double cloud = cost_model_value(model_set_find(set, "cloud", QUANTITY_REMOTE_S), n) + rtt_s;
    double best = fmin(edge, cloud);
    *above = (decision ? cloud : edge) - best;
    *share = *above > 0 ? *above / best : 0;
}

static void test_certificate_by_brute_force(void **state)
{
    (void)state;
    /* every round trip of every length, so the pair is small: 50 lengths of some 100 us */
    static const struct pair pairs[] = {
        {"small", 1, 25, {{0, 11e-6, 3.37e-6}}, {{0, 31e-6, 0.61e-6}}, 20e-6},
        {"bent", 1, 30, {{10, 40e-6, 1.3e-6}, {0, 4e-6, 5.1e-6}}, {{0, 35e-6, 0.2e-6}}, 33e-6},
    };
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        for (int loose = 0; loose < 2; loose++) {
            struct model_set set;
            struct decision_table table;
            double worst = 0, worst_share = 0, sum = 0, sum_share = 0, above, share;
            build(&pairs[k], LINK_RTT, loose ? 0.05 : 0, &set, &table);
            for (uint32_t n = 0; n <= 2 * pairs[k].n_max; n++) {
                double most = 0, most_share = 0;
                for (uint32_t r = 0; r < 2000; r++) {
                    int decision = decision_table_choose(&table, n, r);
                    cost(&set, n, r * 1e-6, decision, &above, &share);
                    most = fmax(most, above);
                    most_share = fmax(most_share, share);
                }
                worst = fmax(worst, most);
                worst_share = fmax(worst_share, most_share);
                if (n >= 1 && n <= pairs[k].n_max) {
                    sum += most;
                    sum_share += most_share;
                }
            }
            struct certificate certificate = certificate_make(&table, NULL);
            assert_int_equal(certificate.n_wrong, 0);
            assert_close(certificate.choose_rtt.worst, worst, 1e-6, 1e-15);
            assert_close(certificate.choose_rtt.worst_relative, worst_share, 1e-6, 1e-9);
            assert_close(certificate.choose_rtt.expected, sum / pairs[k].n_max, 1e-6, 1e-15);
            assert_close(certificate.choose_rtt.expected_relative, sum_share / pairs[k].n_max, 1e-6,
                         1e-9);
            assert_int_equal(certificate.n_checked, 2 * pairs[k].n_max + 1);
            if (loose)
                assert_true(certificate.choose_rtt.worst_relative <= 0.05 ||
                            certificate.choose_rtt.worst < 1e-6);
            else
                assert_true(certificate.choose_rtt.worst < 1e-6);
            drop(&set, &table);
        }
    }
}

static void test_fixed_link_is_exact(void **state)
{
    (void)state;
    struct random random = {(uint64_t)clock_ns()};
    printf("seed %llu\n", (unsigned long long)random.state);
    for (int i = 0; i < (test_long() ? 5000 : 500); i++) {
        struct pair pair = i < N_HAND_PICKED ? hand_picked[i] : pair_random(&random);
        struct model_set set;
        struct decision_table table;
        build(&pair, LINK_FIXED, 0, &set, &table);
        for (uint32_t n = 0; n <= 2 * pair.n_max; n++) {
            double above, share;
            cost(&set, n, pair.rtt_s, decision_table_choose(&table, n, 0), &above, &share);
            if (share > 1e-9)
                fail_msg("%s %d: n %u costs %g s more", pair.what, i, n, above);
        }
        assert_int_equal(decision_table_choose_fixed(&table, UINT32_MAX),
                         decision_table_choose_fixed(&table, 2 * pair.n_max));
        struct certificate certificate = certificate_make(&table, NULL);
        assert_int_equal(certificate.n_wrong, 0);
        assert_true(certificate.choose.worst_relative < 1e-9);
        assert_true(certificate.worst_remote_s < 1e-6);
        drop(&set, &table);
    }
}

static void test_regret_buys_size(void **state)
{
    (void)state;
    const struct pair *bent = NULL;
    for (int i = 0; i < N_HAND_PICKED; i++) {
        if (strcmp(hand_picked[i].what, "four segments and steps") == 0)
            bent = &hand_picked[i];
    }
    assert_non_null(bent);
    struct model_set set;
    struct decision_table table;
    build(bent, LINK_RTT, 0, &set, &table);
    assert_int_equal(table.choose_rtt, REPRESENTATION_SEGMENTS);
    size_t exact = integer_map_table_size(&table.break_even);
    assert_true(certificate_make(&table, NULL).choose_rtt.worst < 1e-6);
    drop(&set, &table);
    static const double regrets[] = {0.001, 0.01, 0.05, 0.2, 1};
    size_t last = exact;
    for (size_t i = 0; i < sizeof regrets / sizeof *regrets; i++) {
        build(bent, LINK_RTT, regrets[i], &set, &table);
        size_t size = integer_map_table_size(&table.break_even);
        double got = certificate_make(&table, NULL).choose_rtt.worst_relative;
        printf("regret %g: %zu bytes, certified %g\n", regrets[i], size, got);
        assert_true(got <= regrets[i] * (1 + 1e-9));
        assert_true(size <= last);
        last = size;
        drop(&set, &table);
    }
    assert_true(last < exact);
}

/* An endpoint whose time depends on the bucket of 8 that it pads its inputs to. */
static void test_steps_become_buckets(void **state)
{
    (void)state;
    struct pair pair = {"steps", 1, 128, {{0, 1, 0}}, {{0, 0, 0}}, 5e-3};
    struct model_set set;
    struct error error = {0};
    pair_set(&pair, &set);
    struct cost_model *cloud = &set.models[1];
    struct segment steps[16];
    for (uint32_t i = 0; i < 16; i++) /* levels without order, so that no line covers two */
        steps[i] = (struct segment){8 * i + 1, 8 * i + 8, 0.1 + 0.05 * (i * 7 % 16), 0, 0};
    free(cloud->segments);
    cloud->segments = steps;
    cloud->n_segments = 16;
    cloud->form = FORM_STEP;
    struct decision_table table;
    struct table_options options = {
        .edge = "edge", .cloud = "cloud", .link = LINK_RTT, .rtt_s = 5e-3};
    if (decision_table_build(&set, &options, &table, &error))
        fail_msg("%s", error.text);
    assert_int_equal(table.choose_rtt, REPRESENTATION_BUCKETED);
    assert_int_equal(table.break_even.buckets.shift, 3);
    assert_int_equal(table.break_even.buckets.n_rows, 17); /* the last goes on; 0 stands alone */
    assert_true(certificate_make(&table, NULL).choose_rtt.worst < 1e-6);
    struct footprint segments = table.forms.forms[MAP_FORM_SEGMENTS].footprint;
    struct footprint buckets = table.forms.forms[MAP_FORM_BUCKETED].footprint;
    assert_true(buckets.table_bytes < segments.table_bytes);
    assert_true(buckets.instructions < segments.instructions);
    decision_table_free(&table);
    cloud->segments = NULL;
    model_set_free(&set);
}

static void test_four_segments_take_64_bytes(void **state)
{
    (void)state;
    struct pair pair = {
        "four",
        1,
        800,
        {{100, 1e-3, 10e-6}, {200, 0, 20e-6}, {400, -4e-3, 40e-6}, {0, 4e-3, 20e-6}},
        {{0, 2e-3, 4e-6}},
        5e-3};
    struct model_set set;
    struct decision_table table;
    build(&pair, LINK_RTT, 0, &set, &table);
    assert_int_equal(table.break_even.segments.n_rows, 4);
    assert_true(integer_map_table_size(&table.break_even) <= 64);
    drop(&set, &table);
}

static void test_very_long_inputs(void **state)
{
    (void)state;
    static const double slopes[] = {1e-12, 1e-9, 65e-6, 1e-3, 1};
    for (size_t i = 0; i < sizeof slopes / sizeof *slopes; i++) {
        struct pair pair = {
            "long", 1, INT32_MAX, {{0, 1e-3, slopes[i]}}, {{0, 9e-3, slopes[i] * 0.37}}, 0.1};
        struct model_set set;
        struct decision_table table;
        build(&pair, LINK_RTT, 0, &set, &table);
        struct certificate certificate = certificate_make(&table, NULL);
        assert_int_equal(certificate.n_wrong, 0);
        assert_true(certificate.choose_rtt.worst < 1e-6);
        assert_true(certificate.worst_remote_s < 1e-6 + 1e-9);
        assert_true(certificate.n_checked < certificate.n_lengths);
        for (uint32_t n = 1; n < UINT32_MAX / 3; n = n * 3 + 1) {
            double even = threshold_s(&table.threshold, n) * 1e6;
            double limited = fmin(fmax(even, 0), 4294967296.0);
            double got = (double)decision_table_break_even_us(&table, n);
            if (!(fabs(got - limited) < 1))
                fail_msg("slope %g n %u: %.9g, not %.9g", slopes[i], n, got, limited);
        }
        drop(&set, &table);
    }
}

static void test_curved_models(void **state)
{
    (void)state;
    struct pair pair = {"curved", 1, 400, {{0, 1e-3, 20e-6}}, {{0, 3e-3, 9e-6}}, 4e-3};
    struct model_set set;
    struct error error = {0};
    struct decision_table table;
    struct table_options options = {.edge = "edge",
                                    .cloud = "cloud",
                                    .link = LINK_RTT,
                                    .rtt_s = pair.rtt_s,
                                    .max_regret = -1,
                                    .bandwidth = NULL};
    pair_set(&pair, &set);
    set.models[0].form = FORM_QUADRATIC;
    set.models[0].segments[0].quadratic = 30e-9;
    assert_int_equal(decision_table_build(&set, &options, &table, &error), STATUS_OK);
    assert_close(table.max_regret, 0.001, 0, 0);
    struct certificate certificate = certificate_make(&table, NULL);
    assert_int_equal(certificate.n_wrong, 0);
    printf("%zu segments, certified %g\n", table.break_even.segments.n_rows,
           certificate.choose_rtt.worst_relative);
    assert_true(certificate.choose_rtt.worst_relative <= 0.001 * (1 + 1e-9));
    decision_table_free(&table);
    set.models[0].n_max = set.models[1].n_max = 1000000;
    assert_int_equal(decision_table_build(&set, &options, &table, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "piecewise"));
    model_set_free(&set);
}

static void test_refusals(void **state)
{
    (void)state;
    struct model_set set;
    struct error error = {0};
    struct decision_table table;
    struct table_options options = {.edge = "edge",
                                    .cloud = "moon",
                                    .link = LINK_RTT,
                                    .rtt_s = 0.01,
                                    .max_regret = 0,
                                    .bandwidth = NULL};
    pair_set(&hand_picked[0], &set);
    assert_int_equal(decision_table_build(&set, &options, &table, &error), STATUS_NOT_FOUND);
    assert_non_null(strstr(error.text, "rnnfit"));
    options.cloud = "cloud";
    error_clear(&error);
    options.rtt_s = NAN;
    assert_int_equal(decision_table_build(&set, &options, &table, &error), STATUS_MISUSE);
    options.rtt_s = 0.01;
    error_clear(&error);
    options.max_regret = 1.5;
    assert_int_equal(decision_table_build(&set, &options, &table, &error), STATUS_MISUSE);
    options.max_regret = 0;
    error_clear(&error);
    set.models[0].segments[0].slope = INFINITY;
    assert_int_equal(decision_table_build(&set, &options, &table, &error), STATUS_INVALID);
    error_clear(&error);
    set.models[0].segments[0].slope = 1e30;
    assert_int_equal(decision_table_build(&set, &options, &table, &error), STATUS_INVALID);
    model_set_free(&set);
}

/* Each number that decides, a little off, is found out. */
static void test_wrong_tables_are_refused(void **state)
{
    (void)state;
    struct model_set set;
    struct decision_table table;
    struct error error = {0};
    for (int what = 0; what < 5; what++) {
        build(&hand_picked[0], LINK_RTT, 0, &set, &table);
        struct affine *even = &table.break_even.affine, *remote = &table.remote.affine;
        assert_int_equal(table.choose_rtt, REPRESENTATION_AFFINE);
        assert_true(table.switches.n_at > 0);
        if (what == 1)
            even->a += (uint64_t)3 << even->shift;
        if (what == 2)
            even->a -= (uint64_t)3 << even->shift;
        if (what == 3)
            table.switches.at[0]++;
        if (what == 4)
            remote->a += (uint64_t)3 << remote->shift;
        struct certificate certificate = certificate_make(&table, NULL);
        assert_int_equal(certificate_check(&certificate, &error),
                         what == 0 ? STATUS_OK : STATUS_FAILED);
        drop(&set, &table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificate_by_brute_force),
        cmocka_unit_test(test_fixed_link_is_exact),
        cmocka_unit_test(test_regret_buys_size),
        cmocka_unit_test(test_steps_become_buckets),
        cmocka_unit_test(test_four_segments_take_64_bytes),
        cmocka_unit_test(test_very_long_inputs),
        cmocka_unit_test(test_wrong_tables_are_refused),
        cmocka_unit_test(test_curved_models),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
