// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a product believes of its link from what it sees: rules that differ in how they make a round
 * trip of the answers to its requests. The tracker of runtime/rnnmap_link.h has one state for the
 * round trip and one for the time per byte in either direction; to the other rules times per byte
 * are smoothed (an eighth of the difference) and forgotten after a minute.
 *
 * Times are the link's clock's, in seconds; it need not be that of the requests
 * (evaluator/ledger.h).
 *
 * Life cycle: belief_start; belief_see, belief_keep and belief_view as things happen. A plain
 * value.
 */
#ifndef EVALUATOR_BELIEF_H
#define EVALUATOR_BELIEF_H

#include "fitter/cost.h"
#include "runtime/rnnmap_link.h"

#include <stdbool.h>

/* An answer, or that none came. */
struct sight {
    double clock_s;        /* when it was there */
    double elapsed_s;      /* since the request was made */
    struct cost_link link; /* as it shows; infinite and unknown figures tell nothing */
    bool failed;           /* then no round trip is shown */
};

/* What is believed at some time. */
struct belief_view {
    struct cost_link decide;   /* to decide with; rtt_s is INFINITY: nothing is to be sent */
    struct cost_link believed; /* what an answer is expected to show */
    struct cost_link
        seen; /* last, were it as young as the last answer: who sends against it probes */
};

struct belief;

struct belief_rule {
    void (*see)(struct belief *belief, const struct sight *sight);
    /* Fills in the round trips; the tracker the times per byte as well. */
    void (*view)(const struct belief *belief, double clock_s, struct belief_view *view);
};

extern const struct belief_rule belief_tracker, /* runtime/rnnmap_link.h, as products compile it */
    belief_last,                                /* the last answer */
    belief_mean,                                /* the mean of all answers */
    belief_rfc6298,  /* SRTT of RFC 6298, 2.2 and 2.3: the first answer, an eighth of later ones */
    belief_smoothed; /* the same from the design link; forgotten after a minute */

struct belief {
    const struct belief_rule *rule;
    struct cost_link link, design;
    double seen_s; /* when something was last seen; -INFINITY: never */
    double n_seen; /* answers */
    bool down;     /* the last request failed; only some rules look at it */
    struct rnnmap_link tracker, up_tracker, down_tracker;
};

void belief_start(struct belief *belief, const struct belief_rule *rule,
                  const struct cost_link *design);

/* A request was answered or failed. */
void belief_see(struct belief *belief, const struct sight *sight);

/* A request ran on the device, which cost as much as a round trip, or times per byte, of so much by
 * themselves; INFINITY: they cost nothing. */
void belief_keep(struct belief *belief, const struct cost_link *worth);

struct belief_view belief_view(const struct belief *belief, double clock_s);

#endif
