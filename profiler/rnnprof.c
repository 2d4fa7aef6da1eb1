// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/commands.h"

#define ROW(field, name, argument, help)                                                     \
    {                                                                                        \
        name, argument, help, OPTION_TEXT, offsetof(struct rnnprof_settings, field), NULL, 0 \
    }
#define DB ROW(db, "db", "FILE", "The database.")
#define CAMPAIGN \
    ROW(campaign, "campaign", "NAME", "Which campaign; may be left out when there is one.")

#define SYSROOT                    \
    ROW(sysroot, "sysroot", "DIR", \
        "Read device files (powercap, hwmon, cpufreq, ...) under this folder instead of /.")

static const struct option_row doctor_options[] = {
    SYSROOT,
    ROW(counters, "counters", "LIST",
        "Say of these counters (as [counters] papi has them) which can run together."),
};
static const struct option_row run_options[] = {
    ROW(db, "db", "FILE", "The database, made where there is none (default: NAME.db)."),
    {"resume", NULL, "Go on with the campaign of that name.", OPTION_FLAG,
     offsetof(struct rnnprof_settings, resume), NULL, 0},
    {"grid", NULL,
     "Measure every length in every round until each mean is known to [stop] ci, in place of where "
     "it narrows the break-even's interval most.",
     OPTION_FLAG, offsetof(struct rnnprof_settings, grid), NULL, 0},
    {"force", NULL,
     "With --resume: also on a device that has changed since (CPU, kernel, governor, libraries); "
     "what changed is stored.",
     OPTION_FLAG, offsetof(struct rnnprof_settings, force), NULL, 0},
    ROW(only, "only", "TARGET", "Measure this target alone."),
    {"set-governor", NULL,
     "Let the clock run with the governor performance meanwhile, and give the old one back at the "
     "end, even when rnnprof is killed. As root.",
     OPTION_FLAG, offsetof(struct rnnprof_settings, set_governor), NULL, 0},
    SYSROOT,
};
static const struct option_row import_options[] = {
    ROW(db, "db", "FILE", "The database, made where there is none."),
    ROW(campaign, "campaign", "NAME",
        "The campaign to make or to add to; may be left out when there is one."),
    ROW(target, "target", "NAME",
        "Whose samples they are where there is no column target "
        "(default: edge)."),
};
#define QUANTITY(kind, field, name, argument, help)                                   \
    {                                                                                 \
        name, argument, help, kind, offsetof(struct rnnprof_settings, field), NULL, 0 \
    }
static const struct option_row link_options[] = {
    {"output", "TRACE.csv", "The trace: columns t_s,rtt_ms,up_mbps,down_mbps. Required.",
     OPTION_TEXT, offsetof(struct rnnprof_settings, output), NULL, 'o'},
    QUANTITY(OPTION_TIME, for_s, "for", "TIME", "How long the trace is to be (default: 10min)."),
    QUANTITY(OPTION_TIME, interval_s, "interval", "TIME",
             "From one tiny request to the next (default: 1s)."),
    QUANTITY(OPTION_TIME, timeout_s, "timeout", "TIME",
             "A request without an answer by then has failed (default: 5s)."),
    QUANTITY(OPTION_TIME, bandwidth_s, "bandwidth", "TIME",
             "Also transfer that often, up and down, to measure bandwidth (default: never)."),
    QUANTITY(OPTION_SIZE, size_bytes, "size", "SIZE", "Of each transfer (default: 256KiB)."),
    ROW(model, "model", "NAME",
        "Transfer up to this model's inference path, for servers that do not read a body that they "
        "need not; the model gets requests that it refuses."),
    {"resume", NULL, "Go on with the trace until it is as long as --for.", OPTION_FLAG,
     offsetof(struct rnnprof_settings, resume), NULL, 0},
    ROW(token, "token", "SOURCE", "Where the bearer token is: env:VARIABLE or file:PATH."),
    ROW(ca, "ca", "FILE", "The certificates to trust, and no others (default: the system's)."),
    ROW(plot, "plot", "DIR", "Draw link.png and link.svg into this folder."),
};
static const struct option_row read_options[] = {DB, CAMPAIGN};
static const struct option_row show_options[] = {
    DB,
    CAMPAIGN,
    ROW(only, "only", "TARGET", "This target alone."),
    QUANTITY(OPTION_COUNT, length, "length", "N", "This length alone."),
    {"histogram", NULL, "How the times of each target and length spread, as bars.", OPTION_FLAG,
     offsetof(struct rnnprof_settings, histogram), NULL, 0},
    {"csv", NULL, "One row per target and length, columns with their units; empty where unknown.",
     OPTION_FLAG, offsetof(struct rnnprof_settings, csv), NULL, 0},
};
static const struct option_row list_options[] = {DB};

