// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Requests of HTTP/1.1 (RFC 9110, 9112) as a server reads them: heads, and bodies in chunks. Strict
 * where requests could be read in two ways (line ends, white space, lengths said twice), for then
 * a proxy in front could read them in the other. No sockets and no memory of its own here.
 *
 * What is refused comes as a status of HTTP and a message.
 *
 * Life cycle of a head: http_find_end with all bytes so far, whenever more have come, until it
 * finds the end; then http_read_head once, which cuts the bytes into strings. Thread rule: no state
 * between calls but what is passed.
 */
#ifndef ENDPOINT_HTTP_H
#define ENDPOINT_HTTP_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_MAX_HEAD = 64 << 10, HTTP_MAX_LINE = 8 << 10, HTTP_MAX_HEADERS = 100 };

/* Statuses that we answer with. */
enum {
    HTTP_OK = 200,
    HTTP_BAD_REQUEST = 400,
    HTTP_UNAUTHORIZED = 401,
    HTTP_NOT_FOUND = 404,
    HTTP_METHOD_NOT_ALLOWED = 405,
    HTTP_TIMEOUT = 408,
    HTTP_CONTENT_TOO_LARGE = 413,
    HTTP_URI_TOO_LONG = 414,
    HTTP_UNSUPPORTED_MEDIA_TYPE = 415,
    HTTP_EXPECTATION_FAILED = 417,
    HTTP_HEAD_TOO_LARGE = 431,
    HTTP_INTERNAL_ERROR = 500,
    HTTP_NOT_IMPLEMENTED = 501,
    HTTP_UNAVAILABLE = 503,
    HTTP_VERSION_UNSUPPORTED = 505,
};

/* "Not Found"; "" for a status that is none of ours. */
const char *http_reason(unsigned status);

/* The headers that matter here; those of the second half may stand there once only. */
enum http_header {
    HTTP_CONNECTION,
    HTTP_HOST,
    HTTP_CONTENT_LENGTH,
    HTTP_TRANSFER_ENCODING,
    HTTP_EXPECT,
    HTTP_CONTENT_TYPE,
    HTTP_CONTENT_ENCODING,
    HTTP_AUTHORIZATION,
    HTTP_JSON_LENGTH, /* Inference-Header-Content-Length */
    N_HTTP_HEADERS
};

struct http_head {
    const char *method, *path;           /* the path without its query, and with %XX resolved */
    const char *headers[N_HTTP_HEADERS]; /* NULL: not there. All these lie in the bytes read */
    bool has_version;                    /* what follows is known, whatever else is wrong */
    bool keeps_alive;                    /* the client wants the connection to stay open */
    bool expects;                        /* it waits for "100 Continue" */
    bool has_body, chunked;
    uint64_t length; /* of a body that is not chunked */
};

/* Looks for the end of the head that begins at `bytes`; *scanned is how many of them were looked at
 * before (0 at first), and is moved on. *end is where the head ends, 0: not yet.
 * Returns HTTP_OK, or the status for what can be no head any more (a control character, a line that
 * ends in half a line end, too long). */
unsigned http_find_end(const char *bytes, size_t n, size_t *scanned, size_t *end,
                       struct error *error);

/* Cuts the head of `n` bytes (as http_find_end found it) into `head`. HTTP_OK or the status of a
 * refusal, after which method and path may be NULL. */
unsigned http_read_head(char *bytes, size_t n, struct http_head *head, struct error *error);

/* A body in chunks, as it comes. Zero-initialise. */
struct http_chunks {
    enum {
        CHUNK_SIZE,
        CHUNK_EXTENSION,
        CHUNK_SIZE_END,
        CHUNK_DATA,
        CHUNK_DATA_END,
        CHUNK_TRAILER
    } state;
    uint64_t left;     /* of this chunk's data */
    unsigned n_digits; /* of its size; then bytes of extensions or trailers */
    bool ended;        /* inside CHUNK_DATA_END and CHUNK_TRAILER: a carriage return was seen */
    bool in_line;      /* the trailer's line is not empty */
    bool done;
};

/* Takes bytes of the message; *used is how many, and *data (of *n_data) the piece of the body among
 * them, or none. Call again with the rest until it used all or is done. HTTP_OK or
 * HTTP_BAD_REQUEST. */
unsigned http_take_chunk(struct http_chunks *chunks, const char *bytes, size_t n, size_t *used,
                         const char **data, size_t *n_data, struct error *error);

#endif
