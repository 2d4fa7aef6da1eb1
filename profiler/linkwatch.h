// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Whether the round trips to an endpoint are those of the link state that was asked for. They are
 * not where the requests do not go over the link (a wrong port), or over another one as well.
 */
#ifndef PROFILER_LINKWATCH_H
#define PROFILER_LINKWATCH_H

#include "profiler/linkstate.h"

#include <stdbool.h>

enum { LINKWATCH_PROBES = 15 };

/* The first probes of one endpoint in one state; zero to start with. */
struct linkwatch {
    int64_t rtts_ns[LINKWATCH_PROBES];
    size_t n;
};

/* Takes one more; true when it was the last that is wanted. */
bool linkwatch_add(struct linkwatch *watch, int64_t rtt_ns);

/* Whether the median is further from the state's round trip than 20 % of it and 2 ms; *median_s is
 * set. There is at least one probe. */
bool linkwatch_far(const struct linkwatch *watch, const struct link_state *state, double *median_s);

#endif
