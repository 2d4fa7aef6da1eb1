// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Watches one meter from a thread of its own, on a CPU on which nothing is measured where there is
 * one, while the caller keeps the device busy or lets it rest.
 *
 * Life cycle: watch_start; any number of tasks (watch_updates, watch_window or watch_tail, then
 * what the device is to do while watch_pending, then watch_end); watch_stop. Between tasks the
 * meter is read ten times a second, so that a counter is seen to wrap and energy adds up.
 *
 * Thread rule: one thread starts tasks and ends them. The meter belongs to the watch until
 * watch_stop; meter_note may be called.
 */
#ifndef PROFILER_WATCH_H
#define PROFILER_WATCH_H

#include "profiler/meter.h"
#include "profiler/trail.h"

struct watch;

/*
 * Starts the thread, with real-time priority where that is permitted: a reading that comes late
 * tells less. It avoids the CPUs that the calling thread is bound to; where that one is
 * bound to none, it binds itself to the last, and shares it where there is one only.
 * STATUS_NO_MEMORY, STATUS_IO: no thread.
 */
enum status watch_start(struct meter *meter, struct watch **watch, struct error *error);

/* Finds the update period: until 25 changes were seen, or for three seconds. A modelled meter has
 * none to find. */
void watch_updates(struct watch *watch);

/* When a window may end. */
struct watch_goal {
    int64_t least_ns, most_ns; /* its duration; at least 20 updates in any case but that of most */
    double baseline_uw;        /* taken off the power before ... */
    double baseline_error_uw;
    double relative; /* ... the bound on its error has to be less than this share of it */
};

/* A window between two changes of the meter, whatever the device does meanwhile. */
void watch_window(struct watch *watch, const struct watch_goal *goal);

/* The same, but it ends when the power is back at the goal's baseline after watch_release. */
void watch_tail(struct watch *watch, const struct watch_goal *goal);
void watch_release(struct watch *watch);

/* Whether the window has begun: from here on the meter's figures are of it. */
bool watch_begun(const struct watch *watch);

/* Which share of a stretch of time just past, 0 to 1, was within the window. */
double watch_share(const struct watch *watch, int64_t from_ns, int64_t to_ns);

/* Whether the task goes on; false after a failure, too. */
bool watch_pending(const struct watch *watch);

/* Sleeps until the task has ended or so many ns have passed; returns watch_pending. */
bool watch_wait(struct watch *watch, int64_t ns);

/*
 * Waits for the task's end, giving it up when `abandon` is true. *stretch may be NULL.
 * STATUS_INTERRUPTED: given up.  STATUS_UNSUPPORTED: the counter has not moved for a second and 20
 * updates: stuck.  STATUS_NOT_REACHED: (watch_tail) the power did not come back in time.  Else as
 * meter_read.
 */
enum status watch_end(struct watch *watch, bool abandon, struct stretch *stretch,
                      struct error *error);

/* The update period as found; -1: none was. What windows reckon with then is a quarter of a second,
 * slower than most. */
int64_t watch_update_ns(const struct watch *watch);

/* Energy since the start, from all readings, uJ. */
double watch_total_uj(struct watch *watch);

/* What the thread itself costs. */
struct watch_cost {
    int cpu;               /* it is bound to; -1: to none */
    bool shared;           /* with what is measured */
    double cpu_share;      /* of one core, since the start */
    double share_at_100hz; /* of one core, by its cost per reading */
};
struct watch_cost watch_cost(struct watch *watch);

/* Ends the thread; the meter is the caller's again. NULL is allowed. */
void watch_stop(struct watch *watch);

#endif
