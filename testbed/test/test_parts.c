// SPDX-License-Identifier: GPL-3.0-or-later
/* The parts of the relay that need no network: delay line, histogram, lead, arrival clock,
 * addresses. */
#include "base/clock.h"
#include "base/random.h"
#include "base/test/support.h"
#include "testbed/address.h"
#include "testbed/arrival.h"
#include "testbed/delayline.h"
#include "testbed/punctual.h"
#include "testbed/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fills `n` bytes of a line with a running pattern. */
static void fill(struct delayline *line, size_t n, unsigned *next)
{
    struct iovec spaces[2];
    int n_spaces;
    assert_int_equal(delayline_space(line, n, spaces, &n_spaces, NULL), STATUS_OK);
    size_t filled = 0;
    for (int i = 0; i < n_spaces; i++) {
        for (size_t k = 0; k < spaces[i].iov_len; k++, filled++)
            ((unsigned char *)spaces[i].iov_base)[k] = (unsigned char)((*next)++ * 31 >> 3);
    }
    assert_int_equal(filled, n);
}

static void test_delayline_keeps_bytes(void **state)
{
    (void)state;
    uint64_t seed = 77;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct random random = {seed};
    struct delayline line = {0};
    unsigned in = 0, out = 0;
    int64_t now = 0;
    for (int i = 0; i < 20000; i++) {
        size_t n = (size_t)random_below(&random, 1 + random_below(&random, 9000));
        struct piece piece = {.n_bytes = n, .leave_ns = now};
        /* grows for a while, then drains, so that the ring wraps and is given back */
        bool add = random_below(&random, 100) < (i / 2000 % 2 ? 20u : 60u);
        if (add && n > 0) {
            fill(&line, n, &in);
            assert_int_equal(delayline_add(&line, &piece, NULL), STATUS_OK);
        }
        struct iovec spaces[2];
        int n_spaces;
        size_t ready = delayline_ready(&line, now, spaces, &n_spaces), want = n, dropped = 0;
        if (add || ready == 0)
            continue;
        for (int s = 0; s < n_spaces && want > 0; s++) {
            for (size_t k = 0; k < spaces[s].iov_len && want > 0; k++, want--, dropped++)
                assert_int_equal(((unsigned char *)spaces[s].iov_base)[k],
                                 (unsigned char)(out++ * 31 >> 3));
        }
        delayline_drop(&line, dropped);
        assert_int_equal(line.n_bytes, in - out);
    }
    assert_true(out > 1000000);
    delayline_free(&line);
}

static void test_delayline_order(void **state)
{
    (void)state;
    struct delayline line = {0};
    struct iovec spaces[2];
    int n_spaces;
    unsigned next = 0;
    assert_null(delayline_head(&line));
    fill(&line, 10, &next);
    delayline_add(&line, &(struct piece){.n_bytes = 4, .leave_ns = 100}, NULL);
    delayline_add(&line, &(struct piece){.n_bytes = 6, .leave_ns = 200}, NULL);
    delayline_add(&line, &(struct piece){.kind = PIECE_END, .leave_ns = 200}, NULL);
    assert_int_equal(delayline_ready(&line, 99, spaces, &n_spaces), 0);
    assert_int_equal(delayline_ready(&line, 100, spaces, &n_spaces), 4);
    assert_int_equal(delayline_ready(&line, 500, spaces, &n_spaces), 10);
    delayline_drop(&line, 5); /* in the middle of a piece */
    assert_int_equal(delayline_head(&line)->n_bytes, 5);
    delayline_drop(&line, 5);
    assert_int_equal(delayline_head(&line)->kind, PIECE_END);
    assert_int_equal(delayline_ready(&line, 500, spaces, &n_spaces), 0);
    delayline_drop_mark(&line);
    assert_null(delayline_head(&line));
    delayline_free(&line);
}

static void test_histogram(void **state)
{
    (void)state;
    static struct tally histogram;
    assert_int_equal(tally_quantile_ns(&histogram, 0.5), 0);
    tally_add(&histogram, -5);
    assert_int_equal(tally_quantile_ns(&histogram, 1), 0);
    memset(&histogram, 0, sizeof histogram);
    for (int64_t t = 1; t <= 100000; t++)
        tally_add(&histogram, t * 17);
    for (double q = 0.01; q <= 1; q += 0.01)
        assert_close((double)tally_quantile_ns(&histogram, q), q * 1700000, 1.0 / 64, 17);
    assert_int_equal(histogram.max_ns, 1700000);
    memset(&histogram, 0, sizeof histogram);
    tally_add(&histogram, INT64_MAX);
    assert_close((double)tally_quantile_ns(&histogram, 0.5), 9.22e18, 1.0 / 64, 0);
    /* equal times are told exactly, and weights are repetitions */
    memset(&histogram, 0, sizeof histogram);
    tally_add_weighted(&histogram, 5000001, 3);
    tally_add_weighted(&histogram, 77000003, 1);
    assert_int_equal(tally_quantile_ns(&histogram, 0.75), 5000001);
    assert_int_equal(tally_quantile_ns(&histogram, 0.76), 77000003);
    assert_int_equal(histogram.n, 4);
    /* every width of bin */
    for (int64_t t = 1; t < INT64_MAX / 3; t = t * 3 / 2 + 1) {
        memset(&histogram, 0, sizeof histogram);
        tally_add(&histogram, t);
        tally_add(&histogram, INT64_MAX);
        assert_close((double)tally_quantile_ns(&histogram, 0.5), (double)t, 1.0 / 64, 0);
    }
}

