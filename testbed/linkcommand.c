// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/linkcommand.h"

#include "base/outfile.h"
#include "base/units.h"
#include "records/link_model.h"
#include "testbed/control.h"
#include "testbed/controlline.h"
#include "testbed/relay.h"
#include "testbed/report.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

static const char *const paces[] = {
    [PACE_NATURAL] = "natural", [PACE_CLOCK] = "clock", [PACE_REQUEST] = "request", NULL};

const struct option_row linkcommand_options[] = {
    {"listen", "ADDR:PORT", "Where clients connect; port 0 picks a free one.", OPTION_TEXT,
     offsetof(struct linkcommand, listen), NULL, 0},
    {"to", "ADDR:PORT", "The server.", OPTION_TEXT, offsetof(struct linkcommand, to), NULL, 0},
    {"link", "LINK",
     "What to play: FILE (a trace or a link model), rtt=A,up=B,down=C with a constant or a FILE "
     "each, or fixed:RTT[,UP,DOWN]. Without it (or --trace, --model) the link is --rtt, --up and "
     "--down.",
     OPTION_TEXT, offsetof(struct linkcommand, link), NULL, 0},
    {"trace", "CSV", "As --link CSV, a trace: columns t_s,rtt_ms,up_mbps,down_mbps.", OPTION_TEXT,
     offsetof(struct linkcommand, trace), NULL, 0},
    {"model", "FILE", "As --link FILE, a link model.", OPTION_TEXT,
     offsetof(struct linkcommand, model), NULL, 0},
    {"rtt", "TIME",
     "Round trip, half of it each way (bare numbers are ms; 0: none); of a source: where it has "
     "none.",
     OPTION_TIME, offsetof(struct linkcommand, round_trip_s), NULL, 0},
    {"up", "RATE",
     "Bandwidth from client to server (bare numbers are Mbit/s; default: unlimited); of a source: "
     "where it has none, and then without a default.",
     OPTION_RATE, offsetof(struct linkcommand, up_bit_s), NULL, 0},
    {"down", "RATE", "Bandwidth from server to client (as --up).", OPTION_RATE,
     offsetof(struct linkcommand, down_bit_s), NULL, 0},
    {"pace", "PACE",
     "What moves the source on: clock; request; or natural, by the clock where its rows are 10 s "
     "apart or less, else by the request (default: natural).",
     OPTION_CHOICE, offsetof(struct linkcommand, pace), paces, 0},
    {"once", NULL,
     "Play the trace once and keep its last state, not in a loop; a line says when it has ended.",
     OPTION_FLAG, offsetof(struct linkcommand, once), NULL, 0},
    {"seed", "N", "Of models, --jitter and --outages: the same states again (default: 1).",
     OPTION_COUNT, offsetof(struct linkcommand, seed), NULL, 0},
    {"jitter", "TIME",
     "Standard deviation of the round trip around its state. Each request draws z from the "
     "standard "
     "normal distribution; until the next one the round trip is that of the state plus TIME times "
     "z, at least 0. Bytes stay in order.",
     OPTION_TIME, offsetof(struct linkcommand, jitter_s), NULL, 0},
    {"outages", "EVERY,FOR",
     "Nothing moves, on average every EVERY (from the end of one) and for FOR (\"30s,2s\"); both "
     "are exponentially distributed.",
     OPTION_TEXT, offsetof(struct linkcommand, outages), NULL, 0},
    {"slow-start", NULL,
     "Each connection's window starts at 10 segments of 1460 bytes each way, grows by what is "
     "acknowledged, and falls back after a pause longer than the round trip and 200 ms.",
     OPTION_FLAG, offsetof(struct linkcommand, slow_start), NULL, 0},
    {"control", "PATH",
     "Take orders from a Unix stream socket at PATH, or with - from standard input, whose end ends "
     "rnnlink. Lines: set rtt=20ms up=10 down=50 (any of them; 0 and unlimited are bandwidths), "
     "state, play (back to the source). Answers: ok rtt_s=.. up_bit_s=.. down_bit_s=.. once it is "
     "in force, or error: WHY.",
     OPTION_TEXT, offsetof(struct linkcommand, control), NULL, 0},
    {"log", "FILE",
     "Write the states played as a trace that can be played again (1000000 Mbit/s: unlimited).",
     OPTION_TEXT, offsetof(struct linkcommand, log), NULL, 0},
    {"connections", "N", "Connections at once; more are reset (default: 256).", OPTION_COUNT,
     offsetof(struct linkcommand, connections), NULL, 0},
    {"fit", "TRACE.csv", "Make the link model of a trace, say how good it is, and play nothing.",
     OPTION_TEXT, offsetof(struct linkcommand, fit.trace), NULL, 0},
    {"output", "FILE", "With --fit: where the model goes (-: standard output).", OPTION_TEXT,
     offsetof(struct linkcommand, fit.output), NULL, 'o'},
    {"name", "NAME", "With --fit: the model's name (default: the trace's file name).", OPTION_TEXT,
     offsetof(struct linkcommand, fit.name), NULL, 0},
    {"source", "TEXT", "With --fit: where the trace is from, kept in the model.", OPTION_TEXT,
     offsetof(struct linkcommand, fit.source), NULL, 0},
    {"licence", "TEXT", "With --fit: the trace's licence, kept in the model.", OPTION_TEXT,
     offsetof(struct linkcommand, fit.licence), NULL, 0},
    {"plot", "DIR", "With --fit: draw distribution and autocorrelation of both into a folder.",
     OPTION_TEXT, offsetof(struct linkcommand, fit.plot), NULL, 0},
};
const size_t linkcommand_n_options = sizeof linkcommand_options / sizeof linkcommand_options[0];

