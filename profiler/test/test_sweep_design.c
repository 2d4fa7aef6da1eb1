// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Adaptive sweeps through the real sweep, store and fitter: only inferences and their time are
 * simulated, so that nothing here depends on this machine.
 */
#include "base/test/support.h"

#include "profiler/test/comparison.h"

static char *scratch_db(void)
{
    char *folder = test_scratch("sweep_design"), *path = text_format("%s/sweep.db", folder);
    free(folder);
    return path;
}

/* At least 80 % of the efficiency of the c-optimal design of the truth, and no more than 1.05 of a
 * plain sweep's time for the same interval. */
static void as_good_as_promised(void **state)
{
    (void)state;
    char *path = scratch_db();
    int n = test_long() ? 20 : 1;
    struct comparison all = {0};
    printf("seed 1, %d campaigns each\n", n);
    for (size_t i = 0; i < N_SCENARIOS; i++) {
        struct comparison c = {0};
        struct error error = {0};
        if (compare(&scenarios[i], path, n, &c, &error))
            fail_msg("%s: %s", scenarios[i].name, error.text);
        printf("  %-28s efficiency %.2f, time %.2f of a plain sweep's\n", scenarios[i].name,
               c.efficiency / c.n, c.adaptive_s / c.grid_s);
        if (scenarios[i].shared <= 0) {
            assert_true(c.efficiency / c.n >= (test_long() ? 0.8 : 0.6));
            all.efficiency += c.efficiency;
            all.squares += c.squares;
            all.n += c.n;
        }
        all.covered += c.covered;
        if (test_long()) /* where each campaign ends is chance */
            assert_true(c.adaptive_s / c.grid_s <= 1.05);
        all.adaptive_s += c.adaptive_s / c.grid_s / N_SCENARIOS;
    }
    assert_true(all.adaptive_s <= 1);
    assert_true(all.efficiency / all.n >= 0.8);
    printf("  errors^2 over expected %.2f, covered %.0f %%\n", all.squares / all.n,
           100 * all.covered / (n * N_SCENARIOS));
    assert_true(all.squares / all.n < (test_long() ? 1.3 : 2.5));
    assert_true(all.covered / (n * N_SCENARIOS) >= (test_long() ? 0.88 : 0.75));
    free(path);
}

static uint64_t n_at(const struct dataset_target *target, uint32_t length)
{
    uint64_t n = 0;
    for (size_t i = 0; i < target->n; i++)
        n += target->observations[i].length == length;
    return n;
}

/* Every length goes on being visited; rounds are of one duration; no round lacks a target. */
static void rounds_stay_alike(void **state)
{
    (void)state;
    char *path = scratch_db();
    struct simulation s;
    struct sweep_result result;
    struct dataset dataset;
    struct error error = {0};
    simulation_open(&s, &scenarios[0], path, 5);
    s.config.stop_ci = 1e-9;
    s.config.max_samples = 150;
    assert_int_equal(simulation_run(&s, 2, &result, &error), STATUS_NOT_REACHED);
    assert_non_null(strstr(error.text, "the break-even of edge and cloud at length"));
    assert_non_null(strstr(error.text, "--resume"));
    assert_int_equal(result.n_not_converged, 1);
    error_clear(&error);
    assert_int_equal(simulated_dataset(&s, &dataset, &error), STATUS_OK);
    assert_int_equal(s.n_rounds, 150);
    for (size_t t = 0; t < 2; t++) {
        uint64_t most = 0;
        for (size_t l = 0; l < s.config.n_lengths; l++) {
            uint64_t n = n_at(&dataset.targets[t], s.lengths[l]);
            most = n > most ? n : most;
            assert_true(n >= 3 + (s.n_rounds - 3) / 20);
        }
        assert_true(most > 300); /* the rest is where it tells most */
        int32_t round = -1;
        for (size_t i = 0; i < dataset.targets[t].n; i++) {
            assert_true(dataset.targets[t].observations[i].round <= round + 1);
            round = dataset.targets[t].observations[i].round;
        }
        assert_int_equal(round + 1, s.n_rounds);
    }
    double plain_s = s.round_ends_s[2] / 3, first_s = INFINITY, last_s = 0;
    for (size_t r = 3; r < s.n_rounds; r++) {
        double took_s = s.round_ends_s[r] - s.round_ends_s[r - 1];
        first_s = fmin(first_s, took_s);
        last_s = fmax(last_s, took_s);
    }
    printf("  rounds of %.2f to %.2f s, plain ones of %.2f s\n", first_s, last_s, plain_s);
    assert_true(first_s > 0.7 * plain_s && last_s < 1.3 * plain_s);
    dataset_free(&dataset);
    simulation_close(&s);
    free(path);
}

