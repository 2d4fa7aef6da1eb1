// SPDX-License-Identifier: GPL-3.0-or-later
/* The arithmetic of the link against closed forms, and its order under random arrivals. */
#include "base/random.h"
#include "base/test/support.h"
#include "testbed/link.h"

#include <math.h>
#include <stdio.h>

static const int64_t ms = 1000000;

static struct link new_link(int64_t round_trip_ns, double up, double down)
{
    const struct link_state state = {.round_trip_ns = round_trip_ns, .rate_bit_s = {up, down}};
    struct link link;
    link_init(&link, &state);
    return link;
}

/* When what enters leaves at the other end. */
static int64_t leaves_ns(struct link *link, enum link_direction direction, int64_t entered_ns,
                         size_t n_bytes)
{
    return link_send(link, direction, entered_ns, n_bytes).leave_ns;
}

static void test_delay_alone(void **state)
{
    (void)state;
    struct link link = new_link(20 * ms, INFINITY, INFINITY);
    assert_int_equal(leaves_ns(&link, LINK_UP, 5 * ms, 1000), 15 * ms);
    assert_int_equal(leaves_ns(&link, LINK_UP, 5 * ms, 1000000000), 15 * ms);
    assert_int_equal(leaves_ns(&link, LINK_UP, 6 * ms, 1), 16 * ms);
    assert_int_equal(leaves_ns(&link, LINK_DOWN, 1 * ms, 1), 11 * ms);
    assert_true(link_room(&link, LINK_UP, 6 * ms) == SIZE_MAX);

    /* the two ways of an odd round trip add up to it */
    link = new_link(7, INFINITY, INFINITY);
    assert_int_equal(leaves_ns(&link, LINK_UP, 0, 1) + leaves_ns(&link, LINK_DOWN, 0, 1), 7);
}

static void test_rate_alone(void **state)
{
    (void)state;
    struct link link = new_link(0, 8e6, 80e6); /* 1000 and 100 ns a byte */
    assert_int_equal(leaves_ns(&link, LINK_UP, 0, 1000), 1 * ms);
    assert_int_equal(leaves_ns(&link, LINK_UP, 0, 1000), 2 * ms);             /* behind the first */
    assert_int_equal(leaves_ns(&link, LINK_UP, ms * 3 / 2, 500), ms * 5 / 2); /* still busy */
    assert_int_equal(leaves_ns(&link, LINK_UP, 10 * ms, 1000), 11 * ms);      /* idle before */
    assert_int_equal(leaves_ns(&link, LINK_DOWN, 0, 1000), ms / 10);          /* of its own */
    assert_int_equal(leaves_ns(&link, LINK_UP, 0, 0), 11 * ms);               /* a mark in line */
}

/* A rate that is no whole number of ns per byte must not gain or lose time by rounding. */
static void test_fractions_add_up(void **state)
{
    (void)state;
    struct link link = new_link(0, 3e9, INFINITY); /* 2.666.. ns a byte */
    int64_t leaves = 0;
    for (int i = 0; i < 300000; i++)
        leaves = leaves_ns(&link, LINK_UP, 0, 1);
    assert_close((double)leaves, 800000, 0, 1);
}

static void test_delay_and_rate(void **state)
{
    (void)state;
    struct link link = new_link(50 * ms, 8e6, INFINITY);
    assert_int_equal(leaves_ns(&link, LINK_UP, 0, 200000), 225 * ms);
    assert_int_equal(leaves_ns(&link, LINK_UP, 400 * ms, 1000), 426 * ms);
}

static void test_handshake(void **state)
{
    (void)state;
    struct link link = new_link(20 * ms, INFINITY, INFINITY);
    assert_int_equal(link_open_ns(&link, LINK_UP, 3 * ms), 23 * ms);
    assert_int_equal(link_open_ns(&link, LINK_DOWN, 3 * ms), 33 * ms);
}

