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

/* What a sample knows of its link, as a number: samples of one kind take part together or not at
 * all. At most one kind takes part, since what it knows has to be all that any sample knows. */
enum { LINK_KINDS = 32 };
unsigned link_kind(const struct observation *o);

/* Fills target->link from how many samples of each kind there are; of the device itself it stays
 * {0}. */
void link_terms_count(struct dataset_target *target, const uint64_t n_of_kind[LINK_KINDS]);

/* The same from the target's observations. */
void link_terms_find(struct dataset_target *target);

enum link_reason link_terms_reason(const struct link_terms *terms, const struct observation *o);
enum link_reason link_terms_reason_of_kind(const struct link_terms *terms, unsigned kind);

/* The elapsed time less one round trip and the time of the bytes, as far as the sample knows them:
 * of one that takes part, its remote time on one round trip. */
double link_free_s(const struct observation *o);

/* u*bytes_up + d*bytes_down in s, of a sample that takes part. */
double link_terms_bytes_s(const struct link_terms *terms, const struct observation *o);

/* Its measured round trip in s; 0 where the endpoint has none. */
double link_terms_rtt_s(const struct link_terms *terms, const struct observation *o);

#endif
