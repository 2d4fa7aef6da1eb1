// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/random.h"

#include <math.h>
#include <string.h>

/* Published with the reference implementation (Vigna, splitmix64.c) for seed 1234567. */
static void known_sequence(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        UINT64_C(6457827717110365317), UINT64_C(3203168211198807973), UINT64_C(9817491932198370423),
        UINT64_C(4593380528125082431), UINT64_C(16408922859458223821)};
    struct random random = {1234567};
    for (size_t i = 0; i < 5; i++)
        assert_true(random_u64(&random) == expected[i]);
}

/* Bounds of six standard errors: by chance once in 10^9 seeds, and the seed is fixed. */
static void moments(void **state)
{
    (void)state;
    const int n = test_long() ? 10000000 : 200000;
    struct random random = {20240229};
    double uniform = 0, normal = 0, square = 0, fourth = 0;
    for (int i = 0; i < n; i++) {
        double u = random_uniform(&random), z = random_normal(&random);
        assert_true(u >= 0 && u < 1);
        uniform += u;
        normal += z;
        square += z * z;
        fourth += z * z * z * z;
    }
    double root = sqrt(n);
    assert_close(uniform / n, 0.5, 0, 6 * sqrt(1.0 / 12) / root);
    assert_close(normal / n, 0, 0, 6 / root);
    assert_close(square / n, 1, 0, 6 * sqrt(2.0) / root);
    assert_close(fourth / n, 3, 0, 6 * sqrt(96.0) / root);
}

static void below_is_in_range_and_even(void **state)
{
    (void)state;
    struct random random = {7};
    enum { N = 70000, BOUND = 7 };
    int counts[BOUND] = {0};
    for (int i = 0; i < N; i++) {
        uint64_t x = random_below(&random, BOUND);
        assert_true(x < BOUND);
        counts[x]++;
    }
    for (int i = 0; i < BOUND; i++)
        assert_close(counts[i], (double)N / BOUND, 0, 6 * sqrt((double)N / BOUND));
    for (int i = 0; i < 100; i++) {
        assert_true(random_below(&random, 1) == 0);
        assert_true(random_below(&random, UINT64_MAX) < UINT64_MAX);
        assert_true(random_below(&random, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
    }
}

/* Without rejection the lowest third of this bound would come up half of the time. */
static void below_has_no_bias(void **state)
{
    (void)state;
    struct random random = {19};
    enum { N = 10000 };
    const uint64_t third = UINT64_C(1) << 62;
    int n_low = 0;
    for (int i = 0; i < N; i++)
        n_low += random_below(&random, 3 * third) < third;
    assert_close(n_low, N / 3.0, 0, 6 * sqrt(N * 2 / 9.0));
}

/* The state before the one whose mixture is 0, so that the first uniform number is 0. */
static void normal_is_finite(void **state)
{
    (void)state;
    struct random random = {0 - UINT64_C(0x9e3779b97f4a7c15)}, same = random;
    assert_close(random_uniform(&same), 0, 0, 0);
    assert_true(isfinite(random_normal(&random)));
}

static void shuffle_permutes(void **state)
{
    (void)state;
    struct random random = {11};
    enum { N = 1000 };
    uint32_t order[N];
    int seen[N] = {0}, in_place = 0;
    for (uint32_t i = 0; i < N; i++)
        order[i] = i;
    random_shuffle(&random, order, N, sizeof order[0]);
    for (uint32_t i = 0; i < N; i++) {
        seen[order[i]]++;
        in_place += order[i] == i;
    }
    for (int i = 0; i < N; i++)
        assert_int_equal(seen[i], 1);
    assert_true(in_place < 10); /* one is expected */
    random_shuffle(&random, order, 0, sizeof order[0]);
    random_shuffle(&random, order, 1, sizeof order[0]);
}

/* Each of the six orders of three elements comes up as often as the others. */
static void shuffle_is_fair(void **state)
{
    (void)state;
    struct random random = {13};
    enum { N = 60000 };
    int counts[27] = {0};
    for (int i = 0; i < N; i++) {
        char order[] = {0, 1, 2};
        random_shuffle(&random, order, 3, 1);
        counts[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    static const int orders[] = {5, 7, 11, 15, 19, 21};
    for (int i = 0; i < 6; i++)
        assert_close(counts[orders[i]], N / 6, 0, 6 * sqrt(N / 6.0));
}

static void large_elements(void **state)
{
    (void)state;
    struct random random = {17};
    char elements[5][64];
    int seen = 0;
    for (int i = 0; i < 5; i++)
        memset(elements[i], i, sizeof elements[i]);
    random_shuffle(&random, elements, 5, sizeof elements[0]);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(elements[i][0], elements[i][63]);
        seen |= 1 << elements[i][0];
    }
    assert_int_equal(seen, 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_sequence),    cmocka_unit_test(moments),
        cmocka_unit_test(shuffle_permutes),  cmocka_unit_test(below_is_in_range_and_even),
        cmocka_unit_test(shuffle_is_fair),   cmocka_unit_test(large_elements),
        cmocka_unit_test(below_has_no_bias), cmocka_unit_test(normal_is_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