const struct linkcommand linkcommand_defaults = {.round_trip_s = NAN,
                                                 .up_bit_s = NAN,
                                                 .down_bit_s = NAN,
                                                 .pace = PACE_NATURAL,
                                                 .seed = 1,
                                                 .connections = 256};

/* ---- options */

/* The source's text; NULL: the constants alone. */
static const char *source_text(const struct linkcommand *s)
{
    if (s->link)
        return s->link;
    return s->trace ? s->trace : s->model;
}

/* Whether an option that is not about --fit was given. */
static bool plays(const struct linkcommand *s)
{
    const struct linkcommand *d = &linkcommand_defaults;
    const char *const texts[] = {s->listen, s->to,      s->link,    s->trace,
                                 s->model,  s->outages, s->control, s->log};
    const double numbers[] = {s->round_trip_s, s->up_bit_s, s->down_bit_s};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i])
            return true;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!isnan(numbers[i]))
            return true;
    }
    return s->once || s->slow_start || s->jitter_s > 0 || s->pace != d->pace ||
           s->seed != d->seed || s->connections != d->connections;
}

static enum status check(const struct linkcommand *s, struct error *error)
{
    if (s->fit.trace)
        return error_set(error, STATUS_MISUSE,
                         "--fit plays nothing: beside it only --output, --name, --source, "
                         "--licence and --plot");
    if (s->fit.output || s->fit.name || s->fit.source || s->fit.licence || s->fit.plot)
        return error_set(error, STATUS_MISUSE,
                         "--output, --name, --source, --licence and --plot are for --fit");
    if (!s->listen || !s->to)
        return error_set(error, STATUS_MISUSE, "--%s is missing; see rnnlink --help",
                         s->listen ? "to" : "listen");
    if (!!s->link + !!s->trace + !!s->model > 1)
        return error_set(error, STATUS_MISUSE,
                         "only one of --link, --trace and --model; --link rtt=A,up=B,down=C takes "
                         "columns from several");
    if (!source_text(s) && isnan(s->round_trip_s))
        return error_set(error, STATUS_MISUSE, "--rtt is missing; --rtt 0 adds no delay");
    if (s->round_trip_s > CONTROL_MAX_RTT_S)
        return error_set(error, STATUS_MISUSE, "--rtt: more than %g s", CONTROL_MAX_RTT_S);
    if (s->up_bit_s < CONTROL_MIN_BIT_S || s->down_bit_s < CONTROL_MIN_BIT_S)
        return error_set(error, STATUS_MISUSE, "--%s: less than 1 kbit/s",
                         s->up_bit_s < CONTROL_MIN_BIT_S ? "up" : "down");
    if (s->jitter_s > CONTROL_MAX_RTT_S)
        return error_set(error, STATUS_MISUSE, "--jitter: more than %g s", CONTROL_MAX_RTT_S);
    if (s->control && strcmp(s->control, "-") == 0 && source_text(s) &&
        strcmp(source_text(s), "-") == 0)
        return error_set(error, STATUS_MISUSE,
                         "standard input cannot be both the trace and --control");
    if (s->log && strcmp(s->log, "-") == 0)
        return error_set(error, STATUS_MISUSE, "--log: a file, not standard output");
    if (s->connections < 1 || s->connections > 100000)
        return error_set(error, STATUS_MISUSE, "--connections: not in 1..100000");
    return STATUS_OK;
}

/* "30s,2s" */
static enum status parse_outages(const char *text, struct play_options *play, struct error *error)
{
    char copy[128];
    const char *comma = strchr(text, ',');
    struct error why = {0};
    if (!comma || strlen(text) >= sizeof copy)
        return error_set(error, STATUS_MISUSE, "--outages: '%s' is not EVERY,FOR, such as 30s,2s",
                         text);
    strcpy(copy, text);
    copy[comma - text] = '\0';
    if (parse_quantity(copy, DIMENSION_TIME, &play->outage_every_s, &why) ||
        parse_quantity(copy + (comma - text) + 1, DIMENSION_TIME, &play->outage_for_s, &why))
        return error_set(error, STATUS_MISUSE, "--outages: %s", why.text);
    if (play->outage_every_s < 1e-3 || play->outage_for_s < 1e-3)
        return error_set(error, STATUS_MISUSE, "--outages: a mean of less than 1 ms");
    return STATUS_OK;
}

