// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/recorder.h"

#include "base/clock.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/units.h"

#include <math.h>
#include <string.h>

static const double least_transfer_s = 1e-3, least_share = 0.1; /* of the round trip */
static const int64_t nap_ns = 100000000;

/* One way of the link, as a transfer finds it. */
typedef enum status transfer_function(struct prober *prober, size_t n,
                                      struct prober_transfer *transfer, struct error *error);
struct way {
    enum link_column column;
    transfer_function *transfer;
    bool given_up; /* the server does not let us */
};

struct state {
    struct recorder *recorder;
    struct recording *recording;
    struct progress progress;
    struct way ways[2];
    int64_t start_ns;
    double offset_s;        /* the trace's time at start_ns */
    double next_transfer_s; /* likewise since start_ns */
};

static double elapsed_s(const struct state *state)
{
    return (double)(clock_ns() - state->start_ns) * 1e-9;
}

static void show_progress(struct state *state, const char *note)
{
    double length_s = state->recorder->until_s - state->offset_s;
    progress_update(&state->progress, elapsed_s(state) / length_s, note);
}

static void wait_until(struct state *state, double due_s)
{
    double left_s;
    while (!stop_asked() && (left_s = due_s - elapsed_s(state)) > 0) {
        int64_t left_ns = (int64_t)(left_s * 1e9) + 1;
        clock_sleep_ns(left_ns < nap_ns ? left_ns : nap_ns);
        show_progress(state, NULL);
    }
}

/* The bandwidth: what the transfer took beyond the round trip of a request that carries nothing. */
static double measure_bandwidth(struct state *state, struct way *way, double rtt_s)
{
    struct prober_transfer transfer;
    struct error why = {0};
    enum status status =
        way->transfer(state->recorder->prober, state->recorder->transfer_bytes, &transfer, &why);
    if (status) {
        way->given_up = status == STATUS_UNSUPPORTED;
        state->recording->last = why;
        if (way->given_up && state->recorder->progress) {
            progress_hide(&state->progress);
            fprintf(state->recorder->progress, "the bandwidth %s is not measured: %s\n",
                    link_column_name(way->column), why.text);
        }
        return NAN;
    }
    double transfer_s = (double)transfer.elapsed_ns * 1e-9 - rtt_s;
    if (transfer_s < fmax(least_transfer_s, least_share * rtt_s)) {
        state->recording->n_short++;
        return NAN;
    }
    return 8 * (double)transfer.n_bytes / transfer_s;
}

static void measure_ways(struct state *state, struct trace_row *row)
{
    double bandwidth_s = state->recorder->bandwidth_s, now_s = elapsed_s(state);
    if (bandwidth_s <= 0 || now_s < state->next_transfer_s)
        return;
    for (int i = 0; i < 2; i++) {
        struct way *way = &state->ways[i];
        if (!way->given_up && !stop_asked())
            row->values[way->column] = measure_bandwidth(state, way, row->values[COLUMN_RTT]);
    }
    state->next_transfer_s +=
        bandwidth_s * (1 + floor((now_s - state->next_transfer_s) / bandwidth_s));
}

static enum status probe(struct state *state, struct error *error)
{
    struct recording *recording = state->recording;
    struct trace_row row = {.values = {NAN, NAN, NAN}};
    struct error why = {0};
    enum client_failure failure;
    int64_t rtt_ns;
    char rtt[UNITS_TEXT_SIZE];
    row.t_s = state->offset_s + elapsed_s(state);
    recording->n_probes++;
    if (prober_round_trip(state->recorder->prober, &rtt_ns, &failure, &why)) {
        recording->n_failed[failure]++;
        recording->last = why;
        if (isnan(recording->failing_since_s))
            recording->failing_since_s = row.t_s;
    } else {
        recording->failing_since_s = NAN;
        row.values[COLUMN_RTT] = (double)rtt_ns * 1e-9;
        measure_ways(state, &row);
    }
    show_progress(state, isnan(row.values[COLUMN_RTT]) ? "no answer"
                                                       : format_time(row.values[COLUMN_RTT], rtt));
    return tracelog_append(state->recorder->log, &row, error);
}

enum status recorder_run(struct recorder *recorder, struct recording *recording,
                         struct error *error)
{
    struct state state = {
        .recorder = recorder,
        .recording = recording,
        .ways = {{COLUMN_UP, prober_send, false}, {COLUMN_DOWN, prober_receive, false}}};
    const struct tracelog *log = recorder->log;
    double interval_s = recorder->interval_s;
    enum status status = STATUS_OK;
    *recording = (struct recording){.failing_since_s = NAN};
    if (log->n_rows > 0)
        state.offset_s = log->rows[log->n_rows - 1].t_s + interval_s;
    progress_start(&state.progress, recorder->progress, "recording");
    state.start_ns = clock_ns();
    for (double due_s = 0; !status && state.offset_s + due_s < recorder->until_s;) {
        wait_until(&state, due_s);
        if (stop_asked())
            break;
        status = probe(&state, error);
        double over = floor((elapsed_s(&state) - due_s) / interval_s); /* times that went by */
        if (over > 1)
            recording->n_missed += (uint64_t)over - 1;
        due_s += interval_s * fmax(over, 1);
    }
    if (!status && !stop_asked()) /* the last row holds for one interval, too */
        wait_until(&state, recorder->until_s - state.offset_s);
    progress_hide(&state.progress);
    if (!status && stop_asked())
        status =
            error_set(error, STATUS_NOT_REACHED,
                      "stopped by a signal; every probe is in %s, and --resume goes on", log->path);
    return status;
}
