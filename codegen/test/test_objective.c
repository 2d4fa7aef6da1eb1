// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Objectives: their texts, and what is best by each of them.
 */
#include "base/test/support.h"
#include "codegen/objective.h"

#include <math.h>
#include <string.h>

static struct objective parsed(const char *text)
{
    struct objective objective;
    struct error error = {0};
    if (objective_parse(text, &objective, &error))
        fail_msg("%s: %s", text, error.text);
    return objective;
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *given, *told;
        double parameter;
    } rows[] = {
        {"time", "time", 0},
        {"energy", "energy", 0},
        {"weighted:0.3", "weighted:0.3", 0.3},
        {"weighted:30%", "weighted:0.3", 0.3},
        {"weighted:0", "weighted:0", 0},
        {"weighted:1", "weighted:1", 1},
        {"edp", "edp", 0},
        {"energy@deadline:20", "energy@deadline:0.02s", 0.02},
        {"energy@deadline:1.5s", "energy@deadline:1.5s", 1.5},
        {"time@energy:0.25", "time@energy:0.25J", 0.25},
        {"time@energy:30mJ", "time@energy:0.03J", 0.03},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[OBJECTIVE_TEXT_SIZE];
        struct objective objective = parsed(rows[i].given);
        assert_close(objective.parameter, rows[i].parameter, 1e-15, 0);
        assert_string_equal(objective_text(&objective, text), rows[i].told);
        struct objective again = parsed(text);
        assert_int_equal(again.kind, objective.kind);
        assert_memory_equal(&again.parameter, &objective.parameter, sizeof again.parameter);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "speed",
        "time:3",
        "edp:1",
        "weighted",
        "weighted:",
        "weighted:1.1",
        "weighted:-1",
        "weighted:x",
        "weighted:nan",
        "energy@",
        "time@energy",
        "time@energy:0",
        "energy@deadline:0",
        "energy@deadline:2J",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct objective objective;
        struct error error = {0};
        assert_int_equal(objective_parse(texts[i], &objective, &error), STATUS_MISUSE);
        assert_ptr_equal(strstr(error.text, "--objective"), error.text);
    }
}

/* Which of two is best, and what the other would be above it. */
static void test_best(void **state)
{
    (void)state;
    static const struct {
        const char *objective;
        struct expected_cost costs[2];
        size_t best;
        double absolute, relative;
    } rows[] = {
        {"time", {{2, NAN}, {1, NAN}}, 1, 1, 1},
        {"time", {{1, NAN}, {1, NAN}}, 0, 0, 0},
        {"energy", {{NAN, 3}, {NAN, 4}}, 0, 1, 1 / 3.0},
        {"weighted:0.5", {{1, 3}, {2, 1}}, 1, 0.5, 1 / 3.0},
        {"weighted:1", {{1, NAN}, {2, NAN}}, 0, 1, 1},
        {"weighted:0", {{NAN, 1}, {NAN, 2}}, 0, 1, 1},
        {"edp", {{2, 3}, {1, 7}}, 0, 1, 1 / 6.0},
        {"edp", {{0, 3}, {1, 7}}, 0, 7, INFINITY},
        {"energy@deadline:5s", {{4, 3}, {5, 2}}, 1, 1, 0.5},     /* both meet it: energy */
        {"energy@deadline:5s", {{4, 3}, {6, 2}}, 0, 1, 0.2},     /* one does: that one */
        {"energy@deadline:5s", {{8, 3}, {7, 9}}, 1, 1, 1 / 7.0}, /* none does: time */
        {"time@energy:5J", {{3, 4}, {2, 5}}, 1, 1, 0.5},
        {"time@energy:5J", {{3, 4}, {2, 6}}, 0, 1, 0.2},
        {"time@energy:5J", {{3, 8}, {9, 7}}, 1, 1, 1 / 7.0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct objective objective = parsed(rows[i].objective);
        const struct expected_cost *costs = rows[i].costs;
        assert_int_equal(objective_best(&objective, costs, 2), rows[i].best);
        struct objective_regret wrong =
            objective_regret_of(&objective, &costs[1 - rows[i].best], &costs[rows[i].best]);
        assert_close(wrong.absolute, rows[i].absolute, 1e-12, 0);
        if (isinf(rows[i].relative))
            assert_true(isinf(wrong.relative));
        else
            assert_close(wrong.relative, rows[i].relative, 1e-12, 0);
        struct objective_regret right =
            objective_regret_of(&objective, &costs[rows[i].best], &costs[rows[i].best]);
        assert_true(right.absolute == 0 && right.relative == 0);
    }
}

/* The device's own means are what weights are of. */
static void test_means(void **state)
{
    (void)state;
    struct objective objective = parsed("weighted:0.25");
    objective.mean_time_s = 2;
    objective.mean_energy_j = 10;
    struct expected_cost cost = {4, 5};
    assert_close(objective_value_of(&objective, &cost).value, 0.25 * 2 + 0.75 * 0.5, 1e-15, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_best),
        cmocka_unit_test(test_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
