// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/memory.h"
#include "profiler/counters_private.h"
#include "profiler/perf.h"

#include <papi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prefix_end[] = ":::"; /* of "COMPONENT:::EVENT" */
static const char hardware[] = "perf_event";
static const char list_remedy[] =
    "papi_avail and papi_native_avail (package papi-tools) list the events here";

/* What the events are while they are being arranged: none of it is needed for counting. */
struct plan {
    struct counters *counters;
    int codes[COUNTERS_MAX], components[COUNTERS_MAX]; /* < 0: not to be counted */
    struct perf_state perf;
    bool multiplex;
    enum counter_subject subject;
};

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "out of memory for the counters");
}

/* The component that the name says, or the processor's counters, where it says none; -1: PAPI has
 * no such component. */
static int component_of_name(const char *name)
{
    char component[PAPI_MIN_STR_LEN];
    const char *end = strstr(name, prefix_end);
    snprintf(component, sizeof component, "%.*s", end ? (int)(end - name) : (int)sizeof component,
             end ? name : hardware);
    return PAPI_get_component_index(component);
}

/* Why an event is not counted, and what helps: the component's own reason before PAPI's answer. */
static void explain(const struct plan *plan, size_t i, int component, int rc)
{
    struct counter_event *event = &plan->counters->events[i];
    const PAPI_component_info_t *info = component < 0 ? NULL : PAPI_get_component_info(component);
    plan->counters->events[i].reach = N_REACHES;
    free(event->why);
    free(event->remedy);
    event->why = event->remedy = NULL;
    if (!info) {
        event->why = text_copy("this PAPI has no such component");
        event->remedy = text_copy("rnnprof doctor lists the components");
        return;
    }
    if (strcmp(info->name, hardware) == 0)
        perf_state_trouble(&plan->perf, &event->why, &event->remedy);
    if (event->why)
        return;
    if (info->disabled && info->disabled != PAPI_EDELAY_INIT) {
        const char *remedy = perf_papi_remedy(info->disabled_reason);
        event->why =
            text_format("PAPI's component %s is disabled: %s", info->name, info->disabled_reason);
        event->remedy = remedy ? text_copy(remedy) : NULL;
    } else if (rc == PAPI_EPERM) {
        event->why = text_copy("not permitted");
        event->remedy = text_copy("sudo sysctl kernel.perf_event_paranoid=-1, or "
                                  "sudo setcap cap_perfmon+ep on rnnprof");
    } else {
        event->why = text_format("PAPI's component %s: %s", info->name, PAPI_strerror(rc));
        event->remedy = text_copy(list_remedy);
    }
}

/* A name that PAPI does not take may be misspelt, whatever else is wrong here. */
static void doubt_name(struct counter_event *event)
{
    char *both = text_format("no event of this name is known here, and %s", event->why);
    free(event->why);
    event->why = both;
    if (!event->remedy)
        event->remedy = text_copy(list_remedy);
}

static void resolve(struct plan *plan, size_t i)
{
    struct counter_event *event = &plan->counters->events[i];
    PAPI_event_info_t info = {0};
    int code = 0, rc = PAPI_event_name_to_code(event->name, &code);
    bool known = rc == PAPI_OK;
    if (rc == PAPI_OK)
        rc = PAPI_query_event(code);
    if (rc == PAPI_OK)
        rc = PAPI_get_event_info(code, &info);
    plan->codes[i] = code;
    plan->components[i] = rc == PAPI_OK ? info.component_index : -1;
    if (rc != PAPI_OK)
        explain(plan, i, component_of_name(event->name), rc);
    if (!known && event->why)
        doubt_name(event);
    if (rc == PAPI_OK)
        event->component = text_copy(PAPI_get_component_info(info.component_index)->name);
}

static bool is_software_defined(const struct counter_set *set)
{
    return strcmp(PAPI_get_component_info(set->component)->name, "sde") == 0;
}

static bool is_clash(int rc)
{
    return rc == PAPI_ECNFLCT || rc == PAPI_ECOUNT || rc == PAPI_EMULPASS;
}

