// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The reference server: engines behind the Open Inference Protocol, version 2, over HTTP/1.1, with
 * TLS or without.
 *
 *   GET  v2, v2/health/live, v2/health/ready
 *   GET  v2/models/M[/versions/1], v2/models/M[/versions/1]/ready
 *   GET  v2/models/M[/versions/1]/stats, v2/models/stats
 *   POST v2/models/M[/versions/1]/infer
 *   POST v2/repository/index
 *   GET  metrics, for Prometheus
 *
 * Tensors are JSON or, after the binary tensor data extension, bytes behind it, each way as the
 * request has and wants it.
 *
 * So many inferences as there are workers run at a time, whichever model they are of; the others
 * wait in turn, and everything else is answered meanwhile. An answer to an inference carries
 *
 *   Server-Timing: queue;dur=MS,infer;dur=MS[,prepare;dur=MS]
 *
 * `queue` from the request's last byte to its turn; `infer` the input's copying and the inference;
 * `prepare` what a change of length took, which is none of the two. Reading and writing messages is
 * in no figure: the client sees it. The statistics split `infer` into compute_input and
 * compute_infer; compute_output is the output's writing into the answer; success and fail are from
 * the request's last byte to its answer. Requests that are refused before their turn (by path,
 * head or size) are not counted.
 *
 * With a token, all but v2/health/live and v2/health/ready wants "Authorization: Bearer TOKEN".
 *
 * Whatever is asked amiss gets {"error": ".."} and its status, also what is not HTTP: 400 message,
 * 401 no or another token, 404 path, model or version, 405 method, 408 too slow, 413 size, 414 and
 * 431 size of the head, 415 type, 417, 500 engine, 501, 503 busy, too many connections or ending,
 * 505. Where the next request would begin is then not known, the connection is closed.
 *
 * Life cycle: server_open, server_url and server_reload as long as it runs, server_close.
 * Thread rule: one thread at a time for the functions here.
 */
#ifndef ENDPOINT_SERVER_H
#define ENDPOINT_SERVER_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The strings live as long as the server. */
struct server_config {
    const char *listen;        /* "127.0.0.1:8000", "[::1]:8000"; port 0: one that is free */
    const char *const *models; /* n_models of "NAME=SPEC", SPEC as engine_config_parse wants it */
    size_t n_models;           /* at least 1 */
    uint32_t n_workers;        /* inferences at a time; so many engines of each model are opened */
    uint32_t max_queue;        /* requests that wait for their inference; further ones get 503 */
    uint64_t max_body;         /* bytes of a request's body; all bodies together: four times this */
    uint32_t max_length;       /* time steps of an input */
    uint32_t max_connections;  /* further ones get 503 */
    uint32_t max_per_address;  /* the same of one address; 0: no limit but that of all */
    const char *certificate;   /* files in PEM for TLS, both or none (NULL) */
    const char *key;
    const char *token_file; /* whose line is the bearer token; NULL: none */
    const char *token;      /* the same from RNNSERVE_TOKEN; NULL: none, then anybody may ask */
    const char *access_log; /* a file, or "-" for standard output; NULL: none */
    bool log_to_errors;     /* to standard error instead */
    double head_timeout_s;  /* from a request's first byte to its head's last; and for TLS */
    double timeout_s;       /* from there to the body's last byte; and of a silent connection */
};

/* Limits that suit most, nothing to listen on and no models. */
void server_config_defaults(struct server_config *config);

struct server;

/* Opens the engines, then listens: requests are answered when it returns.
 * STATUS_INVALID: an address, model, limit, token or certificate that makes no sense.  STATUS_IO:
 * the address cannot be listened on, a file not read.  Else what engine_open returned. */
enum status server_open(const struct server_config *config, struct server **server,
                        struct error *error);

/* "http://127.0.0.1:40123", "https://..", valid until server_close. */
const char *server_url(const struct server *server);

/* Reads token, certificate and key again, for connections (and, the token, requests) from now on,
 * and opens the access log anew. As server_open; the old ones stay when it fails. */
enum status server_reload(struct server *server, struct error *error);

/* Accepts no more, gives the requests that are there, or still arriving, `grace_s` to be answered,
 * then refuses those in the queue and ends. An inference that has begun is waited for. */
void server_close(struct server *server, double grace_s);

#endif
