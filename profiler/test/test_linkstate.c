// SPDX-License-Identifier: GPL-3.0-or-later
/* Link states as text, as the store has them, and against the round trips that are measured. */
#include "base/test/support.h"

#include "base/random.h"
#include "profiler/linkstate.h"
#include "profiler/linkwatch.h"
#include "profiler/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void states_are_read(void **state)
{
    (void)state;
    struct link_state *states;
    size_t n;
    struct error error = {0};
    char text[LINK_STATE_TEXT];
    if (link_states_parse(" 5ms/10/50\t20  0.3s/2Mbit/s/500kbit/s 1ms/unlimited/8 7/3", &states, &n,
                          &error))
        fail_msg("%s", error.text);
    static const struct {
        double rtt_s, up_bit_s, down_bit_s;
        const char *text;
        int64_t up_ps, down_ps;
    } wanted[] = {
        {5e-3, 10e6, 50e6, "5ms/10/50", 800000, 160000},
        {20e-3, INFINITY, INFINITY, "20ms/unlimited/unlimited", 0, 0},
        {0.3, 2e6, 0.5e6, "300ms/2/0.5", 4000000, 16000000},
        {1e-3, INFINITY, 8e6, "1ms/unlimited/8", 0, 1000000},
        {7e-3, 3e6, INFINITY, "7ms/3/unlimited", 2666667, 0},
    };
    assert_int_equal(n, sizeof wanted / sizeof *wanted);
    for (size_t i = 0; i < n; i++) {
        assert_close(states[i].rtt_s, wanted[i].rtt_s, 1e-12, 0);
        assert_true(states[i].up_bit_s == wanted[i].up_bit_s);
        assert_true(states[i].down_bit_s == wanted[i].down_bit_s);
        assert_string_equal(link_state_format(&states[i], text), wanted[i].text);
        assert_int_equal(link_ps_per_byte(states[i].up_bit_s), wanted[i].up_ps);
        assert_int_equal(link_ps_per_byte(states[i].down_bit_s), wanted[i].down_ps);
    }
    free(states);
}

static void malformed_states(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "no link state"},
        {"fast", "'fast' is not a time"},
        {"/10", "'' is not a time"},
        {"5ms/", "'' is not a rate"},
        {"5ms/10/50/3", "without '/3'"},
        {"5ms/0/50", "less than 1 kbit/s"},
        {"5ms/10/10bit/s", "less than 1 kbit/s"},
        {"2min/1/1", "more than 60 s"},
        {"-5ms/1/1", "not a time"},
        {"5ms/1/1 6ms/1/1 5/1Mbit/s/1", "5ms/1/1 is given twice"},
        {"5ms/10/50, 6ms", "'50,'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct link_state *states = NULL;
        size_t n;
        struct error error = {0};
        assert_int_equal(link_states_parse(cases[i].text, &states, &n, &error), STATUS_INVALID);
        if (!strstr(error.text, cases[i].says))
            fail_msg("'%s': '%s' does not say '%s'", cases[i].text, error.text, cases[i].says);
        assert_null(states);
    }
}

