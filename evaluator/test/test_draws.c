// SPDX-License-Identifier: GPL-3.0-or-later
/* What replayed requests are charged with, and how lengths that were not measured come by it. */
#include "evaluator/test/fixture.h"

#include <math.h>
#include <stdio.h>

static const double edge_line[2] = {0, 1e-3}, remote_line[2] = {0.010, 1e-4};

static double cloud_mean_s(const struct draw_source *source, double link_s, double timeout_s)
{
    struct cloud_mean mean = draw_cloud_mean(source, link_s, timeout_s);
    return mean.waited_s + mean.local_s;
}

/* Rounds at both places: the device's time tells the round, and the endpoint's is its like. */
static void draws_are_of_one_round(void **state)
{
    (void)state;
    const uint64_t seed = 17;
    struct random random = {seed};
    struct product product;
    struct draws draws;
    printf("seed %llu\n", (unsigned long long)seed);
    product_make(&product, edge_line, remote_line, 0.02);
    draws_of(&draws, &product,
             "target,length,time_s,rtt_s,server_s,round\n"
             "cloud,10,0.013,0.003,0.004,7\nedge,10,0.001,,,2\nedge,10,0.002,,,5\n"
             "cloud,10,0.011,0.001,0.002,2\ncloud,10,0.012,0.002,0.003,5\nedge,10,0.003,,,7\n"
             "edge,10,0.099,,,9\n"); /* round 9 has no partner */
    assert_int_equal(draws.n_lengths, 1);
    assert_int_equal(draws.n_rounds, 4);
    assert_true(draws.lengths[0].paired);
    struct draw_source source = draws_at(&draws, &product.pair, 10);
    int seen[3] = {0};
    for (int i = 0; i < 3000; i++) {
        struct draw draw = draw_pick(&source, &random);
        int k = (int)lround(draw.edge_s * 1e3) - 1;
        assert_true(k >= 0 && k < 3);
        assert_close(draw.remote_s, 0.010, 1e-9, 0);
        assert_close(draw.busy_s, 0.002 + 0.001 * k, 1e-9, 0);
        assert_int_equal(draw.group, k);
        seen[k]++;
    }
    for (int k = 0; k < 3; k++)
        assert_true(abs(seen[k] - 1000) < 120);
    assert_close(draw_edge_mean_s(&source), 0.002, 1e-9, 0);
    draws_free(&draws);
    product_free(&product);
}

/* Rounds with a sample here and one for each state of the link there: all of them are drawn, each
 * beside a time of its own round. Round 3 has no partner. */
static void every_sample_of_a_round_is_drawn(void **state)
{
    (void)state;
    struct random random = {29};
    struct product product;
    struct draws draws;
    product_make(&product, edge_line, remote_line, 0.02);
    draws_of(&draws, &product,
             "target,length,time_s,rtt_s,round\n"
             "edge,10,0.001,,1\nedge,10,0.002,,2\nedge,10,0.003,,3\n"
             "cloud,10,0.022,0.001,2\ncloud,10,0.011,0.001,1\ncloud,10,0.063,0.003,1\n"
             "cloud,10,0.074,0.003,2\ncloud,10,0.037,0.002,1\ncloud,10,0.048,0.002,2\n"
             "edge,20,0.001,,1\nedge,20,0.002,,1\ncloud,20,0.005,0,1\n");
    assert_int_equal(draws.n_samples, 2 + 6 + 3);
    struct draw_source source = draws_at(&draws, &product.pair, 10);
    static const int remote_ms[2][3] = {{10, 35, 60}, {21, 46, 71}};
    int seen[2][3] = {{0}};
    for (int i = 0; i < 6000; i++) {
        struct draw draw = draw_pick(&source, &random);
        long round = lround(draw.edge_s * 1e3) - 1;
        int which = 0;
        assert_true(round == 0 || round == 1);
        while (which < 3 && lround(draw.remote_s * 1e3) != remote_ms[round][which])
            which++;
        assert_in_range(which, 0, 2);
        seen[round][which]++;
    }
    for (int r = 0; r < 2; r++) {
        for (int w = 0; w < 3; w++)
            assert_true(abs(seen[r][w] - 1000) < 150);
    }
    assert_close(cloud_mean_s(&source, 0, 1), 0.0405, 1e-9, 0);
    source = draws_at(&draws, &product.pair, 20);
    assert_close(draw_edge_mean_s(&source), 0.0015, 1e-9, 0);
    draws_free(&draws);
    product_free(&product);
}

