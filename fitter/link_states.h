// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The states of the link that an endpoint's samples were taken in, and an instrument for the round
 * trip of each sample.
 *
 * A measured round trip is that of the state plus the noise of one probe. A slope on it comes out
 * too small (attenuation); a slope on the mean of the state does not (Wald 1940, "The fitting of
 * straight lines if both variables are subject to error"; Durbin 1954, section 4). Each sample's
 * instrument is the mean round trip of its state without its own, so that the sample's own noise is
 * in neither (the jackknife instrumental variable of Angrist, Imbens and Krueger 1999).
 *
 * Where every sample says what the link was set to, that is its state. Else the measured round
 * trips tell states apart: sorted, round trips that follow each other by less than a quarter and
 * 0.1 ms belong together, and such a run is a state if it holds at least ten samples and one in
 * fifty. Each sample belongs to the state whose median is nearest, but to none where it is further
 * from it than a quarter of the way to the state beside it (a disturbed probe): a limit that is the
 * same above and below, so that the means are not moved by it. Where that gives one state only, as
 * of a link that wanders, each round counts as a state of its own.
 */
#ifndef FITTER_LINK_STATES_H
#define FITTER_LINK_STATES_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct link_sample {
    double rtt_s;
    int32_t round;  /* < 0: none */
    int64_t set_ns; /* the round trip that the link was set to; < 0: unknown */
};

struct link_states {
    size_t n_states; /* those with two samples or more; 1 and 0: the round trip did not vary */
    /* How much more the states differ than their samples do: the F statistic of the round trips by
     * state. An instrument under 10 is weak (Staiger and Stock 1997). */
    double f;
    double least_s, most_s; /* the means of the extreme states */
};

/* Fills instruments[n], in s: NAN for a sample of no state, or alone in its state.
 * STATUS_NO_MEMORY. */
enum status link_states_find(const struct link_sample *samples, size_t n, double *instruments,
                             struct link_states *states, struct error *error);

#endif
