// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnprof link: records the link to an endpoint over time as a trace. */
#include "base/stop.h"
#include "base/units.h"
#include "profiler/commands.h"
#include "profiler/linksummary.h"
#include "profiler/recorder.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static const double least_interval_s = 1e-3;
enum { LEAST_TRANSFER = 1024, MOST_TRANSFER = 64 << 20 };

static enum status check(const struct rnnprof_settings *s, struct error *error)
{
    if (!s->output)
        return error_set(error, STATUS_MISUSE, "-o TRACE.csv is missing: where the trace goes");
    if (strcmp(s->output, "-") == 0)
        return error_set(error, STATUS_MISUSE,
                         "-o: a trace is a file that can be gone on with, not standard output");
    if (!(s->for_s > 0))
        return error_set(error, STATUS_MISUSE, "--for: a trace takes longer than 0 s");
    if (s->interval_s < least_interval_s || s->timeout_s < least_interval_s)
        return error_set(error, STATUS_MISUSE, "--%s: less than 1 ms",
                         s->interval_s < least_interval_s ? "interval" : "timeout");
    if (s->bandwidth_s > 0 && s->bandwidth_s < s->interval_s)
        return error_set(error, STATUS_MISUSE,
                         "--bandwidth: a transfer follows a probe, so not more often than "
                         "--interval");
    if (s->size_bytes < LEAST_TRANSFER || s->size_bytes > MOST_TRANSFER)
        return error_set(error, STATUS_MISUSE, "--size: not in 1KiB..64MiB");
    return STATUS_OK;
}

/* "timeout 3, connect 1"; "" without any. */
static const char *list_failures(const struct recording *recording, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int kind = 0; kind < N_CLIENT_FAILURES; kind++) {
        if (recording->n_failed[kind] > 0 && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s %llu", used ? ", " : "",
                                     client_failure_name((enum client_failure)kind),
                                     (unsigned long long)recording->n_failed[kind]);
    }
    return text;
}

static json_t *column_json(const struct column_summary *column)
{
    if (column->n == 0)
        return json_null();
    return json_pack("{s:I,s:f,s:f,s:f,s:f}", "n", (json_int_t)column->n, "p5", column->p5, "p50",
                     column->p50, "p95", column->p95, "max", column->max);
}

static void put_json(const struct invocation *call, const struct tracelog *log,
                     const struct linksummary *summary, const struct recording *recording)
{
    json_t *failures = json_object();
    for (int kind = CLIENT_NO_FAILURE + 1; kind < N_CLIENT_FAILURES; kind++)
        json_object_set_new(failures, client_failure_name((enum client_failure)kind),
                            json_integer((json_int_t)recording->n_failed[kind]));
    json_t *document = json_pack(
        "{s:s,s:s,s:s,s:f,s:I,s:I,s:o,s:o,s:o,s:I,s:I,s:I,s:o}", "schema", "rnnmap.trace/1", "url",
        call->operands[0], "trace", log->path, "duration_s", summary->duration_s, "rows",
        (json_int_t)log->n_rows, "failed", (json_int_t)summary->n_failed, "rtt_s",
        column_json(&summary->columns[COLUMN_RTT]), "up_bit_s",
        column_json(&summary->columns[COLUMN_UP]), "down_bit_s",
        column_json(&summary->columns[COLUMN_DOWN]), "probes_now", (json_int_t)recording->n_probes,
        "missed_now", (json_int_t)recording->n_missed, "short_transfers_now",
        (json_int_t)recording->n_short, "failures_now", failures);
    json_dumpf(document, call->out, JSON_INDENT(1));
    fputc('\n', call->out);
    json_decref(document);
}

static void put_text(const struct invocation *call, const struct tracelog *log,
                     const struct linksummary *summary, const struct recording *recording)
{
    char text[UNITS_TEXT_SIZE], kinds[160];
    fprintf(call->out, "%s: %zu probes in %s, %zu without an answer\n", log->path, log->n_rows,
            format_duration(summary->duration_s, text), summary->n_failed);
    linksummary_print(summary, call->out);
    linksummary_chart(log, summary, call->out);
    if (call->verbosity < 0)
        return;
    if (list_failures(recording, kinds, sizeof kinds)[0])
        fprintf(call->diagnostics, "failed now: %s; the last: %s\n", kinds, recording->last.text);
    if (!isnan(recording->failing_since_s))
        fprintf(call->diagnostics, "there has been no answer since %.0f s of the trace\n",
                recording->failing_since_s);
    if (recording->n_missed > 0)
        fprintf(call->diagnostics,
                "%llu probes were not sent, for what went before was still on its way\n",
                (unsigned long long)recording->n_missed);
    if (recording->n_short > 0)
        fprintf(call->diagnostics,
                "%llu transfers were over too soon to tell a bandwidth: a larger --size helps\n",
                (unsigned long long)recording->n_short);
}

static enum status report(const struct invocation *call, const struct rnnprof_settings *s,
                          const struct tracelog *log, const struct recording *recording,
                          struct error *error)
{
    struct linksummary summary;
    enum status status = linksummary_make(log, &summary, error);
    if (status)
        return status;
    if (call->json)
        put_json(call, log, &summary, recording);
    else
        put_text(call, log, &summary, recording);
    if (!s->plot)
        return STATUS_OK;
    if (summary.columns[COLUMN_RTT].n == 0)
        return error_set(error, STATUS_NOT_FOUND, "%s: no round trip to draw", log->path);
    return linkplot_draw(log, &summary, s->plot, error);
}

/* Connects, and asks once before anything is written: what is wrong leaves nothing behind. */
static enum status connect_to(const char *url, const struct rnnprof_settings *s,
                              struct prober **prober, struct error *error)
{
    const char *const keys[][2] = {
        {"url", url}, {"model", s->model}, {"token", s->token}, {"ca", s->ca}};
    struct client_config config = {.timeout_s = s->timeout_s};
    enum client_failure failure;
    int64_t rtt_ns;
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < sizeof keys / sizeof *keys; i++) {
        status = keys[i][1] ? client_config_set(&config, keys[i][0], keys[i][1], error) : STATUS_OK;
        if (status)
            error_prefix(error, "--%s", keys[i][0]);
    }
    if (!status)
        status = prober_open(&config, prober, error);
    if (!status)
        status = prober_round_trip(*prober, &rtt_ns, &failure, error);
    client_config_free(&config);
    return status;
}

enum status rnnprof_link(const struct invocation *call, const void *settings, struct error *error)
{
    const struct rnnprof_settings *s = settings;
    struct prober *prober = NULL;
    struct tracelog log = {.file = -1};
    struct recording recording;
    stop_catch();
    enum status status = check(s, error);
    if (!status)
        status = connect_to(call->operands[0], s, &prober, error);
    if (!status)
        status = tracelog_open(s->output, s->resume, &log, error);
    if (!status) {
        struct recorder recorder = {.prober = prober,
                                    .log = &log,
                                    .interval_s = s->interval_s,
                                    .until_s = s->for_s,
                                    .bandwidth_s = s->bandwidth_s,
                                    .transfer_bytes = (size_t)s->size_bytes,
                                    .progress = call->verbosity < 0 ? NULL : call->diagnostics};
        status = recorder_run(&recorder, &recording, error);
    }
    if (status == STATUS_OK || status == STATUS_NOT_REACHED) {
        struct error why = {0};
        enum status reported = report(call, s, &log, &recording, &why);
        if (reported && !status)
            status = error_set(error, reported, "%s", why.text);
    }
    tracelog_close(&log);
    prober_close(prober);
    return status;
}
