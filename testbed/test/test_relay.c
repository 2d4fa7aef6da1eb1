// SPDX-License-Identifier: GPL-3.0-or-later
/* Connections through rnnlink: how they end, fail and are limited. The test is client and server
 * at once, so that it sees both ends. */
#include "testbed/link.h"
#include "testbed/test/relayed.h"

#include <errno.h>

/* Both ends of a connection through a link. */
struct pair {
    struct relayed link;
    int listener, client, server;
    int64_t asked_ns; /* before the client asked for the connection */
};

static struct pair pair_open(const char *options)
{
    struct pair pair;
    int port;
    pair.listener = peer_listen(&port);
    pair.link = relayed_start(port, options);
    pair.asked_ns = clock_ns();
    pair.client = peer_connect(pair.link.port);
    pair.server = peer_accept(pair.listener);
    assert_true(pair.server >= 0);
    return pair;
}

static void pair_close(struct pair *pair)
{
    close(pair->client);
    close(pair->server);
    close(pair->listener);
    free(relayed_stop(&pair->link));
}

/* Since `start`, at least so many ms have passed, and not many more: a stall of a shared machine is
 * no failure, half a round trip too few or a whole one too many is. */
static void assert_takes(int64_t start, double asked_ms)
{
    double took = peer_seconds(start) * 1e3;
    print_message("%.2f ms (asked %g)\n", took, asked_ms);
    assert_true(took > asked_ms - 0.3);
    assert_true(took < asked_ms + 15 || peer_machine_is_busy());
}

static void cut(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

/* Waits for an end of stream (0) or an error (its number); fails on bytes. */
static int how_it_ends(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);
    assert_true(n <= 0);
    return n == 0 ? 0 : errno;
}

static void test_half_close(void **state)
{
    (void)state;
    struct pair pair = pair_open("--rtt 40");
    char bytes[16];
    peer_send(pair.client, "question", 8);
    shutdown(pair.client, SHUT_WR);
    assert_int_equal(peer_receive(pair.server, bytes, 16), 8);
    assert_takes(pair.asked_ns, 60); /* the handshake, which runs since the connect, and half */

    /* the other direction is open still, in both senses */
    int64_t start = clock_ns();
    peer_send(pair.server, "one", 3);
    assert_int_equal(peer_receive(pair.client, bytes, 3), 3);
    assert_takes(start, 20);
    peer_send(pair.server, "two", 3);
    start = clock_ns();
    close(pair.server);
    assert_int_equal(peer_receive(pair.client, bytes, 16), 3);
    assert_takes(start, 20);
    pair.server = -1;
    pair_close(&pair);
}

static void test_reset_travels(void **state)
{
    (void)state;
    struct pair pair = pair_open("--rtt 20");
    char bytes[16];
    peer_send(pair.client, "last words", 10);
    assert_int_equal(peer_receive(pair.server, bytes, 10), 10);
    int64_t start = clock_ns();
    cut(pair.client);
    assert_int_equal(how_it_ends(pair.server), ECONNRESET);
    assert_takes(start, 10);
    close(pair.server);

    pair.client = peer_connect(pair.link.port);
    pair.server = peer_accept(pair.listener);
    cut(pair.server);
    assert_int_equal(how_it_ends(pair.client), ECONNRESET);
    pair.server = -1;
    pair_close(&pair);
}

/* A server that answers and goes before it has read everything: the answer arrives. */
static void test_answer_before_the_end_of_the_question(void **state)
{
    (void)state;
    struct pair pair = pair_open("--rtt 10 --up 8");
    char *question = calloc(1, 200000), bytes[16];
    pid_t writer = fork();
    if (writer == 0) {
        peer_send(pair.client, question, 200000);
        _exit(0);
    }
    assert_int_equal(peer_receive(pair.server, question, 1000), 1000);
    peer_send(pair.server, "too large", 9);
    close(pair.server);
    assert_int_equal(peer_receive(pair.client, bytes, 16), 9);
    assert_memory_equal(bytes, "too large", 9);
    waitpid(writer, NULL, 0);
    free(question);
    pair.server = -1;
    pair_close(&pair);
}

static void test_dead_server(void **state)
{
    (void)state;
    int port;
    close(peer_listen(&port)); /* a port at which nobody listens */
    struct relayed link = relayed_start(port, "--rtt 30");
    for (int i = 0; i < 3; i++) {
        int64_t start = clock_ns();
        int fd = peer_connect(link.port);
        peer_send(fd, "anyone?", 7);
        assert_int_equal(how_it_ends(fd), ECONNRESET);
        assert_takes(start, 30);
        close(fd);
    }
    char *err = relayed_stop(&link), expected[128];
    snprintf(expected, sizeof expected, "rnnlink: no connection to 127.0.0.1:%d: ", port);
    assert_non_null(strstr(err, expected));
    assert_non_null(strstr(err, "3 without a server"));
    free(err);
}

