// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A link between a client and a server as arithmetic on times and bytes: no sockets, no clock.
 * "k bytes enter at time t in direction d: when do they leave at the other end?"
 *
 * The model. Each direction is one first-in-first-out queue in front of a line. Bytes are put on
 * the line one after the other at the direction's rate, whichever connection they belong to, and
 * then travel for half a round trip:
 *
 *     done  = max(entered, done of the bytes before) + 8 * bytes / rate
 *     leave = max(done + round_trip / 2, leave of the bytes before)
 *
 * The rate counts payload: headers cost nothing. A new connection carries its first byte one round
 * trip after it was asked for (SYN and SYN-ACK), the server's half a round trip later (ACK).
 *
 * A change of the state tells what is queued still, but not on the line yet, new times: those that
 * it would have had were the rate known in advance (a backlog of B bytes at the change is gone
 * after 8 * B / new rate). What is on the line keeps its time. At rate 0 the queue stands still,
 * marks included, until the rate changes.
 *
 * The queue is short on purpose (link_room): whoever feeds the link holds its bytes back while the
 * queue is full, so that a sender is slowed down to the rate instead of believing its bytes sent.
 *
 * Life cycle: link_init; then link_room, link_send in order of time; link_change at any moment,
 * and after it link_retime for everything on the way.
 * Thread rule: a link belongs to one thread. Units: ns on one clock, bit/s, bytes.
 */
#ifndef TESTBED_LINK_H
#define TESTBED_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum link_direction { LINK_UP, LINK_DOWN, N_LINK_DIRECTIONS }; /* up: from client to server */

enum {
    LINK_SEGMENT_BYTES = 1460,           /* payload of a full Ethernet frame */
    LINK_PIECE_BYTES = 64 * 1024,        /* most bytes that travel as one */
    LINK_WINDOW_BYTES = 16 * 1024 * 1024 /* most bytes of one connection on the way */
};

/* What a link is like now. */
struct link_state {
    int64_t round_trip_ns;
    double rate_bit_s[N_LINK_DIRECTIONS]; /* INFINITY: unlimited; 0: nothing enters */
};

struct link {
    struct link_state now;
    struct link_queue {
        int64_t done_ns;      /* when the last byte that entered is on the line */
        double carry_ns;      /* the fraction of a nanosecond that done_ns leaves out */
        int64_t leave_ns;     /* when it leaves at the other end */
        struct link_stretch { /* what the last change did to times after `from_ns` */
            int64_t from_ns, to_ns;
            double factor;
        } stretch;
        int64_t stood_ns;  /* at rate 0: since when */
        double stood_rate; /* at rate 0: the rate before */
    } queues[N_LINK_DIRECTIONS];
};

/* When bytes are on the line, and when they leave at the other end (INT64_MAX: not as things are,
 * the rate is 0). */
struct link_times {
    int64_t done_ns, leave_ns;
};

/* An empty link in that state. */
void link_init(struct link *link, const struct link_state *state);

/* Changes the state from `at_ns` on. */
void link_change(struct link *link, int64_t at_ns, const struct link_state *state);

/* The times of bytes (or a mark) after the last link_change; `times` as they were before it, what
 * link_send or link_retime told last. Returns whether they changed. The caller keeps the order of
 * what must not overtake: a shorter round trip can tell later bytes an earlier time to leave than
 * those have that are on the line already. */
bool link_retime(const struct link *link, enum link_direction direction, struct link_times *times);

/* The earliest time at which a connection asked for at `asked_ns` can carry bytes in `direction`;
 * INT64_MAX while a rate is 0, where the handshake cannot pass. */
int64_t link_open_ns(const struct link *link, enum link_direction direction, int64_t asked_ns);

/* How many bytes may enter at `at_ns`: 0 when the queue is more than half full, SIZE_MAX when the
 * rate is unlimited. The queue holds 4 ms of the rate, at least two segments. */
size_t link_room(const struct link *link, enum link_direction direction, int64_t at_ns);

/* The earliest time at which link_room is not 0; INT64_MAX at rate 0. */
int64_t link_room_ns(const struct link *link, enum link_direction direction);

/* When the line is or was idle: the last byte that entered is on its way. INT64_MIN: always was. */
int64_t link_idle_ns(const struct link *link, enum link_direction direction);

/* Lets `n_bytes` enter at `entered_ns`; 0 bytes: a mark, such as the end of a stream.
 * Returns the times of the last of them; they leave never earlier than what an earlier call for
 * that direction returned. The rate must not be 0 unless n_bytes is. */
struct link_times link_send(struct link *link, enum link_direction direction, int64_t entered_ns,
                            size_t n_bytes);

/* The most bytes that should travel as one: 1 ms of the rate, in 1460 .. LINK_PIECE_BYTES. */
size_t link_piece(const struct link *link, enum link_direction direction);

/* The most bytes of one connection that may be on the way in one direction: the bandwidth-delay
 * product and the queue, in LINK_PIECE_BYTES .. LINK_WINDOW_BYTES. */
size_t link_window(const struct link *link, enum link_direction direction);

#endif
