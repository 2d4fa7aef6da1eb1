// SPDX-License-Identifier: GPL-3.0-or-later
/* What a run says about its counters, to people and as JSON. */
#ifndef PROFILER_COUNTERS_REPORT_H
#define PROFILER_COUNTERS_REPORT_H

#include "profiler/counters.h"

#include <jansson.h>
#include <stdio.h>

/* What counters cost, measured on an inference that does nothing. */
struct counters_cost {
    double recorded_ns; /* more in the time that is recorded */
    double outside_ns;  /* before and behind it: starting, stopping, reading */
};

/* Medians of n. */
struct counters_cost counters_measure_cost(struct counters *counters, int n);

/* In words: "measuring thread alone". */
const char *counter_reach_name(enum counter_reach reach);

/* Before the campaign: a line for what is counted and its cost, a warning for each event that is
 * not. */
void counters_announce(const struct counters *counters, const struct counters_cost *cost,
                       FILE *out);

/* Behind it: a warning for each event that some samples are without. */
void counters_conclude(const struct counters *counters, FILE *out);

/* An array of objects: name, counted, why, remedy, reach, multiplexed, lost, lost_why. */
json_t *counters_json(const struct counters *counters);

#endif