/* The server's process dies in the middle; when another takes its place, so does the link. */
static void test_server_dies(void **state)
{
    (void)state;
    int port;
    pid_t server = peer_serve(peer_echo, &port);
    struct relayed link = relayed_start(port, "--rtt 5");
    int fd = peer_connect(link.port);
    peer_ping(fd);
    peer_end(server);
    int ended = how_it_ends(fd);
    assert_true(ended == 0 || ended == ECONNRESET);
    close(fd);
    fd = peer_connect(link.port);
    assert_int_equal(how_it_ends(fd), ECONNRESET);
    close(fd);
    free(relayed_stop(&link));
}

static void test_connections_are_limited(void **state)
{
    (void)state;
    struct pair pair = pair_open("--rtt 0 --connections 2");
    int second = peer_connect(pair.link.port), third = peer_connect(pair.link.port);
    assert_int_equal(how_it_ends(third), ECONNRESET);
    close(third);
    /* one that ends makes room */
    cut(second);
    int second_server = peer_accept(pair.listener);
    assert_int_equal(how_it_ends(second_server), ECONNRESET);
    close(second_server);
    third = peer_connect(pair.link.port);
    int third_server = peer_accept(pair.listener);
    char byte;
    peer_send(third, "x", 1);
    assert_int_equal(peer_receive(third_server, &byte, 1), 1);
    close(third_server);
    close(third);
    close(pair.client);
    close(pair.server);
    close(pair.listener);
    char *err = relayed_stop(&pair.link);
    assert_non_null(strstr(err, "see --connections"));
    assert_non_null(strstr(err, "3 connections, at most 2 at once; 1 refused"));
    free(err);
}

/* A client that does not read costs neither memory without bounds nor the others their link. */
static void test_slow_reader(void **state)
{
    (void)state;
    struct pair pair = pair_open("--rtt 10");
    enum { window_mb = LINK_WINDOW_BYTES >> 20 };
    char *bytes = calloc(1, 1 << 20);
    size_t taken = 0;
    const struct timeval patience = {.tv_usec = 300000};
    setsockopt(pair.server, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    for (ssize_t n; (n = send(pair.server, bytes, 1 << 20, MSG_NOSIGNAL)) > 0;)
        taken += (size_t)n;
    char *path = text_format("/proc/%d/status", (int)pair.link.pid), *status = test_read(path);
    unsigned long rss_kb = 0;
    sscanf(strstr(status, "VmRSS:"), "VmRSS: %lu", &rss_kb);
    print_message("%.1f MB taken, %lu kB of memory\n", (double)taken * 1e-6, rss_kb);
    assert_true(taken > window_mb * 1000000 && rss_kb < 4 * window_mb * 1024);

    int client = peer_connect(pair.link.port), server = peer_accept(pair.listener);
    peer_send(server, "x", 1);
    assert_int_equal(peer_receive(client, bytes, 1), 1);
    close(client);
    close(server);

    /* nothing was lost */
    shutdown(pair.server, SHUT_WR);
    size_t got = 0;
    for (ssize_t n; (n = recv(pair.client, bytes, 1 << 20, 0)) > 0;)
        got += (size_t)n;
    assert_int_equal(got, taken);

    free(status);
    free(path);
    free(bytes);
    pair_close(&pair);
}

/* A client that comes and goes at once, many times: nothing is left behind. */
static void test_short_connections(void **state)
{
    (void)state;
    int port;
    pid_t server = peer_serve(peer_echo, &port);
    struct relayed link = relayed_start(port, "--rtt 1");
    char *path = text_format("ls /proc/%d/fd | wc -l", (int)link.pid), *before, *after;
    test_shell(path, &before, NULL);
    for (int i = 0; i < 200; i++) {
        int fd = peer_connect(link.port);
        if (i % 3 == 1)
            peer_ping(fd);
        if (i % 3 == 2)
            cut(fd);
        else
            close(fd);
    }
    clock_sleep_ns(100000000);
    test_shell(path, &after, NULL);
    assert_string_equal(before, after);
    char *err = relayed_stop(&link);
    assert_non_null(strstr(err, "200 connections,"));
    free(err);
    free(before);
    free(after);
    free(path);
    peer_end(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_half_close, relayed_teardown),
        cmocka_unit_test_teardown(test_reset_travels, relayed_teardown),
        cmocka_unit_test_teardown(test_answer_before_the_end_of_the_question, relayed_teardown),
        cmocka_unit_test_teardown(test_dead_server, relayed_teardown),
        cmocka_unit_test_teardown(test_server_dies, relayed_teardown),
        cmocka_unit_test_teardown(test_connections_are_limited, relayed_teardown),
        cmocka_unit_test_teardown(test_slow_reader, relayed_teardown),
        cmocka_unit_test_teardown(test_short_connections, relayed_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
