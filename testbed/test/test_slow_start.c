// SPDX-License-Identifier: GPL-3.0-or-later
/* Slow start through rnnlink: how many round trips a transfer takes. The time over an otherwise
 * unlimited link is a whole number of them, so half a round trip of noise is no failure. */
#include "testbed/congestion.h"
#include "testbed/test/wishes.h"

#include <math.h>

static int server_port;

static const struct {
    size_t n_bytes;
    int flights; /* ceil(log2(n_bytes / 14600 + 1)) */
} sizes[] = {{14000, 1}, {30000, 2}, {100000, 3}, {200000, 4}, {400000, 5}, {900000, 6}};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

/* A connection whose handshake is over. */
static int connect_and_wait(const struct relayed *link, double rtt_ms)
{
    int fd = peer_connect(link->port);
    clock_sleep_ns((int64_t)(2 * rtt_ms * 1e6));
    return fd;
}

/* How many round trips `n` bytes take on a new connection: the least of up to three attempts,
 * should the machine make the first ones later than `asked`. */
static double round_trips(const struct relayed *link, char verb, size_t n, double rtt_ms, int asked)
{
    double least = INFINITY;
    for (int i = 0; i < 5 && least > asked + 0.4; i++) {
        int fd = connect_and_wait(link, rtt_ms);
        least = fmin(least, transfer(fd, verb, n, NULL) * 1e3 / rtt_ms);
        close(fd);
    }
    return least;
}

static void test_flights(void **state)
{
    (void)state;
    static const double rtts_ms[] = {25, 60};
    for (size_t r = 0; r < sizeof rtts_ms / sizeof rtts_ms[0]; r++) {
        double rtt_ms = rtts_ms[r];
        char options[64];
        snprintf(options, sizeof options, "--slow-start --rtt %g", rtt_ms);
        struct relayed link = relayed_start(server_port, options);
        for (int i = 0; i < N_SIZES; i++) {
            int asked = sizes[i].flights;
            double up = round_trips(&link, 't', sizes[i].n_bytes, rtt_ms, asked);
            double down = round_trips(&link, 'g', sizes[i].n_bytes, rtt_ms, asked);
            print_message("%zu bytes, rtt %g ms: %.3f round trips up, %.3f down (asked %d)\n",
                          sizes[i].n_bytes, rtt_ms, up, down, asked);
            assert_true(up > asked - 0.1 && down > asked - 0.1);
            assert_took(up, asked, 0.5);
            assert_took(down, asked, 0.5);
        }
        relayed_stop_and_tell(&link);
    }
}

/* Without it, one round trip for any size. */
static void test_off(void **state)
{
    (void)state;
    struct relayed link = relayed_start(server_port, "--rtt 40");
    double took = round_trips(&link, 't', 400000, 40, 1);
    print_message("400000 bytes without slow start: %.3f round trips\n", took);
    assert_took(took, 1, 0.5);
    free(relayed_stop(&link));
}

/* The window stays open while the connection is used, and closes in a pause longer than the round
 * trip and 200 ms. */
static void test_window_is_kept_and_lost(void **state)
{
    (void)state;
    enum { RTT_MS = 40, N_BYTES = 210000 };
    double took[3] = {INFINITY, INFINITY, INFINITY};
    struct relayed link = relayed_start(server_port, "--slow-start --rtt 40");
    for (int attempt = 0; attempt < 3 && took[0] + took[1] + took[2] > 9.5; attempt++) {
        int fd = connect_and_wait(&link, RTT_MS);
        for (int i = 0; i < 3; i++) {
            took[i] = fmin(took[i], transfer(fd, 't', N_BYTES, NULL) * 1e3 / RTT_MS);
            if (i == 1)
                clock_sleep_ns(CONGESTION_LEAST_RTO_NS + RTT_MS * (int64_t)1500000);
        }
        close(fd);
    }
    print_message("210 kB: %.3f round trips, again %.3f, after a pause %.3f\n", took[0], took[1],
                  took[2]);
    assert_took(took[0], 4, 0.5);
    assert_took(took[1], 1, 0.5);
    assert_took(took[2], 4, 0.5);
    free(relayed_stop(&link));
}

/* Where the rate is the limit, it is; with a window that grows to what the rate needs. */
static void test_rate_still_holds(void **state)
{
    (void)state;
    struct relayed link = relayed_start(server_port, "--slow-start --rtt 10 --up 16 --down 16");
    double up = INFINITY, down = INFINITY;
    for (int i = 0; i < 3 && fmax(up, down) > 0.34; i++) {
        int fd = connect_and_wait(&link, 10);
        up = fmin(up, transfer(fd, 't', 600000, NULL));
        down = fmin(down, transfer(fd, 'g', 600000, NULL));
        close(fd);
    }
    /* the bandwidth-delay product, 20 kB, is reached after the second flight */
    print_message("600 kB at 16 Mbit/s: up %.4f s, down %.4f s (asked 0.31 to 0.33)\n", up, down);
    assert_took(up, 0.32, 0.02);
    assert_took(down, 0.32, 0.02);
    free(relayed_stop(&link));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_flights, relayed_teardown),
        cmocka_unit_test_teardown(test_off, relayed_teardown),
        cmocka_unit_test_teardown(test_window_is_kept_and_lost, relayed_teardown),
        cmocka_unit_test_teardown(test_rate_still_holds, relayed_teardown),
    };
    pid_t server = peer_serve(fulfil, &server_port);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    peer_end(server);
    return failed;
}
