// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a campaign finds on its device and keeps an eye on: the governor, the clock, throttling.
 *
 * Life cycle: environment_open before anything else is started (its guard is a process),
 * environment_watch once the campaign is stored, environment_conclude while the store is open,
 * environment_close.
 */
#ifndef PROFILER_ENVIRONMENT_H
#define PROFILER_ENVIRONMENT_H

#include "profiler/clockwatch.h"
#include "profiler/governor.h"

#include <stdbool.h>

struct environment {
    const char *sysroot; /* the caller's; NULL: this machine */
    int *cpus;           /* n_cpus: those that are measured on */
    size_t n_cpus;
    struct governor_guard *guard;
    struct clockwatch *watch;
    struct clockwatch_summary summary; /* after environment_conclude */
};

/* `cpu_list`: the CPUs that the engine is bound to ("0,2-3"); NULL: all. Sets the governor if asked
 * to. STATUS_INVALID: no such list.  STATUS_MISUSE: `sysroot` is no folder. Else as governor_hold.
 */
enum status environment_open(struct environment *environment, const char *sysroot,
                             const char *cpu_list, bool set_governor, struct error *error);

/* Says when the governor is one that lets the clock follow the load. */
void environment_announce(const struct environment *environment, FILE *out);

/* Joins the sweep as a companion. STATUS_NO_MEMORY. */
enum status environment_watch(struct environment *environment, struct sweep *sweep,
                              struct error *error);

/* Stores what is left, and says (where `out` is not NULL) whether rounds are flagged and by how
 * much the clock changed. As clockwatch_stop. */
enum status environment_conclude(struct environment *environment, FILE *out, struct error *error);

/* Gives the governor back. As governor_release. */
enum status environment_close(struct environment *environment, struct error *error);

#endif
