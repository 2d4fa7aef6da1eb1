// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Decisions by the full cost of offloading: bytes at the design bandwidths, and round trips per
 * request that may change with the length. Tables are held against fitter/cost.h length by length.
 */
#include "codegen/test/pairs.h"

#include "fitter/cost.h"

#include <math.h>

/* Adds what a link with known bandwidth brings: bytes, and where `trips` has a level, round trips
 * of that many (a second level from half the lengths on makes them a step). */
static void add_link(struct model_set *set, const struct pair *pair, double bytes, double slope,
                     const double trips[2])
{
    const struct line up[PAIR_SEGMENTS_MAX] = {{0, bytes, slope}};
    const struct line down[PAIR_SEGMENTS_MAX] = {{0, 200, 0}};
    const struct line levels[PAIR_SEGMENTS_MAX] = {{pair->n_max / 2, trips[0], 0},
                                                   {0, trips[1], 0}};
    pair_add(set, pair, "cloud", QUANTITY_BYTES_UP, up);
    pair_add(set, pair, "cloud", QUANTITY_BYTES_DOWN, down);
    set->up_s_per_byte = 1e-6;
    set->down_s_per_byte = 2e-7;
    if (!(trips[0] > 0))
        return;
    bool step = trips[1] > 0 && pair->n_max >= 2 * pair->n_min + 2;
    pair_add(set, pair, "cloud", QUANTITY_ROUND_TRIPS, step ? levels : levels + 1);
    struct cost_model *model = &set->models[set->n_models - 1];
    model->form = step ? FORM_STEP : FORM_CONSTANT;
    if (!step)
        model->segments[0].intercept = trips[0];
}

/* Checks every length: the fixed decision, the one at round trips on both sides of R(n), and the
 * remote time. Returns the worst regret met, s. */
static double check_table(const struct decision_table *table, const struct cost_pair *pair,
                          struct cost_link link, const char *what)
{
    double worst = 0;
    for (uint32_t n = 0; n <= table->threshold.n_limit; n++) {
        double edge = cost_edge_s(pair, n);
        double remote =
            cost_cloud_s(pair, n, &(struct cost_link){0, link.up_s_per_byte, link.down_s_per_byte});
        double even = cost_break_even_rtt_s(pair, n, &link);
        assert_close(decision_table_remote_us(table, n), fmax(remote, 0) * 1e6, 1e-9, 1.001);
        double gain = edge - cost_cloud_s(pair, n, &link);
        if (fabs(gain) > 1e-11 * fabs(edge))
            assert_int_equal(decision_table_choose_fixed(table, n), gain > 0);
        if (table->link != LINK_RTT)
            continue;
        const double rtts[] = {0, even - 2e-6, even - 5e-7, even, even + 2e-6, 2 * even, 0.3};
        for (size_t i = 0; i < sizeof rtts / sizeof *rtts; i++) {
            if (!(rtts[i] >= 0 && rtts[i] < 4000))
                continue;
            uint32_t rtt_us = (uint32_t)(rtts[i] * 1e6);
            struct cost_link now = {rtt_us * 1e-6, link.up_s_per_byte, link.down_s_per_byte};
            int decision = decision_table_choose(table, n, rtt_us);
            double off = edge - cost_cloud_s(pair, n, &now);
            if (fabs(rtt_us * 1e-6 - even) > 1.001e-6 && decision != (off > 0))
                fail_msg("%s: n %u, %u us: %d although R is %.9g s", what, n, rtt_us, decision,
                         even);
            worst = fmax(worst, decision ? -off : off);
        }
    }
    return worst;
}

static void check(const struct model_set *set, enum link_kind kind, double rtt_s,
                  const struct cost_link *bandwidth, const char *what)
{
    struct table_options options = {.edge = "edge",
                                    .cloud = "cloud",
                                    .link = kind,
                                    .rtt_s = rtt_s,
                                    .max_regret = 0,
                                    .bandwidth = bandwidth};
    struct cost_link link = bandwidth ? *bandwidth : cost_link_measured(set);
    struct decision_table table;
    struct cost_pair pair;
    struct error error = {0};
    link.rtt_s = rtt_s;
    assert_int_equal(cost_pair_find(set, "edge", "cloud", &pair, &error), STATUS_OK);
    if (decision_table_build(set, &options, &table, &error))
        fail_msg("%s: %s", what, error.text);
    double worst = check_table(&table, &pair, link, what);
    struct certificate certificate = certificate_make(&table, NULL);
    double certified = fmax(certificate.choose_rtt.worst, certificate.choose.worst);
    if (worst > certified * (1 + 1e-9) + 1e-12)
        fail_msg("%s: regret of %g s, certified %g s", what, worst, certified);
    /* exact up to the rounding of R to a microsecond, each of which a request takes c1 times */
    assert_true(certificate.choose.worst <= 1e-9);
    assert_true(certificate.choose_rtt.worst <= 4.01e-6);
    decision_table_free(&table);
}