static void refuse(const struct plan *plan, size_t i, int component, int rc)
{
    struct counter_event *event = &plan->counters->events[i];
    const PAPI_component_info_t *info = PAPI_get_component_info(component);
    if (!is_clash(rc)) {
        explain(plan, i, component, rc);
        return;
    }
    event->clashes = true;
    event->why = text_format("it does not fit beside the events before it on %s", info->name);
    event->remedy = text_copy(info->kernel_multiplex && !plan->multiplex
                                  ? "ask for fewer, or set [counters] multiplex = true (the values "
                                    "are then estimates)"
                                  : "ask for fewer");
}

/* Adds the component's events to the set, one after the other; whether all of them fit. */
static bool add_events(struct plan *plan, struct counter_set *set)
{
    bool all = true;
    for (size_t i = 0; i < plan->counters->n; i++) {
        if (plan->components[i] != set->component)
            continue;
        int rc = PAPI_add_event(set->id, plan->codes[i]);
        if (rc == PAPI_OK)
            set->events[set->n++] = i;
        else
            refuse(plan, i, set->component, rc);
        all = all && !is_clash(rc);
    }
    return all;
}

/* Some refusals come only when counting starts. */
static bool try_to_count(struct plan *plan, struct counter_set *set)
{
    long long values[COUNTERS_MAX];
    bool all = true;
    int rc;
    while (set->n > 0 && (rc = PAPI_start(set->id)) != PAPI_OK) {
        size_t last = set->events[--set->n];
        PAPI_remove_event(set->id, plan->codes[last]);
        refuse(plan, last, set->component, set->n > 0 ? PAPI_ECNFLCT : rc);
        all = all && set->n == 0;
    }
    if (set->n > 0)
        PAPI_stop(set->id, values);
    for (size_t i = 0; i < set->n; i++) /* PAPI gives -1 for a place that it keeps free */
        plan->counters->events[set->events[i]].awaited = is_software_defined(set) && values[i] < 0;
    return all;
}

static void empty(struct counter_set *set)
{
    PAPI_cleanup_eventset(set->id);
    PAPI_destroy_eventset(&set->id);
    set->n = 0;
}

static enum counter_reach set_reach(const struct plan *plan, const struct counter_set *set)
{
    const PAPI_component_info_t *info = PAPI_get_component_info(set->component);
    PAPI_option_t option = {.inherit = {.eventset = set->id, .inherit = PAPI_INHERIT_ALL}};
    if (is_software_defined(set))
        return REACH_PROCESS;
    return plan->subject != COUNT_THREAD && info->inherit &&
                   PAPI_set_opt(PAPI_INHERIT, &option) == PAPI_OK
               ? REACH_WORKERS
               : REACH_THREAD;
}

/* Makes the component's set; whether all its events fit. *rc: of a set that could not be made. */
static bool fill(struct plan *plan, struct counter_set *set, bool multiplexed, int *rc)
{
    set->id = PAPI_NULL;
    *rc = PAPI_create_eventset(&set->id);
    if (*rc == PAPI_OK)
        *rc = PAPI_assign_eventset_component(set->id, set->component);
    if (*rc == PAPI_OK && multiplexed)
        *rc = PAPI_set_multiplex(set->id);
    if (*rc != PAPI_OK) {
        empty(set);
        return false;
    }
    enum counter_reach reach = set_reach(plan, set);
    bool all = add_events(plan, set);
    all = try_to_count(plan, set) && all;
    for (size_t i = 0; i < set->n; i++) {
        struct counter_event *event = &plan->counters->events[set->events[i]];
        event->reach = reach;
        event->multiplexed = multiplexed;
    }
    return all;
}

/* Rather no count than one of the thread that waits while a program works. */
static void leave_out(struct plan *plan, struct counter_set *set)
{
    for (size_t i = 0; i < plan->counters->n; i++) {
        struct counter_event *event = &plan->counters->events[i];
        if (plan->components[i] != set->component || event->why)
            continue;
        event->reach = N_REACHES;
        event->why = text_copy("the engine is a program of its own, into which PAPI cannot follow "
                               "with this event here");
        event->remedy = text_copy("an engine within rnnprof (engine = plugin)");
    }
    empty(set);
}

