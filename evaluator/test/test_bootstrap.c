// SPDX-License-Identifier: GPL-3.0-or-later
/* Intervals of means: whether they cover the truth as often as they say. */
#include "base/test/support.h"

#include "base/random.h"
#include "evaluator/bootstrap.h"

#include <math.h>
#include <stdio.h>

enum { N_MAX = 4000 };

static void of_series(const double *x, size_t n, size_t n_resamples, uint64_t seed,
                      struct interval *interval)
{
    struct series_sum series;
    struct error error = {0};
    series_sum_start(&series, n);
    for (size_t i = 0; i < n; i++)
        series_sum_add(&series, x[i], 0);
    if (series_sum_interval(&series, n_resamples, seed, interval, &error))
        fail_msg("%s", error.text);
}

/* A 95 % interval of the mean of normal values has the mean in it 95 times in 100. */
static void intervals_cover_the_true_mean(void **state)
{
    (void)state;
    const uint64_t seed = 77;
    struct random random = {seed};
    enum { N = 80 };
    int trials = test_long() ? 4000 : 400, resamples = test_long() ? 2000 : 400, covered = 0;
    double width = 0;
    for (int t = 0; t < trials; t++) {
        double x[N];
        struct interval interval;
        for (int i = 0; i < N; i++)
            x[i] = -3 + 2 * random_normal(&random);
        of_series(x, N, (size_t)resamples, random_u64(&random), &interval);
        covered += interval.low <= -3 && -3 <= interval.high;
        width += (interval.high - interval.low) / trials;
    }
    double share = (double)covered / trials;
    printf("seed %llu: %d of %d intervals cover\n", (unsigned long long)seed, covered, trials);
    /* The percentile interval is a little narrow at N = 80: 0.942 is expected; 3 sd each way. */
    assert_true(fabs(share - 0.942) < 3 * sqrt(0.942 * 0.058 / trials) + 0.005);
    assert_close(width, 2 * 1.96 * 2 / sqrt(N), 0.05, 0);
}

/* x(i) = phi*x(i-1) + e: its mean has (1+phi)/(1-phi) times the variance of independent values.
 * Blocks see that; values resampled one by one would cover about half of the time. */
static void blocks_cover_what_is_autocorrelated(void **state)
{
    (void)state;
    const uint64_t seed = 4242;
    const double phi = 0.8, mean = 10;
    struct random random = {seed};
    int trials = test_long() ? 2000 : 300, covered = 0;
    double width = 0;
    static double x[N_MAX];
    for (int t = 0; t < trials; t++) {
        double value = random_normal(&random) / sqrt(1 - phi * phi);
        struct interval interval;
        for (int i = 0; i < N_MAX; i++) {
            x[i] = mean + value;
            value = phi * value + random_normal(&random);
        }
        of_series(x, N_MAX, 400, random_u64(&random), &interval);
        covered += interval.low <= mean && mean <= interval.high;
        width += (interval.high - interval.low) / trials;
    }
    double share = (double)covered / trials;
    printf("seed %llu: %d of %d intervals cover\n", (unsigned long long)seed, covered, trials);
    assert_true(share > 0.93 - 3 * sqrt(0.06 / trials) && share < 0.97 + 3 * sqrt(0.04 / trials));
    /* blocks of 40: the variance lacks about 2*phi/(1-phi^2)/40 of itself */
    assert_close(width, 2 * 1.96 / (1 - phi) / sqrt(N_MAX), 0.1, 0);
}

