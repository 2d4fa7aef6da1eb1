// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/generate.h"

static const struct option_row options[] = {
    {"db", "FILE", "The database that holds the models (rnnfit --db puts them there).", OPTION_TEXT,
     offsetof(struct rnngen_settings, db), NULL, 0},
    {"campaign", "NAME", "Which campaign; may be left out when the database holds one.",
     OPTION_TEXT, offsetof(struct rnngen_settings, campaign), NULL, 0},
    {"name", "NAME", "What the header's functions begin with; a C identifier.", OPTION_TEXT,
     offsetof(struct rnngen_settings, name), NULL, 0},
    {"output", "FILE", "Where to write the header (- for standard output).", OPTION_TEXT,
     offsetof(struct rnngen_settings, output), NULL, 'o'},
    {"objective", "WHAT", "What to save: time (the default).", OPTION_TEXT,
     offsetof(struct rnngen_settings, objective), NULL, 0},
    {"link", "LINK",
     "fixed:RTT[,UP,DOWN] (such as fixed:20ms,10,50; bare numbers are ms and Mbit/s) decides for "
     "one link; rtt[,UP,DOWN] also makes NAME_choose_rtt, which takes the round trip of the "
     "moment. What is left out is the median of the campaign. Bandwidths count where the samples "
     "know those they were measured at.",
     OPTION_TEXT, offsetof(struct rnngen_settings, link), NULL, 0},
    {"max-regret", "SHARE",
     "Allow decisions that cost up to this share more than the best (0.1%), if that makes the "
     "header smaller. Default 0, up to the rounding of microseconds.",
     OPTION_FRACTION, offsetof(struct rnngen_settings, max_regret), NULL, 0},
    {"check", "FILE.h",
     "Make this header again from its own head comment and compare: exit status 0 when equal.",
     OPTION_TEXT, offsetof(struct rnngen_settings, check), NULL, 0},
};

static const struct command command = {
    .summary = "generate a header that decides where to run",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .run = rnngen_run,
};

static const struct tool tool = {
    .name = "rnngen",
    .summary = "generate a C header that decides between device and endpoint",
    .description =
        "Makes one self-contained C header from fitted cost models: for each input length, and "
        "with --link rtt for each round trip, it says in a few integer instructions whether to "
        "run the network on the device or to send the input to the endpoint. The head comment "
        "says where every number comes from and what a decision may cost.",
    .examples = "  rnngen --db campaign.db --name imdb -o imdb.h --link rtt\n"
                "  rnngen --check imdb.h --db campaign.db",
    .commands = &command,
    .n_commands = 1,
};

int main(int argc, char **argv)
{
    struct rnngen_settings settings = {.max_regret = -1};
    return tool_main(&tool, argc, argv, &settings, stdout, stderr);
}
