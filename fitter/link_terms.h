// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the link took of one request: round trips and the time of its bytes, and which samples of an
 * endpoint know enough of their link to take part in the fit of the rest, remote_s.
 *
 * What an endpoint's samples know, all of its samples have to know: one without it would carry its
 * link into remote_s. Those are left out and counted by the reason. What no sample knows (imported
 * times, a link whose bandwidth was not set) stays in remote_s for all alike.
 */
#ifndef FITTER_LINK_TERMS_H
#define FITTER_LINK_TERMS_H

#include <stdbool.h>
#include <stdint.h>

struct observation;
struct dataset_target;

/* Why a sample is left out of remote_s. */
enum link_reason {
    LINK_TAKES_PART,
    LINK_NO_RTT,           /* others of its endpoint have a round trip */
    LINK_NO_BANDWIDTH,     /* others know the link's bandwidth in a direction */
    LINK_NO_BYTES,         /* the bandwidth is known, the bytes that passed are not */
    LINK_OTHER_CONNECTION, /* it opened a connection and most others did not, or the reverse */
    N_LINK_REASONS
};

/* "without a round trip", ...: reads on after "12 samples"; constant. */
const char *link_reason_text(enum link_reason reason);

struct link_terms {
    bool rtt, up, down; /* known of some sample */
    bool cold;          /* most samples opened a connection */
    uint64_t n[N_LINK_REASONS];
};

/* Fills target->link from the target's observations; of the device itself it stays {0}. */
void link_terms_find(struct dataset_target *target);

enum link_reason link_terms_reason(const struct link_terms *terms, const struct observation *o);

/* u*bytes_up + d*bytes_down in s, of a sample that takes part. */
double link_terms_bytes_s(const struct link_terms *terms, const struct observation *o);

/* Its measured round trip in s; 0 where the endpoint has none. */
double link_terms_rtt_s(const struct link_terms *terms, const struct observation *o);

#endif
