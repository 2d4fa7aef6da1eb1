// SPDX-License-Identifier: GPL-3.0-or-later
/* What counters.c and counters_arrange.c share: events, and the sets in which PAPI counts them. */
#ifndef PROFILER_COUNTERS_PRIVATE_H
#define PROFILER_COUNTERS_PRIVATE_H

#include "profiler/counters.h"

enum { COUNTERS_MAX_SETS = 16 };

/* PAPI counts the events of one component in one set. */
struct counter_set {
    int id;
    int component;
    size_t events[COUNTERS_MAX]; /* n: which events, in the set's order */
    size_t n;
    size_t first; /* where its values begin among all */
    int trouble;  /* PAPI's answer to the last start or stop */
};

struct counters {
    struct counter_event events[COUNTERS_MAX];
    size_t n;
    struct counter_set sets[COUNTERS_MAX_SETS];
    size_t n_sets;
    bool papi_is_up;
};

/* Finds each event's component and fills the sets; an event that does not come into one has a
 * `why`. STATUS_NO_MEMORY. */
enum status counters_arrange(struct counters *counters, bool multiplex,
                             enum counter_subject subject, struct error *error);

#endif
