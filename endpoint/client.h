// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A client of the Open Inference Protocol, version 2, over HTTP: one warm connection to one model
 * of one server, and where wanted a new one for each inference, every part of a request timed.
 *
 * A signal (base/stop.h) ends a request within a second, with STATUS_INTERRUPTED: no failure of the
 * server's.
 *
 * Life cycle: client_open (asks the server for the model's metadata), then any number of
 * client_probe, client_prepare and client_infer, client_close. One thread at a time per client.
 */
#ifndef ENDPOINT_CLIENT_H
#define ENDPOINT_CLIENT_H

#include "base/status.h"
#include "endpoint/client_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a request failed, as stored with its sample. */
enum client_failure {
    CLIENT_NO_FAILURE,
    CLIENT_CONNECT, /* no connection, or it broke off before the answer was whole */
    CLIENT_TLS,
    CLIENT_TIMED_OUT,
    CLIENT_HTTP,     /* a status that is not 200 */
    CLIENT_PROTOCOL, /* 200, but not the protocol's answer */
    N_CLIENT_FAILURES
};
/* "connect", "tls", "timeout", "http", "protocol"; NULL for CLIENT_NO_FAILURE. */
const char *client_failure_name(enum client_failure failure);

/* One request. Times in ns; -1 where unknown. total = from before the request's message was
 * written to after the answer's tensor was read. */
struct client_timing {
    int64_t total_ns;
    int64_t connect_ns; /* TCP, without the look-up of the name; 0 on a connection that was open */
    int64_t tls_ns;     /* 0 without TLS or on an open connection */
    int64_t send_ns;    /* from the connection being ready to the last byte handed to the kernel */
    int64_t wait_ns;    /* to the first byte of the answer */
    int64_t receive_ns; /* to the last byte of the answer */
    int64_t server_ns;  /* the server's own report: Server-Timing (queue and infer), else what its
                           statistics extension counted meanwhile (queue and compute_*), if that
                           was this request alone */
    uint64_t bytes_up, bytes_down; /* HTTP heads and bodies as on the wire (chunks with their
                                      framing), without TCP/IP and TLS; with HTTP/2 what TCP
                                      carried, TLS included */
    enum client_failure failure;
};

struct client;

/* STATUS_IO: no connection.  STATUS_TIMEOUT.  STATUS_PROTOCOL: the server does not speak the
 * protocol, has no such model, or one whose inputs we cannot make (client_config's inputs help).
 * STATUS_INVALID: not a URL, or no model named.  STATUS_NOT_FOUND: no such variable for a token.
 * Messages name the URL. The strings of the configuration are copied. */
enum status client_open(const struct client_config *config, struct client **client,
                        struct error *error);

/* The round trip of a tiny request (v2/health/live) on the warm connection, in ns: from before its
 * first byte is written to its answer's last byte read. Opens the connection first, unmeasured, if
 * it was closed. */
enum status client_probe(struct client *client, int64_t *rtt_ns, struct error *error);

/* The bytes of the last successful probe and of its answer; 0 before the first. They take their
 * time on a slow link, too. */
void client_probe_bytes(const struct client *client, uint64_t *up, uint64_t *down);

/* Makes the inputs of length n (1..): seeded values, the same for the same seed and n.
 * STATUS_INVALID: n is 0, or too long for a message of 64 MiB. */
enum status client_prepare(struct client *client, uint32_t n, struct error *error);

/* Sends the prepared input, once, and reads the answer; where the server does not say in its answer
 * how long it took but keeps statistics, they are asked for on the warm connection just before and
 * after all later requests, in no figure. *timing is filled in either case; on failure its
 * `failure` says which kind. STATUS_IO: no connection, or it broke off, or the one that was kept
 * turns out to be closed when the request is on its way.  STATUS_TIMEOUT.  STATUS_PROTOCOL: not
 * status 200, not the protocol's answer, or one over 64 MiB.  STATUS_MISUSE: no input prepared. */
enum status client_infer(struct client *client, struct client_timing *timing, struct error *error);

/* After a successful client_infer: the first output tensor as floats, row-major, all dimensions
 * flattened; of texts none. Valid until the next client_infer. */
const float *client_output(const struct client *client, size_t *n_values);

/* After a successful client_infer: how many values the first output holds, where the model's
 * metadata leaves its size open beyond the batch: of a network that writes a sequence, that
 * sequence's length. -1: the size is fixed, not announced, or of texts. */
int64_t client_output_length(const struct client *client);

/* "SERVER VERSION" from the server's metadata, "" when it does not say. Valid until client_close.
 */
const char *client_server(const struct client *client);

/* Names and versions of the libraries behind the client ("libcurl 7.88.1"), constant. */
const char *client_library_version(void);

void client_close(struct client *client);

#endif
