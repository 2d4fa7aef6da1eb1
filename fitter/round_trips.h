// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How many round trips a request takes, c1(n), as runs of lengths with one number each.
 *
 * It is exactly 1 for a request on an open connection whose bytes fit the initial congestion window
 * both ways (ten segments of 1460 bytes; RFC 6928), and where it is not known how the connection
 * was (imported times). Elsewhere (a connection of its own, slow start) it is a slope on the round
 * trip, and estimated only over several: at least two states of the link (link_states.h), told
 * apart with F >= 10, and to a standard error of at most 0.25.
 *
 * Slow start adds whole round trips as answers and requests get longer, so c1 is a step function of
 * the length: runs of neighbouring lengths by dynamic programming over the slopes of each length,
 * their number by BIC.
 *
 * Life cycle: round_trips_find, round_trips_free.
 */
#ifndef FITTER_ROUND_TRIPS_H
#define FITTER_ROUND_TRIPS_H

#include "base/status.h"
#include "fitter/dataset.h"
#include "fitter/joint.h"

#include <stdbool.h>

enum { ROUND_TRIPS_RUNS_MAX = JOINT_LEVELS_MAX + 1, INITIAL_WINDOW_BYTES = 10 * 1460 };
extern const double round_trips_error_max; /* standard error */
extern const double round_trips_f_min;

struct round_trips {
    size_t n_runs;                     /* 0: exactly 1 throughout */
    uint32_t to[ROUND_TRIPS_RUNS_MAX]; /* the last length of each run; the last one's UINT32_MAX */
    double level[ROUND_TRIPS_RUNS_MAX];
    bool first_is_one; /* the first run's 1 is known, not estimated */
    double bic;
    double *instruments; /* one per observation of the target, NAN: left out; owned */
    size_t n_strays;     /* taking part, but of no state of the link: left out */
    size_t n_lengths;    /* that c1 was estimated at */
};

/*
 * Finds the runs and first estimates of their levels. Where c1 should be estimated and cannot be,
 * n_runs is 0 and `why` says so in one line (else it is empty).
 */
enum status round_trips_find(const struct dataset_target *target, struct round_trips *trips,
                             struct error *why, struct error *error);

/* Whether a request on an open connection had more bytes than the initial window takes. */
bool round_trips_overflows(const struct observation *o);

/* One run in place of those estimated, at their mean level. False: it is one already. */
bool round_trips_merge(struct round_trips *trips);

/* The index of the run of a length. n_runs > 0. */
size_t round_trips_run(const struct round_trips *trips, uint32_t length);

/* c1(length); 1 for a NULL. */
double round_trips_at(const struct round_trips *trips, uint32_t length);

void round_trips_free(struct round_trips *trips);

#endif
