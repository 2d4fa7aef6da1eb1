// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Asked against imposed round trip: one-byte messages through rnnlink to an echo server, each in a
 * process of its own, as in use. Starts $BUILD/bin/rnnlink. A line a round trip; the line "direct"
 * is the same without a link: what client, server and kernel take by themselves, and which is part
 * of the lines below it.
 */
#include "testbed/test/peers.h"

static const struct {
    double rtt_ms;
    int n_pings;
} rows[] = {{0, 400}, {5, 150}, {20, 50}, {100, 15}};

static const int64_t gap_ns = 1000000;

/* Starts the relay; its port. */
static int start_link(int server_port, double rtt_ms, pid_t *pid)
{
    const char *build = getenv("BUILD");
    char path[512], to[64], rtt[32], line[128];
    int ends[2], port = 0;
    snprintf(path, sizeof path, "%s/bin/rnnlink", build ? build : "build");
    snprintf(to, sizeof to, "127.0.0.1:%d", server_port);
    snprintf(rtt, sizeof rtt, "%.3fms", rtt_ms);
    if (pipe(ends) != 0)
        peer_fail("pipe");
    *pid = fork();
    if (*pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl(path, path, "--listen", "127.0.0.1:0", "--to", to, "--rtt", rtt, "-q", (char *)NULL);
        peer_fail(path);
    }
    close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    if (!out || !fgets(line, sizeof line, out) ||
        sscanf(line, "listening on 127.0.0.1:%d", &port) != 1) {
        fprintf(stderr, "bench_link: %s did not start; make it first\n", path);
        exit(1);
    }
    fclose(out);
    return port;
}

static void print_row(const char *name, struct peer_errors errors)
{
    printf("link  %-12s error_ms p50 %+.3f  p95 %.3f  max %.3f\n", name, errors.p50_ms,
           errors.p95_ms, errors.max_ms);
    fflush(stdout);
}

int main(void)
{
    int server_port;
    pid_t server = peer_serve(peer_echo, &server_port), link;
    int fd = peer_connect(server_port);
    print_row("direct", peer_pings(fd, rows[0].n_pings, 0, gap_ns));
    close(fd);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[32];
        fd = peer_connect(start_link(server_port, rows[i].rtt_ms, &link));
        snprintf(name, sizeof name, "rtt %g ms", rows[i].rtt_ms);
        print_row(name, peer_pings(fd, rows[i].n_pings, rows[i].rtt_ms, gap_ns));
        close(fd);
        kill(link, SIGTERM);
        waitpid(link, NULL, 0);
    }
    peer_end(server);
    return 0;
}
