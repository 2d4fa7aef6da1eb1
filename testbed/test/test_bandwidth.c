// SPDX-License-Identifier: GPL-3.0-or-later
/* Bytes through rnnlink: how fast, shared by whom, and all of them unchanged. */
#include "base/random.h"
#include "testbed/test/relayed.h"
#include "testbed/test/wishes.h"

#include <math.h>

/* The closest to `asked` of up to three attempts, so that one stall of the machine is no failure.
 */
static double closest_transfer(int fd, char verb, size_t n, double asked)
{
    double best = INFINITY;
    for (int i = 0; i < 3 && fabs(best - asked) > 0.03 * asked; i++) {
        double took = transfer(fd, verb, n, NULL);
        if (fabs(took - asked) < fabs(best - asked))
            best = took;
    }
    return best;
}

static int server_port;

static void test_rates(void **state)
{
    (void)state;
    struct relayed link = relayed_start(server_port, "--rtt 0 --up 8 --down 16");
    int fd = peer_connect(link.port);
    double up = closest_transfer(fd, 't', 200000, 0.2);
    double down = closest_transfer(fd, 'g', 200000, 0.1);
    print_message("200 kB: up %.4f s (asked 0.2), down %.4f s (asked 0.1)\n", up, down);
    assert_took(up, 0.2, 0.01);
    assert_took(down, 0.1, 0.005);
    close(fd);
    free(relayed_stop(&link));
}

static void test_goodput(void **state)
{
    (void)state;
    struct relayed link = relayed_start(server_port, "--rtt 10 --up 200 --down 200");
    int fd = peer_connect(link.port);
    transfer(fd, 't', 1, NULL); /* the handshake */
    double up = closest_transfer(fd, 't', 10000000, 0.41);
    double down = closest_transfer(fd, 'g', 10000000, 0.41);
    print_message("10 MB at 200 Mbit/s: up %.4f s, down %.4f s (asked 0.41)\n", up, down);
    assert_took(up, 0.41, 0.0125);
    assert_took(down, 0.41, 0.0125);
    close(fd);
    free(relayed_stop(&link));
}

/* What a client believes to be sent is at most what a kernel on Ethernet buffers, not the megabytes
 * of a loopback. */
static void test_send_time(void **state)
{
    (void)state;
    struct relayed link = relayed_start(server_port, "--rtt 20 --up 16");
    double took = 0, least_kb = INFINITY;
    for (int i = 0; i < 3 && least_kb > 200; i++) {
        double send_s;
        int fd = peer_connect(link.port);
        took = transfer(fd, 't', 600000, &send_s);
        double advance_kb = (took - 0.02 - send_s) * 2000;
        least_kb = fmin(least_kb, advance_kb);
        print_message("600 kB in %.4f s, %.0f kB of them taken in advance\n", took, advance_kb);
        close(fd);
    }
    assert_took(took, 0.34, 0.017); /* the handshake, 0.3 s, and one round trip */
    assert_true(least_kb < 250 || peer_machine_is_busy());
    free(relayed_stop(&link));
}

static void test_round_trip_and_rate_at_once(void **state)
{
    (void)state;
    struct relayed link = relayed_start(server_port, "--rtt 100 --up 40 --down 40");
    int fd = peer_connect(link.port);
    transfer(fd, 't', 1, NULL); /* the handshake */
    double up = closest_transfer(fd, 't', 500000, 0.2);
    double down = closest_transfer(fd, 'g', 500000, 0.2);
    print_message("500 kB over 100 ms: up %.4f s, down %.4f s (asked 0.2)\n", up, down);
    assert_took(up, 0.2, 0.01);
    assert_took(down, 0.2, 0.01);
    close(fd);
    free(relayed_stop(&link));
}

/* Two transfers of 200 kB at once: when each ended, in order. */
static void transfer_twice(int port, double took[2])
{
    int64_t start = clock_ns();
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < 2; i++) {
        if (fork() == 0) {
            int fd = peer_connect(port);
            transfer(fd, 'g', 200000, NULL);
            double end = peer_seconds(start);
            _exit(write(ends[1], &end, sizeof end) != sizeof end);
        }
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read(ends[0], &took[i], sizeof took[i]), sizeof took[i]);
        wait(NULL);
    }
    close(ends[0]);
    close(ends[1]);
}

