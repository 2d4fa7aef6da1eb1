// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the link to a server is like, without a model: the round trip of a tiny request
 * (v2/health/live) on a warm connection, and how long so many bytes take up and down.
 *
 * Life cycle: prober_open, any number of requests, prober_close. One thread at a time per prober.
 */
#ifndef ENDPOINT_PROBER_H
#define ENDPOINT_PROBER_H

#include "endpoint/client.h"

struct prober;

/* Of `config` counts what leads to the server, and its model: transfers up go to its inference
 * path, with a body that it will refuse; NULL: to v2/health/live. Nothing is sent yet.
 * STATUS_INVALID: not a URL.  Else as client_open. */
enum status prober_open(const struct client_config *config, struct prober **prober,
                        struct error *error);

/* As client_probe; *failure says which kind where it failed. */
enum status prober_round_trip(struct prober *prober, int64_t *rtt_ns, enum client_failure *failure,
                              struct error *error);

struct prober_transfer {
    int64_t elapsed_ns; /* from before the request's first byte to after the answer's last */
    uint64_t n_bytes;   /* heads and body of the long side, as on the wire */
};

/*
 * Sends a request with a body of n bytes that do not compress, n_bytes in all, which the server
 * answers when it has read them, whatever its answer is.
 * STATUS_UNSUPPORTED: it answered before, or refuses so much.  Else as client_infer.
 */
enum status prober_send(struct prober *prober, size_t n, struct prober_transfer *transfer,
                        struct error *error);

/* Asks for so many bytes, at a path that rnnserve has (v2/rnnmap/filler/N).
 * STATUS_UNSUPPORTED: the server has nothing there.  Else as client_infer. */
enum status prober_receive(struct prober *prober, size_t n, struct prober_transfer *transfer,
                           struct error *error);

void prober_close(struct prober *prober);

#endif
