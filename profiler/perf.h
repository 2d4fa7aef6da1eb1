// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the kernel lets programs count, as files below a root tell it (profiler/sysfs.h), and what
 * to do where that is not enough.
 */
#ifndef PROFILER_PERF_H
#define PROFILER_PERF_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct perf_state {
    bool in_kernel;   /* there are performance events at all */
    int64_t paranoid; /* kernel.perf_event_paranoid; INT64_MIN: unknown */
    char *pmus;       /* the processors' counting units: "cpu", "armv8_cortex_a72"; NULL: none;
                         owned */
    bool is_virtual;  /* the machine is one */
};

/* What cannot be read is unknown or not there. STATUS_NO_MEMORY. */
enum status perf_state_read(const char *sysroot, struct perf_state *state, struct error *error);
void perf_state_free(struct perf_state *state);

/* Why events of the processor cannot be counted, and what to do, each to be freed; both NULL where
 * nothing speaks against it. */
void perf_state_trouble(const struct perf_state *state, char **why, char **remedy);

/* What helps where PAPI has disabled its component of the processor's events for that reason though
 * perf_state_trouble knows none; NULL: nothing is known to. */
const char *perf_papi_remedy(const char *disabled_reason);

#endif