#define ROWS(array) .options = (array), .n_options = sizeof(array) / sizeof *(array)

static const struct command commands[] = {
    {.name = "doctor",
     .summary = "what this device has to measure with, what is missing, why, and the remedy",
     ROWS(doctor_options),
     .run = rnnprof_doctor},
    {.name = "run",
     .operands = "CAMPAIGN.ini",
     .min_operands = 1,
     .max_operands = 1,
     .summary = "measure what the campaign file says; every sample is stored",
     ROWS(run_options),
     .run = rnnprof_run},
    {.name = "import",
     .operands = "CSV",
     .min_operands = 1,
     .max_operands = 1,
     .summary = "store samples from a CSV file (- for standard input): columns length,time_s and "
                "optionally target,energy_j,rtt_s,bytes_up,bytes_down,server_s,round,"
                "up_ps_per_byte,down_ps_per_byte,link_rtt_s,connect_s,output_length",
     ROWS(import_options),
     .run = rnnprof_import},
    {.name = "link",
     .operands = "URL",
     .min_operands = 1,
     .max_operands = 1,
     .summary = "record the round trip (and bandwidth) to an endpoint over time as a trace",
     ROWS(link_options),
     .run = rnnprof_link},
    {.name = "list", .summary = "the campaigns stored", ROWS(list_options), .run = rnnprof_list},
    {.name = "show",
     .summary = "times, energy and counters per target and length",
     ROWS(show_options),
     .run = rnnprof_show},
    {.name = "export",
     .summary = "write the successful samples as CSV, as import reads it",
     ROWS(read_options),
     .run = rnnprof_export},
};

static const struct tool tool = {
    .name = "rnnprof",
    .summary = "measure inference times against input length",
    .description =
        "Measures how long a recurrent network runs on this device and on an inference server as "
        "its input gets longer, in randomised rounds over lengths and targets, and stores every "
        "sample with its circumstances.\n"
        "rnnprof link sends tiny requests (v2/health/live) at fixed times. One without an answer "
        "leaves a row with a time and no values. A bandwidth is the bytes of a transfer on a warm "
        "connection, over what it took beyond the round trip just before: what a transfer of that "
        "size gets, slow start and the server's reading included. The way down needs a server that "
        "has something large to send, as rnnserve has. The trace grows row by row; --resume "
        "leaves the pause out of its time.",
    .examples = "  rnnprof run campaign.ini --db campaign.db\n"
                "  rnnprof link http://server:8000 --for 1h -o office.csv --bandwidth 30s\n"
                "  rnnprof show --db campaign.db\n"
                "  rnnprof show --db campaign.db --histogram --only edge --length 64\n"
                "  rnnprof import times.csv --db campaign.db --campaign lab --target edge",
    .commands = commands,
    .n_commands = sizeof commands / sizeof *commands,
};

int main(int argc, char **argv)
{
    struct rnnprof_settings settings = {
        .target = "edge", .for_s = 600, .interval_s = 1, .timeout_s = 5, .size_bytes = 256 << 10};
    return tool_main(&tool, argc, argv, &settings, stdout, stderr);
}
