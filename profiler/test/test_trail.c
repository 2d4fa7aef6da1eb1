// SPDX-License-Identifier: GPL-3.0-or-later
/* The arithmetic of windows, against closed forms. */
#include "base/test/support.h"

#include "base/random.h"
#include "profiler/window.h"

#include <math.h>
#include <stdlib.h>

static const int64_t ms = 1000000;

static void a_counter_is_timed_between_its_changes(void **state)
{
    struct counter_change first = {1000 * ms, 1002 * ms, 5e6}, last = {2000 * ms, 2000 * ms, 25e6};
    (void)state;
    struct stretch s = counter_stretch(&first, &last, 100, 1, 10 * ms);
    assert_int_equal(s.from_ns, 1001 * ms);
    assert_int_equal(s.to_ns, 2000 * ms);
    assert_close(s.energy_uj, 20e6, 0, 0);
    assert_close(stretch_power_uw(&s), 20e6 / 0.999, 1e-12, 0);
    assert_close(s.error_uj, 20e6 / 0.999 * 0.001 + 100, 1e-12, 0); /* half of 2 ms, one step */
    struct stretch sum = counter_stretch(&first, &last, 100, 2, 10 * ms);
    assert_close(sum.error_uj, 20e6 / 0.999 * 0.011 + 100, 1e-12, 0); /* one is an update old */
}

static struct trail make_trail(size_t n, int64_t step_ns, double (*power_uw)(double t_s))
{
    struct trail trail = {0};
    for (size_t i = 0; i < n; i++) {
        struct meter_reading r = {.t_ns = (int64_t)i * step_ns};
        r.value = power_uw((double)r.t_ns * 1e-9);
        assert_int_equal(trail_add(&trail, r, NULL), STATUS_OK);
    }
    return trail;
}

static double ramp(double t_s)
{
    return 1e6 * (2 + 3 * t_s);
}

static double constant(double t_s)
{
    (void)t_s;
    return 4e6;
}

static double square(double t_s)
{
    return t_s < 0.5 ? 2e6 : 8e6;
}

static void readings_are_integrated_by_trapezoids(void **state)
{
    (void)state;
    struct trail trail = make_trail(101, 10 * ms, ramp);
    struct stretch s = trail_stretch(&trail, 1000 * ms, 0, 0);
    assert_close(s.energy_uj, 3.5e6, 1e-12, 0); /* exact for a straight line */
    assert_false(s.flat);
    assert_close(s.last_uw, 5e6, 1e-12, 0);
    s = trail_stretch(&trail, 500 * ms, 0, 0); /* and up to a moment within */
    assert_int_equal(s.to_ns, 500 * ms);
    assert_close(s.energy_uj, 1.375e6, 1e-12, 0);
    assert_close(trail_recent_uw(&trail, 100 * ms), 1e6 * (2 + 3 * 0.95), 1e-9, 0);
    assert_true(isnan(trail_recent_uw(&trail, 2000 * ms)));
    struct meter_reading old = {.t_ns = 5 * ms, .value = 9e9};
    assert_int_equal(trail_add(&trail, old, NULL), STATUS_OK); /* passed over */
    assert_int_equal(trail.n, 101);
    trail_free(&trail);
}

static void the_bound_of_readings(void **state)
{
    (void)state;
    struct trail trail = make_trail(121, 10 * ms, constant);
    struct stretch s = trail_stretch(&trail, 1000 * ms, 2000, 10 * ms);
    assert_true(s.flat);
    assert_close(s.error_uj, 0, 0, 0);
    assert_close(s.floor_uw, 1000, 0, 0);
    trail_free(&trail);
    /* it ends where the load has just changed: as late as a sensor may be, that is open */
    trail = make_trail(121, 10 * ms, square);
    s = trail_stretch(&trail, 500 * ms, 0, 10 * ms);
    assert_true(s.error_uj >= 1.5 * 0.01 * 6e6);
    trail_free(&trail);
}

/* Readings of a point in time of a power that scatters: the mean of n of them is off by sd/sqrt(n),
 * and the bound covers that as often as three standard errors do. */
static void the_bound_covers_what_scatters(void **state)
{
    struct random random = {11};
    int n_trials = test_long() ? 20000 : 2000, covered = 0;
    (void)state;
    for (int k = 0; k < n_trials; k++) {
        struct trail trail = {0};
        for (int i = 0; i <= 200; i++) {
            struct meter_reading r = {.t_ns = i * 10 * ms,
                                      .value = 5e6 + 1e6 * random_normal(&random)};
            trail_add(&trail, r, NULL);
        }
        struct stretch s = trail_stretch(&trail, 2000 * ms, 0, 0);
        covered += fabs(s.energy_uj - 10e6) <= s.error_uj;
        trail_free(&trail);
    }
    assert_true(covered > 0.985 * n_trials);
    assert_true(covered < n_trials); /* nor is it endless */
}