/* Without rounds in common each place is drawn by itself. */
static void draws_without_rounds_are_independent(void **state)
{
    (void)state;
    struct random random = {23};
    struct product product;
    struct draws draws;
    product_make(&product, edge_line, remote_line, 0.02);
    draws_of(&draws, &product,
             "target,length,time_s,rtt_s\nedge,10,0.001,\nedge,10,0.002,\n"
             "cloud,10,0.021,0.001\ncloud,10,0.031,0.001\ncloud,10,0.041,0.001\n");
    struct draw_source source = draws_at(&draws, &product.pair, 10);
    int seen[2][3] = {{0}};
    assert_int_equal(draws.n_rounds, 0);
    for (int i = 0; i < 6000; i++) {
        struct draw draw = draw_pick(&source, &random);
        seen[lround(draw.edge_s * 1e3) - 1][lround(draw.remote_s * 1e2) - 2]++;
    }
    for (int e = 0; e < 2; e++) {
        for (int c = 0; c < 3; c++)
            assert_true(abs(seen[e][c] - 1000) < 150);
    }
    draws_free(&draws);
    product_free(&product);
}

/* Medians: 10 and 30 ms on the device, 20 and 60 ms at the endpoint. */
static void lengths_between_are_scaled_by_medians(void **state)
{
    (void)state;
    struct product product;
    struct draws draws;
    product_make(&product, edge_line, remote_line, 0.02);
    draws_of(&draws, &product,
             "target,length,time_s,rtt_s\n"
             "edge,100,0.010,\nedge,100,0.010,\nedge,100,0.016,\nedge,200,0.030,\n"
             "cloud,100,0.020,0\ncloud,200,0.060,0\ncloud,50,0.001,0\nedge,300,0.001,\n");
    assert_int_equal(draws.n_lengths, 2); /* the others were measured at one place only */
    static const struct {
        uint32_t n, from;
        double edge_scale, cloud_scale;
    } cases[] = {
        {100, 100, 1, 1},
        {200, 200, 1, 1},
        {150, 100, 2, 2},                 /* as near to both: the shorter */
        {125, 100, 1.5, 1.5},             /* 15 of 10 ms */
        {175, 200, 25.0 / 30, 50.0 / 60}, /* 25 of 30 ms */
        {50, 100, 0.5, 0.015 / 0.020},    /* beyond: by the models */
        {400, 200, 2, 0.050 / 0.030},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct draw_source source = draws_at(&draws, &product.pair, cases[i].n);
        assert_int_equal(source.from->n, cases[i].from);
        assert_close(source.edge_scale, cases[i].edge_scale, 1e-9, 0);
        assert_close(source.cloud_scale, cases[i].cloud_scale, 1e-9, 0);
    }
    struct draw_source source = draws_at(&draws, &product.pair, 125);
    assert_close(draw_edge_mean_s(&source), 1.5 * 0.012, 1e-9, 0);
    draws_free(&draws);
    product_free(&product);
}

/* What is over the time-out is given up: the expectation knows which draws that are. */
static void expectations_know_the_timeout(void **state)
{
    (void)state;
    struct product product;
    struct draws draws;
    product_make(&product, edge_line, remote_line, 0.02);
    draws_of(&draws, &product,
             "target,length,time_s,rtt_s,round\nedge,10,0.004,,0\nedge,10,0.006,,1\n"
             "cloud,10,0.020,0,0\ncloud,10,0.040,0,1\n");
    struct draw_source source = draws_at(&draws, &product.pair, 10);
    assert_close(cloud_mean_s(&source, 0.010, 1), 0.040, 1e-9, 0);
    assert_close(cloud_mean_s(&source, 0.010, 0.050), 0.040, 1e-9, 0);
    assert_close(cloud_mean_s(&source, 0.010, 0.045), (0.030 + 0.045 + 0.006) / 2, 1e-9, 0);
    assert_close(cloud_mean_s(&source, 0.010, 0.025), 0.025 + 0.005, 1e-9, 0);
    assert_close(cloud_mean_s(&source, INFINITY, 0.025), 0.025 + 0.005, 1e-9, 0);
    draws_free(&draws);
    product_free(&product);
}

static void places_that_share_no_length_are_an_error(void **state)
{
    (void)state;
    struct product product;
    struct draws draws;
    struct dataset dataset;
    struct hold_out none = {0};
    struct error error = {0};
    char *folder = test_scratch("apart");
    char *path = test_write(folder, "s.csv", "target,length,time_s\nedge,10,0.1\ncloud,20,0.1\n");
    product_make(&product, edge_line, remote_line, 0.02);
    check(dataset_from_csv(path, "edge", &none, &dataset, &error), &error);
    assert_int_equal(draws_make(&dataset, "edge", "cloud", &product.pair, &draws, &error),
                     STATUS_NOT_FOUND);
    assert_non_null(strstr(error.text, "no length has samples of both edge and cloud"));
    error_clear(&error);
    assert_int_equal(draws_make(&dataset, "edge", "fog", &product.pair, &draws, &error),
                     STATUS_NOT_FOUND);
    assert_non_null(strstr(error.text, "no sample of fog"));
    dataset_free(&dataset);
    product_free(&product);
    free(path);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_are_of_one_round),
        cmocka_unit_test(every_sample_of_a_round_is_drawn),
        cmocka_unit_test(draws_without_rounds_are_independent),
        cmocka_unit_test(lengths_between_are_scaled_by_medians),
        cmocka_unit_test(expectations_know_the_timeout),
        cmocka_unit_test(places_that_share_no_length_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
