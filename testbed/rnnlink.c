// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnlink: a link of constant round trip and bandwidth between a client and a server. */
#include "base/tool.h"
#include "testbed/relay.h"
#include "testbed/report.h"

#include <math.h>
#include <stdint.h>

struct settings {
    const char *listen, *to;
    double round_trip_s, up_bit_s, down_bit_s;
    uint64_t connections;
};

static const double max_round_trip_s = 60, min_rate_bit_s = 1000;

static const struct option_row options[] = {
    {"listen", "ADDR:PORT", "Where clients connect; port 0 picks a free one.", OPTION_TEXT,
     offsetof(struct settings, listen), NULL, 0},
    {"to", "ADDR:PORT", "The server.", OPTION_TEXT, offsetof(struct settings, to), NULL, 0},
    {"rtt", "TIME", "Round trip, half of it each way (bare numbers are ms; 0: none).", OPTION_TIME,
     offsetof(struct settings, round_trip_s), NULL, 0},
    {"up", "RATE", "Bandwidth from client to server (bare numbers are Mbit/s; default: unlimited).",
     OPTION_RATE, offsetof(struct settings, up_bit_s), NULL, 0},
    {"down", "RATE", "Bandwidth from server to client (as --up).", OPTION_RATE,
     offsetof(struct settings, down_bit_s), NULL, 0},
    {"connections", "N", "Connections at once; more are reset (default: 256).", OPTION_COUNT,
     offsetof(struct settings, connections), NULL, 0},
};

static enum status check(const struct settings *s, struct error *error)
{
    if (!s->listen || !s->to)
        return error_set(error, STATUS_MISUSE, "--%s is missing; see rnnlink --help",
                         s->listen ? "to" : "listen");
    if (isnan(s->round_trip_s))
        return error_set(error, STATUS_MISUSE, "--rtt is missing; --rtt 0 adds no delay");
    if (s->round_trip_s > max_round_trip_s)
        return error_set(error, STATUS_MISUSE, "--rtt: more than %g s", max_round_trip_s);
    if (s->up_bit_s < min_rate_bit_s || s->down_bit_s < min_rate_bit_s)
        return error_set(error, STATUS_MISUSE, "--%s: less than 1 kbit/s",
                         s->up_bit_s < min_rate_bit_s ? "up" : "down");
    if (s->connections < 1 || s->connections > 100000)
        return error_set(error, STATUS_MISUSE, "--connections: not in 1..100000");
    return STATUS_OK;
}

static void remark(void *context, const char *line)
{
    fprintf(context, "rnnlink: %s\n", line);
}

static enum status run(const struct invocation *call, const void *settings, struct error *error)
{
    const struct settings *s = settings;
    enum status status = check(s, error);
    if (status)
        return status;
    struct relay *relay;
    const struct relay_options with = {
        .listen = s->listen,
        .to = s->to,
        .link = {.round_trip_ns = llround(s->round_trip_s * 1e9),
                 .rate_bit_s = {[LINK_UP] = s->up_bit_s, [LINK_DOWN] = s->down_bit_s}},
        .max_connections = s->connections,
        .remark = remark,
        .context = call->diagnostics};
    status = relay_open(&with, &relay, error);
    if (status)
        return status;
    fprintf(call->out, "listening on %s\n", relay_address(relay));
    fflush(call->out);
    status = relay_run(relay, error);
    if (call->json)
        report_json(relay, call->out);
    else if (call->verbosity >= 0)
        report_text(relay, call->diagnostics);
    relay_close(relay);
    return status;
}

static const struct command commands[] = {
    {.summary = "relay until SIGINT or SIGTERM",
     .options = options,
     .n_options = sizeof options / sizeof options[0],
     .run = run},
};

static const struct tool tool = {
    .name = "rnnlink",
    .summary = "puts a link of a given round trip and bandwidth between a client and a server",
    .description =
        "A TCP relay that behaves like a link: bytes are put on it one after the other at the "
        "rate, those of all connections on the one link, and arrive half a round trip later. It "
        "prints \"listening on ADDR:PORT\" when it is ready and, when it is stopped (SIGINT, "
        "SIGTERM), what delays it really imposed.\n"
        "A relay cannot delay a client's connect(): the kernel accepts at once. The handshake is "
        "charged to the first byte instead, which enters the link no earlier than one round trip "
        "after the connection was accepted (the server's first byte: one and a half). A client "
        "therefore sees a connect time near 0 and a longer wait; their sum is right. The report "
        "says how many handshakes were charged.\n"
        "A client's send time follows the rate, less what its own kernel buffers (some 90 kB, as "
        "on Ethernet). The rate counts payload. There is no loss and no slow start; on an "
        "unlimited link one connection has at most 16 MiB on the way each way.",
    .examples = "  rnnlink --listen 127.0.0.1:8001 --to 127.0.0.1:8000 --rtt 20 --up 10 --down 50\n"
                "  rnnlink --listen 127.0.0.1:0 --to '[::1]:8000' --rtt 500us --json",
    .commands = commands,
    .n_commands = 1,
};

int main(int argc, char **argv)
{
    struct settings settings = {
        .round_trip_s = NAN, .up_bit_s = INFINITY, .down_bit_s = INFINITY, .connections = 256};
    return tool_main(&tool, argc, argv, &settings, stdout, stderr);
}
