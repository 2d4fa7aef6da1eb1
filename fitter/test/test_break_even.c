// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Break-evens over a link with bandwidth and several round trips, against closed forms; and what
 * rnnfit says about such a campaign.
 */
#include "base/test/support.h"

#include "base/memory.h"
#include "fitter/break_even.h"
#include "fitter/cost_line.h"

#include <gsl/gsl_cdf.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Adds a line, or with `to` a step of two levels that ends its first at `to`. */
static void add(struct model_set *set, const char *target, enum quantity quantity, double a,
                double b, uint32_t to)
{
    size_t n_segments = to ? 2 : 1;
    struct cost_model model = {
        .target = text_copy(target),
        .quantity = quantity,
        .form = to            ? FORM_STEP
                : fabs(b) > 0 ? FORM_LINEAR
                              : FORM_CONSTANT,
        .segments = calloc(2, sizeof *model.segments),
        .n_segments = n_segments,
        .coefficients = calloc(2, sizeof *model.coefficients),
        .n_coefficients = fabs(b) > 0 ? 2 : 1,
        .n_min = 1,
        .n_max = 1000,
        .dof = 30,
    };
    model.coefficients[0] = a;
    model.coefficients[1] = b;
    model.segments[0] = (struct segment){1, to ? to : 1000, a, to ? 0 : b, 0};
    model.segments[1] = (struct segment){to + 1, 1000, b, 0, 0};
    assert_int_equal(model_set_add(set, &model, NULL), STATUS_OK);
}

/* Edge n ms; endpoint 10 + 0.2 n ms, 100 + 50 n bytes up, 200 down. */
static void start(struct model_set *set)
{
    model_set_init(set);
    set->n_rounds = 31;
    set->up_s_per_byte = set->down_s_per_byte = 1e-6;
    add(set, "edge", QUANTITY_TIME_S, 0, 1e-3, 0);
    add(set, "cloud", QUANTITY_REMOTE_S, 10e-3, 0.2e-3, 0);
    add(set, "cloud", QUANTITY_BYTES_UP, 100, 50, 0);
    add(set, "cloud", QUANTITY_BYTES_DOWN, 200, 0, 0);
}

static struct break_even find(const struct model_set *set, double rtt_s, double up, double down)
{
    struct break_even found;
    struct error error = {0};
    const struct cost_link link = {rtt_s, up, down};
    if (break_even_time(set, "edge", "cloud", &link, &found, &error))
        fail_msg("%s", error.text);
    return found;
}

static void bytes_move_the_break_even(void **state)
{
    (void)state;
    struct model_set set;
    start(&set);
    /* 0.8 n = 10 + 20 */
    struct break_even found = find(&set, 20e-3, 0, 0);
    assert_int_equal(found.verdict, VERDICT_CROSSING);
    assert_close(found.length, 37.5, 1e-9, 0);
    /* 4 us a byte up: 0.2 n ms more and 0.4 ms; 5 us down: 1 ms. (0.8 - 0.2) n = 31.4 */
    found = find(&set, 20e-3, 4e-6, 5e-6);
    assert_close(found.length, 31.4 / 0.6, 1e-9, 0);
    assert_close(found.up_s_per_byte, 4e-6, 0, 0);
    /* 17 us a byte: the endpoint's line is steeper than the device's: never */
    assert_int_equal(find(&set, 20e-3, 17e-6, 0).verdict, VERDICT_ALWAYS_EDGE);
    set.up_s_per_byte = NAN; /* not known then: what bytes took is in remote_s */
    found = find(&set, 20e-3, 4e-6, 5e-6);
    assert_close(found.length, 31.0 / 0.8, 1e-9, 0);
    assert_true(isnan(found.up_s_per_byte));
    model_set_free(&set);
}

static void an_outage_has_none(void **state)
{
    (void)state;
    struct model_set set;
    struct break_even found;
    struct error error = {0};
    const struct cost_link link = {0.01, INFINITY, 0};
    start(&set);
    assert_int_equal(break_even_time(&set, "edge", "cloud", &link, &found, &error), STATUS_MISUSE);
    model_set_free(&set);
}

/* The interval from the covariance of all that the difference is made of: with d = d0 + d1 n its
 * ends are where d^2 = t^2 var(d). */
