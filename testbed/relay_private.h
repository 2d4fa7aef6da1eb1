// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the files of the relay share: relay.c listens, runs and ends; connection.c begins and ends
 * one connection; flow.c moves the bytes of one direction of it; turns.c decides whose bytes enter
 * the link next; state.c changes what the link is like.
 *
 * A connection is never freed inside a function that was handed one of its flows: it is marked
 * `closed`, and freed by the relay between two rounds of the event loop.
 */
#ifndef TESTBED_RELAY_PRIVATE_H
#define TESTBED_RELAY_PRIVATE_H

#include "testbed/address.h"
#include "testbed/arrival.h"
#include "testbed/congestion.h"
#include "testbed/delayline.h"
#include "testbed/punctual.h"
#include "testbed/relay.h"

#include <event2/event.h>

enum socket_role { SOCKET_CLIENT, SOCKET_SERVER, N_SOCKETS };

/* One direction of one connection. */
struct flow {
    struct connection *connection;
    enum link_direction direction;
    enum socket_role from, to;
    struct delayline line;
    struct congestion congestion; /* only with slow start */
    int64_t opens_ns;             /* nothing enters the link before; INT64_MAX: a bandwidth is 0 */
    int64_t reads_ns;      /* since when it is read; what lay in the kernel before enters then */
    int64_t owed_until_ns; /* it was kept waiting too long: until then its bytes are not late */
    int64_t rings_ns;      /* what the timer was set to; 0: it waits in the loop or is not set */
    bool open;             /* opens_ns is past */
    bool source_done;      /* no more bytes will come: end of stream, or reset */
    bool finished;         /* the end of the stream was handed on, or the receiver is lost */
    bool lost;             /* the receiver is */
    bool cut;              /* the last piece on the way is a reset */
    bool blocked;          /* the receiver's buffer is full */
    bool full;             /* as many bytes on the way as one connection may have */
    int64_t held_ns;       /* since when its congestion window holds it up; 0: it does not */
    bool waits;            /* in the relay's queue of flows whose bytes cannot enter yet */
    struct flow *next;     /* in that queue */
    struct event *readable, *writable, *timer;
};

struct connection {
    struct relay *relay;
    int sockets[N_SOCKETS]; /* -1: none */
    bool connected;         /* to the server */
    bool closed;
    bool answered; /* bytes came down since its last request */
    int64_t asked_ns;
    struct flow flows[N_LINK_DIRECTIONS];
    struct connection *previous, *next; /* the relay's list */
};

struct relay {
    struct relay_options options;
    struct address listens_on, server;
    char address[ADDRESS_TEXT_SIZE], server_text[ADDRESS_TEXT_SIZE];
    struct link link;
    struct play play;
    struct played played;
    int64_t started_ns; /* time 0 of what is played */
    struct event *changes;
    bool ended;    /* the trace has, and that was said */
    struct turns { /* flows that wait until bytes may enter the link */
        struct relay *relay;
        enum link_direction direction;
        struct flow *first, *last;
        struct event *timer;
    } turns[N_LINK_DIRECTIONS];
    struct punctual punctual;
    struct arrival_clock arrival;
    struct event_base *base;
    int listener;
    struct event *acceptable, *accept_again, *signals[2];
    struct connection *connections, *closed;
    bool stopped;
    struct relay_statistics statistics;
};

/* flow.c */

/* Prepares one direction of a connection whose sockets are there; nothing moves before
 * flow_deliver. STATUS_NO_MEMORY: flow_stop is still due. */
enum status flow_start(struct flow *flow, struct connection *connection,
                       enum link_direction direction, struct error *error);

/* Gives its events and its bytes back; the flow must not be used again. */
void flow_stop(struct flow *flow);

enum flow_read { FLOW_MORE, FLOW_EMPTY, FLOW_SHUT };

/* When bytes that are read enter the link: when they arrived at the socket, or at `unknown_ns`
 * where the kernel does not tell; in any case not before `earliest_ns` nor after `latest_ns`. */
struct entry {
    int64_t earliest_ns, latest_ns, unknown_ns;
};

/* Takes up to `room` bytes.
 * FLOW_MORE: took all it could, there may be more.  FLOW_EMPTY: took what there was.
 * FLOW_SHUT: must not be read again before flow.c says so; the connection may be closed. */
enum flow_read flow_take(struct flow *flow, size_t room, const struct entry *entry);

/* Hands on what has left the link, and sets the timer for what is still on it. */
void flow_deliver(struct flow *flow);

/* The connection to the server is there. */
void flow_connected(struct flow *flow);

/* The flow's source was cut: a reset travels behind what is on the way. */
void flow_reset(struct flow *flow, int64_t leave_ns);

/* The link has changed at `at_ns`: what is on the way is told its new times. */
void flow_retime(struct flow *flow, int64_t at_ns);

/* relay.c */

/* Sets a timer to ring at a time of clock_ns. Past times ring at once. */
void relay_timer(struct event *timer, int64_t at_ns);

/* Tells the options' remark. */
void relay_remark(const struct relay *relay, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* connection.c */

/* A client was accepted at `asked_ns`: owns the socket from now on and closes it whatever happens.
 */
void connection_start(struct relay *relay, int client, int64_t asked_ns);

/* The connect to the server has come to an end, well or badly. */
void connection_answered(struct connection *connection);

/* Closes the sockets, with a reset when asked; the memory goes with connection_sweep. */
void connection_close(struct connection *connection, bool reset);

/* Frees the closed connections; no callback of theirs may be running. */
void connection_sweep(struct relay *relay);

/* A source of bytes must not hold more of them in its kernel than on a real network: for a socket
 * before it connects or listens, and again (connection_fit_source) when the rate has changed. */
void connection_prepare_source(const struct relay *relay, int fd, enum link_direction direction);
void connection_fit_source(const struct relay *relay, int fd, enum link_direction direction);

/* state.c */

/* The play is at its beginning and the link in its first state; nothing moves before state_run. */
void state_start(struct relay *relay);

/* Time 0 of what is played is now. STATUS_NO_MEMORY. */
enum status state_run(struct relay *relay, struct error *error);

/* Changes that are due take place. */
void state_catch_up(struct relay *relay);

/* A client makes a request: its bytes have not been taken yet. */
void state_request(struct relay *relay);

/* turns.c */

/* The socket has bytes: takes them now, or when it is this flow's turn. */
void turns_arrived(struct flow *flow);

/* The flow begins: as turns_arrived, for what was sent before `opens_ns`, if anything. */
void turns_opened(struct flow *flow);

/* The flow is going away. */
void turns_leave(struct flow *flow);

/* The rate has changed: serves them soon, if they can be served. */
void turns_again(struct turns *turns);

/* Serves the flows that wait. A libevent callback; `turns` is a struct turns. */
void turns_serve(int fd, short what, void *turns);

#endif