/* Two transfers at once take as long as both one after the other, and end together. */
static void test_rate_is_shared(void **state)
{
    (void)state;
    struct relayed link = relayed_start(server_port, "--rtt 10 --down 16");
    double took[2] = {0, INFINITY};
    for (int i = 0; i < 3 && took[1] > 1.04 * 0.22; i++) { /* one stall is no failure */
        double now[2];
        transfer_twice(link.port, now);
        print_message("twice 200 kB at 16 Mbit/s: %.4f s and %.4f s (asked 0.22)\n", now[0],
                      now[1]);
        if (now[1] < took[1])
            memcpy(took, now, sizeof now);
    }
    assert_took(took[0], 0.22, 0.022);
    assert_took(took[1], 0.22, test_long() ? 0.011 : 0.022);
    free(relayed_stop(&link));
}

/* Sends `n` bytes of a random stream in random chunks from a child and receives their echo. */
static double echo_stream(int fd, size_t n, uint64_t seed)
{
    struct random random = {seed};
    uint64_t *sent = malloc(n), *got = malloc(n);
    for (size_t i = 0; i < n / 8; i++)
        sent[i] = random_u64(&random);
    int64_t start = clock_ns();
    pid_t writer = fork();
    if (writer == 0) {
        for (size_t at = 0, part; at < n; at += part) {
            part = 1 + (size_t)random_below(&random, random_below(&random, 8) ? 3000 : 200000);
            part = part < n - at ? part : n - at;
            if (!peer_send(fd, (char *)sent + at, part))
                _exit(1);
        }
        shutdown(fd, SHUT_WR);
        _exit(0);
    }
    char more;
    int state = 0;
    assert_int_equal(peer_receive(fd, got, n), n);
    double took = peer_seconds(start);
    assert_int_equal(peer_receive(fd, &more, 1), 0);
    assert_memory_equal(sent, got, n);
    waitpid(writer, &state, 0);
    assert_int_equal(state, 0);
    free(sent);
    free(got);
    return took;
}

static void test_large_transfer_is_intact(void **state)
{
    (void)state;
    int port;
    uint64_t seed = 4711;
    size_t n = 10000000;
    pid_t server = peer_serve(peer_echo, &port);
    static const struct {
        const char *options;
        double rate_bit_s;
    } rows[] = {
        {"--rtt 10 --up 200 --down 200", 200e6}, {"--rtt 20", INFINITY}, {"--rtt 0", INFINITY}};
    print_message("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct relayed link = relayed_start(port, rows[i].options);
        double took = INFINITY, asked = (double)n * 8 / rows[i].rate_bit_s;
        int attempts = isfinite(rows[i].rate_bit_s) ? 3 : 1;
        for (int k = 0; k < attempts && !(took < 1.03 * asked + 0.01); k++) {
            int fd = peer_connect(link.port);
            peer_ping(fd);
            took = echo_stream(fd, n, seed + i);
            print_message("10 MB there and back, %s: %.4f s, %.0f Mbit/s\n", rows[i].options, took,
                          (double)n * 8e-6 / took);
            close(fd);
        }
        /* 3 % where nothing else runs; four processes that share two loaded cores get more room */
        if (isfinite(rows[i].rate_bit_s))
            assert_took(took, asked + 0.01, (test_long() ? 0.05 : 0.1) * asked);
        free(relayed_stop(&link));
    }
    peer_end(server);
}

static void test_many_at_once(void **state)
{
    (void)state;
    enum { N = 64, SIZE = 20000 };
    int port;
    pid_t server = peer_serve(peer_echo, &port);
    struct relayed link = relayed_start(port, "--rtt 5 --up 100 --down 100");
    pid_t children[N];
    int64_t start = clock_ns();
    for (int i = 0; i < N; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            echo_stream(peer_connect(link.port), SIZE, (uint64_t)i);
            _exit(0);
        }
    }
    for (int i = 0; i < N; i++) {
        int ended;
        waitpid(children[i], &ended, 0);
        assert_int_equal(ended, 0);
    }
    double took = peer_seconds(start);
    print_message("64 times 20 kB there and back at 100 Mbit/s: %.4f s\n", took);
    assert_true(took > N * SIZE * 8 / 100e6);
    char *err = relayed_stop(&link);
    assert_non_null(strstr(err, "64 connections,"));
    free(err);
    peer_end(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_rates, relayed_teardown),
        cmocka_unit_test_teardown(test_goodput, relayed_teardown),
        cmocka_unit_test_teardown(test_send_time, relayed_teardown),
        cmocka_unit_test_teardown(test_round_trip_and_rate_at_once, relayed_teardown),
        cmocka_unit_test_teardown(test_rate_is_shared, relayed_teardown),
        cmocka_unit_test_teardown(test_large_transfer_is_intact, relayed_teardown),
        cmocka_unit_test_teardown(test_many_at_once, relayed_teardown),
    };
    pid_t server = peer_serve(fulfil, &server_port);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    peer_end(server);
    return failed;
}
