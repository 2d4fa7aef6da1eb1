// SPDX-License-Identifier: GPL-3.0-or-later
/* Nearest-rank quantiles, against sorting. */
#include "base/test/support.h"

#include "base/quantile.h"
#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void ranks_go_up(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4, 5};
    assert_true(quantile_sorted(x, 5, 0) == 1);
    assert_true(quantile_sorted(x, 5, 0.2) == 1);
    assert_true(quantile_sorted(x, 5, 0.2001) == 2);
    assert_true(quantile_sorted(x, 5, 0.5) == 3);
    assert_true(quantile_sorted(x, 5, 0.95) == 5);
    assert_true(quantile_sorted(x, 5, 1) == 5);
    assert_true(quantile_sorted(x, 1, 0.5) == 1);
    double hundred[100];
    for (int i = 0; i < 100; i++)
        hundred[i] = i + 1;
    for (int percent = 1; percent <= 100; percent++) /* 0.07*100 is above 7 in binary */
        assert_true(quantile_sorted(hundred, 100, percent / 100.0) == percent);
}

static void selecting_agrees_with_sorting(void **state)
{
    (void)state;
    const uint64_t seed = 4711;
    struct random random = {seed};
    printf("seed %llu\n", (unsigned long long)seed);
    enum { MAX = 300 };
    double x[MAX], sorted[MAX];
    for (int trial = 0; trial < 3000; trial++) {
        size_t n = 1 + random_below(&random, MAX);
        uint64_t kinds = 1 + random_below(&random, trial % 3 ? 4 : 1000000); /* ties, or few */
        for (size_t i = 0; i < n; i++)
            x[i] = (double)random_below(&random, kinds) - 2;
        if (trial % 7 == 0)
            qsort(x, n, sizeof *x, ascending);
        memcpy(sorted, x, n * sizeof *x);
        qsort(sorted, n, sizeof *sorted, ascending);
        double p = trial % 10 == 0 ? 1 : random_uniform(&random);
        double wanted = quantile_sorted(sorted, n, p);
        if (quantile_select(x, n, p) != wanted)
            fail_msg("trial %d: n %zu, p %.17g", trial, n, p);
        qsort(x, n, sizeof *x, ascending); /* the same values still */
        assert_memory_equal(x, sorted, n * sizeof *x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_go_up),
        cmocka_unit_test(selecting_agrees_with_sorting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
