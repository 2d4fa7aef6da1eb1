// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnlink: a link, constant or as a trace or a model has it, between a client and a server. */
#include "testbed/linkcommand.h"

static const struct tool rnnlink = {
    .name = "rnnlink",
    .summary = "puts a link, constant or played from a trace or a model, between client and server",
    .description =
        "A TCP relay that behaves like a link: bytes are put on it one after the other at the "
        "rate, those of all connections on the one link, and arrive half a round trip later. It "
        "prints \"listening on ADDR:PORT\" when it is ready and, when it is stopped (SIGINT, "
        "SIGTERM), what it really imposed: the states played and the delays.\n"
        "A relay cannot delay a client's connect(): the kernel accepts at once. The handshake is "
        "charged to the first byte instead, which enters the link no earlier than one round trip "
        "after the connection was accepted (the server's first byte: one and a half). A client "
        "therefore sees a connect time near 0 and a longer wait; their sum is right. The report "
        "says how many handshakes were charged.\n"
        "A client's send time follows the rate, less what its own kernel takes in advance, as on a "
        "real network (by trial 130 kB up to 20 Mbit/s, 30 ms of the rate above). The rate counts "
        "payload. There is no loss, and slow start only with --slow-start; on an "
        "unlimited link one connection has at most 16 MiB on the way each way.\n"
        "What is played changes by the clock, which starts when the relay is ready, or by the "
        "request. What makes a request is that bytes go up after bytes came down on that "
        "connection; the first one of a connection is made when it is accepted. All connections "
        "count. The first request finds the first state. A change of rate holds at once for bytes "
        "that wait, one of the round trip for those that are not on the line yet. While a "
        "bandwidth is 0 nothing goes that way, and no handshake begins.",
    .examples = "  rnnlink --listen 127.0.0.1:8001 --to 127.0.0.1:8000 --rtt 20 --up 10 --down 50\n"
                "  rnnlink --listen 127.0.0.1:0 --to '[::1]:8000' --rtt 500us --json\n"
                "  rnnlink --listen 127.0.0.1:8001 --to 127.0.0.1:8000 --trace lte.csv --rtt 60 "
                "--once\n"
                "  rnnlink --listen 127.0.0.1:8001 --to 127.0.0.1:8000 --slow-start "
                "--link rtt=lte.link,up=10,down=unlimited\n"
                "  rnnlink --fit trace.csv -o trace.link --plot plots",
};

int main(int argc, char **argv)
{
    const struct command command = {.summary = "relay until SIGINT or SIGTERM",
                                    .options = linkcommand_options,
                                    .n_options = linkcommand_n_options,
                                    .run = linkcommand_run};
    struct linkcommand settings = linkcommand_defaults;
    struct tool tool = rnnlink;
    tool.commands = &command;
    tool.n_commands = 1;
    return tool_main(&tool, argc, argv, &settings, stdout, stderr);
}
