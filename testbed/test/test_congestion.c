// SPDX-License-Identifier: GPL-3.0-or-later
/* Slow start against its closed form. */
#include "base/random.h"
#include "base/test/support.h"
#include "testbed/congestion.h"

#include <math.h>

static const int64_t ms = 1000000;
enum { INITIAL = CONGESTION_INITIAL_BYTES };

/* Sends `n` bytes that are there at `now_ns` over a link that limits nothing but the round trip, in
 * parts of at most `part` bytes. The number of flights; *now_ns is when the last was acknowledged.
 */
static int flights(struct congestion *c, size_t n, size_t part, int64_t round_trip_ns,
                   int64_t *now_ns)
{
    int count = 0;
    while (n > 0) {
        size_t room = congestion_room(c, *now_ns, round_trip_ns);
        assert_true(room > 0);
        for (count++; room > 0 && n > 0;) {
            size_t bytes = room < n ? room : n;
            bytes = bytes < part ? bytes : part;
            congestion_send(c, *now_ns, bytes);
            assert_int_equal(congestion_left(c, *now_ns + round_trip_ns, bytes, NULL), STATUS_OK);
            n -= bytes;
            room = congestion_room(c, *now_ns, round_trip_ns);
        }
        assert_int_equal(congestion_next_ns(c), *now_ns + round_trip_ns);
        *now_ns += round_trip_ns;
    }
    return count;
}

/* ceil(log2(bytes / initial + 1)), without rounding. */
static int closed_form(size_t bytes)
{
    int k = 0;
    while (((((size_t)1) << k) - 1) * INITIAL < bytes)
        k++;
    return k;
}

static void test_flights(void **state)
{
    (void)state;
    static const size_t parts[] = {1460, 4000, 1 << 30};
    size_t sizes[64], n = 0;
    for (int k = 1; k < 12; k++) { /* around each edge, and between */
        size_t edge = ((((size_t)1) << k) - 1) * INITIAL;
        sizes[n++] = edge - 1;
        sizes[n++] = edge;
        sizes[n++] = edge + 1;
        sizes[n++] = edge + edge / 3;
    }
    sizes[n++] = 1;
    for (size_t i = 0; i < n; i++) {
        for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
            struct congestion c;
            int64_t now = 0;
            congestion_init(&c);
            int count = flights(&c, sizes[i], parts[p], 30 * ms, &now);
            if (count != closed_form(sizes[i]))
                fail_msg("%zu bytes in parts of %zu: %d flights, not %d", sizes[i], parts[p], count,
                         closed_form(sizes[i]));
            assert_int_equal(closed_form(sizes[i]),
                             (int)ceil(log2((double)sizes[i] / INITIAL + 1) - 1e-12));
            congestion_free(&c);
        }
    }
}

/* The window is kept while the connection is used and lost when it pauses. */
static void test_idle(void **state)
{
    (void)state;
    struct congestion c;
    int64_t now = 0, round_trip = 30 * ms;
    size_t bytes = 15 * INITIAL; /* four flights */
    congestion_init(&c);
    assert_int_equal(flights(&c, bytes, 1460, round_trip, &now), 4);
    assert_int_equal(congestion_room(&c, now, round_trip), 16 * INITIAL);
    assert_int_equal(flights(&c, bytes, 1460, round_trip, &now), 1);
    /* what counts is the time since bytes were sent: their round trip has passed already */
    assert_int_equal(congestion_room(&c, now + CONGESTION_LEAST_RTO_NS, round_trip), 30 * INITIAL);
    assert_int_equal(congestion_room(&c, now + CONGESTION_LEAST_RTO_NS + 1, round_trip), INITIAL);
    assert_int_equal(flights(&c, bytes, 1460, round_trip, &now), 4);
    congestion_free(&c);
}

/* Small messages, however many, do not widen the window; a middling one does, to twice itself. */
static void test_unused_window_does_not_grow(void **state)
{
    (void)state;
    struct congestion c;
    int64_t now = 0;
    congestion_init(&c);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(flights(&c, 100, 1460, 10 * ms, &now), 1);
    assert_int_equal(congestion_room(&c, now, 10 * ms), INITIAL);
    for (int i = 0; i < 10; i++)
        assert_int_equal(flights(&c, 10000, 1460, 10 * ms, &now), 1);
    assert_int_equal(congestion_room(&c, now, 10 * ms), 20000);
    congestion_free(&c);
}

/* In any order of events no byte is lost from the account. */
static void test_random(void **state)
{
    (void)state;
    uint64_t seed = 99;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct random random = {seed};
    struct congestion c;
    size_t unacknowledged = 0, on_the_way = 0;
    int64_t now = 0, last = 0;
    congestion_init(&c);
    for (int i = 0; i < 100000; i++) {
        now += (int64_t)random_below(&random, 1000000);
        size_t before = c.flight;
        size_t room = congestion_room(&c, now, 20 * ms);
        unacknowledged -= before - c.flight;
        assert_int_equal(c.flight, unacknowledged);
        if (room > 0 && random_below(&random, 3)) {
            size_t n = 1 + (size_t)random_below(&random, room);
            congestion_send(&c, now, n);
            unacknowledged += n;
            on_the_way += n;
        }
        if (on_the_way > 0 && random_below(&random, 2)) {
            size_t n = 1 + (size_t)random_below(&random, on_the_way);
            int64_t back = now + (int64_t)random_below(&random, 20000000);
            last = back > last ? back : last;
            assert_int_equal(congestion_left(&c, back, n, NULL), STATUS_OK);
            on_the_way -= n;
        }
    }
    congestion_left(&c, last, on_the_way, NULL);
    congestion_room(&c, last, 20 * ms);
    assert_int_equal(c.flight, 0);
    assert_true(congestion_next_ns(&c) == INT64_MAX);
    congestion_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flights),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_unused_window_does_not_grow),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
