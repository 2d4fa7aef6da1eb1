// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/counters_report.h"

#include "base/clock.h"
#include "base/order.h"
#include "profiler/place.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *const reaches[] = {
    [REACH_THREAD] = "measuring thread alone",
    [REACH_WORKERS] = "thread and what it starts",
    [REACH_PROCESS] = "whole process",
};
_Static_assert(sizeof reaches / sizeof *reaches == N_REACHES, "one each");

const char *counter_reach_name(enum counter_reach reach)
{
    return reach < N_REACHES ? reaches[reach] : "";
}

struct counters_cost counters_measure_cost(struct counters *counters, int n)
{
    struct counter_reading readings[COUNTERS_MAX];
    double without = harness_overhead_ns(n, NULL), with = harness_overhead_ns(n, counters);
    double *times = malloc((size_t)n * sizeof *times);
    for (int i = 0; times && i < n; i++) {
        int64_t start = clock_ns();
        counters_start(counters);
        counters_stop(counters, readings);
        times[i] = (double)(clock_ns() - start);
    }
    if (times)
        reals_sort(times, (size_t)n);
    struct counters_cost cost = {.recorded_ns = with - without,
                                 .outside_ns = times ? times[n / 2] : 0};
    free(times);
    return cost;
}

static void put_counted(const struct counters *counters, const struct counters_cost *cost,
                        FILE *out)
{
    size_t n = 0;
    for (size_t i = 0; i < counters_n(counters); i++) {
        const struct counter_event *event = counters_event(counters, i);
        if (!event->why)
            fprintf(out, "%s%s (%s)", n++ ? ", " : "  counters: ", event->label,
                    counter_reach_name(event->reach));
    }
    if (n > 0)
        fprintf(out,
                "\n  counters add %+.0f ns to the recorded time, and %.2f us a sample outside of "
                "it\n",
                cost->recorded_ns, cost->outside_ns * 1e-3);
}

void counters_announce(const struct counters *counters, const struct counters_cost *cost, FILE *out)
{
    put_counted(counters, cost, out);
    for (size_t i = 0; i < counters_n(counters); i++) {
        const struct counter_event *event = counters_event(counters, i);
        if (event->why)
            fprintf(out, "warning: counter %s: samples are without it: %s%s%s\n", event->name,
                    event->why, event->remedy ? "; remedy: " : "",
                    event->remedy ? event->remedy : "");
        else if (event->awaited)
            fprintf(out,
                    "warning: counter %s: no library of this process has registered it so far; "
                    "samples are without it until one does\n",
                    event->name);
    }
}

void counters_conclude(const struct counters *counters, FILE *out)
{
    for (size_t i = 0; i < counters_n(counters); i++) {
        const struct counter_event *event = counters_event(counters, i);
        if (event->n_lost > 0)
            fprintf(out, "warning: counter %s: left out of %" PRIu64 " samples: %s\n", event->name,
                    event->n_lost, event->lost_why ? event->lost_why : "");
        /* kernels take the numbers of events that a processor lacks, and show 0 */
        if (event->n_read > 0 && event->n_zero == event->n_read)
            fprintf(out,
                    "warning: counter %s: 0 in every sample: there was none, or this processor "
                    "does not count it\n",
                    event->name);
    }
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

json_t *counters_json(const struct counters *counters)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < counters_n(counters); i++) {
        const struct counter_event *event = counters_event(counters, i);
        json_array_append_new(
            rows,
            json_pack("{s:s,s:b,s:o,s:o,s:o,s:o,s:b,s:I,s:o}", "name", event->name, "counted",
                      !event->why, "component", text_or_null(event->component), "why",
                      text_or_null(event->why), "remedy", text_or_null(event->remedy), "reach",
                      text_or_null(event->why ? NULL : counter_reach_name(event->reach)),
                      "multiplexed", event->multiplexed, "lost", (json_int_t)event->n_lost,
                      "lost_why", text_or_null(event->lost_why)));
    }
    return rows;
}