static void random_pairs_with_a_link(void **state)
{
    (void)state;
    struct random random = {test_long() ? 2718 : 27};
    int trials = test_long() ? 2000 : 150;
    printf("seed %llu, %d pairs\n", (unsigned long long)random.state, trials);
    for (int i = 0; i < trials; i++) {
        struct pair pair = pair_random(&random);
        struct model_set set;
        const double constant = 1 + 3 * random_uniform(&random);
        const double trips[][2] = {{0, 0}, {constant, 0}, {1, 2 + random_uniform(&random)}};
        const struct cost_link bandwidth = {0, 1e-6 * random_uniform(&random), 0};
        pair_set(&pair, &set);
        add_link(&set, &pair, spread(&random, -100, 1000), spread(&random, 0, 50), trips[i % 3]);
        check(&set, i % 2 ? LINK_RTT : LINK_FIXED, pair.rtt_s, i % 4 < 2 ? NULL : &bandwidth,
              "random");
        model_set_free(&set);
    }
}

/* Regret that is accepted is shares of the cost, not of round trips: with several of them per
 * request, no decision costs more than the share, but for the microsecond that R(n) is rounded to.
 */
static void accepted_regret_is_kept(void **state)
{
    (void)state;
    struct random random = {44};
    for (int i = 0; i < 150; i++) {
        struct pair pair = pair_random(&random);
        struct table_options options = {.edge = "edge",
                                        .cloud = "cloud",
                                        .link = LINK_RTT,
                                        .rtt_s = pair.rtt_s,
                                        .max_regret = 0.05,
                                        .bandwidth = NULL};
        struct decision_table table;
        struct model_set set;
        struct cost_pair costs;
        pair_set(&pair, &set);
        add_link(&set, &pair, 100, 10, (const double[]){3, 1.5 * (i % 2)});
        assert_int_equal(decision_table_build(&set, &options, &table, NULL), STATUS_OK);
        assert_int_equal(cost_pair_find(&set, "edge", "cloud", &costs, NULL), STATUS_OK);
        for (uint32_t n = 0; n <= table.threshold.n_limit; n++) {
            uint64_t even_us = decision_table_break_even_us(&table, n);
            for (uint64_t r = even_us ? even_us - 1 : 0; r <= even_us && r < UINT32_MAX; r++) {
                const struct cost_link link = {(double)r * 1e-6, 1e-6, 2e-7};
                double edge = cost_edge_s(&costs, n), cloud = cost_cloud_s(&costs, n, &link);
                double paid = decision_table_choose(&table, n, (uint32_t)r) ? cloud : edge;
                assert_true(paid <= 1.05 * fmax(fmin(edge, cloud), 0) + 4e-6);
            }
        }
        decision_table_free(&table);
        model_set_free(&set);
    }
}

/* Edge n ms, endpoint 10 + 0.2 n ms, 200 + 50 n bytes at 1 us, two round trips:
 * R(n) = (0.75 n - 10.2 - 0.04) / 2 ms. */
static void a_table_by_hand(void **state)
{
    (void)state;
    const struct pair pair = {"by hand", 1, 400, {{0, 0, 1e-3}}, {{0, 10e-3, 0.2e-3}}, 20e-3};
    struct table_options options = {.edge = "edge",
                                    .cloud = "cloud",
                                    .link = LINK_RTT,
                                    .rtt_s = 20e-3,
                                    .max_regret = 0,
                                    .bandwidth = NULL};
    struct decision_table table;
    struct model_set set;
    pair_set(&pair, &set);
    add_link(&set, &pair, 200, 50, (const double[]){2, 0});
    assert_int_equal(decision_table_build(&set, &options, &table, NULL), STATUS_OK);
    assert_int_equal(table.switches.n_at, 1);
    assert_int_equal(table.switches.at[0], 67); /* 0.75 * 67 = 50.25 > 40 + 10.24 */
    assert_in_range(decision_table_break_even_us(&table, 100), 32380, 32381);
    assert_in_range(decision_table_remote_us(&table, 100), 35239, 35241);
    check(&set, LINK_RTT, 20e-3, NULL, "by hand");
    decision_table_free(&table);
    model_set_free(&set);
}

static void hopeless_links_are_refused(void **state)
{
    (void)state;
    const struct pair pair = {"refused", 1, 400, {{0, 0, 1e-3}}, {{0, 10e-3, 0.2e-3}}, 20e-3};
    const struct cost_link outage = {0, INFINITY, 0};
    struct table_options options = {.edge = "edge",
                                    .cloud = "cloud",
                                    .link = LINK_RTT,
                                    .rtt_s = 20e-3,
                                    .max_regret = 0,
                                    .bandwidth = &outage};
    struct decision_table table;
    struct model_set set;
    struct error error = {0};
    pair_set(&pair, &set);
    add_link(&set, &pair, 200, 50, (const double[]){1, 0});
    assert_int_equal(decision_table_build(&set, &options, &table, &error), STATUS_MISUSE);
    set.models[set.n_models - 1].segments[0].intercept = -1;
    options.bandwidth = NULL;
    error_clear(&error);
    assert_int_equal(decision_table_build(&set, &options, &table, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "round trips"));
    model_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_pairs_with_a_link),
        cmocka_unit_test(accepted_regret_is_kept),
        cmocka_unit_test(a_table_by_hand),
        cmocka_unit_test(hopeless_links_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
