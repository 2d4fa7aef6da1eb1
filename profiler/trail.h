// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The arithmetic of what a meter said over a stretch of time: energy, and a bound on its error.
 *
 * A cumulative counter gives the energy between two of its changes exactly; what is uncertain is
 * when they were. Power readings are integrated by the trapezoid rule; what is uncertain is what
 * was between them. Readings that are means since the one before add up exactly.
 *
 * Life cycle of a trail: zeroed, trail_add, trail_clear, trail_free. No thread rule: arithmetic.
 */
#ifndef PROFILER_TRAIL_H
#define PROFILER_TRAIL_H

#include "base/status.h"
#include "profiler/meter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a meter said between two moments. */
struct stretch {
    int64_t from_ns, to_ns;
    double energy_uj;
    double error_uj; /* bound on its error; a longer stretch makes it less, relatively */
    double floor_uw; /* and this over its duration, which no longer stretch makes less */
    bool flat;       /* of power readings: all are equal */
    double last_uw;  /* the last of them; NAN: a counter */
};

double stretch_power_uw(const struct stretch *stretch);

/* A change of a cumulative counter, seen by polling: it came between the call of the reading before
 * (earliest) and the return of the one that showed it (latest). */
struct counter_change {
    int64_t earliest_ns, latest_ns;
    double value_uj;
};

/*
 * Between two changes: timed from the middle of one interval to that of the other. The bound is
 * power times half of both intervals, the counter's step, and for a counter that adds several
 * (parts > 1) power times the update period: all but the one that changed are as old as that.
 */
struct stretch counter_stretch(const struct counter_change *first,
                               const struct counter_change *last, double resolution_uj,
                               size_t parts, int64_t update_ns);

/* Readings of power in the order of their times. */
struct trail {
    struct meter_reading *readings; /* n; owned */
    size_t n, capacity;
    bool means; /* each is the mean since the one before */
};

/* One that is not later than the last is passed over. STATUS_NO_MEMORY. */
enum status trail_add(struct trail *trail, struct meter_reading reading, struct error *error);
void trail_clear(struct trail *trail);
void trail_free(struct trail *trail);

/* The mean power over the last `span_ns` of the trail, uW; NAN: it is not that long. */
double trail_recent_uw(const struct trail *trail, int64_t span_ns);

/*
 * From the first reading to the first at or after `to_ns`, n >= 3. A reading may be the mean over
 * the update before, so the trail may be late by an update and a half: the bound has the range of
 * the readings up to two updates around both ends times that, so the trail has to go on for two
 * updates beyond. What happens in between two updates is in it by three standard errors of the
 * mean, from the mean square successive difference (von Neumann 1941), which slow changes, that the
 * readings follow, do not enter. Half of the resolution is the floor.
 */
struct stretch trail_stretch(const struct trail *trail, int64_t to_ns, double resolution_uw,
                             int64_t update_ns);

/*
 * The update period from the moments at which a figure was seen to change, n of them, ascending: a
 * figure that happens to repeat, or a change that was overlooked, makes some intervals a multiple,
 * so it is the median of those up to 1.5 times the lower quartile. Of several counters added
 * (parts > 1), whose changes come in between each other: parts times the mean interval. -1: fewer
 * than four changes.
 */
int64_t update_period_ns(const int64_t *changes_ns, size_t n, size_t parts);

#endif