/* Whether what --trace or --model names is that: reads it once more, where that can be done. */
static enum status check_kind(const struct linkcommand *s, struct error *error)
{
    struct stat info;
    struct link_trace trace = {0};
    struct link_model model = {0};
    enum status status = STATUS_OK;
    const char *path = source_text(s);
    if (s->link || !path)
        return STATUS_OK;
    bool there = stat(path, &info) == 0, regular = there && S_ISREG(info.st_mode);
    if (s->model && !regular && (there || strcmp(path, "-") == 0)) /* would be read as a trace */
        return error_set(error, STATUS_MISUSE, "--model: %s: only a trace can come from a pipe",
                         path);
    if (!regular)
        return STATUS_OK;
    if (s->trace)
        status = link_trace_read(path, &trace, error);
    else
        status = link_model_read(path, &model, error);
    if (status)
        error_prefix(error, s->trace ? "--trace" : "--model");
    link_trace_free(&trace);
    link_model_free(&model);
    return status;
}

static enum status open_source(const struct linkcommand *s, struct link_source **source,
                               struct error *error)
{
    char constant[64];
    struct link_rest rest = {s->round_trip_s, s->up_bit_s, s->down_bit_s};
    const char *text = source_text(s);
    enum status status = check_kind(s, error);
    if (status)
        return status;
    if (!text) {
        snprintf(constant, sizeof constant, "fixed:%.17gs", s->round_trip_s);
        rest.up_bit_s = isnan(rest.up_bit_s) ? INFINITY : rest.up_bit_s;
        rest.down_bit_s = isnan(rest.down_bit_s) ? INFINITY : rest.down_bit_s;
        text = constant;
    }
    status = link_source_open(text, &rest, source, error);
    if (!status && s->once && !link_source_ends(*source)) {
        status = error_set(error, STATUS_MISUSE, "--once: %s has no end, only a trace has",
                           link_source_name(*source));
        link_source_free(*source);
        *source = NULL;
    }
    return status;
}

/* ---- the relay */

static void remark(void *context, const char *line)
{
    fprintf(context, "rnnlink: %s\n", line);
}

/* Says where it listens and relays until it is stopped. */
static enum status serve(const struct invocation *call, const struct linkcommand *s,
                         struct relay *relay, struct error *error)
{
    struct control *control = NULL;
    enum status status = STATUS_OK;
    if (s->control)
        status = control_open(relay, s->control, call->out, &control, error);
    if (status)
        return status;
    fprintf(call->out, "listening on %s\n", relay_address(relay));
    fflush(call->out);
    status = relay_run(relay, error);
    control_close(control);
    return status;
}

static enum status run_relay(const struct invocation *call, const struct linkcommand *s,
                             const struct relay_options *with, struct error *error)
{
    struct relay *relay;
    enum status status = relay_open(with, &relay, error);
    if (status)
        return status;
    status = serve(call, s, relay, error);
    if (!status && call->json)
        report_json(relay, call->out);
    else if (!status && call->verbosity >= 0)
        report_text(relay, call->diagnostics);
    relay_close(relay);
    return status;
}

enum status linkcommand_run(const struct invocation *call, const void *settings,
                            struct error *error)
{
    const struct linkcommand *s = settings;
    struct link_source *source = NULL;
    struct outfile log = {0};
    struct relay_options with = {.listen = s->listen,
                                 .to = s->to,
                                 .play = {.seed = s->seed,
                                          .pace = (enum link_pace)s->pace,
                                          .once = s->once,
                                          .jitter_s = s->jitter_s},
                                 .slow_start = s->slow_start,
                                 .settable = s->control != NULL,
                                 .max_connections = s->connections,
                                 .remark = remark,
                                 .context = call->diagnostics};
    if (s->fit.trace && !plays(s))
        return linkfit_run(call, &s->fit, error);
    enum status status = check(s, error);
    if (!status && s->outages)
        status = parse_outages(s->outages, &with.play, error);
    if (!status)
        status = open_source(s, &source, error);
    if (!status && s->log)
        status = outfile_open(&log, s->log, error);
    if (status)
        goto done;
    with.play.source = source;
    with.log = s->log ? log.stream : NULL;
    status = run_relay(call, s, &with, error);
    if (!status && s->log)
        status = outfile_commit(&log, error);
done:
    if (status && s->log)
        outfile_abandon(&log);
    link_source_free(source);
    return status;
}
