// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the link plays: the states of a source (records/link_source.h), jitter and outages on top
 * of it, and what somebody has set instead. No sockets, no clock: "what is the link like at t?"
 *
 * - Requests. Columns with slow rows, or all with PACE_REQUEST, advance by the request: the first
 *   request finds the source's first state, each further one the next.
 * - Jitter. With each request a number z is drawn from the standard normal distribution; until the
 *   next one the round trip is max(0, r + jitter * z), where r is the source's. A request and its
 *   answer thus see one round trip, whose standard deviation around r is the jitter's.
 * - Outages. Good times and outages follow one another, each exponentially distributed with its
 *   mean; the first good time begins at 0. During an outage both bandwidths are 0; the source goes
 *   on meanwhile.
 * - What is set is so exactly: no jitter on a round trip that was set, no outage of a bandwidth
 *   that was. The source goes on unseen.
 *
 * The same options give the same states at the same times and requests. Jitter and outages draw
 * from streams of their own, so that neither changes what the source does.
 *
 * Life cycle: play_start; the source must outlive it. Thread rule: one thread.
 */
#ifndef TESTBED_PLAY_H
#define TESTBED_PLAY_H

#include "base/random.h"
#include "records/link_source.h"
#include "testbed/link.h"

#include <stdbool.h>
#include <stdint.h>

/* Below the first a bandwidth is an outage (it has a full packet on the line for over three hours),
 * from the second on it is unlimited. */
#define PLAY_LEAST_BIT_S     1.0
#define PLAY_UNLIMITED_BIT_S 1e12

struct play_options {
    const struct link_source *source;
    uint64_t seed;
    enum link_pace pace;
    bool once;                           /* traces are played once, not in a loop */
    double jitter_s;                     /* standard deviation of the round trip; 0: none */
    double outage_every_s, outage_for_s; /* means; 0: none */
};

struct play {
    struct play_options options;
    struct link_player player;
    struct random jitter, outages;
    double deviate; /* z */
    bool out;
    double turns_s; /* when an outage begins or ends; INFINITY: never */
    double now_s;
    uint64_t n_requests;
    double set[N_LINK_COLUMNS]; /* NAN: plays */
};

/* At time 0. */
void play_start(struct play *play, const struct play_options *options);

/* Goes on to `t_s` (not before the last call's) and says what the link is like then. */
struct link_state play_at(struct play *play, double t_s);

/* A request is made now. */
void play_request(struct play *play);

/* When play_at will next say something else, if nothing is requested or set; INFINITY: never. It
 * may say the same all the same. */
double play_next_s(const struct play *play);

/* From now on the column is `value` (seconds, bit/s; 0: nothing moves; INFINITY: unlimited). */
void play_set(struct play *play, enum link_column column, double value);

/* Back to the source, as if nothing had been set. */
void play_release(struct play *play);

/* Whether every trace was played to its end. */
bool play_ended(const struct play *play);

#endif