static void forget_clashes(struct plan *plan, int component)
{
    for (size_t i = 0; i < plan->counters->n; i++) {
        struct counter_event *event = &plan->counters->events[i];
        if (plan->components[i] != component || !event->clashes)
            continue;
        event->clashes = false;
        free(event->why);
        free(event->remedy);
        event->why = event->remedy = NULL;
    }
}

/* Multiplexes only what does not fit otherwise: estimates are the worse values. */
static void arrange_component(struct plan *plan, int component)
{
    struct counters *counters = plan->counters;
    struct counter_set *set = &counters->sets[counters->n_sets];
    *set = (struct counter_set){.component = component};
    int rc;
    bool all = fill(plan, set, false, &rc);
    if (!all && rc == PAPI_OK && plan->multiplex &&
        PAPI_get_component_info(component)->kernel_multiplex) {
        empty(set);
        forget_clashes(plan, component);
        if (!fill(plan, set, true, &rc) && rc != PAPI_OK)
            fill(plan, set, false, &rc);
    }
    for (size_t i = 0; i < counters->n && rc != PAPI_OK; i++) {
        if (plan->components[i] == component)
            explain(plan, i, component, rc);
    }
    if (set->n > 0 && plan->subject == COUNT_CHILD &&
        counters->events[set->events[0]].reach != REACH_WORKERS)
        leave_out(plan, set);
    else if (set->n > 0)
        counters->n_sets++;
    else if (rc == PAPI_OK)
        empty(set);
}

static bool is_wanted(const struct plan *plan, int component)
{
    bool wanted = false;
    for (size_t i = 0; i < plan->counters->n; i++)
        wanted = wanted || plan->components[i] == component;
    return wanted;
}

static void explain_all(struct plan *plan, int rc)
{
    for (size_t i = 0; i < plan->counters->n; i++) {
        struct counter_event *event = &plan->counters->events[i];
        event->reach = N_REACHES;
        event->why =
            rc > 0 ? text_format("the PAPI library here is version %d.%d, rnnprof was "
                                 "built with %d.%d",
                                 PAPI_VERSION_MAJOR(rc), PAPI_VERSION_MINOR(rc),
                                 PAPI_VERSION_MAJOR(PAPI_VERSION), PAPI_VERSION_MINOR(PAPI_VERSION))
                   : text_format("PAPI does not start: %s", PAPI_strerror(rc));
    }
}

/* Labels, where each set's values begin, and whether memory sufficed for all the words. */
static enum status finish(struct counters *counters, struct error *error)
{
    size_t first = 0;
    for (size_t s = 0; s < counters->n_sets; s++) {
        counters->sets[s].first = first;
        first += counters->sets[s].n;
        for (size_t i = 0; i < counters->sets[s].n; i++) {
            struct counter_event *event = &counters->events[counters->sets[s].events[i]];
            event->label = event->multiplexed ? text_format("%s (multiplexed)", event->name)
                                              : text_copy(event->name);
        }
    }
    for (size_t i = 0; i < counters->n; i++) {
        if (!counters->events[i].why && !counters->events[i].label)
            return no_memory(error);
    }
    return STATUS_OK;
}

enum status counters_arrange(struct counters *counters, bool multiplex,
                             enum counter_subject subject, struct error *error)
{
    struct plan plan = {.counters = counters, .multiplex = multiplex, .subject = subject};
    enum status status = perf_state_read(NULL, &plan.perf, error);
    if (status)
        return status;
    bool was_up = PAPI_is_initialized() != PAPI_NOT_INITED;
    int rc = PAPI_library_init(PAPI_VER_CURRENT);
    counters->papi_is_up = !was_up && rc == PAPI_VER_CURRENT;
    if (rc != PAPI_VER_CURRENT) {
        explain_all(&plan, rc);
    } else {
        if (multiplex)
            PAPI_multiplex_init();
        for (size_t i = 0; i < counters->n; i++)
            resolve(&plan, i);
        for (int c = 0; c < PAPI_num_components() && counters->n_sets < COUNTERS_MAX_SETS; c++) {
            if (is_wanted(&plan, c))
                arrange_component(&plan, c);
        }
    }
    perf_state_free(&plan.perf);
    return finish(counters, error);
}