static void a_sample_finds_its_state(void **state)
{
    (void)state;
    struct link_state *states, *others;
    size_t n, n_others;
    assert_int_equal(
        link_states_parse("5/10/50 20/10/50 20/2/50 20/10 80/10/50", &states, &n, NULL), 0);
    assert_int_equal(link_states_parse("5.1/10/50 20/10/49 20", &others, &n_others, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        struct sample sample = sample_unknown();
        assert_int_equal(link_state_of(states, n, &sample), -1);
        link_state_put(&states[i], &sample);
        assert_int_equal(sample.link_rtt_ns, llround(states[i].rtt_s * 1e9));
        sample.rtt_ns = 7777777; /* whatever the probe saw */
        assert_int_equal(link_state_of(states, n, &sample), i);
        assert_int_equal(link_state_of(others, n_others, &sample), -1);
    }
    free(states);
    free(others);
}

/* Far is over 20 % and over 2 ms, of the median: a few late probes do not count. */
static void round_trips_are_compared(void **state)
{
    (void)state;
    static const struct {
        double asked_ms, seen_ms;
        bool far;
    } cases[] = {{20, 20.5, false}, {20, 23.9, false}, {20, 24.5, true},
                 {20, 0.1, true},   {5, 6.9, false},   {5, 7.1, true},
                 {0.5, 2.4, false}, {100, 81, false},  {100, 79, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct linkwatch watch = {0};
        struct link_state asked = {.rtt_s = cases[i].asked_ms * 1e-3};
        double median_s;
        for (int k = 1; k <= LINKWATCH_PROBES; k++) {
            double ms = k % 3 == 0 ? 1000 : cases[i].seen_ms; /* 5 of 15 are late */
            assert_int_equal(linkwatch_add(&watch, llround(ms * 1e6)), k == LINKWATCH_PROBES);
        }
        assert_false(linkwatch_add(&watch, 1));
        assert_int_equal(linkwatch_far(&watch, &asked, &median_s), cases[i].far);
        assert_close(median_s, cases[i].seen_ms * 1e-3, 1e-9, 0);
    }
}

/* As it was before there were links: what the seed and the round shuffle. */
static void without_states_the_order_is_the_old_one(void **state)
{
    (void)state;
    enum { N = 23 };
    int states[N];
    size_t order[N], scratch[N], wanted[N];
    for (int64_t round = 0; round < 5; round++) {
        struct random random = {UINT64_C(7) ^
                                ((uint64_t)(round + 1) * UINT64_C(0x9e3779b97f4a7c15))};
        for (size_t i = 0; i < N; i++) {
            states[i] = -1;
            wanted[i] = i;
        }
        random_shuffle(&random, wanted, N, sizeof *wanted);
        round_order(7, round, states, N, 0, order, scratch);
        assert_memory_equal(order, wanted, sizeof order);
    }
}

/* Each round holds everything once, the states one after the other, what has none in between. */
static void each_state_comes_once(void **state)
{
    (void)state;
    enum { STATES = 4, EACH = 6, FREE = 9, N = STATES * EACH + FREE, ROUNDS = 4000 };
    int states[N];
    size_t order[N], again[N], scratch[N];
    double first_state[STATES] = {0}, place_sum = 0;
    for (size_t i = 0; i < N; i++)
        states[i] = i < FREE ? -1 : (int)((i - FREE) % STATES);
    for (int64_t round = 0; round < ROUNDS; round++) {
        bool seen[N] = {false};
        int now = -1, n_changes = 0;
        round_order(3, round, states, N, STATES, order, scratch);
        round_order(3, round, states, N, STATES, again, scratch);
        assert_memory_equal(order, again, sizeof order);
        for (size_t i = 0; i < N; i++) {
            assert_true(order[i] < N && !seen[order[i]]);
            seen[order[i]] = true;
            int wants = states[order[i]];
            if (wants >= 0 && wants != now) {
                if (n_changes++ == 0)
                    first_state[wants]++;
                now = wants;
            }
            if (order[i] == 0)
                place_sum += (double)i / (N - 1);
        }
        assert_int_equal(n_changes, STATES);
    }
    for (int i = 0; i < STATES; i++) /* each comes first as often: 4 sd of a binomial */
        assert_close(first_state[i] / ROUNDS, 1.0 / STATES, 0, 4 * sqrt(0.1875 / ROUNDS));
    assert_close(place_sum / ROUNDS, 0.5, 0, 4 * sqrt(1.0 / 12 / ROUNDS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_read),
        cmocka_unit_test(malformed_states),
        cmocka_unit_test(a_sample_finds_its_state),
        cmocka_unit_test(round_trips_are_compared),
        cmocka_unit_test(without_states_the_order_is_the_old_one),
        cmocka_unit_test(each_state_comes_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
