// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The sweep: rounds over lengths and targets in random order until what is asked for is known well
 * enough, with every sample stored. docs/sweep.md says what rounds hold and when it is enough.
 */
#ifndef PROFILER_SWEEP_H
#define PROFILER_SWEEP_H

#include "base/status.h"
#include "profiler/config.h"
#include "profiler/linkcontrol.h"
#include "profiler/place.h"
#include "records/store.h"

#include <stdio.h>

/*
 * What goes on beside the samples of a round, such as watching the clock frequency or measuring
 * windows of energy. `round_begin` comes before the round's first sample, `round_end` behind its
 * last one, when all of it is stored; either may be NULL. An error ends the sweep; what was
 * measured is stored all the same. STATUS_NOT_REACHED says that a cap of the companion's own has
 * come: the sweep ends as at one of its own caps. A companion may change the link's state.
 */
struct sweep_companion {
    void *self;
    enum status (*round_begin)(void *self, int64_t round, struct error *error);
    enum status (*round_end)(void *self, int64_t round, struct error *error);
    bool passive; /* it only looks: no link is set, and samples need not be stored before */
};

enum { SWEEP_MAX_COMPANIONS = 4 };

struct sweep {
    const struct campaign_config *config;
    struct store *store;
    int64_t campaign_id;
    struct place *places; /* n_places, their targets' ids set */
    size_t n_places;
    struct linkcontrol *link; /* what sets config->link_states; NULL: the link stays as it is */
    FILE *progress;           /* and warnings; NULL: silent */
    int64_t (*now_ns)(void *clock); /* the time, for places that simulate it; NULL: clock_ns */
    void *clock;
    struct sweep_companion companions[SWEEP_MAX_COMPANIONS]; /* n_companions */
    size_t n_companions;
};

struct sweep_result {
    uint64_t n_samples, n_failed, n_outliers;
    uint64_t n_failures[N_FAILURES]; /* the failed by kind */
    struct error last_failure;       /* target, kind and why of the last one; "": none failed */
    uint64_t n_rounds;
    char aim[200];         /* the break-even that is known least well, ... */
    double aim_half_width; /* ... its relative half width, ... */
    bool aim_reached;      /* ... and whether all are as asked; "": none was aimed at */
    /* pairs of target and length (and link state) whose interval is too wide; of targets that a
     * break-even was aimed at with, these instead */
    uint64_t n_not_converged;
    double elapsed_s;
};

/*
 * With a link every endpoint is measured in every of its states (in each round of a plain sweep);
 * what is stored of a length's convergence is that of all its states together.
 * Goes on from what the campaign holds. Samples are written once a second and at the end, between
 * inferences.
 * STATUS_OK: every stop rule was reached.  STATUS_NOT_REACHED: a cap on samples or time came first,
 * or a signal; everything measured is stored.  STATUS_IO and others: the same is true of what was
 * written before.
 */
enum status sweep_run(struct sweep *sweep, struct sweep_result *result, struct error *error);

#endif
