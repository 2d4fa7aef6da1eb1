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
 *   takes no bytes while the link's queue is full, keeps its own receive buffers small and
 *   announces the segment size of Ethernet, so that the client's kernel buffers about as much as
 *   on a real network and not the megabytes of a loopback.
 * - An end of stream and a reset travel like bytes. A server that cannot be reached resets the
 *   client one round trip after the connect.
 * - No slow start, no loss, no headers.
 *
 * Life cycle: relay_open (it listens from then on), relay_run, relay_statistics, relay_close.
 * Thread rule: one thread; relay_run takes SIGINT and SIGTERM, so one relay a process runs at a
 * time.
 */
#ifndef TESTBED_RELAY_H
#define TESTBED_RELAY_H

#include "base/status.h"
#include "testbed/link.h"
#include "testbed/tally.h"

#include <stddef.h>
#include <stdint.h>

struct relay;

struct relay_options {
    const char *listen, *to; /* ADDR:PORT */
    struct link_state link;
    uint64_t max_connections; /* at once; more are reset */
    /* Is told, in one line, what went wrong with a connection; NULL: nobody is. */
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

/* Relays until SIGINT or SIGTERM. STATUS_OK: it did.  STATUS_EXTERNAL: libevent failed. */
enum status relay_run(struct relay *relay, struct error *error);

/* Valid until relay_close. */
const struct relay_statistics *relay_statistics(const struct relay *relay);

/* Cuts all connections. A NULL relay is allowed. */
void relay_close(struct relay *relay);

#endif
