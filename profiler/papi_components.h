// SPDX-License-Identifier: GPL-3.0-or-later
/* The components of the PAPI library here: what each can count, or why it is disabled. */
#ifndef PROFILER_PAPI_COMPONENTS_H
#define PROFILER_PAPI_COMPONENTS_H

#include "base/status.h"

struct papi_component {
    const char *name;
    const char *why, *remedy; /* it is disabled; else NULL (remedy: where one is known) */
    int n_events, n_at_a_time;
    const char *note; /* where it has no events of its own */
};

/* All of it lasts until `sink` returns. */
typedef enum status papi_component_sink(void *user, const struct papi_component *component,
                                        struct error *error);

/* Calls `sink` for the library itself ("7.0") and then each component. A library that does not
 * start is one component with a `why`. What `sink` returns other than STATUS_OK ends it. */
enum status papi_components_each(papi_component_sink *sink, void *user, struct error *error);

#endif
