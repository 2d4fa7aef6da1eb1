// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The governor of the clock: which one is at work, and another one for as long as a campaign runs,
 * given back even when the campaign's process is killed.
 *
 * Life cycle: governor_hold, governor_release. A guard process is started first; it ignores the
 * terminal's signals, waits for the end of this process, whichever it is, and writes back what
 * stood in each file before.
 */
#ifndef PROFILER_GOVERNOR_H
#define PROFILER_GOVERNOR_H

#include "base/status.h"

#include <stddef.h>

/* The governor under which times compare: "performance"; and how to get it, in one line. */
extern const char governor_wanted[];
extern const char governor_remedy[];

/* Which of the CPUs have another governor than the wanted one: the first of these governors, to be
 * freed; NULL: none has, or nothing tells. *others (of n, the caller's) and *n_others: the CPUs. */
char *governor_trouble(const char *sysroot, const int *cpus, size_t n, int *others,
                       size_t *n_others);

struct governor_guard;

/*
 * Gives the wanted governor to all CPUs that have one, below the root. Waits up to three seconds
 * for the guard of a campaign that has just ended. STATUS_FAILED: another campaign holds it.
 * STATUS_UNSUPPORTED: not permitted, or the driver does not have it; what was changed is changed
 * back.  STATUS_NOT_FOUND: no CPU has a governor.  STATUS_IO, STATUS_NO_MEMORY.
 */
enum status governor_hold(const char *sysroot, struct governor_guard **guard, struct error *error);

/* Gives the old ones back; NULL is allowed. STATUS_FAILED: one could not be written back; the
 * message says which file and what belongs into it. */
enum status governor_release(struct governor_guard *guard, struct error *error);

#endif
