// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What an adaptive sweep aims at: numbers that the models of the campaign are to tell, each within
 * [stop] ci:
 *
 * the break-even length of the device with each endpoint, in each link state (without [link]: at
 * the median round trip measured, as rnnfit tells it), where they cross within the lengths: half
 * its 95 % interval against the length itself. Where that interval has no bounds yet, since the
 * slopes do not differ significantly, the difference of the slopes comes first.
 *
 * Thread rule: no state.
 */
#ifndef PROFILER_SWEEP_AIMS_PRIVATE_H
#define PROFILER_SWEEP_AIMS_PRIVATE_H

#include "profiler/sweep_private.h"
#include "records/model.h"

enum { SWEEP_AIM_PLACES = 2, SWEEP_AIM_TEXT = 200 };

/* A number, as a function of the lines of one or two places. */
struct sweep_aim {
    size_t places[SWEEP_AIM_PLACES]; /* whose lines it depends on, of those measured now */
    size_t n_places;
    double power[2];           /* its gradient by intercept and slope of each line, but for signs */
    double length;             /* where it is */
    double rtt_s;              /* over which round trip */
    double half_width;         /* of its 95 % interval, relative; INFINITY: no bounds */
    double wanted_sd;          /* of power'b with which half_width would be as asked for */
    char text[SWEEP_AIM_TEXT]; /* "the break-even of edge and cloud at length 143" */
};

/* How many there can be. */
size_t sweep_aims_most(const struct sweep_state *state);

/* Fills aims[sweep_aims_most] from the models; how many. */
size_t sweep_aims_find(const struct sweep_state *state, const struct model_set *set,
                       struct sweep_aim *aims);

#endif