static void test_queue_is_bounded(void **state)
{
    (void)state;
    struct link link = new_link(20 * ms, 80e6, 1e6); /* 4 ms are 40000 bytes */
    assert_int_equal(link_room(&link, LINK_UP, 0), 40000);
    leaves_ns(&link, LINK_UP, 0, 20000);
    assert_int_equal(link_room(&link, LINK_UP, 0), 20000);
    leaves_ns(&link, LINK_UP, 0, 20000);
    assert_int_equal(link_room(&link, LINK_UP, 0), 0);
    assert_int_equal(link_room_ns(&link, LINK_UP), 2 * ms);
    assert_int_equal(link_room(&link, LINK_UP, 2 * ms - 1), 0);
    assert_int_equal(link_room(&link, LINK_UP, 2 * ms), 20000);
    assert_int_equal(link_room(&link, LINK_UP, 9 * ms), 40000);
    /* a slow link holds two segments all the same */
    assert_int_equal(link_room(&link, LINK_DOWN, 0), 2 * LINK_SEGMENT_BYTES);
    assert_int_equal(link_piece(&link, LINK_DOWN), LINK_SEGMENT_BYTES);
    assert_int_equal(link_piece(&link, LINK_UP), 10000);
    assert_int_equal(link_window(&link, LINK_UP), 200000 + 40000);
    assert_int_equal(link_window(&link, LINK_DOWN), LINK_PIECE_BYTES);
    link = new_link(20 * ms, INFINITY, 1e12);
    assert_int_equal(link_window(&link, LINK_UP), LINK_WINDOW_BYTES);
    assert_int_equal(link_window(&link, LINK_DOWN), LINK_WINDOW_BYTES);
    assert_int_equal(link_piece(&link, LINK_UP), LINK_PIECE_BYTES);
}

/* Whoever feeds the queue as it asks for is never told to wait while the line is idle. */
static void test_feeding_keeps_the_line_busy(void **state)
{
    (void)state;
    static const double rates[] = {1e3, 64e3, 8e6, 123.4e6, 10e9};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct link link = new_link(0, rates[i], INFINITY);
        double sent = 0;
        int64_t now = 0, leaves = 0;
        for (int k = 0; k < 1000; k++) {
            size_t room = link_room(&link, LINK_UP, now);
            assert_true(room > 0);
            leaves = leaves_ns(&link, LINK_UP, now, room);
            sent += (double)room;
            now = link_room_ns(&link, LINK_UP);
        }
        assert_close((double)leaves, sent * 8e9 / rates[i], 1e-9, 2);
    }
}

static void test_change(void **state)
{
    (void)state;
    struct link link = new_link(100 * ms, 8e6, INFINITY);
    int64_t before = leaves_ns(&link, LINK_UP, 0, 1000);
    assert_int_equal(before, 51 * ms);
    link_change(&link, 2 * ms,
                &(struct link_state){.round_trip_ns = 2 * ms, .rate_bit_s = {80e6, INFINITY}});
    /* the short way is no way around what is still on the long one */
    assert_int_equal(leaves_ns(&link, LINK_UP, 2 * ms, 1000), before);
    assert_int_equal(leaves_ns(&link, LINK_UP, 60 * ms, 1000), 61 * ms + ms / 10);

    link_change(&link, 100 * ms, &(struct link_state){.rate_bit_s = {0, INFINITY}});
    assert_int_equal(link_room(&link, LINK_UP, 200 * ms), 0);
    assert_true(link_room_ns(&link, LINK_UP) == INT64_MAX);
    link_change(&link, 300 * ms, &(struct link_state){.rate_bit_s = {8e6, INFINITY}});
    assert_int_equal(link_room_ns(&link, LINK_UP), 298 * ms);
    assert_int_equal(leaves_ns(&link, LINK_UP, 250 * ms, 1000), 301 * ms);
}

