// SPDX-License-Identifier: GPL-3.0-or-later
/* The round trip that rnnlink really imposes, between processes of their own. Measured figures are
 * printed; bounds are loose unless RNNMAP_LONG is set, because the machine may be shared. */
#include "testbed/test/relayed.h"

#include <math.h>

static int server_port;

/* Pings until the errors are small or the attempts are used up; the last ones. A machine that is
 * busy elsewhere is late for a while, a relay that is wrong is wrong every time. */
static struct peer_errors small_errors(int fd, int n, double rtt_ms, bool strict)
{
    struct peer_errors e = {0};
    bool small = false;
    for (int attempt = 0; attempt < 4 && !small; attempt++) {
        e = peer_pings(fd, n, rtt_ms, 1000000);
        print_message("rtt %g ms: error p50 %+.3f, p95 %.3f, max %.3f ms\n", rtt_ms, e.p50_ms,
                      e.p95_ms, e.max_ms);
        small = fabs(e.p50_ms) < 0.5 && (!strict || e.p95_ms < 0.3);
    }
    return e;
}

static void test_round_trips(void **state)
{
    (void)state;
    static const struct {
        double rtt_ms;
        int n;
    } rows[] = {{0, 100}, {5, 40}, {20, 20}, {50, 10}};
    int times = test_long() ? 10 : 1;
    int fd = peer_connect(server_port);
    struct peer_errors direct = peer_pings(fd, 100 * times, 0, 1000000);
    print_message("direct: p50 %+.3f, p95 %.3f, max %.3f ms\n", direct.p50_ms, direct.p95_ms,
                  direct.max_ms);
    close(fd);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char options[64];
        snprintf(options, sizeof options, "--rtt %g", rows[i].rtt_ms);
        struct relayed link = relayed_start(server_port, options);
        fd = peer_connect(link.port);
        bool strict = test_long() && !peer_machine_is_busy();
        struct peer_errors e = small_errors(fd, rows[i].n * times, rows[i].rtt_ms, strict);
        close(fd);
        relayed_stop_and_tell(&link);
        assert_close(e.p50_ms, 0, 0, 0.5);
        if (strict && !peer_machine_is_busy())
            assert_close(e.p95_ms, 0, 0, 0.3);
    }
}

/*
 * Three pings that should each take `wanted` ms: a busy machine makes some late, nothing may make
 * one early, and a round trip charged too often shows in most of them.
 */
static void assert_pings(const double took[3], double wanted)
{
    double least = fmin(took[0], fmin(took[1], took[2]));
    double median = fmax(fmin(took[0], took[1]), fmin(fmax(took[0], took[1]), took[2]));
    assert_close(least, wanted, 0, 3);
    assert_close(median, wanted, 0, 10);
}

/* Whoever sends at once pays for the handshake, once; whoever waited for it to be over does not. */
static void test_handshake_is_charged(void **state)
{
    (void)state;
    struct relayed link = relayed_start(server_port, "--rtt 30");
    double first[3], second[3], late[3];
    for (int i = 0; i < 3; i++) {
        int64_t start = clock_ns(); /* the handshake runs since the connect */
        int fd = peer_connect(link.port);
        peer_ping(fd);
        first[i] = peer_seconds(start) * 1e3;
        second[i] = (double)peer_ping(fd) * 1e-6;
        close(fd);
        fd = peer_connect(link.port);
        clock_sleep_ns(40000000);
        late[i] = (double)peer_ping(fd) * 1e-6;
        close(fd);
    }
    print_message("first %.2f ms, second %.2f ms, first after a pause %.2f ms\n", first[0],
                  second[0], late[0]);
    assert_pings(first, 60);
    assert_pings(second, 30);
    assert_pings(late, 30);
    char *err = relayed_stop(&link);
    assert_non_null(strstr(err, "6 handshakes charged to first bytes, 30.0 ms each"));
    free(err);
}

static void greet(int fd)
{
    char byte;
    peer_send(fd, "g", 1);
    peer_receive(fd, &byte, 1);
}

/* A server that speaks first cannot do so before the client's ACK: two round trips in all. */
static void test_server_speaks_first(void **state)
{
    (void)state;
    int port;
    pid_t server = peer_serve(greet, &port);
    struct relayed link = relayed_start(port, "--rtt 30");
    double took[3];
    for (int i = 0; i < 3; i++) {
        char byte;
        int64_t start = clock_ns();
        int fd = peer_connect(link.port);
        assert_int_equal(peer_receive(fd, &byte, 1), 1);
        took[i] = peer_seconds(start) * 1e3;
        close(fd);
    }
    assert_pings(took, 60);
    free(relayed_stop(&link));
    peer_end(server);
}

/* While nothing is on the way the relay does nothing. */
static void test_idle_costs_nothing(void **state)
{
    (void)state;
    struct relayed link = relayed_start(server_port, "--rtt 5 --up 10");
    int fd = peer_connect(link.port);
    char *path = text_format("/proc/%d/schedstat", (int)link.pid);
    unsigned long long before = 0, after = 0;
    peer_ping(fd);
    clock_sleep_ns(50000000);
    char *text = test_read(path);
    sscanf(text, "%llu", &before);
    free(text);
    clock_sleep_ns(300000000);
    text = test_read(path);
    sscanf(text, "%llu", &after);
    print_message("%.3f ms of CPU in 300 ms\n", (double)(after - before) * 1e-6);
    assert_true(after - before < 1000000);
    free(text);
    free(path);
    close(fd);
    free(relayed_stop(&link));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_round_trips, relayed_teardown),
        cmocka_unit_test_teardown(test_handshake_is_charged, relayed_teardown),
        cmocka_unit_test_teardown(test_server_speaks_first, relayed_teardown),
        cmocka_unit_test_teardown(test_idle_costs_nothing, relayed_teardown),
    };
    pid_t server = peer_serve(peer_echo, &server_port);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    peer_end(server);
    return failed;
}
