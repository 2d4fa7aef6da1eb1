// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/memory.h"
#include "profiler/counters.h"
#include "profiler/counters_report.h"
#include "profiler/doctor.h"
#include "profiler/papi_components.h"
#include "profiler/perf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What the files tell. */
static enum status add_kernel(struct doctor *doctor, struct error *error)
{
    struct perf_state state;
    char *why, *remedy;
    enum status status = perf_state_read(doctor->sysroot, &state, error);
    if (status)
        return status;
    perf_state_trouble(&state, &why, &remedy);
    json_t *figures =
        json_pack("{s:o,s:s?}", "perf_event_paranoid",
                  state.in_kernel ? json_integer(state.paranoid) : json_null(), "pmu", state.pmus);
    if (why)
        doctor_missed(doctor, "hardware counters", figures, why, remedy);
    else
        doctor_found(doctor, "hardware counters", figures, "PMU %s, perf_event_paranoid %" PRId64,
                     state.pmus, state.paranoid);
    free(why);
    free(remedy);
    perf_state_free(&state);
    return STATUS_OK;
}

static enum status add_component(void *user, const struct papi_component *component,
                                 struct error *error)
{
    struct doctor *doctor = user;
    (void)error;
    char *name = text_format("PAPI %s", component->name);
    json_t *figures =
        json_pack("{s:s,s:b}", "component", component->name, "enabled", component->why == NULL);
    if (component->why)
        doctor_missed(doctor, name ? name : "", figures, component->why, component->remedy);
    else if (component->n_events > 0)
        doctor_found(doctor, name ? name : "", figures, "%d native events, %d at a time",
                     component->n_events, component->n_at_a_time);
    else
        doctor_found(doctor, name ? name : "", figures, "%s", component->note);
    free(name);
    return STATUS_OK;
}

/* Those that do not fit beside the others are tried again among themselves: the next group. Sets
 * *rest to their names, NULL: none are left. */
static enum status add_group(struct doctor *doctor, const char *list, int group, char **rest,
                             struct error *error)
{
    struct counters *counters;
    *rest = NULL;
    enum status status = counters_open(list, false, COUNT_THREAD, &counters, error);
    for (size_t i = 0; !status && i < counters_n(counters); i++) {
        const struct counter_event *event = counters_event(counters, i);
        if (event->clashes) {
            char *longer =
                *rest ? text_format("%s,%s", *rest, event->name) : text_copy(event->name);
            free(*rest);
            *rest = longer;
        } else if (event->why) {
            doctor_missed(doctor, event->name, NULL, event->why, event->remedy);
        } else if (event->awaited) {
            doctor_noted(doctor, event->name, json_pack("{s:i}", "group", group),
                         "no library of this process has registered it",
                         "it counts once the engine's library does",
                         "in group %d of those that can be counted together (%s)", group,
                         counter_reach_name(event->reach));
        } else {
            doctor_found(doctor, event->name, json_pack("{s:i}", "group", group),
                         "in group %d of those that can be counted together (%s)", group,
                         counter_reach_name(event->reach));
        }
    }
    counters_close(counters);
    return status;
}

static enum status add_asked(struct doctor *doctor, struct error *error)
{
    enum status status = STATUS_OK;
    char *list = text_copy(doctor->counters), *rest;
    for (int group = 1; !status && list && group <= COUNTERS_MAX; group++) {
        status = add_group(doctor, list, group, &rest, error);
        free(list);
        list = rest;
    }
    free(list);
    error_prefix(error, "--counters");
    return status == STATUS_INVALID ? STATUS_MISUSE : status;
}

enum status doctor_counters(struct doctor *doctor, struct error *error)
{
    enum status status = add_kernel(doctor, error);
    if (doctor->sysroot) {
        doctor_noted(doctor, "PAPI", NULL, NULL, "run rnnprof doctor on that machine",
                     "not looked at: it asks the kernel that runs, not another root");
        return status;
    }
    if (!status)
        status = papi_components_each(add_component, doctor, error);
    if (!status && doctor->counters)
        status = add_asked(doctor, error);
    return status;
}
