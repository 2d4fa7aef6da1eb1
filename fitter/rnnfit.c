// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/command.h"

static const struct option_row options[] = {
    {"db", "FILE", "Fit a campaign of this database and store the models beside the samples.",
     OPTION_TEXT, offsetof(struct rnnfit_settings, db), NULL, 0},
    {"campaign", "NAME", "Which campaign; may be left out when the database holds one.",
     OPTION_TEXT, offsetof(struct rnnfit_settings, campaign), NULL, 0},
    {"csv", "FILE",
     "Fit samples of a CSV instead (- for standard input): columns length,time_s and optionally "
     "target,rtt_s,connect_s,bytes_up,bytes_down,up_ps_per_byte,down_ps_per_byte,link_rtt_s,round,"
     "output_length,energy_j.",
     OPTION_TEXT, offsetof(struct rnnfit_settings, csv), NULL, 0},
    {"form", "FORM",
     "auto (by BIC, the default), constant, linear, quadratic, piecewise (joined lines) or step.",
     OPTION_CHOICE, offsetof(struct rnnfit_settings, form), rnnfit_forms, 0},
    {"knots", "K", "Where lines may be joined at most: 1 to 4 (default 4).", OPTION_COUNT,
     offsetof(struct rnnfit_settings, knots), NULL, 0},
    {"tolerance", "SHARE",
     "What knots, curves and steps must change some prediction by, to be taken up by auto however "
     "significant they are (default 0.5%; 0: significance alone).",
     OPTION_FRACTION, offsetof(struct rnnfit_settings, tolerance), NULL, 0},
    {"weights", "HOW",
     "variance (the default: by the variance as a function of length) or none (all samples alike).",
     OPTION_CHOICE, offsetof(struct rnnfit_settings, weights), rnnfit_weights, 0},
    {"statistic", "WHAT",
     "What of the samples' times is modelled: mean (the default), p50, p90, p95 or p99. Stored "
     "beside the others.",
     OPTION_CHOICE, offsetof(struct rnnfit_settings, statistic), rnnfit_statistics, 0},
    {"robust", "HOW",
     "none (the default), or huber or bisquare: means that samples far off hardly move.",
     OPTION_CHOICE, offsetof(struct rnnfit_settings, robust), rnnfit_robust, 0},
    {"hold-out", "SHARE", "Leave out this share of the rounds (20%), for an evaluation.",
     OPTION_FRACTION, offsetof(struct rnnfit_settings, hold_out), NULL, 0},
    {"seed", "N", "Which rounds are held out, or drawn for the errors of quantiles (default 1).",
     OPTION_COUNT, offsetof(struct rnnfit_settings, seed), NULL, 0},
    {"link", "fixed:RTT[,UP,DOWN]",
     "The link of the break-even and the plot (fixed:20ms,10,50; bare numbers are ms and Mbit/s). "
     "Default: the median measured round trip and bandwidths. Bandwidths count only where the "
     "samples know those they were measured at.",
     OPTION_TEXT, offsetof(struct rnnfit_settings, link), NULL, 0},
    {"baseline", "idle|none|WATTS",
     "What is taken off the energy of windows: the power at rest as idle windows measured it (the "
     "default), nothing, or this power (1.5W).",
     OPTION_TEXT, offsetof(struct rnnfit_settings, baseline), NULL, 0},
    {"meter", "NAME",
     "Whose windows are fitted where several meters have some. Default: measured before modelled, "
     "then the widest scope.",
     OPTION_TEXT, offsetof(struct rnnfit_settings, meter), NULL, 0},
    {"pairs", "CSV",
     "Pairs of lengths of a sequence-to-sequence network (columns n_in,n_out and optionally "
     "count): "
     "fits how long the output gets, M(n), with a 95 % interval, and says where the input's length "
     "does not tell. Where samples know their output_length, models of mean times become T(n, "
     "M(n)). "
     "Stored beside the models with --db; needs no samples.",
     OPTION_TEXT, offsetof(struct rnnfit_settings, pairs), NULL, 0},
    {"compare", "FILE[:CAMPAIGN]",
     "Tell whether this campaign differs from the stored models of an older one beyond noise, per "
     "target and quantity (Wald test, 5 % over all by Holm), and how much. Exit status 3 where it "
     "does.",
     OPTION_TEXT, offsetof(struct rnnfit_settings, compare), NULL, 0},
    {"plot", "DIR",
     "Draw into this folder: time against length with the samples, fits, bands and break-evens "
     "(.svg and .png); for each target its residuals and their quantiles.",
     OPTION_TEXT, offsetof(struct rnnfit_settings, plot), NULL, 0},
    {"report", "FILE.html",
     "Write all of it, pictures and tables, as one page that needs nothing else and reads on a "
     "phone.",
     OPTION_TEXT, offsetof(struct rnnfit_settings, report), NULL, 0},
};

static const struct command command = {
    .summary = "fit models of time against length",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .run = rnnfit_run,
};

static const struct tool tool = {
    .name = "rnnfit",
    .summary = "fit cost models to measured inference times",
    .description =
        "Fits how the time of one inference grows with the length of its input, on the device and "
        "behind a link, with standard errors, and finds the length at which both cost the same, "
        "with a 95 % interval.\n"
        "What an endpoint takes is what is left of the elapsed time without the link: its round "
        "trips and, where the link's bandwidth is known, the time of its bytes. How many round "
        "trips a request takes is one on a warm connection; for requests that open a connection or "
        "overflow the initial congestion window it is fitted, over several round trips.\n"
        "Where a meter watched windows of the campaign, the energy of one inference is fitted, "
        "too, and "
        "what offloading takes: joules of a request besides, watts while sending, receiving and "
        "waiting. What is modelled from a data sheet or leaves the radio out is said in each "
        "line.\n"
        "Samples of one round share noise: where rounds are known, intervals resample rounds.",
    .examples = "  rnnfit --db campaign.db --plot plots\n"
                "  rnnfit --db campaign.db --report fit.html\n"
                "  rnnfit --db today.db --compare release.db\n"
                "  rnnfit --csv times.csv --json | jq .break_even",
    .commands = &command,
    .n_commands = 1,
};

int main(int argc, char **argv)
{
    struct rnnfit_settings settings = {.seed = 1, .knots = 4, .tolerance = 0.005};
    return tool_main(&tool, argc, argv, &settings, stdout, stderr);
}
