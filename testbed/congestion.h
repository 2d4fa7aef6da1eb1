// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Slow start: how many bytes one direction of a connection may have in flight, as arithmetic on
 * times and bytes. A byte is in flight from when it enters the link until its acknowledgement is
 * back, half a round trip after it left the link.
 *
 * - The window is CONGESTION_INITIAL_BYTES at first (RFC 6928, 10 segments).
 * - It grows by the bytes that are acknowledged (RFC 5681, section 3.1, with L unbounded as in RFC
 *   3465), so it doubles each round trip; not, however, above twice the most that was in flight
 *   since nothing was (a sender that does not use its window does not widen it: RFC 7661, and as
 *   Linux does it).
 * - It falls back to its first value when nothing was sent for longer than a retransmission
 *   time-out (RFC 5681, section 4.1): the round trip and 200 ms, Linux's time-out on a link whose
 *   round trip is steady.
 * - There is no loss, so there is nothing that ends slow start.
 *
 * B bytes that are there at once therefore take ceil(log2(B / initial + 1)) flights, one round trip
 * apart, over a link that limits nothing else.
 *
 * Life cycle: congestion_init; congestion_room, congestion_send, congestion_left; congestion_free.
 * Thread rule: one thread.
 */
#ifndef TESTBED_CONGESTION_H
#define TESTBED_CONGESTION_H

#include "base/status.h"
#include "testbed/link.h"

#include <stddef.h>
#include <stdint.h>

enum { CONGESTION_INITIAL_BYTES = 10 * LINK_SEGMENT_BYTES, CONGESTION_LEAST_RTO_NS = 200000000 };

struct congestion {
    size_t window, flight, most; /* most: that was in flight since nothing was */
    int64_t sent_ns;             /* when bytes were sent last */
    struct acknowledgement {
        int64_t at_ns;
        size_t n_bytes;
    } * coming; /* a queue of n_coming from `first` on, in order of time */
    size_t first, n_coming, capacity;
};

void congestion_init(struct congestion *congestion);

/* How many bytes may be sent at `now_ns`, when everything acknowledged until then is counted. */
size_t congestion_room(struct congestion *congestion, int64_t now_ns, int64_t round_trip_ns);

/* `n_bytes` enter the link. */
void congestion_send(struct congestion *congestion, int64_t entered_ns, size_t n_bytes);

/* `n_bytes`, the next in order, have left the link: their acknowledgement comes at `back_ns`.
 * STATUS_NO_MEMORY: nothing changed. */
enum status congestion_left(struct congestion *congestion, int64_t back_ns, size_t n_bytes,
                            struct error *error);

/* When the next acknowledgement comes that congestion_room has not counted; INT64_MAX: none. */
int64_t congestion_next_ns(const struct congestion *congestion);

void congestion_free(struct congestion *congestion);

#endif
