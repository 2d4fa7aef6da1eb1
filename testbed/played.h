// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The states that a link really went through: how long each value held, and a log of them that can
 * be played again (a trace, records/link_trace.h).
 *
 * Life cycle: played_start, played_change in order of time, played_end. Thread rule: one thread.
 */
#ifndef TESTBED_PLAYED_H
#define TESTBED_PLAYED_H

#include "records/link_trace.h"
#include "testbed/link.h"
#include "testbed/tally.h"

#include <stdint.h>
#include <stdio.h>

struct played {
    uint64_t n_changes;
    int64_t since_ns; /* of the state, from the start */
    struct link_state state;
    struct tally columns[N_LINK_COLUMNS]; /* of ns and of bit/s, weighted by the time they held */
    int64_t outage_ns;                    /* in which a bandwidth was 0 */
    int64_t duration_ns;                  /* until the last change, or the end */
    FILE *log;
};

/* At time 0. `log` is NULL: none; else the caller's, who checks it for errors. */
void played_start(struct played *played, const struct link_state *state, FILE *log);

/* From `t_ns` after the start on the link was in another state. */
void played_change(struct played *played, int64_t t_ns, const struct link_state *state);

/* `t_ns` after the start it ended. */
void played_end(struct played *played, int64_t t_ns);

/* The value (seconds, bit/s; INFINITY: unlimited) that the column did not exceed for a share `p` of
 * the time, to 1/64 of it. */
double played_quantile(const struct played *played, enum link_column column, double p);

#endif
