// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A TCP relay that puts a link (testbed/link.h) between its clients and one server.
 *
 * What is charged where:
 * - Bytes enter the link when the relay takes them from the kernel and are handed to the kernel
 *   at the other end when the link says so. All connections share the link.
 * - A relay in user space cannot delay a connect(): the kernel accepts at once, so a client sees a
 *   connect time near 0. The handshake is charged instead to the first byte: nothing is taken
 *   from a connection before one round trip (from the server: one and a half) after it was
 *   accepted. A client that waits longer than that before it sends pays nothing more, as on a
 *   real link.
 * - A client's send time is that of the rate, less what its kernel takes in advance. The relay
 *   takes no bytes while the link's queue is full, offers its peers small windows and
 *   announces the segment size of Ethernet, so that the client's kernel buffers about as much as
 *   on a real network and not the megabytes of a loopback.
 * - An end of stream and a reset travel like bytes. A server that cannot be reached resets the
 *   client one round trip after the connect.
 * - What the link is like may change (testbed/play.h), at its time or with a request. What makes a
 *   request is that bytes go up after bytes came down; a connection's first one is made when it is
 *   accepted, so that its handshake and its first bytes find the same state. All connections count.
 * - While a bandwidth is 0 nothing enters the link that way and nothing is put on the line; a
 *   handshake begins when both ways are open. What is on the line already arrives.
 * - Slow start where asked for (testbed/congestion.h): of each connection and direction no more is
 *   on its way or unacknowledged than its window.
 * - No loss, no headers.
 *
 * Life cycle: relay_open (it listens and plays from then on), relay_run, relay_statistics,
 * relay_close. relay_set, relay_release, relay_stop: between the first and the last of these, from
 * inside relay_run's callbacks too.
 * Thread rule: one thread; relay_run takes SIGINT and SIGTERM, so one relay a process runs at a
 * time.
 */
#ifndef TESTBED_RELAY_H
#define TESTBED_RELAY_H

#include "base/status.h"
#include "testbed/link.h"
#include "testbed/play.h"
#include "testbed/played.h"
#include "testbed/tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct event_base;
struct relay;

struct relay_options {
    const char *listen, *to; /* ADDR:PORT */
    struct play_options play;
    bool slow_start;
    bool settable;            /* relay_set will be used */
    FILE *log;                /* gets the states played, as a trace; NULL: no log */
    uint64_t max_connections; /* at once; more are reset */
    /* Is told, in one line, what went wrong with a connection, and that the trace has ended; NULL:
     * nobody is. */
    void (*remark)(void *context, const char *line);
    void *context;
};

/* What the relay did, counted since relay_open. Pieces are what travels as one: 1 ms of the rate.
 * `asked` is from the moment a piece was taken to the moment the link lets it leave (queue, rate
 * and half a round trip), `imposed` to the moment at which it really was handed on, `late` the
 * difference. */
struct relay_statistics {
    uint64_t n_connections; /* accepted and given a link */
    uint64_t n_refused;     /* reset because there were max_connections */
    uint64_t n_unreachable; /* reset because the server was */
    uint64_t n_open, most_open;
    uint64_t n_handshakes; /* charged one round trip */
    int64_t handshakes_ns; /* charged, all together */
    uint64_t n_requests;
    uint64_t n_window_waits; /* times that a sender had to wait for an acknowledgement */
    int64_t window_waits_ns; /* all together */
    struct relay_flow_statistics {
        uint64_t n_bytes; /* handed on */
        struct tally asked, imposed, late;
    } flows[N_LINK_DIRECTIONS];
};

/*
 * STATUS_OK: listens on relay_address; *relay belongs to the caller.
 * STATUS_MISUSE: an address is malformed.  STATUS_NOT_FOUND: one cannot be resolved.
 * STATUS_IO: the address to listen on cannot be had.  STATUS_NO_MEMORY, STATUS_EXTERNAL.
 */
enum status relay_open(const struct relay_options *options, struct relay **relay,
                       struct error *error);

/* Where it listens, with the port that was picked: "127.0.0.1:8000". */
const char *relay_address(const struct relay *relay);

/* Relays until SIGINT, SIGTERM or relay_stop. STATUS_OK: it did.  STATUS_EXTERNAL: libevent failed.
 */
enum status relay_run(struct relay *relay, struct error *error);

/* What the link is like now. */
const struct link_state *relay_state(const struct relay *relay);

/* From now on the columns are as said (seconds, bit/s; NAN: no change). */
void relay_set(struct relay *relay, const double values[N_LINK_COLUMNS]);

/* Back to what the options have it play. */
void relay_release(struct relay *relay);

/* relay_run returns. */
void relay_stop(struct relay *relay);

/* The loop that relay_run runs, for events of others. */
struct event_base *relay_events(struct relay *relay);

/* Valid until relay_close. */
const struct relay_statistics *relay_statistics(const struct relay *relay);

/* The states that it went through, complete when relay_run has returned. */
const struct played *relay_played(const struct relay *relay);

/* Cuts all connections. A NULL relay is allowed. */
void relay_close(struct relay *relay);

#endif