static void update_periods_are_found(void **state)
{
    struct random random = {3};
    int64_t changes[40];
    (void)state;
    for (int missed = 0; missed < 2; missed++) {
        int64_t t = 0;
        for (int i = 0; i < 40; i++) {
            /* some changes are overlooked, or the figure happens to repeat */
            t += 66 * ms * (1 + (missed && random_below(&random, 3) == 0));
            changes[i] = t + (int64_t)(random_uniform(&random) * 1e6);
        }
        assert_close((double)update_period_ns(changes, 40, 1), 66e6, 0.01, 0);
    }
    assert_int_equal(update_period_ns(changes, 3, 1), -1);
    for (int i = 0; i < 40; i++) /* two counters by turns, 3 ms and 7 ms apart */
        changes[i] = i / 2 * 10 * ms + (i % 2) * 3 * ms;
    assert_close((double)update_period_ns(changes, 40, 2), 10e6, 0.05, 0);
}

static void net_energy_lies_over_the_line_between_idle_windows(void **state)
{
    struct idle_power before = {0, 2e6, 1e3}, after = {1000 * ms, 2.2e6, 3e3};
    (void)state;
    struct idle_power at = idle_power_at(250 * ms, &before, &after, 0);
    assert_close(at.power_uw, 2.05e6, 1e-12, 0);
    assert_close(at.error_uw, 3e3 + 0.15e6, 1e-12, 0);
    at = idle_power_at(250 * ms, &before, NULL, 5e4); /* cut short */
    assert_close(at.power_uw, 2e6, 0, 0);
    assert_close(at.error_uw, 5.1e4, 1e-12, 0);

    struct stretch s = {
        .from_ns = 0, .to_ns = 2000 * ms, .energy_uj = 10e6, .error_uj = 4e3, .floor_uw = 500};
    struct energy_window w = energy_window_unknown();
    struct idle_power baseline = {0, 2e6, 1e4};
    window_account(&w, &s, &baseline);
    assert_close(w.energy_uj, 10e6, 0, 0);
    assert_close(w.energy_net_uj, 6e6, 1e-12, 0);
    assert_close(w.error_uj, 4e3 + 2 * (500 + 1e4), 1e-12, 0);

    struct window_load load = {0};
    struct sample sample = sample_unknown();
    w.kind = WINDOW_BUSY;
    for (int i = 1; i <= 3; i++) {
        sample.time_ns = i * 10 * ms;
        sample.bytes_up = 100 * i;
        window_load_add(&load, &sample, 1);
    }
    sample.failure = FAILURE_ENGINE;
    window_load_add(&load, &sample, 1);
    window_fill(&w, &load);
    assert_close(w.n_inferences, 100, 1e-12, 0); /* 2 s of 20 ms each: no whole number is needed */
    assert_close(w.bytes_up, 200, 1e-12, 0);
    assert_true(w.bytes_down < 0 && w.n_failed == 1);

    /* one that outlives the window by far counts for the little that was in it */
    sample.failure = FAILURE_NONE;
    sample.time_ns = 5000 * ms;
    window_load_add(&load, &sample, 0.004);
    window_fill(&w, &load);
    assert_close(w.inference_ns, (60e6 + 0.004 * 5e9) / 3.004, 1e-12, 0);
}

/* Inferences of which one in twenty takes fifty times as long, watched for a span that holds ten of
 * the others: whatever the span cuts through, their number is on average the span over their mean
 * time. */
static void shares_make_the_mean_that_of_all(void **state)
{
    struct random random = {5};
    const double span = 10, mean = 0.95 * 1 + 0.05 * 50;
    double counted = 0;
    int n_trials = 40000;
    (void)state;
    for (int k = 0; k < n_trials; k++) {
        struct window_load load = {0};
        struct sample sample = sample_unknown();
        double t = -1000 - 50 * random_uniform(&random); /* long under way */
        while (t < span) {
            double takes = random_below(&random, 20) == 0 ? 50 : 1;
            double in = fmin(t + takes, span) - fmax(t, 0);
            sample.time_ns = (int64_t)(takes * 1e6);
            if (in > 0)
                window_load_add(&load, &sample, in / takes);
            t += takes;
        }
        assert_close(load.time_ns, span * 1e6, 1e-9, 0); /* they fill it */
        counted += load.n;
    }
    assert_close(counted / n_trials, span / mean, 0.02, 0);
}

static void means_add_up_exactly(void **state)
{
    struct trail trail = {.means = true};
    const int64_t at_ms[] = {0, 10, 14, 30, 40};
    const double mean_w[] = {7, 2, 20, 2, 2}; /* 20 W for 4 ms: what a request alone takes */
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct meter_reading r = {.t_ns = at_ms[i] * ms, .value = 1e6 * mean_w[i]};
        assert_int_equal(trail_add(&trail, r, NULL), STATUS_OK);
    }
    struct stretch s = trail_stretch(&trail, INT64_MAX, 0, 0);
    assert_close(s.energy_uj, 2e6 * 0.036 + 20e6 * 0.004, 1e-12, 0);
    trail_free(&trail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_is_timed_between_its_changes),
        cmocka_unit_test(readings_are_integrated_by_trapezoids),
        cmocka_unit_test(the_bound_of_readings),
        cmocka_unit_test(the_bound_covers_what_scatters),
        cmocka_unit_test(update_periods_are_found),
        cmocka_unit_test(net_energy_lies_over_the_line_between_idle_windows),
        cmocka_unit_test(shares_make_the_mean_that_of_all),
        cmocka_unit_test(means_add_up_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