/* Eight groups that differ: however many values there are, only eight were drawn of these. */
static void groups_widen_what_they_explain(void **state)
{
    (void)state;
    const uint64_t seed = 99;
    struct random random = {seed};
    int trials = test_long() ? 4000 : 600, covered = 0, covered_without = 0;
    for (int t = 0; t < trials; t++) {
        double effects[8];
        struct series_sum grouped, plain;
        struct interval interval, narrow;
        for (int g = 0; g < 8; g++)
            effects[g] = random_normal(&random);
        series_sum_start(&grouped, 1000);
        series_sum_start(&plain, 1000);
        for (int i = 0; i < 1000; i++) {
            uint32_t g = (uint32_t)random_below(&random, 8);
            double value = 5 + effects[g] + random_normal(&random);
            series_sum_add(&grouped, value, g);
            series_sum_add(&plain, value, 0);
        }
        uint64_t own = random_u64(&random);
        assert_int_equal(series_sum_interval(&grouped, 200, own, &interval, NULL), STATUS_OK);
        assert_int_equal(series_sum_interval(&plain, 200, own, &narrow, NULL), STATUS_OK);
        assert_true(interval.low <= narrow.low && narrow.high <= interval.high);
        covered += interval.low <= 5 && 5 <= interval.high;
        covered_without += narrow.low <= 5 && 5 <= narrow.high;
    }
    double share = (double)covered / trials;
    printf("seed %llu: %d of %d cover, %d without groups\n", (unsigned long long)seed, covered,
           trials, covered_without);
    assert_true(fabs(share - 0.955) < 3 * sqrt(0.05 / trials));
    assert_true(covered_without < trials / 2);
}

/* Groups that do not differ add next to nothing. */
static void like_groups_widen_little(void **state)
{
    (void)state;
    const uint64_t seed = 5;
    struct random random = {seed};
    double wider = 0;
    int trials = 200;
    for (int t = 0; t < trials; t++) {
        struct series_sum grouped, plain;
        struct interval a, b;
        series_sum_start(&grouped, 2000);
        series_sum_start(&plain, 2000);
        for (uint32_t i = 0; i < 2000; i++) {
            double value = random_normal(&random);
            series_sum_add(&grouped, value, (uint32_t)random_below(&random, 30));
            series_sum_add(&plain, value, 0);
        }
        assert_int_equal(series_sum_interval(&grouped, 200, 1, &a, NULL), STATUS_OK);
        assert_int_equal(series_sum_interval(&plain, 200, 1, &b, NULL), STATUS_OK);
        wider += (a.high - a.low) / (b.high - b.low) / trials;
    }
    printf("seed %llu: wider by %.3f\n", (unsigned long long)seed, wider);
    assert_true(wider < 1.1);
}

static void intervals_are_reproducible_and_exact_without_noise(void **state)
{
    (void)state;
    double x[5] = {1, 2, 3, 4, 50}, flat[3] = {0.1, 0.1, 0.1};
    struct interval a, b, c;
    of_series(x, 5, 2000, 9, &a);
    of_series(x, 5, 2000, 9, &b);
    of_series(x, 5, 2000, 10, &c);
    assert_true(a.low == b.low && a.high == b.high);
    assert_true(a.low < 12 && a.high > 12 && a.low >= 1 && a.high <= 50);
    assert_true(a.low != c.low || a.high != c.high);
    of_series(flat, 3, 100, 1, &a);
    assert_true(a.low == 0.1 && a.high == 0.1);
    struct series_sum none;
    series_sum_start(&none, 0);
    assert_int_equal(series_sum_interval(&none, 100, 1, &a, NULL), STATUS_INVALID);
}

/* Two series over the same requests are resampled alike: the interval of a sum of one and a
 * constant is that of the one, moved. */
static void intervals_of_one_run_belong_together(void **state)
{
    (void)state;
    struct random random = {12};
    static double x[1003], moved[1003]; /* the last block is shorter */
    struct interval a, b;
    for (size_t i = 0; i < 1003; i++) {
        x[i] = random_normal(&random);
        moved[i] = 8 + x[i];
    }
    of_series(x, 1003, 500, 3, &a);
    of_series(moved, 1003, 500, 3, &b);
    assert_close(b.low - a.low, 8, 1e-9, 0);
    assert_close(b.high - a.high, 8, 1e-9, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_cover_the_true_mean),
        cmocka_unit_test(blocks_cover_what_is_autocorrelated),
        cmocka_unit_test(groups_widen_what_they_explain),
        cmocka_unit_test(like_groups_widen_little),
        cmocka_unit_test(intervals_are_reproducible_and_exact_without_noise),
        cmocka_unit_test(intervals_of_one_run_belong_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