static void the_interval_counts_every_coefficient(void **state)
{
    (void)state;
    struct model_set set;
    struct cost_pair pair;
    const struct cost_link link = {20e-3, 4e-6, 5e-6};
    start(&set);
    add(&set, "cloud", QUANTITY_ROUND_TRIPS, 2, 0, 0);
    size_t p = set.n_coefficients;
    for (size_t i = 0; i < p; i++) { /* any positive definite one will do */
        double sd_i = 1e-3 * fabs(i < 4 ? 1e-3 : 1) / (double)(i + 1);
        for (size_t j = 0; j < p; j++) {
            double sd_j = 1e-3 * fabs(j < 4 ? 1e-3 : 1) / (double)(j + 1);
            set.covariance[i * p + j] = sd_i * sd_j * (i == j ? 1 : 0.3);
        }
    }
    struct break_even found = find(&set, link.rtt_s, link.up_s_per_byte, link.down_s_per_byte);
    assert_close(found.length, 51.4 / 0.6, 1e-9, 0);
    assert_true(found.has_interval);
    assert_int_equal(cost_pair_find(&set, "edge", "cloud", &pair, NULL), STATUS_OK);
    double t = gsl_cdf_tdist_Pinv(0.975, 30);
    const double ends[] = {found.low, found.high};
    for (int k = 0; k < 2; k++) {
        double n = ends[k], variance = 0;
        /* gradient of edge - cloud: intercept and slope of edge, remote and up; down; round trips
         */
        const double g[] = {1, n, -1, -n, -4e-6, -4e-6 * n, -5e-6, -20e-3};
        for (size_t i = 0; i < p; i++) {
            for (size_t j = 0; j < p; j++)
                variance += g[i] * g[j] * set.covariance[i * p + j];
        }
        double d = cost_edge_s(&pair, n) - cost_cloud_s(&pair, n, &link);
        assert_close(fabs(d), t * sqrt(variance), 1e-6, 0);
    }
    assert_true(found.low < found.length && found.length < found.high);
    model_set_free(&set);
}

/* One round trip up to length 100, three above. */
static void steps_cross_within_and_between(void **state)
{
    (void)state;
    static const struct {
        double rtt_s, length, low, high;
        size_t n_crossings;
    } cases[] = {
        {20e-3, 37.5, 37.5, 37.5, 1},                /* 0.8 n = 30 below; 0.8*101 > 70 above */
        {60e-3, 190 / 0.8, 190 / 0.8, 190 / 0.8, 3}, /* 87.5, back at the step, 237.5 */
        {80e-3, 250 / 0.8, 250 / 0.8, 250 / 0.8, 1}, /* 112.5 would be, but the step is before */
    };
    struct model_set set;
    start(&set);
    add(&set, "cloud", QUANTITY_ROUND_TRIPS, 1, 3, 100);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct break_even found = find(&set, cases[i].rtt_s, 0, 0);
        assert_int_equal(found.verdict, VERDICT_CROSSING);
        assert_int_equal(found.n_crossings, cases[i].n_crossings);
        assert_close(found.length, cases[i].length, 1e-9, 0);
        assert_close(found.low, cases[i].low, 1e-6, 0); /* no variance: no width */
        assert_close(found.high, cases[i].high, 1e-6, 0);
        assert_true(found.cloud_above);
    }
    model_set_free(&set);

    /* flat costs: the step alone decides */
    model_set_init(&set);
    add(&set, "edge", QUANTITY_TIME_S, 50e-3, 0, 0);
    add(&set, "cloud", QUANTITY_REMOTE_S, 10e-3, 0, 0);
    add(&set, "cloud", QUANTITY_ROUND_TRIPS, 1, 3, 100);
    struct break_even found = find(&set, 20e-3, 0, 0);
    assert_int_equal(found.verdict, VERDICT_CROSSING);
    assert_close(found.length, 101, 0, 0);
    assert_true(found.has_interval && !found.cloud_above);
    assert_close(found.low, 100, 0, 0);
    assert_close(found.high, 101, 0, 0);
    model_set_free(&set);
}

/* ---- the tool */

