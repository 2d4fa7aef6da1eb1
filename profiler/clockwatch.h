// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Watches the processor's clock and its throttling at the beginning and the end of every round, and
 * stores the round's state (records/round_store.h). The clock is that of the fastest of the CPUs
 * measured on: where the engine is bound to none, that is the one at work.
 *
 * A round is flagged when the clock differs by more than 5 % between its beginning, its end and the
 * end of the round before, or when the device throttled: its times are then of several clocks.
 *
 * Life cycle: clockwatch_start, its companion in a sweep, clockwatch_stop while the store is open.
 */
#ifndef PROFILER_CLOCKWATCH_H
#define PROFILER_CLOCKWATCH_H

#include "profiler/sweep.h"

struct clockwatch;

/* What was seen. */
struct clockwatch_summary {
    uint64_t n_rounds, n_flagged, n_changed, n_throttled;
    double widest;         /* change of the clock, 0..1 */
    int64_t widest_round;  /* in which that was; -1: none */
    int64_t widest_khz[2]; /* from, to */
};

/* `cpus` (n) and `sysroot` are the caller's. *watch is NULL where nothing tells of clock or
 * throttling. STATUS_NO_MEMORY. */
enum status clockwatch_start(const char *sysroot, const int *cpus, size_t n, struct store *store,
                             int64_t campaign_id, struct clockwatch **watch, struct error *error);

struct sweep_companion clockwatch_companion(struct clockwatch *watch);

/* Stores what is left (rounds are stored about once a second). NULL is allowed and has seen
 * nothing. STATUS_IO and others: as the store's. */
enum status clockwatch_stop(struct clockwatch *watch, struct clockwatch_summary *summary,
                            struct error *error);

#endif
