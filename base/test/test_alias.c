// SPDX-License-Identifier: GPL-3.0-or-later
/* The alias table: the shares that its cells add up to are the weights' own, and draws follow. */
#include "base/test/support.h"

#include "base/alias.h"
#include "base/clock.h"

#include <math.h>
#include <stdlib.h>

enum { MAX = 300 };

/* What the table gives each value, in closed form. */
static void shares_of(const struct alias_table *table, double *shares)
{
    for (size_t i = 0; i < table->n; i++)
        shares[i] = 0;
    for (size_t i = 0; i < table->n; i++) {
        const struct alias_cell *cell = &table->cells[i];
        assert_true(cell->keep >= 0 && cell->keep <= 1 && cell->other < table->n);
        shares[i] += cell->keep / (double)table->n;
        shares[cell->other] += (1 - cell->keep) / (double)table->n;
    }
}

static void check_shares(const uint64_t *weights, size_t n)
{
    struct alias_table table;
    double shares[MAX], sum = 0;
    assert_int_equal(alias_table_make(weights, n, &table, NULL), STATUS_OK);
    for (size_t i = 0; i < n; i++)
        sum += (double)weights[i];
    shares_of(&table, shares);
    for (size_t i = 0; i < n; i++) {
        assert_close(shares[i], (double)weights[i] / sum, 1e-12, 1e-14);
        if (weights[i] == 0)
            assert_true(shares[i] == 0);
    }
    alias_table_free(&table);
    assert_null(table.cells);
}

static void shares_are_the_weights(void **state)
{
    (void)state;
    static const uint64_t by_hand[][5] = {
        {1, 1, 1, 1, 1},       {1, 2, 3, 4, 5}, {0, 0, 7, 0, 0},
        {1, 0, 0, 0, 1000000}, {3, 3, 3, 1, 0}, {UINT64_C(1) << 53, 1, 1, 1, 1},
    };
    for (size_t i = 0; i < sizeof by_hand / sizeof *by_hand; i++)
        check_shares(by_hand[i], 5);
    check_shares(by_hand[0], 1);
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    for (int i = 0; i < (test_long() ? 20000 : 500); i++) {
        uint64_t weights[MAX];
        size_t n = 1 + (size_t)random_below(&random, MAX);
        uint64_t bits = 1 + random_below(&random, 44);
        for (size_t k = 0; k < n; k++)
            weights[k] = random_below(&random, 3) ? random_u64(&random) >> (64 - bits) : 0;
        weights[random_below(&random, n)]++;
        check_shares(weights, n);
    }
}

/* Chi-square of 10^6 draws from nine weights: over 33.4 by chance in one of 20,000 seeds, and the
 * seed is fixed. */
static void draws_follow_the_weights(void **state)
{
    (void)state;
    enum { N = 10, DRAWS = 1000000 };
    static const uint64_t weights[N] = {5, 1, 40, 1000, 3, 2, 200, 0, 749, 48};
    struct alias_table table;
    struct random random = {19770903};
    uint64_t seen[N] = {0};
    assert_int_equal(alias_table_make(weights, N, &table, NULL), STATUS_OK);
    for (int i = 0; i < DRAWS; i++) {
        size_t value = alias_table_draw(&table, &random);
        assert_true(value < N);
        seen[value]++;
    }
    double chi_square = 0;
    for (int i = 0; i < N; i++) {
        double expected = DRAWS * (double)weights[i] / 2048;
        if (weights[i] > 0)
            chi_square += pow((double)seen[i] - expected, 2) / expected;
    }
    assert_int_equal(seen[7], 0);
    assert_true(chi_square < 33.4);
    struct random a = {4}, b = {4};
    for (int i = 0; i < 100; i++)
        assert_int_equal(alias_table_draw(&table, &a), alias_table_draw(&table, &b));
    alias_table_free(&table);
}

static void nothing_to_draw_from(void **state)
{
    (void)state;
    struct alias_table table;
    struct error error = {0};
    assert_int_equal(alias_table_make((uint64_t[]){0, 0}, 2, &table, &error), STATUS_INVALID);
    assert_non_null(error.text[0] ? error.text : NULL);
    assert_null(table.cells);
    assert_int_equal(alias_table_make(NULL, 0, &table, NULL), STATUS_INVALID);
    alias_table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_the_weights),
        cmocka_unit_test(draws_follow_the_weights),
        cmocka_unit_test(nothing_to_draw_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