/* What waits is told new times; what is on the line keeps its own. */
static void test_retime(void **state)
{
    (void)state;
    struct link link = new_link(20 * ms, 8e6, INFINITY); /* 1 us a byte */
    struct link_times first = link_send(&link, LINK_UP, 0, 4000);
    struct link_times second = link_send(&link, LINK_UP, 0, 6000);
    assert_int_equal(second.done_ns, 10 * ms);

    /* ten times the rate, half the round trip: the 5000 bytes that are left take 0.5 ms */
    link_change(&link, 5 * ms, &(struct link_state){10 * ms, {80e6, INFINITY}});
    assert_false(link_retime(&link, LINK_UP, &first));
    assert_int_equal(first.leave_ns, 14 * ms);
    assert_true(link_retime(&link, LINK_UP, &second));
    assert_int_equal(second.done_ns, 5 * ms + ms / 2);
    assert_int_equal(second.leave_ns, 10 * ms + ms / 2);
    assert_int_equal(leaves_ns(&link, LINK_UP, 5 * ms, 1000), 5 * ms + ms / 2 + ms / 10 + 5 * ms);

    /* no rate at all: of the next 4000 bytes 2000 are on the line at 20.2 ms, the rest stands */
    second = link_send(&link, LINK_UP, 20 * ms, 4000);
    link_change(&link, 20 * ms + ms / 5, &(struct link_state){10 * ms, {0, INFINITY}});
    assert_true(link_retime(&link, LINK_UP, &second));
    assert_true(second.leave_ns == INT64_MAX);
    struct link_times mark = link_send(&link, LINK_UP, 30 * ms, 0);
    assert_true(mark.leave_ns == INT64_MAX);
    assert_true(link_open_ns(&link, LINK_DOWN, 30 * ms) == INT64_MAX);
    /* still none, with another round trip */
    link_change(&link, 40 * ms, &(struct link_state){30 * ms, {0, INFINITY}});
    assert_false(link_retime(&link, LINK_UP, &second));
    assert_false(link_retime(&link, LINK_UP, &mark));
    /* and on it goes, at 1 us a byte */
    link_change(&link, 50 * ms, &(struct link_state){30 * ms, {8e6, INFINITY}});
    assert_true(link_retime(&link, LINK_UP, &second));
    assert_int_equal(second.leave_ns, 50 * ms + 2 * ms + 15 * ms);
    assert_true(link_retime(&link, LINK_UP, &mark));
    assert_int_equal(mark.leave_ns, second.leave_ns);
    assert_int_equal(leaves_ns(&link, LINK_UP, 50 * ms, 1000), second.leave_ns + ms);

    /* without a limit nothing waits */
    second = link_send(&link, LINK_UP, 60 * ms, 100000);
    link_change(&link, 61 * ms, &(struct link_state){0, {INFINITY, INFINITY}});
    assert_true(link_retime(&link, LINK_UP, &second));
    assert_int_equal(second.leave_ns, 61 * ms);
    assert_int_equal(leaves_ns(&link, LINK_UP, 62 * ms, 100000), 62 * ms);
}

/* A link that is at rate 0 from its beginning. */
static void test_starts_without_a_rate(void **state)
{
    (void)state;
    struct link link = new_link(20 * ms, 0, 0);
    struct link_times mark = link_send(&link, LINK_DOWN, 5 * ms, 0);
    assert_true(mark.leave_ns == INT64_MAX);
    assert_int_equal(link_room(&link, LINK_UP, 7 * ms), 0);
    link_change(&link, 9 * ms, &(struct link_state){20 * ms, {8e6, 8e6}});
    assert_true(link_retime(&link, LINK_DOWN, &mark));
    assert_int_equal(mark.leave_ns, 19 * ms);
    assert_int_equal(leaves_ns(&link, LINK_UP, 5 * ms, 1000), 20 * ms);
}

/* However the rate changes, outages included: bytes that wait together are on the line when the
 * integral of the rate says so. */
