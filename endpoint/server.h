// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The reference server: engines behind the Open Inference Protocol, version 2, over HTTP/1.1.
 *
 *   GET  v2, v2/health/live, v2/health/ready
 *   GET  v2/models/M[/versions/1], v2/models/M[/versions/1]/ready
 *   GET  v2/models/M[/versions/1]/stats, v2/models/stats
 *   POST v2/models/M[/versions/1]/infer
 *   POST v2/repository/index
 *
 * Tensors are JSON or, after the binary tensor data extension, bytes behind it, each way as the
 * request has and wants it.
 *
 * Two threads: one speaks HTTP and answers everything but inference at once; the other runs one
 * inference after the other, whichever model it is of. An answer to an inference carries
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
 * A bad request gets {"error": ".."} and its status: 400 message, 401 no or another token, 404
 * path, model or version, 405 method, 413 size, 415 type, 500 engine, 503 busy or ending. What is
 * not HTTP at all is answered by the HTTP library, with 400 and a page of its own, or by closing
 * the connection.
 *
 * Life cycle: server_open, server_url as long as it runs, server_close.
 * Thread rule: one thread at a time for the functions here.
 */
#ifndef ENDPOINT_SERVER_H
#define ENDPOINT_SERVER_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct server_config {
    const char *listen;        /* "127.0.0.1:8000", "[::1]:8000"; port 0: one that is free */
    const char *const *models; /* n_models of "NAME=SPEC", SPEC as engine_config_parse wants it */
    size_t n_models;           /* at least 1 */
    uint64_t max_body;         /* bytes of a request's body; all bodies together: four times this */
    uint32_t max_length;       /* time steps of an input */
    uint32_t max_connections;  /* further ones wait until one closes */
    const char *certificate;   /* files in PEM for TLS, both or none (NULL) */
    const char *key;
    const char *token_file; /* whose line is the bearer token; NULL: none */
    const char *token;      /* the same from RNNSERVE_TOKEN; NULL: none, then anybody may ask */
    double timeout_s;       /* of a silent connection, and of a request's arrival */
    FILE *log;              /* a line per request; NULL: none */
};

/* Limits that suit most, nothing to listen on and no models. */
void server_config_defaults(struct server_config *config);

struct server;

/* Opens the engines, then listens: requests are answered when it returns.
 * STATUS_INVALID: an address, model, limit, token or certificate that makes no sense.  STATUS_IO:
 * the address cannot be listened on, a file not read.  STATUS_EXTERNAL: the HTTP library failed.
 * Else what engine_open returned. */
enum status server_open(const struct server_config *config, struct server **server,
                        struct error *error);

/* "http://127.0.0.1:40123", valid until server_close. */
const char *server_url(const struct server *server);

/* Accepts no more, finishes the requests that are there (those still arriving get a second), ends.
 */
void server_close(struct server *server);

#endif