static void test_punctual(void **state)
{
    (void)state;
    struct punctual punctual = {0};
    assert_int_equal(punctual_timer_ns(&punctual), 0);
    for (int i = 0; i < 100; i++) {
        punctual_rang(&punctual, 80000);
        punctual_handed(&punctual, 30000);
    }
    assert_close((double)punctual_timer_ns(&punctual), 80000, 0.01, 0);
    assert_close((double)punctual_hand_ns(&punctual), 15000, 0.01, 0);
    for (int i = 0; i < 100; i++) {
        punctual_rang(&punctual, 50000000);
        punctual_handed(&punctual, 50000000);
    }
    assert_int_equal(punctual_timer_ns(&punctual), PUNCTUAL_TIMER_MAX_NS);
    assert_true(punctual_hand_ns(&punctual) <= PUNCTUAL_HAND_MAX_NS);
}

/* A message read 5 ms after it was sent arrived when it was sent. */
static void test_arrival(void **state)
{
    (void)state;
    struct arrival_clock arrival;
    int ends[2];
    arrival_open(&arrival);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    arrival_watch(ends[1]);
    for (int i = 0; i < 5; i++) {
        _Alignas(struct cmsghdr) char control[ARRIVAL_CONTROL_SIZE];
        char byte;
        struct iovec space = {&byte, 1};
        struct msghdr message = {.msg_iov = &space,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        int64_t before = clock_ns();
        assert_int_equal(send(ends[0], "x", 1, 0), 1);
        int64_t after = clock_ns();
        clock_sleep_ns(30000000);
        assert_int_equal(recvmsg(ends[1], &message, 0), 1);
        int64_t at = arrival_ns(&arrival, &message, clock_ns());
        assert_true(at > before - 200000 && at < after + 200000);
        /* a stamp from the future, as after a step of the wall clock, is not believed */
        assert_true(arrival_ns(&arrival, &message, before - 10000000) == before - 10000000);
        message.msg_controllen = 0;
        assert_true(arrival_ns(&arrival, &message, clock_ns()) == INT64_MIN);
    }
    close(ends[0]);
    close(ends[1]);
    arrival_close(&arrival);
}

static void test_address(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool to_listen;
        enum status status;
        const char *printed;
    } rows[] = {
        {"127.0.0.1:8000", false, STATUS_OK, "127.0.0.1:8000"},
        {"127.0.0.1:0", true, STATUS_OK, "127.0.0.1:0"},
        {"[::1]:80", false, STATUS_OK, "[::1]:80"},
        {"127.0.0.1:0", false, STATUS_MISUSE, NULL},
        {"127.0.0.1", false, STATUS_MISUSE, NULL},
        {"127.0.0.1:", false, STATUS_MISUSE, NULL},
        {":80", false, STATUS_MISUSE, NULL},
        {"[]:80", false, STATUS_MISUSE, NULL},
        {"::1:80", false, STATUS_MISUSE, NULL},
        {"127.0.0.1:65536", false, STATUS_MISUSE, NULL},
        {"127.0.0.1:80x", false, STATUS_MISUSE, NULL},
        {"", false, STATUS_MISUSE, NULL},
        {"no-such-host.invalid:80", false, STATUS_NOT_FOUND, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address address;
        struct error error = {0};
        enum status status = address_parse(rows[i].text, rows[i].to_listen, &address, &error);
        if (status != rows[i].status)
            fail_msg("'%s': %d, %s", rows[i].text, status, error.text);
        if (rows[i].printed) {
            char text[ADDRESS_TEXT_SIZE];
            assert_string_equal(address_print(&address, text), rows[i].printed);
        } else {
            assert_true(error.text[0] != '\0');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delayline_keeps_bytes),
        cmocka_unit_test(test_delayline_order),
        cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_punctual),
        cmocka_unit_test(test_arrival),
        cmocka_unit_test(test_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
