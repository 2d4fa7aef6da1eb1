// SPDX-License-Identifier: GPL-3.0-or-later
/* What is played, without a network: jitter and outages against their distributions, what is set,
 * what counts as a step, and the account and the log of it. */
#include "base/memory.h"
#include "base/test/support.h"
#include "testbed/play.h"
#include "testbed/played.h"

#include <math.h>
#include <stdlib.h>

static struct link_source *open_source(const char *text)
{
    const struct link_rest rest = {.rtt_s = 0.02, .up_bit_s = INFINITY, .down_bit_s = INFINITY};
    struct link_source *source = NULL;
    struct error error = {0};
    if (link_source_open(text, &rest, &source, &error))
        fail_msg("%s: %s", text, error.text);
    return source;
}

/* A trace in a file of its own; its source. */
static struct link_source *open_trace(const char *text)
{
    char *folder = test_scratch("play"), *path = test_write(folder, "trace.csv", text);
    struct link_source *source = open_source(path);
    free(path);
    free(folder);
    return source;
}

static double rtt_ms(struct play *play, double t_s)
{
    return (double)play_at(play, t_s).round_trip_ns * 1e-6;
}

/* Mean and deviation of what requests see, and the same again with the same seed. */
static void test_jitter(void **state)
{
    (void)state;
    int n = test_long() ? 1000000 : 20000;
    struct link_source *source = open_source("fixed:20ms");
    struct play play, again, other;
    struct play_options options = {.source = source, .seed = 5, .jitter_s = 0.003};
    play_start(&play, &options);
    play_start(&again, &options);
    options.seed = 6;
    play_start(&other, &options);
    double sum = 0, squares = 0, products = 0, before = 0;
    int n_same = 0;
    for (int i = 0; i < n; i++) {
        play_request(&play);
        play_request(&again);
        play_request(&other);
        double off = rtt_ms(&play, i) - 20;
        assert_true(rtt_ms(&play, i + 0.5) - 20 == off); /* a request and its answer */
        assert_true(rtt_ms(&again, i) - 20 == off);
        n_same += rtt_ms(&other, i) - 20 == off;
        sum += off;
        squares += off * off;
        products += off * before;
        before = off;
    }
    print_message("%d requests: mean %+.4f, deviation %.4f ms (asked 0, 3)\n", n, sum / n,
                  sqrt(squares / n));
    assert_true(n_same < 3);
    assert_close(sum / n, 0, 0, 4 * 3 / sqrt(n));
    assert_close(sqrt(squares / n), 3, 4 / sqrt(2.0 * n), 0);
    assert_close(products / squares, 0, 0, 4 / sqrt(n)); /* one after the other is independent */

    /* of a round trip that is shorter than its jitter, half is cut off */
    link_source_free(source);
    source = open_source("fixed:0ms");
    options = (struct play_options){.source = source, .seed = 5, .jitter_s = 0.003};
    play_start(&play, &options);
    int zeros = 0;
    for (int i = 0; i < n; i++) {
        play_request(&play);
        assert_true(rtt_ms(&play, i) >= 0);
        zeros += rtt_ms(&play, i) == 0;
    }
    assert_close((double)zeros / n, 0.5, 0, 4 * 0.5 / sqrt(n));
    link_source_free(source);
}

/* Means of an alternating renewal process, and both are exponential: their deviation is the mean.
 */