/* Without another place there is nothing to narrow: the rounds are those of a plain sweep. */
static void one_place_alone(void **state)
{
    (void)state;
    uint64_t taken[2];
    for (int grid = 0; grid < 2; grid++) {
        char *path = scratch_db();
        struct simulation s;
        struct sweep_result result;
        struct error error = {0};
        simulation_open(&s, &scenarios[1], path, 6);
        s.config.stop_ci = 0.02;
        s.config.grid = grid;
        assert_int_equal(simulation_run(&s, 1, &result, &error), STATUS_OK);
        assert_int_equal(result.n_not_converged, 0);
        assert_string_equal(result.aim, "");
        taken[grid] = result.n_samples;
        struct convergence *rows;
        size_t n;
        assert_int_equal(store_convergence(s.store, s.campaign.id, &rows, &n, &error), STATUS_OK);
        assert_int_equal(n, s.config.n_lengths);
        for (size_t i = 0; i < n; i++) {
            assert_true(rows[i].reached && rows[i].relative_half_width <= 0.02);
            assert_int_equal(rows[i].n_samples, result.n_rounds);
        }
        free(rows);
        simulation_close(&s);
        free(path);
    }
    /* but for the rounds until the models are looked at again, which may show a break-even */
    assert_true(taken[0] >= taken[1] && (double)taken[0] <= 1.15 * (double)taken[1]);
}

/* A campaign that goes on has its coarse rounds behind it, and its design again at once. */
static void resumed(void **state)
{
    (void)state;
    char *path = scratch_db();
    struct simulation s;
    struct sweep_result result;
    struct dataset dataset;
    struct error error = {0};
    simulation_open(&s, &scenarios[1], path, 8);
    s.config.stop_ci = 1e-9;
    s.config.max_samples = 12;
    assert_int_equal(simulation_run(&s, 2, &result, &error), STATUS_NOT_REACHED);
    s.resume = true;
    s.config.max_samples = 40;
    error_clear(&error);
    assert_int_equal(simulation_run(&s, 2, &result, &error), STATUS_NOT_REACHED);
    assert_int_equal(result.n_rounds, 28);
    s.config.stop_ci = result.aim_half_width; /* known as well as that already */
    assert_int_equal(simulation_run(&s, 2, &result, &error), STATUS_OK);
    assert_int_equal(result.n_samples, 0);
    error_clear(&error);
    assert_int_equal(simulated_dataset(&s, &dataset, &error), STATUS_OK);
    uint64_t least = UINT64_MAX;
    for (size_t t = 0; t < 2; t++) {
        for (size_t l = 0; l < s.config.n_lengths; l++) {
            uint64_t n = n_at(&dataset.targets[t], s.lengths[l]);
            least = n < least ? n : least;
        }
    }
    assert_true(least >= 4 && least <= 6); /* three, and one in twenty rounds */
    dataset_free(&dataset);
    simulation_close(&s);
    free(path);
}

/* ci = 0 asks for no interval: every length as often as max_samples says, design or not. */
static void no_interval_no_design(void **state)
{
    (void)state;
    char *path = scratch_db();
    struct simulation s;
    struct sweep_result result;
    struct error error = {0};
    simulation_open(&s, &scenarios[0], path, 7);
    s.config.stop_ci = 0;
    s.config.max_samples = 7;
    assert_int_equal(simulation_run(&s, 2, &result, &error), STATUS_OK);
    assert_int_equal(result.n_samples, 7 * 32);
    assert_int_equal(result.n_rounds, 7);
    assert_string_equal(result.aim, "");
    simulation_close(&s);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_good_as_promised),   cmocka_unit_test(rounds_stay_alike),
        cmocka_unit_test(one_place_alone),       cmocka_unit_test(resumed),
        cmocka_unit_test(no_interval_no_design),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
