// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/commands.h"

#define ROW(field, name, argument, help)                                                     \
    {                                                                                        \
        name, argument, help, OPTION_TEXT, offsetof(struct rnnprof_settings, field), NULL, 0 \
    }
#define DB ROW(db, "db", "FILE", "The database.")
#define CAMPAIGN \
    ROW(campaign, "campaign", "NAME", "Which campaign; may be left out when there is one.")

static const struct option_row run_options[] = {
    ROW(db, "db", "FILE", "The database, made where there is none (default: NAME.db)."),
    {"resume", NULL, "Go on with the campaign of that name.", OPTION_FLAG,
     offsetof(struct rnnprof_settings, resume), NULL, 0},
    ROW(only, "only", "TARGET", "Measure this target alone."),
};
static const struct option_row import_options[] = {
    ROW(db, "db", "FILE", "The database, made where there is none."),
    ROW(campaign, "campaign", "NAME",
        "The campaign to make or to add to; may be left out when there is one."),
    ROW(target, "target", "NAME",
        "Whose samples they are where there is no column target "
        "(default: edge)."),
};
static const struct option_row read_options[] = {DB, CAMPAIGN};
static const struct option_row list_options[] = {DB};

#define ROWS(array) .options = (array), .n_options = sizeof(array) / sizeof *(array)

static const struct command commands[] = {
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
                "optionally target,energy_j,rtt_s,bytes_up,bytes_down,server_s,round",
     ROWS(import_options),
     .run = rnnprof_import},
    {.name = "list", .summary = "the campaigns stored", ROWS(list_options), .run = rnnprof_list},
    {.name = "show",
     .summary = "statistics per target and length",
     ROWS(read_options),
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
        "sample with its circumstances.",
    .examples = "  rnnprof run campaign.ini --db campaign.db\n"
                "  rnnprof show --db campaign.db\n"
                "  rnnprof import times.csv --db campaign.db --campaign lab --target edge",
    .commands = commands,
    .n_commands = sizeof commands / sizeof *commands,
};

int main(int argc, char **argv)
{
    struct rnnprof_settings settings = {.target = "edge"};
    return tool_main(&tool, argc, argv, &settings, stdout, stderr);
}