/* Edge 2 n ms. Endpoint 5 + 0.1 n ms and two round trips over 4 and 40 ms, 1 us a byte up. */
static char *write_campaign(const char *folder)
{
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    fputs("length,time_s,target,rtt_s,bytes_up,bytes_down,round,up_ps_per_byte,down_ps_per_byte,"
          "connect_s\n",
          memory);
    for (int i = 0; i < 240; i++) {
        int n = 10 + 20 * (i % 6), round = i / 12;
        double r = i / 6 % 2 ? 40e-3 : 4e-3, noise = 1e-6 * (i * 7919 % 13);
        fprintf(memory, "%d,%.9f,edge,,,,%d,,,\n", n, 2e-3 * n + 1e-6 * (i * 31 % 17), round);
        fprintf(memory, "%d,%.9f,cloud,%.9f,%d,100,%d,1000000,0,%.9f\n", n,
                5e-3 + 0.1e-3 * n + 2 * r + 1e-6 * (200 + 8 * n) + noise, r, 200 + 8 * n, round, r);
    }
    fclose(memory);
    char *path = test_write(folder, "link.csv", text);
    free(text);
    return path;
}

static char *fit(const char *path, const char *options, char **err)
{
    char *out, *command = text_format("%s/bin/rnnfit --csv %s %s", test_build(), path, options);
    if (test_shell(command, &out, err) != 0)
        fail_msg("%s: %s", command, *err);
    free(command);
    return out;
}

static void expect(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in\n%s", part, text);
}

/* With several endpoints each sentence says which one it is about. */
static void verdicts_name_both_places(void **state)
{
    (void)state;
    char *folder = test_scratch("verdicts"), *err;
    char *path = test_write(
        folder, "three.csv",
        "target,length,time_s,rtt_s\n"
        "here,10,0.011,\nhere,20,0.021,\nhere,30,0.031,\nhere,40,0.041,\n"
        "far,10,0.311,0.2\nfar,20,0.321,0.2\nfar,30,0.331,0.2\nfar,40,0.341,0.2\n"
        "near,10,0.003,0.002\nnear,20,0.004,0.002\nnear,30,0.005,0.002\nnear,40,0.006,0.002\n");
    char *text = fit(path, "--link fixed:0", &err);
    expect(text, "near is faster than here at every length.");
    expect(text, "here is faster than far at every length.");
    free(text);
    free(err);
    free(path);
    free(folder);
}

static void rnnfit_tells_the_link_from_the_endpoint(void **state)
{
    (void)state;
    char *folder = test_scratch("link_fit"), *err, *path = write_campaign(folder);
    char *text = fit(path, "", &err);
    expect(text, "round_trips  constant");
    expect(text, "Requests to cloud take 2 +- ");
    expect(text, "Measured over a median round trip of 22.0 ms, 8 Mbit/s up, unlimited down");
    expect(text, "8 +- "); /* bytes up per step */
    expect(text, "At a round trip of 22.0 ms, 8 Mbit/s up, unlimited down, edge and cloud");
    assert_string_equal(err, "");
    free(text);
    free(err);
    /* (2 - 0.1) n = 5 + 2*10; at 2 Mbit/s, 4 us a byte, 0.8 + 0.032 n ms more */
    static const struct {
        const char *link;
        double length;
    } cases[] = {{"--link fixed:10,unlimited,unlimited", 25 / 1.9},
                 {"--link fixed:10,2,50", 25.8 / 1.868},
                 {"--link fixed:10", 25.2 / 1.892}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *options = text_format("--json %s --plot %s/plot", cases[i].link, folder);
        char *json = fit(path, options, &err);
        json_t *document = json_loads(json, 0, NULL);
        json_t *even = json_array_get(json_object_get(document, "break_even"), 0);
        assert_close(json_number_value(json_object_get(even, "length")), cases[i].length, 1e-3, 0);
        assert_true(json_is_number(json_object_get(even, "up_s_per_byte")));
        json_t *trips = json_array_get(json_object_get(document, "models"), 2);
        assert_string_equal(json_string_value(json_object_get(trips, "quantity")), "round_trips");
        assert_string_equal(json_string_value(json_object_get(trips, "form")), "constant");
        assert_true(json_number_value(json_array_get(json_object_get(trips, "stderr"), 0)) > 0);
        json_decref(document);
        free(options);
        free(json);
        free(err);
    }
    free(path);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_move_the_break_even),
        cmocka_unit_test(an_outage_has_none),
        cmocka_unit_test(the_interval_counts_every_coefficient),
        cmocka_unit_test(steps_cross_within_and_between),
        cmocka_unit_test(verdicts_name_both_places),
        cmocka_unit_test(rnnfit_tells_the_link_from_the_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
