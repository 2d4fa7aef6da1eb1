// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/counters.h"

#include "base/memory.h"
#include "profiler/counters_private.h"

#include <papi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No event happens that often in one sample: what is beyond has overflowed, or is the pattern of a
 * floating-point number, as which PAPI hands out software-defined events of that type. */
static const long long most_events = 1LL << 60;

static const char blanks[] = ", \t";

size_t counters_n(const struct counters *counters)
{
    return counters ? counters->n : 0;
}

const struct counter_event *counters_event(const struct counters *counters, size_t i)
{
    return &counters->events[i];
}

static enum status add_name(struct counters *counters, const char *name, size_t length,
                            struct error *error)
{
    if (counters->n == COUNTERS_MAX)
        return error_set(error, STATUS_INVALID, "more than %d counters", COUNTERS_MAX);
    char *copy = text_format("%.*s", (int)length, name);
    if (!copy)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for the counters");
    for (size_t i = 0; i < counters->n; i++) {
        if (strcmp(counters->events[i].name, copy) == 0) {
            free(copy);
            return error_set(error, STATUS_INVALID, "counter %s is there twice",
                             counters->events[i].name);
        }
    }
    counters->events[counters->n++] = (struct counter_event){.name = copy, .counter_id = -1};
    return STATUS_OK;
}

static enum status split(struct counters *counters, const char *list, struct error *error)
{
    enum status status = STATUS_OK;
    for (const char *at = list + strspn(list, blanks); !status && *at; at += strspn(at, blanks)) {
        size_t length = strcspn(at, blanks);
        status = add_name(counters, at, length, error);
        at += length;
    }
    if (!status && counters->n == 0)
        status = error_set(error, STATUS_INVALID,
                           "no counter is named (such as PAPI_TOT_INS, PAPI_TOT_CYC)");
    return status;
}

enum status counters_open(const char *list, bool multiplex, enum counter_subject subject,
                          struct counters **counters, struct error *error)
{
    struct counters *opened = calloc(1, sizeof *opened);
    *counters = NULL;
    if (!opened)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for the counters");
    enum status status = split(opened, list, error);
    if (!status)
        status = counters_arrange(opened, multiplex, subject, error);
    if (status) {
        counters_close(opened);
        return status;
    }
    *counters = opened;
    return STATUS_OK;
}

/* "A, B" of a component's events, those that clash or those that they clash with. */
static void put_names(const struct counters *counters, const char *component, bool clashing,
                      char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < counters->n && at < size; i++) {
        const struct counter_event *event = &counters->events[i];
        if (event->component && strcmp(event->component, component) == 0 &&
            (clashing ? event->clashes : !event->why))
            at += (size_t)snprintf(text + at, size - at, "%s%s", at ? ", " : "", event->name);
    }
}

enum status counters_refuse_clashes(const struct counters *counters, struct error *error)
{
    for (size_t i = 0; i < counters_n(counters); i++) {
        const struct counter_event *event = &counters->events[i];
        char left_out[300], counted[300];
        if (!event->clashes)
            continue;
        put_names(counters, event->component, true, left_out, sizeof left_out);
        put_names(counters, event->component, false, counted, sizeof counted);
        return error_set(error, STATUS_UNSUPPORTED,
                         "counters: PAPI's component %s cannot count %s together with %s: %s",
                         event->component, left_out, counted, event->remedy ? event->remedy : "");
    }
    return STATUS_OK;
}

enum status counters_register(struct counters *counters, struct store *store, int64_t campaign_id,
                              struct error *error)
{
    struct counter_reading readings[COUNTERS_MAX];
    enum status status = STATUS_OK;
    counters_start(counters); /* which events the engine has registered since */
    counters_stop(counters, readings);
    for (size_t i = 0; !status && i < counters_n(counters); i++) {
        struct counter_event *event = &counters->events[i];
        event->n_read = event->n_zero = event->n_lost = 0;
        free(event->lost_why);
        event->lost_why = NULL;
        if (!event->why)
            status = store_counter_add(store, campaign_id, event->label, &event->counter_id, error);
    }
    return status;
}

void counters_start(struct counters *counters)
{
    for (size_t s = 0; counters && s < counters->n_sets; s++)
        counters->sets[s].trouble = PAPI_start(counters->sets[s].id);
}

/* What is wrong with a value; NULL: it is a count. */
static const char *doubt(const struct counter_event *event, long long value)
{
    if (value < 0)
        return event->reach == REACH_PROCESS
                   ? "no library of this process has registered it, or it went backwards"
                   : "it went backwards (an overflow)";
    if (value >= most_events)
        return "it overflowed, or is no integer";
    if (event->multiplexed && value == 0)
        return "its turn on the counters never came: the sample is too short to multiplex";
    return NULL;
}

static void note_lost(struct counter_event *event, const char *why)
{
    event->n_lost++;
    if (!event->lost_why)
        event->lost_why = text_copy(why);
}

size_t counters_stop(struct counters *counters, struct counter_reading *readings)
{
    long long values[COUNTERS_MAX];
    size_t n = 0;
    /* all are stopped before any is looked at: looking would be counted by the others */
    for (size_t s = 0; counters && s < counters->n_sets; s++) {
        struct counter_set *set = &counters->sets[s];
        if (set->trouble == PAPI_OK)
            set->trouble = PAPI_stop(set->id, values + set->first);
    }
    for (size_t s = 0; counters && s < counters->n_sets; s++) {
        const struct counter_set *set = &counters->sets[s];
        for (size_t i = 0; i < set->n; i++) {
            struct counter_event *event = &counters->events[set->events[i]];
            long long value = values[set->first + i];
            const char *why = set->trouble ? PAPI_strerror(set->trouble) : doubt(event, value);
            event->awaited = event->awaited && why;
            if (why) {
                note_lost(event, why);
                continue;
            }
            event->n_read++;
            event->n_zero += value == 0;
            readings[n++] = (struct counter_reading){event->counter_id, value};
        }
    }
    return n;
}

void counters_close(struct counters *counters)
{
    if (!counters)
        return;
    for (size_t s = 0; s < counters->n_sets; s++) {
        PAPI_cleanup_eventset(counters->sets[s].id);
        PAPI_destroy_eventset(&counters->sets[s].id);
    }
    for (size_t i = 0; i < counters->n; i++) {
        struct counter_event *event = &counters->events[i];
        free(event->name);
        free(event->label);
        free(event->component);
        free(event->why);
        free(event->remedy);
        free(event->lost_why);
    }
    if (counters->papi_is_up)
        PAPI_shutdown();
    free(counters);
}
