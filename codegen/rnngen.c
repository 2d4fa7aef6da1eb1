// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/generate.h"
#include "records/model.h"

static const char *const statistics[] = {"mean", "p50", "p90", "p95", "p99", NULL};
_Static_assert(sizeof statistics / sizeof *statistics == N_STATISTICS + 1, "one name each");

static const struct option_row options[] = {
    {"db", "FILE", "The database that holds the models (rnnfit --db puts them there).", OPTION_TEXT,
     offsetof(struct rnngen_settings, db), NULL, 0},
    {"campaign", "NAME", "Which campaign; may be left out when the database holds one.",
     OPTION_TEXT, offsetof(struct rnngen_settings, campaign), NULL, 0},
    {"name", "NAME", "What the header's functions begin with; a C identifier.", OPTION_TEXT,
     offsetof(struct rnngen_settings, name), NULL, 0},
    {"output", "FILE", "Where to write the header (- for standard output).", OPTION_TEXT,
     offsetof(struct rnngen_settings, output), NULL, 'o'},
    {"binary", "FILE.rmt",
     "Write the table as data for runtime/rnnmap_table.h (- for standard output): for products "
     "that "
     "get a new table without a new program. Alone or beside -o.",
     OPTION_TEXT, offsetof(struct rnngen_settings, binary), NULL, 0},
    {"objective", "WHAT",
     "What to save: time (the default); energy; weighted:W (W of time and 1-W of energy, each over "
     "the device's mean); edp (energy times time); energy@deadline:MS (least energy within the "
     "deadline, else fastest); time@energy:J (fastest within the budget, else least energy).",
     OPTION_TEXT, offsetof(struct rnngen_settings, objective), NULL, 0},
    {"statistic", "WHICH",
     "mean (the default), p50, p90, p95 or p99: which of the times rnnfit --statistic stored "
     "count. "
     "Energies and NAME_remote_us are always means.",
     OPTION_CHOICE, offsetof(struct rnngen_settings, statistic), statistics, 0},
    {"baseline", "POWER",
     "What energies are net of: idle (the default; as measured), none, or watts. It has to be what "
     "rnnfit --baseline stored.",
     OPTION_TEXT, offsetof(struct rnngen_settings, baseline), NULL, 0},
    {"lengths", "CSV",
     "The lengths the product sees, as rnneval reads them (length,count): for the expected regret "
     "and the means of weighted. Default: 1..N_MAX, each as often.",
     OPTION_TEXT, offsetof(struct rnngen_settings, lengths), NULL, 0},
    {"link", "LINK",
     "fixed:RTT[,UP,DOWN] (such as fixed:20ms,10,50; bare numbers are ms and Mbit/s) decides for "
     "one link; rtt[,UP,DOWN] also makes NAME_choose_rtt, which takes the round trip of the "
     "moment, and rtt+bandwidth[,UP,DOWN] NAME_choose_link, which takes the times per byte too. "
     "With several endpoints both make NAME_choose_links. What is left out is the median of the "
     "campaign. Bandwidths count where the samples know those they were measured at.",
     OPTION_TEXT, offsetof(struct rnngen_settings, link), NULL, 0},
    {"max-regret", "SHARE",
     "Allow decisions that cost up to this share more than the best (0.1%), if that makes the "
     "header smaller. Default 0, up to the rounding of microseconds (by links, "
     "up to what the header states).",
     OPTION_FRACTION, offsetof(struct rnngen_settings, max_regret), NULL, 0},
    {"explain", NULL,
     "Print the forms that the functions could have had: what each takes in bytes and "
     "instructions, "
     "the worst regret, and why one was chosen.",
     OPTION_FLAG, offsetof(struct rnngen_settings, explain), NULL, 0},
    {"check", "FILE",
     "Make this header, or this table that --binary wrote, again from what it says of its making "
     "and "
     "compare: exit status 0 when equal. One "
     "made with --lengths needs that file again.",
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
                "  rnngen --db campaign.db --name imdb -o imdb.h --link rtt --objective energy\n"
                "  rnngen --check imdb.h --db campaign.db\n"
                "  rnngen --db campaign.db --name imdb --binary imdb.rmt --link rtt",
    .commands = &command,
    .n_commands = 1,
};

int main(int argc, char **argv)
{
    struct rnngen_settings settings = {.max_regret = -1, .statistic = -1};
    return tool_main(&tool, argc, argv, &settings, stdout, stderr);
}
