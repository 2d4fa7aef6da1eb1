// SPDX-License-Identifier: GPL-3.0-or-later
/* The cost of one inference against arithmetic done by hand. */
#include "base/test/support.h"

#include "base/memory.h"
#include "fitter/cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add(struct model_set *set, const char *target, enum quantity quantity, double intercept,
                double slope)
{
    struct cost_model model = {
        .target = text_copy(target),
        .quantity = quantity,
        .form = FORM_LINEAR,
        .segments = malloc(sizeof *model.segments),
        .n_segments = 1,
        .n_min = 10,
        .n_max = 100,
    };
    assert_non_null(model.segments);
    model.segments[0] = (struct segment){1, 100, intercept, slope, 0};
    assert_int_equal(model_set_add(set, &model, NULL), STATUS_OK);
}

/* Edge 2 + n ms; endpoint 5 + n/4 ms, 100 + 8n bytes up, 200 down. */
static void start(struct model_set *set)
{
    model_set_init(set);
    add(set, "edge", QUANTITY_TIME_S, 2e-3, 1e-3);
    add(set, "cloud", QUANTITY_REMOTE_S, 5e-3, 0.25e-3);
    add(set, "cloud", QUANTITY_BYTES_UP, 100, 8);
    add(set, "cloud", QUANTITY_BYTES_DOWN, 200, 0);
    set->rtt_s = 20e-3;
}

static void bytes_are_charged_where_the_fit_knew_the_link(void **state)
{
    (void)state;
    struct model_set set;
    struct cost_pair pair;
    const struct cost_link link = {10e-3, 1e-6, 2e-6};
    start(&set);
    assert_int_equal(cost_pair_find(&set, "edge", "cloud", &pair, NULL), STATUS_OK);
    assert_false(pair.charges_up || pair.charges_down);
    assert_close(cost_edge_s(&pair, 50), 52e-3, 1e-12, 0);
    assert_close(cost_cloud_s(&pair, 50, &link), 27.5e-3, 1e-12, 0);
    assert_close(cost_break_even_rtt_s(&pair, 50, &link), 34.5e-3, 1e-12, 0);
    struct cost_link measured = cost_link_measured(&set);
    assert_true(measured.up_s_per_byte <= 0 && measured.down_s_per_byte <= 0);

    set.up_s_per_byte = 0; /* known to be unlimited is known */
    set.down_s_per_byte = 4e-6;
    assert_int_equal(cost_pair_find(&set, "edge", "cloud", &pair, NULL), STATUS_OK);
    assert_true(pair.charges_up && pair.charges_down);
    /* 10 + 500 B * 1 us + 200 B * 2 us + 17.5 ms */
    assert_close(cost_cloud_s(&pair, 50, &link), 28.4e-3, 1e-12, 0);
    assert_close(cost_link_s(&pair, 50, &link), 10.9e-3, 1e-12, 0);
    assert_close(cost_break_even_rtt_s(&pair, 50, &link), 33.6e-3, 1e-12, 0);
    measured = cost_link_measured(&set);
    assert_close(measured.rtt_s, 20e-3, 0, 0);
    assert_close(measured.down_s_per_byte, 4e-6, 0, 0);
    model_set_free(&set);
}

static void round_trips_multiply_only_the_round_trip(void **state)
{
    (void)state;
    struct model_set set;
    struct cost_pair pair;
    const struct cost_link link = {10e-3, 1e-6, 2e-6};
    start(&set);
    set.up_s_per_byte = set.down_s_per_byte = 0;
    add(&set, "cloud", QUANTITY_ROUND_TRIPS, 2, 0);
    assert_int_equal(cost_pair_find(&set, "edge", "cloud", &pair, NULL), STATUS_OK);
    assert_close(cost_round_trips(&pair, 50), 2, 0, 0);
    assert_close(cost_cloud_s(&pair, 50, &link), 38.4e-3, 1e-12, 0);
    double even_s = cost_break_even_rtt_s(&pair, 50, &link);
    assert_close(even_s, 16.8e-3, 1e-12, 0);
    const struct cost_link at = {even_s, 1e-6, 2e-6};
    assert_close(cost_cloud_s(&pair, 50, &at), cost_edge_s(&pair, 50), 1e-12, 0);
    model_set_free(&set);
}

static void outages_cost_without_end(void **state)
{
    (void)state;
    struct model_set set;
    struct cost_pair pair;
    start(&set);
    set.up_s_per_byte = 1e-6;
    assert_int_equal(cost_pair_find(&set, "edge", "cloud", &pair, NULL), STATUS_OK);
    const struct cost_link out = {10e-3, cost_s_per_byte(0), cost_s_per_byte(INFINITY)};
    assert_true(isinf(out.up_s_per_byte) && out.down_s_per_byte <= 0);
    assert_close(cost_s_per_byte(8e6), 1e-6, 1e-12, 0);
    assert_true(isinf(cost_cloud_s(&pair, 50, &out)));
    assert_true(cost_break_even_rtt_s(&pair, 50, &out) < 0);
    const struct cost_link down = {10e-3, 0, cost_s_per_byte(0)}; /* not known: not charged */
    assert_close(cost_cloud_s(&pair, 50, &down), 27.5e-3, 1e-12, 0);
    model_set_free(&set);
}

static void a_missing_model_is_named(void **state)
{
    (void)state;
    struct model_set set;
    struct cost_pair pair;
    struct error error = {0};
    start(&set);
    assert_int_equal(cost_pair_find(&set, "edge", "fog", &pair, &error), STATUS_NOT_FOUND);
    assert_non_null(strstr(error.text, "\"fog\" has no remote_s"));
    error_clear(&error);
    assert_int_equal(cost_pair_find(&set, "phone", "cloud", &pair, &error), STATUS_NOT_FOUND);
    assert_non_null(strstr(error.text, "\"phone\" has no time_s"));
    model_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_charged_where_the_fit_knew_the_link),
        cmocka_unit_test(round_trips_multiply_only_the_round_trip),
        cmocka_unit_test(outages_cost_without_end),
        cmocka_unit_test(a_missing_model_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