static void test_rate_is_integrated(void **state)
{
    (void)state;
    static const double rates[] = {0, 1e5, 3.3e6, 47e6, 0, 1e9};
    uint64_t seed = 3;
    int n_links = test_long() ? 5000 : 500;
    print_message("seed %llu, %d links\n", (unsigned long long)seed, n_links);
    struct random random = {seed};
    for (int i = 0; i < n_links; i++) {
        double rate = rates[1 + random_below(&random, 3)], sent = 0, bytes = 0;
        struct link link = new_link(2 * ms, rate, INFINITY);
        struct link_times times[20];
        size_t n = 1 + (size_t)random_below(&random, 20);
        double ends[20];
        for (size_t k = 0; k < n; k++) {
            size_t part = (size_t)random_below(&random, 3000);
            bytes += (double)part;
            ends[k] = bytes;
            times[k] = link_send(&link, LINK_UP, 0, part);
        }
        double passed[20], bounds[20]; /* when the integral reaches each end; two bytes' time */
        for (size_t k = 0; k < n; k++)
            passed[k] = -1;
        int64_t now = 0;
        for (int c = 0; c < 50; c++) {
            /* the last one lets everything through */
            int64_t next =
                c < 49 ? now + 1 + (int64_t)random_below(&random, 5 * 1000000) : now + 100000 * ms;
            double until = sent + rate / 8e9 * (double)(next - now);
            for (size_t k = 0; k < n && rate > 0; k++) {
                if (passed[k] >= 0 || ends[k] > until)
                    continue;
                passed[k] = (double)now + (ends[k] - sent) * 8e9 / rate;
                bounds[k] = 2 * 8e9 / rate + 2;
            }
            sent = until;
            now = next;
            rate = c < 48 ? rates[random_below(&random, 6)] : 1e6;
            link_change(&link, now, &(struct link_state){2 * ms, {rate, INFINITY}});
            for (size_t k = 0; k < n; k++)
                link_retime(&link, LINK_UP, &times[k]);
        }
        for (size_t k = 0; k < n; k++) {
            assert_close((double)times[k].done_ns, passed[k], 0, bounds[k]);
            assert_int_equal(times[k].leave_ns, times[k].done_ns + ms);
        }
    }
}

/* For any arrivals: never out of order, never faster than the delay and the rate allow, and idle
 * only when there is nothing to send. */
static void test_random_arrivals(void **state)
{
    (void)state;
    uint64_t seed = 20240817;
    int n_links = test_long() ? 2000 : 200;
    print_message("seed %llu, %d links\n", (unsigned long long)seed, n_links);
    struct random random = {seed};
    for (int i = 0; i < n_links; i++) {
        double rate = exp(log(1e4) + random_uniform(&random) * log(1e6));
        int64_t half = (int64_t)random_below(&random, 100 * 1000000);
        struct link link = new_link(2 * half, rate, INFINITY);
        int64_t now = (int64_t)random_below(&random, 1000000000000), last = 0;
        double busy_until = 0;
        for (int k = 0; k < 200; k++) {
            size_t n = (size_t)random_below(&random, 20000);
            double took = (double)n * 8e9 / rate;
            now += (int64_t)(random_uniform(&random) * took * 2);
            busy_until = fmax(busy_until, (double)now) + took;
            int64_t leaves = leaves_ns(&link, LINK_UP, now, n);
            assert_true(leaves >= last);
            assert_close((double)(leaves - half), busy_until, 0, 2 + 0.001 * k);
            last = leaves;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delay_alone),
        cmocka_unit_test(test_rate_alone),
        cmocka_unit_test(test_fractions_add_up),
        cmocka_unit_test(test_delay_and_rate),
        cmocka_unit_test(test_handshake),
        cmocka_unit_test(test_queue_is_bounded),
        cmocka_unit_test(test_feeding_keeps_the_line_busy),
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_retime),
        cmocka_unit_test(test_starts_without_a_rate),
        cmocka_unit_test(test_rate_is_integrated),
        cmocka_unit_test(test_random_arrivals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