static void test_outages(void **state)
{
    (void)state;
    int n = test_long() ? 400000 : 10000;
    struct link_source *source = open_source("fixed:20ms,10,unlimited");
    const struct play_options options = {
        .source = source, .seed = 8, .outage_every_s = 30, .outage_for_s = 2};
    struct play play;
    double sums[2] = {0}, squares[2] = {0}, before_s = 0;
    play_start(&play, &options);
    for (int i = 0; i < 2 * n; i++) {
        double t_s = play_next_s(&play), held_s = t_s - before_s;
        struct link_state then = play_at(&play, (t_s + before_s) / 2);
        assert_true(then.rate_bit_s[LINK_UP] == (i % 2 ? 0 : 10e6));
        assert_true(i % 2 ? then.rate_bit_s[LINK_DOWN] == 0 : isinf(then.rate_bit_s[LINK_DOWN]));
        assert_int_equal(then.round_trip_ns, 20000000);
        sums[i % 2] += held_s;
        squares[i % 2] += held_s * held_s;
        play_at(&play, t_s);
        before_s = t_s;
    }
    static const double means_s[2] = {30, 2};
    for (int k = 0; k < 2; k++) {
        double mean_s = sums[k] / n, deviation_s = sqrt(squares[k] / n - mean_s * mean_s);
        print_message("%s: mean %.3f, deviation %.3f s (asked %g)\n", k ? "outages" : "between",
                      mean_s, deviation_s, means_s[k]);
        assert_close(mean_s, means_s[k], 4 / sqrt(n), 0);
        assert_close(deviation_s, means_s[k], 4 * sqrt(2.0 / n), 0);
    }
    link_source_free(source);
}

static void test_requests(void **state)
{
    (void)state;
    struct link_source *source = open_trace("t_s,rtt_ms\n0,10\n1,20\n2,30\n");
    struct play play;
    static const double seen[] = {10, 20, 30, 10, 20, 30, 10};
    play_start(&play, &(struct play_options){.source = source, .pace = PACE_REQUEST});
    assert_true(rtt_ms(&play, 0) == 10); /* before the first request, too */
    for (int i = 0; i < 7; i++) {
        play_request(&play);
        assert_true(rtt_ms(&play, i * 100) == seen[i]);
        assert_true(isinf(play_next_s(&play)));
    }
    /* once: it keeps its last state, and says so */
    play_start(&play, &(struct play_options){.source = source, .pace = PACE_REQUEST, .once = true});
    for (int i = 0; i < 7; i++) {
        play_request(&play);
        assert_true(rtt_ms(&play, i) == (i < 2 ? seen[i] : 30));
    }
    assert_true(play_ended(&play));
    /* by the clock requests change nothing */
    play_start(&play, &(struct play_options){.source = source, .pace = PACE_CLOCK});
    for (int i = 0; i < 7; i++) {
        play_request(&play);
        assert_true(rtt_ms(&play, i) == seen[i]);
        assert_close(play_next_s(&play), i + 1, 0, 1e-9);
    }
    link_source_free(source);
}

/* What is set is so, exactly, and the source goes on unseen. */
static void test_set(void **state)
{
    (void)state;
    struct link_source *source = open_trace("t_s,rtt_ms,up_mbps\n0,10,1\n1,20,2\n2,30,3\n3,40,4\n");
    struct play play, free_play;
    const struct play_options options = {
        .source = source, .seed = 3, .jitter_s = 0.001, .outage_every_s = 0.5, .outage_for_s = 0.5};
    play_start(&play, &options);
    play_start(&free_play, &options);
    play_set(&play, COLUMN_RTT, 0.005);
    play_set(&play, COLUMN_DOWN, 7e6);
    for (int i = 0; i < 100; i++) {
        play_request(&play);
        play_request(&free_play);
        struct link_state set = play_at(&play, i * 0.1), unset = play_at(&free_play, i * 0.1);
        assert_int_equal(set.round_trip_ns, 5000000);
        assert_true(set.rate_bit_s[LINK_DOWN] == 7e6);
        assert_true(set.rate_bit_s[LINK_UP] == unset.rate_bit_s[LINK_UP]);
    }
    play_set(&play, COLUMN_UP, 0);
    play_set(&play, COLUMN_DOWN, INFINITY);
    struct link_state set = play_at(&play, 10);
    assert_true(set.rate_bit_s[LINK_UP] == 0 && isinf(set.rate_bit_s[LINK_DOWN]));
    play_release(&play);
    for (int i = 100; i < 200; i++) {
        play_request(&play);
        play_request(&free_play);
        struct link_state a = play_at(&play, i * 0.1), b = play_at(&free_play, i * 0.1);
        assert_int_equal(a.round_trip_ns, b.round_trip_ns);
        assert_true(a.rate_bit_s[LINK_UP] == b.rate_bit_s[LINK_UP]);
    }
    link_source_free(source);
}

