// SPDX-License-Identifier: GPL-3.0-or-later
/* When requests are made. */
#include "base/test/support.h"

#include "evaluator/arrivals.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void texts_are_read_whole(void **state)
{
    (void)state;
    struct arrivals a = {0};
    assert_int_equal(arrivals_parse("closed", &a, NULL), STATUS_OK);
    assert_false(arrivals_open(&a));
    assert_int_equal(arrivals_parse("poisson:2.5", &a, NULL), STATUS_OK);
    assert_true(arrivals_open(&a) && a.rate == 2.5);
    assert_int_equal(arrivals_parse("bursts:20,10s", &a, NULL), STATUS_OK);
    assert_true(a.size == 20 && a.every_s == 10);
    assert_int_equal(arrivals_parse("bursts:1,5", &a, NULL), STATUS_OK); /* bare: ms */
    assert_close(a.every_s, 0.005, 1e-12, 0);
    static const char *const bad[] = {"",           "open",          "closed:1",       "poisson",
                                      "poisson:",   "poisson:x",     "poisson:0",      "poisson:-1",
                                      "poisson:1x", "poisson:1e9",   "poisson:nan",    "bursts:",
                                      "bursts:5",   "bursts:,5s",    "bursts:0,5s",    "bursts:5,0",
                                      "bursts:5,",  "bursts:5,1h h", "bursts:5,99999h"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error error = {0};
        if (arrivals_parse(bad[i], &a, &error) != STATUS_MISUSE ||
            strncmp(error.text, "--arrivals", 10) != 0)
            fail_msg("'%s': %s", bad[i], error.text);
    }
}

static void poisson_gaps_are_exponential(void **state)
{
    (void)state;
    const uint64_t seed = 31;
    struct random random = {seed};
    struct arrivals a = {.kind = ARRIVALS_POISSON, .rate = 4};
    double at_s = 0, sum = 0, squares = 0;
    int n = 200000, over = 0;
    printf("seed %llu\n", (unsigned long long)seed);
    for (int i = 0; i < n; i++) {
        double next_s = arrivals_next(&a, (uint64_t)i, at_s, 99, &random), gap_s = next_s - at_s;
        sum += gap_s;
        squares += gap_s * gap_s;
        over += gap_s > 0.25;
        at_s = next_s;
    }
    double mean = sum / n;
    assert_close(mean, 0.25, 5 / sqrt(n), 0);
    assert_close(sqrt(squares / n - mean * mean), 0.25, 5 * sqrt(2.0 / n), 0);
    assert_close((double)over / n, exp(-1), 0, 5 * sqrt(0.25 / n));
}

static void bursts_come_together_and_loops_one_by_one(void **state)
{
    (void)state;
    struct random random = {1};
    struct arrivals a = {.kind = ARRIVALS_BURSTS, .size = 3, .every_s = 2};
    double at_s = 0;
    static const double wanted[] = {0, 0, 2, 2, 2, 4};
    for (uint64_t i = 0; i < 6; i++) {
        at_s = arrivals_next(&a, i, at_s, 99, &random);
        assert_true(at_s == wanted[i]);
    }
    a = (struct arrivals){.kind = ARRIVALS_CLOSED, .think_s = 0.5};
    assert_true(arrivals_next(&a, 0, 7, 0.25, &random) == 7.75);
    assert_int_equal(random.state, 1); /* nothing was drawn */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_whole),
        cmocka_unit_test(poisson_gaps_are_exponential),
        cmocka_unit_test(bursts_come_together_and_loops_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
