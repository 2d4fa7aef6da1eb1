// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The two ends of a link, for tests and for the benchmark: servers in processes of their own, and
 * what a client does. Functions that cannot go on end the process with a line on standard error.
 */
#ifndef TESTBED_TEST_PEERS_H
#define TESTBED_TEST_PEERS_H

#include "base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static inline _Noreturn void peer_fail(const char *what)
{
    perror(what);
    exit(99);
}

/* Nothing waits for ever: what does not come within 10 s fails. */
static inline void peer_patience(int fd)
{
    const struct timeval ten_s = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &ten_s, sizeof ten_s);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &ten_s, sizeof ten_s);
}

/* A listening socket on a free port of 127.0.0.1. */
static inline int peer_listen(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 256) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        peer_fail("listen");
    *port = ntohs(address.sin_port);
    return fd;
}

/* The server's end of the next connection; -1 when none comes. */
static inline int peer_accept(int listener)
{
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    int fd = poll(&ready, 1, 10000) == 1 ? accept(listener, NULL, NULL) : -1;
    if (fd >= 0)
        peer_patience(fd);
    return fd;
}

static inline int peer_connect(int port)
{
    const int yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        peer_fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    peer_patience(fd);
    return fd;
}

/* Sends all of it; false when the other end is gone. */
static inline bool peer_send(int fd, const void *bytes, size_t n)
{
    for (size_t sent = 0; sent < n;) {
        ssize_t part = send(fd, (const char *)bytes + sent, n - sent, MSG_NOSIGNAL);
        if (part <= 0)
            return false;
        sent += (size_t)part;
    }
    return true;
}

/* Receives up to n bytes, fewer only when the other end has no more (or was reset). */
static inline size_t peer_receive(int fd, void *bytes, size_t n)
{
    size_t got = 0;
    while (got < n) {
        ssize_t part = recv(fd, (char *)bytes + got, n - got, 0);
        if (part <= 0)
            break;
        got += (size_t)part;
    }
    return got;
}

/* Starts a server: `serve` in a process per connection, which ends with it. */
static inline pid_t peer_serve(void (*serve)(int fd), int *port)
{
    int listener = peer_listen(port);
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        peer_fail("fork");
    if (pid > 0) {
        setpgid(pid, pid); /* here too: peer_end must not come before */
        close(listener);
        return pid;
    }
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing stays behind a test that fails */
    signal(SIGCHLD, SIG_IGN);
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
        const int yes = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(listener);
            serve(fd);
            _exit(0);
        }
    }
    _exit(1);
}

static inline void peer_end(pid_t pid)
{
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Sends back what it gets, until the end of the stream. */
static inline void peer_echo(int fd)
{
    char bytes[16384];
    for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, 0)) > 0;) {
        if (!peer_send(fd, bytes, (size_t)n))
            return;
    }
}

/* The round trip of one byte through an echo, in ns. */
static inline int64_t peer_ping(int fd)
{
    char byte = 'p';
    int64_t start = clock_ns();
    if (!peer_send(fd, &byte, 1) || peer_receive(fd, &byte, 1) != 1)
        peer_fail("ping");
    return clock_ns() - start;
}

static inline int peer_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Whether this process itself is woken late: then so is everybody, and what a strict bound would
 * measure is the machine. */
static inline bool peer_machine_is_busy(void)
{
    double late_ms[200];
    size_t n = sizeof late_ms / sizeof late_ms[0];
    for (size_t i = 0; i < n; i++) {
        int64_t start = clock_ns();
        clock_sleep_ns(2000000);
        late_ms[i] = (double)(clock_ns() - start) * 1e-6 - 2;
    }
    qsort(late_ms, n, sizeof late_ms[0], peer_compare);
    double p95 = late_ms[n * 95 / 100];
    printf("a sleep of 2 ms is %.3f ms late at p95%s\n", p95,
           p95 > 0.2 ? ": the machine is busy, no strict bound" : "");
    return p95 > 0.2;
}

struct peer_errors {
    double p50_ms, p95_ms, max_ms; /* p95 and max of the magnitude */
};

/* What n pings through `fd` take beyond `asked_ms`, `gap_ns` apart (an idle link, not a busy one).
 * The first one, which may pay for the handshake, does not count. n <= 2000. */
static inline struct peer_errors peer_pings(int fd, int n, double asked_ms, int64_t gap_ns)
{
    double errors[2000] = {0};
    peer_ping(fd);
    for (int i = 0; i < n; i++) {
        clock_sleep_ns(gap_ns);
        errors[i] = (double)peer_ping(fd) * 1e-6 - asked_ms;
    }
    qsort(errors, (size_t)n, sizeof errors[0], peer_compare);
    struct peer_errors found = {.p50_ms = errors[n / 2]};
    for (int i = 0; i < n; i++)
        errors[i] = errors[i] < 0 ? -errors[i] : errors[i];
    qsort(errors, (size_t)n, sizeof errors[0], peer_compare);
    found.p95_ms = errors[n * 95 / 100];
    found.max_ms = errors[n - 1];
    return found;
}

#endif
