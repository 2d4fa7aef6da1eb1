// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the files of the sweep share: its pairs (sweep_pairs.c), one sample of one of them with
 * all that the link and failures ask for (sweep_sample.c), and the rounds (sweep.c).
 */
#ifndef PROFILER_SWEEP_PRIVATE_H
#define PROFILER_SWEEP_PRIVATE_H

#include "base/progress.h"
#include "fitter/interval.h"
#include "profiler/linkwatch.h"
#include "profiler/sweep.h"

/* One pair of target and length, in one link state, and what is known of it. */
struct pair {
    uint32_t place, length;
    int state;             /* index into the campaign's link states; -1: none */
    struct running times;  /* of successful samples, ns */
    struct running remote; /* the same without the round trip measured before each */
    struct running costs;  /* seconds from one sample to the next, failed attempts included */
    bool settled;          /* has reached its own stop rule */
    int64_t attempted;     /* the round of the last attempt ... */
    uint32_t n_attempts;   /* ... and how many it holds */
};

/* Samples on their way into the store. */
enum { SWEEP_BATCH = 4096 };
struct sweep_batch {
    struct sample *samples; /* SWEEP_BATCH */
    size_t n;
    struct counter_reading *readings; /* n_readings for each of the samples; NULL: none */
    size_t n_readings;
    int64_t flushed_ns;
};

struct sweep_state {
    struct sweep *sweep;
    struct pair *pairs; /* n_pairs, place-major, then lengths ascending, then link states */
    size_t n_pairs;
    size_t n_states;           /* link states; 0: the link stays as it is */
    int in_force;              /* the link state now; -1: none of them */
    struct linkwatch *watches; /* place-major, of each link state */
    bool warned;
    struct sweep_batch batch;
    int64_t started_ns, now_ns; /* now: behind the last sample */
    int64_t round;
    unsigned failures_in_a_row[CONFIG_MAX_ENDPOINTS + 1]; /* by place */
    struct progress progress;
    int64_t told_ns;
    double share_before; /* of the work, done before this run */
    struct sweep_result *result;
};

/* ---- pairs (sweep_pairs.c) */

/* Makes the pairs and recalls what is stored of them. */
enum status sweep_pairs_make(struct sweep_state *state, struct error *error);
void sweep_pairs_free(struct sweep_state *state);

/* Takes a successful sample in. */
void sweep_pair_add(struct pair *pair, const struct sample *sample);

/* Notes which pairs have reached their stop rule; those that have not. */
size_t sweep_pairs_settle(struct sweep_state *state);

/* The index behind the pairs of one target and length that begin at `first`. */
size_t sweep_pairs_end_of_length(const struct sweep_state *state, size_t first);

/* The share of the samples asked for that are there, 0..1, each pair weighed by its time. */
double sweep_pairs_share(const struct sweep_state *state);

/* Counts and stores which target and length has reached its stop rule. */
enum status sweep_pairs_store(struct sweep_state *state, struct error *error);

/* ---- one sample (sweep_sample.c) */

enum status sweep_batch_open(struct sweep_state *state, struct error *error);
void sweep_batch_close(struct sweep_state *state);

/* The sweep's clock. */
int64_t sweep_now(const struct sweep_state *state);

/* One sample of a pair, tried again when it fails; every attempt is stored. */
enum status sweep_sample(struct sweep_state *state, struct pair *pair, struct error *error);

/* Writes what is in the batch. */
enum status sweep_flush(struct sweep_state *state, struct error *error);

/* Warns, once, when some endpoint's round trips are not those of the link state. */
void sweep_compare_round_trips(struct sweep_state *state);

#endif