/* Jitter and outages leave the source's own course alone. */
static void test_streams_are_apart(void **state)
{
    (void)state;
    struct link_source *source = open_trace("t_s,up_mbps\n0,1\n1,2\n2,3\n3,4\n");
    struct play play, plain;
    play_start(&play,
               &(struct play_options){.source = source, .outage_every_s = 1, .outage_for_s = 1});
    play_start(&plain, &(struct play_options){.source = source});
    int n_out = 0;
    for (int i = 0; i < 1000; i++) {
        double up = play_at(&play, i * 0.3).rate_bit_s[LINK_UP];
        n_out += up == 0;
        double wanted = play_at(&plain, i * 0.3).rate_bit_s[LINK_UP];
        assert_true(up == 0 || up == wanted);
    }
    assert_true(n_out > 300 && n_out < 700);
    link_source_free(source);
}

/* A trace of bandwidths too small and too large for arithmetic on them. */
static void test_extreme_rates(void **state)
{
    (void)state;
    struct link_source *source = open_trace("t_s,up_mbps,down_mbps\n0,1e-7,1e6\n1,1e-6,999999\n");
    struct play play;
    play_start(&play, &(struct play_options){.source = source});
    struct link_state first = play_at(&play, 0), second = play_at(&play, 1);
    assert_true(first.rate_bit_s[LINK_UP] == 0 && isinf(first.rate_bit_s[LINK_DOWN]));
    assert_true(second.rate_bit_s[LINK_UP] == 1 && second.rate_bit_s[LINK_DOWN] == 999999e6);
    link_source_free(source);
}

/* The account of the states, and a log that is a trace of the same states. */
static void test_played(void **state)
{
    (void)state;
    static const int64_t ms = 1000000;
    static struct played played;
    char *folder = test_scratch("played"), *path = text_format("%s/log.csv", folder);
    FILE *log = fopen(path, "w");
    played_start(&played, &(struct link_state){10 * ms, {8e6, INFINITY}}, log);
    played_change(&played, 600 * ms, &(struct link_state){20 * ms, {0, INFINITY}});
    played_change(&played, 900 * ms, &(struct link_state){400 * ms, {2e6, 5e6}});
    played_end(&played, 1000 * ms);
    fclose(log);
    assert_int_equal(played.n_changes, 2);
    assert_int_equal(played.outage_ns, 300 * ms);
    assert_int_equal(played.duration_ns, 1000 * ms);
    assert_close(played_quantile(&played, COLUMN_RTT, 0.59), 0.010, 1.0 / 64, 0);
    assert_close(played_quantile(&played, COLUMN_RTT, 0.61), 0.020, 1.0 / 64, 0);
    assert_close(played_quantile(&played, COLUMN_RTT, 0.91), 0.400, 1.0 / 64, 0);
    assert_true(played_quantile(&played, COLUMN_UP, 0.29) == 0);
    assert_close(played_quantile(&played, COLUMN_UP, 0.31), 2e6, 1.0 / 64, 0);
    assert_close(played_quantile(&played, COLUMN_UP, 0.5), 8e6, 1.0 / 64, 0);
    assert_close(played_quantile(&played, COLUMN_DOWN, 0.05), 5e6, 1.0 / 64, 0);
    assert_true(isinf(played_quantile(&played, COLUMN_DOWN, 0.2)));

    struct link_source *source = open_source(path);
    struct play play;
    play_start(&play, &(struct play_options){.source = source, .once = true});
    struct link_state first = play_at(&play, 0.5), second = play_at(&play, 0.7),
                      third = play_at(&play, 0.95);
    assert_true(first.rate_bit_s[LINK_UP] == 8e6 && isinf(first.rate_bit_s[LINK_DOWN]));
    assert_true(second.round_trip_ns == 20 * ms && second.rate_bit_s[LINK_UP] == 0);
    assert_true(third.round_trip_ns == 400 * ms && third.rate_bit_s[LINK_DOWN] == 5e6);
    link_source_free(source);
    free(path);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jitter),
        cmocka_unit_test(test_outages),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_streams_are_apart),
        cmocka_unit_test(test_extreme_rates),
        cmocka_unit_test(test_played),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
