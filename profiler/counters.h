// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Event counters of samples through PAPI: presets ("PAPI_TOT_INS"), native events
 * ("perf::PAGE-FAULTS") and software-defined ones ("sde:::LIBRARY::NAME").
 *
 * They start just before the timed part of a sample and are read behind it, so that none of their
 * work is in the time; what they count takes in two readings of the clock and the way to and from
 * the kernel. An event that cannot be counted is left out and says why: there is never a 0 for it.
 *
 * Life cycle: counters_open before the engine (whose workers are counted only when they are started
 * afterwards), counters_refuse_clashes, counters_register with the campaign, counters_start and
 * counters_stop around each sample, counters_close. All by one thread, the one that is counted.
 * PAPI itself is one a process: so is this.
 */
#ifndef PROFILER_COUNTERS_H
#define PROFILER_COUNTERS_H

#include "base/status.h"
#include "records/counter_store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COUNTERS_MAX = 64 };

/* Whose work a sample is. */
enum counter_subject {
    COUNT_THREAD,  /* the measuring thread's */
    COUNT_WORKERS, /* also of threads that the engine starts */
    COUNT_CHILD,   /* a program's that the engine starts: what cannot follow it counts nothing */
};

/* Whose events are counted. */
enum counter_reach {
    REACH_THREAD,  /* of the thread that measures */
    REACH_WORKERS, /* and of threads and programs started after counters_open */
    REACH_PROCESS, /* whatever the library that counts chooses: software-defined events */
    N_REACHES
};

struct counter_event {
    char *name;       /* as asked for; owned, as all strings */
    char *label;      /* as stored: the name, and that it is an estimate where it is multiplexed */
    char *component;  /* PAPI's: "perf_event"; NULL: none knows the event */
    char *why;        /* it is not counted, and this is the reason; NULL: it is */
    char *remedy;     /* what to do about it; NULL: nothing known */
    bool clashes;     /* the reason is that it does not fit beside those before it */
    bool multiplexed; /* its values are scaled from a part of the time */
    bool awaited;     /* software-defined, and no library of this process has registered it yet */
    enum counter_reach reach;
    uint64_t n_read, n_zero; /* samples that have it; of them, those in which it was 0 */
    uint64_t n_lost;         /* samples whose reading was no count and was left out */
    char *lost_why;          /* the first time */
    int64_t counter_id;
};

struct counters;

/*
 * Takes a list of names separated by commas or blanks. `multiplex`: events that do not fit together
 * share the counters by turns. Threads and programs
 * of the engine are followed, where PAPI can, when they are started from now on.
 * STATUS_OK: even when none of them can be counted; counters_event says which and why.
 * STATUS_INVALID: no name, one twice, or more than COUNTERS_MAX.  STATUS_NO_MEMORY.
 */
enum status counters_open(const char *list, bool multiplex, enum counter_subject subject,
                          struct counters **counters, struct error *error);

size_t counters_n(const struct counters *counters);
/* Lives as long as the counters. */
const struct counter_event *counters_event(const struct counters *counters, size_t i);

/* STATUS_UNSUPPORTED: some events cannot be counted together; the message says which. */
enum status counters_refuse_clashes(const struct counters *counters, struct error *error);

/* Gives those that are counted their ids in the store; from now on readings left out are noted. */
enum status counters_register(struct counters *counters, struct store *store, int64_t campaign_id,
                              struct error *error);

/* NULL is allowed and counts nothing. */
void counters_start(struct counters *counters);

/* What was counted since the start, into readings[COUNTERS_MAX]; how many there are. A reading that
 * is no count (an overflow, a counter that went backwards, an event that no library has registered,
 * one whose turn never came) is left out and noted with its event. NULL is allowed. */
size_t counters_stop(struct counters *counters, struct counter_reading *readings);

/* NULL is allowed. */
void counters_close(struct counters *counters);

#endif
