// SPDX-License-Identifier: GPL-3.0-or-later
/* What is condensed while it comes is what was there: against tables of all values. */
#include "base/test/support.h"

#include "base/random.h"
#include "fitter/gather.h"

#include <math.h>
#include <stdlib.h>

enum { LENGTHS = 60, ROUNDS = 40, VALUES = 200000 };

struct table {
    double sum[LENGTHS], squares[LENGTHS], cell[LENGTHS][ROUNDS];
    uint64_t n[LENGTHS], cells[LENGTHS][ROUNDS];
};

static void add(struct gather *gather, struct table *table, size_t length, int32_t round,
                double value)
{
    assert_int_equal(gather_add(gather, (uint32_t)length + 1, round, value, NULL), STATUS_OK);
    table->sum[length] += value;
    table->squares[length] += value * value;
    table->n[length]++;
    if (round >= 0) {
        table->cell[length][round] += value;
        table->cells[length][round]++;
    }
}

static void compare(struct gather *gather, const struct table *table, size_t n_rounds)
{
    struct series series;
    size_t n_lengths = 0, n_cells = 0;
    assert_int_equal(gather_finish(gather, NULL), STATUS_OK);
    assert_int_equal(gather_series(gather, &series, NULL), STATUS_OK);
    for (size_t i = 0; i < LENGTHS; i++) {
        if (table->n[i] == 0)
            continue;
        const struct series_length *l = &series.lengths[n_lengths++];
        double n = (double)table->n[i], mean = table->sum[i] / n;
        assert_int_equal(l->length, i + 1);
        assert_int_equal(l->n, table->n[i]);
        assert_close(l->mean, mean, 1e-12, 0);
        assert_close(l->m2, table->squares[i] - n * mean * mean, 1e-8, 0);
        for (size_t r = 0; n_rounds > 0 && r < n_rounds; r++)
            n_cells += table->cells[i][r] > 0;
    }
    assert_int_equal(series.n_lengths, n_lengths);
    assert_int_equal(series.n_rounds, n_rounds);
    assert_int_equal(series.n_cells, n_cells);
    for (size_t i = 0; i < n_cells; i++) {
        const struct series_cell *cell = &series.cells[i];
        size_t length = series.lengths[cell->length].length - 1;
        assert_true(i == 0 || series.cells[i - 1].round <= cell->round);
        assert_int_equal(cell->n, table->cells[length][cell->round]);
        assert_close(cell->sum, table->cell[length][cell->round], 1e-12, 0);
    }
    series_free(&series);
}

/* In order, as campaigns come; and with rounds that come back again and again. */
static void pairs_of_length_and_round(void **state)
{
    (void)state;
    for (int mixed = 0; mixed < 2; mixed++) {
        struct table *table = calloc(1, sizeof *table);
        struct gather gather = {0};
        struct random random = {7};
        for (size_t i = 0; i < VALUES; i++) {
            size_t round = mixed ? random_below(&random, ROUNDS) : i * ROUNDS / VALUES;
            add(&gather, table, random_below(&random, LENGTHS), (int32_t)round,
                1 + 0.1 * random_normal(&random));
        }
        assert_true(gather.cell_capacity < VALUES); /* or nothing is condensed */
        compare(&gather, table, ROUNDS);
        gather_free(&gather);
        free(table);
    }
}

/* One value without a round is enough: rounds cannot be resampled then. */
static void values_without_a_round(void **state)
{
    (void)state;
    struct table *table = calloc(1, sizeof *table);
    struct gather gather = {0};
    for (size_t i = 0; i < 100; i++)
        add(&gather, table, i % 7, i == 50 ? -1 : (int32_t)(i / 10), 1 + (double)(i * 31 % 17));
    compare(&gather, table, 0);
    gather_free(&gather);
    free(table);
}

/* Values -1, -0.5, 0.5, 1 in turn: median 0, two far ones make the MAD 1, and the bounds
 * +-8*1.4826*1 = 11.9. */
static void outliers_are_far_from_the_median(void **state)
{
    (void)state;
    static const double turn[] = {-1, 1, -0.5, 0.5};
    struct gather gather = {0};
    for (int i = 0; i < 3000; i++) {
        double value = turn[i % 4];
        value = i == 10 || i == 2000 ? 12 : i == 11 || i == 2001 ? -11.8 : value;
        gather_add(&gather, 5, -1, value, NULL);
    }
    for (int i = 0; i < 100; i++) /* no scale: most are equal */
        gather_add(&gather, 6, -1, i < 60 ? 1 : i, NULL);
    for (int i = 0; i < 7; i++) /* too few to have one */
        gather_add(&gather, 7, -1, i < 6 ? 1 + 0.01 * i : 100, NULL);
    gather_finish(&gather, NULL);
    assert_int_equal(gather.series.n_outliers, 2);
    gather_free(&gather);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_of_length_and_round),
        cmocka_unit_test(values_without_a_round),
        cmocka_unit_test(outliers_are_far_from_the_median),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
