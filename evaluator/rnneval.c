// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/command.h"

static const struct option_row options[] = {
#define AT(member) offsetof(struct rnneval_settings, member)
    {"db", "FILE", "The database with the campaign and its models (rnnfit stores them).",
     OPTION_TEXT, AT(db), NULL, 0},
    {"campaign", "NAME", "Which campaign; may be left out when the database holds one.",
     OPTION_TEXT, AT(campaign), NULL, 0},
    {"lengths", "CSV",
     "The lengths that the product sees: a histogram with columns length,count or "
     "n_in,n_out,count; text:FILE counts the words of each line, words:NAME@FILE those of a "
     "column, column:NAME@FILE takes lengths from one (a number as NAME: a file without header).",
     OPTION_TEXT, AT(lengths), NULL, 0},
    {"live", NULL,
     "Run each request once on this device and once at the endpoint, in random order.", OPTION_FLAG,
     AT(live), NULL, 0},
    {"url", "URL", "The endpoint's address, if not the campaign's.", OPTION_TEXT, AT(url), NULL, 0},
    {"model", "NAME", "The model's name there, if not the campaign's.", OPTION_TEXT, AT(model),
     NULL, 0},
    {"target", "NAME", "Which endpoint of the campaign (default: cloud, else the first).",
     OPTION_TEXT, AT(target), NULL, 0},
    {"requests", "N", "How many requests are drawn (default 400).", OPTION_COUNT, AT(n_requests),
     NULL, 'n'},
    {"seed", "N", "Of the lengths, the order and the intervals (default 1).", OPTION_COUNT,
     AT(seed), NULL, 0},
    {"policy", "LIST",
     "Which policies are reported, separated by commas: edge, cloud, fixed, rnnmap, oracle, "
     "clairvoyant (default: all).",
     OPTION_TEXT, AT(policies), NULL, 0},
    {"max-length", "N", "Draw again when longer (default: twice the longest measured).",
     OPTION_COUNT, AT(max_length), NULL, 0},
    {"plot", "DIR", "Draw totals.png and .svg into this folder.", OPTION_TEXT, AT(plot), NULL, 0},
    {"output", "FILE", "Write the JSON document to this file as well.", OPTION_TEXT, AT(output),
     NULL, 'o'},
#undef AT
};

static const struct command command = {
    .summary = "compare policies on live requests",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .run = rnneval_run,
};

static const struct tool tool = {
    .name = "rnneval",
    .summary = "compare where requests should run, on real requests",
    .description =
        "Draws lengths from a histogram and runs each once on this device and once at the "
        "endpoint. Every policy is charged the runs that it chose, so all of them see the same "
        "noise; intervals are of paired differences.\n"
        "edge and cloud send everything to one place; fixed is the best length threshold, known "
        "only afterwards; rnnmap decides as the generated header does, by the length and a "
        "smoothed round trip; oracle has the least expected time at the true round trip; "
        "clairvoyant takes the faster of the two runs.\n"
        "A signal ends it after the request in hand and reports on those that were done.",
    .examples =
        "  rnneval --db campaign.db --lengths imdb.csv --live --url http://127.0.0.1:8000\n"
        "  rnneval --db campaign.db --lengths imdb.csv --live --json | jq '.policies[].mean_s'",
    .commands = &command,
    .n_commands = 1,
};

int main(int argc, char **argv)
{
    struct rnneval_settings settings = {.n_requests = 400, .seed = 1};
    return tool_main(&tool, argc, argv, &settings, stdout, stderr);
}
