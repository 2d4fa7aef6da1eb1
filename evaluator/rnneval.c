// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/command.h"

static const struct option_row options[] = {
#define AT(member) offsetof(struct rnneval_settings, member)
    {"db", "FILE", "The database with the campaign and its models (rnnfit stores them).",
     OPTION_TEXT, AT(db), NULL, 0},
    {"campaign", "NAME", "Which campaign; may be left out when the database holds one.",
     OPTION_TEXT, AT(campaign), NULL, 0},
    {"lengths", "SOURCE",
     "The lengths that the product sees: a histogram with columns length,count or "
     "n_in,n_out,count; text:FILE counts the words of each line, words:NAME@FILE those of a "
     "column, column:NAME@FILE takes lengths from one (a number as NAME: a file without header). "
     "May be given several times.",
     OPTION_LIST, AT(lengths), NULL, 0},
    {"link", "LINK",
     "The link of the replay: fixed:RTT[,UP,DOWN], a trace or a link model, or rtt=A,up=B,down=C "
     "with each of these (default: the one that the campaign was measured over). May be given "
     "several times.",
     OPTION_LIST, AT(links), NULL, 0},
    {"rtt", "TIME", "The round trip where the link does not say.", OPTION_TIME, AT(rtt_s), NULL, 0},
    {"up", "RATE", "Its bandwidth to the endpoint where it does not say, or unlimited.",
     OPTION_TEXT, AT(up), NULL, 0},
    {"down", "RATE", "Likewise from the endpoint.", OPTION_TEXT, AT(down), NULL, 0},
    {"arrivals", "PROCESS",
     "When requests are made: closed (one after the other, at the device's pace), poisson:RATE (a "
     "second), bursts:SIZE,EVERY (default: closed).",
     OPTION_TEXT, AT(arrivals), NULL, 0},
    {"think", "TIME", "With closed: from an answer to the next request (default: none).",
     OPTION_TIME, AT(think_s), NULL, 0},
    {"timeout", "TIME",
     "When a request to the endpoint is given up and run on the device (default: the campaign's, "
     "else 30s).",
     OPTION_TIME, AT(timeout_s), NULL, 0},
    {"target", "NAME", "Which endpoint of the campaign (default: cloud, else the first).",
     OPTION_TEXT, AT(target), NULL, 0},
    {"requests", "N", "How many requests are drawn (default: 100000 replayed, 400 live).",
     OPTION_COUNT, AT(n_requests), NULL, 'n'},
    {"seed", "N", "Of everything that is drawn (default 1).", OPTION_COUNT, AT(seed), NULL, 0},
    {"objective", "WHAT",
     "What is to be saved: time (the default), energy, weighted:W (W of time, the rest of energy), "
     "edp, energy@deadline:MS or time@energy:J. Policies decide and are compared by it.",
     OPTION_TEXT, AT(objective), NULL, 0},
    {"policy", "LIST",
     "Which policies are reported, separated by commas: edge, cloud, random, fixed, naive, design, "
     "rnnmap, known, oracle, clairvoyant (default: these); last-value, plain-mean, rfc6298, "
     "smoothed, patient, lagged; or all.",
     OPTION_TEXT, AT(policies), NULL, 0},
    {"max-length", "N", "Draw again when longer (default: twice the longest measured).",
     OPTION_COUNT, AT(max_length), NULL, 0},
    {"live", NULL,
     "No replay: run each request once on this device and once at the endpoint, in random order.",
     OPTION_FLAG, AT(live), NULL, 0},
    {"url", "URL", "The live endpoint's address, if not the campaign's.", OPTION_TEXT, AT(url),
     NULL, 0},
    {"model", "NAME", "The model's name there, if not the campaign's.", OPTION_TEXT, AT(model),
     NULL, 0},
    {"tables", NULL, "Of several evaluations, print the table of each as well.", OPTION_FLAG,
     AT(tables), NULL, 0},
    {"plot", "DIR", "Draw totals.png and .svg into this folder.", OPTION_TEXT, AT(plot), NULL, 0},
    {"report", "FILE.html",
     "Write all of it, what to ship and why, as one page that needs nothing else and reads on a "
     "phone.",
     OPTION_TEXT, AT(report), NULL, 0},
    {"journal", "FILE.csv",
     "Write what each policy did with each request, a row a request: when, the length, the link, "
     "and for each policy whether it was offloaded and what it took.",
     OPTION_TEXT, AT(journal), NULL, 0},
    {"across", "FILE.json",
     "Evaluate nothing; say what the evaluations in these documents (--output) say together: "
     "whether the policy (--policy, default rnnmap) is nowhere worse than the better single device "
     "by more than --margin, what it saves where there is a choice, how far from the oracle it is "
     "over each link. May be given several times.",
     OPTION_LIST, AT(across), NULL, 0},
    {"margin", "SHARE", "With --across: by how much it may be worse (default 1%).", OPTION_FRACTION,
     AT(margin), NULL, 0},
    {"output", "FILE", "Write the JSON document to this file as well.", OPTION_TEXT, AT(output),
     NULL, 'o'},
#undef AT
};

