// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/linkcommand.h"

#include "testbed/relay.h"
#include "testbed/report.h"

#include <math.h>

static const double max_round_trip_s = 60, min_rate_bit_s = 1000;

const struct option_row linkcommand_options[] = {
    {"listen", "ADDR:PORT", "Where clients connect; port 0 picks a free one.", OPTION_TEXT,
     offsetof(struct linkcommand, listen), NULL, 0},
    {"to", "ADDR:PORT", "The server.", OPTION_TEXT, offsetof(struct linkcommand, to), NULL, 0},
    {"rtt", "TIME", "Round trip, half of it each way (bare numbers are ms; 0: none).", OPTION_TIME,
     offsetof(struct linkcommand, round_trip_s), NULL, 0},
    {"up", "RATE", "Bandwidth from client to server (bare numbers are Mbit/s; default: unlimited).",
     OPTION_RATE, offsetof(struct linkcommand, up_bit_s), NULL, 0},
    {"down", "RATE", "Bandwidth from server to client (as --up).", OPTION_RATE,
     offsetof(struct linkcommand, down_bit_s), NULL, 0},
    {"connections", "N", "Connections at once; more are reset (default: 256).", OPTION_COUNT,
     offsetof(struct linkcommand, connections), NULL, 0},
};
const size_t linkcommand_n_options = sizeof linkcommand_options / sizeof linkcommand_options[0];

const struct linkcommand linkcommand_defaults = {
    .round_trip_s = NAN, .up_bit_s = INFINITY, .down_bit_s = INFINITY, .connections = 256};

static enum status check(const struct linkcommand *s, struct error *error)
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

enum status linkcommand_run(const struct invocation *call, const void *settings,
                            struct error *error)
{
    const struct linkcommand *s = settings;
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