static const struct command command = {
    .summary = "compare policies on replayed or live requests",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .run = rnneval_run,
};

static const struct tool tool = {
    .name = "rnneval",
    .summary = "compare where requests should run, replayed from samples or live",
    .description =
        "Draws lengths from a histogram and replays a request for each: over a link that is played "
        "along, charged with times that the campaign measured in rounds that rnnfit held out. "
        "Every "
        "policy meets the same requests; intervals are of paired differences, over blocks of "
        "consecutive requests and over the measured rounds.\n"
        "edge and cloud send everything to one place, random tosses a coin; fixed is the best "
        "length "
        "threshold, known only afterwards; naive decides by the fitted models at the mean link of "
        "the run, design as the generated header does at the link it was designed for, rnnmap by "
        "the header and its tracker of the link (rnnmap_link.h) from the requests that it sends, "
        "giving up "
        "what takes twice as long as the break-even; known by the models at the true link; "
        "oracle "
        "has the least expected cost at the true link; clairvoyant takes the better of the two "
        "runs.\n"
        "On request, for comparison: patient is rnnmap waiting for every answer; last-value, "
        "plain-mean, rfc6298 (smoothed, nothing is ever forgotten) and smoothed (forgotten after a "
        "minute) do so with other trackers; lagged decides by the models at the true link of the "
        "request before.\n"
        "Several --lengths or --link give one table with a line for each pair of them.\n"
        "With arrivals that do not wait for answers, the device and the endpoint each serve one "
        "request at a time, first come, first served, and waiting counts.\n"
        "With --live each request runs at both places, and rnnmap hears the round trip of every "
        "one. A signal ends that and reports on the requests that were done.",
    .examples =
        "  rnneval --db board.db --lengths imdb.csv --link datasets/links/lte_driving_ucc.link\n"
        "  rnneval --db board.db --lengths imdb.csv --report eval.html\n"
        "  rnneval --db board.db --lengths imdb.csv --lengths text:log.txt --link fixed:20ms "
        "--link "
        "fixed:80ms\n"
        "  rnneval --db board.db --lengths imdb.csv --arrivals poisson:5 --json | jq "
        "'.policies[].p99_s'\n"
        "  rnneval --db board.db --lengths imdb.csv --live --url http://127.0.0.1:8000",
    .commands = &command,
    .n_commands = 1,
};

int main(int argc, char **argv)
{
    struct rnneval_settings settings = {.n_requests = RNNEVAL_NOT_GIVEN,
                                        .max_length = RNNEVAL_NOT_GIVEN,
                                        .seed = 1,
                                        .rtt_s = -1,
                                        .think_s = -1,
                                        .margin = -1,
                                        .timeout_s = -1};
    return tool_main(&tool, argc, argv, &settings, stdout, stderr);
}
