// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The HTTP half of the client: one request at a time, on one warm connection or each on its own,
 * with the moments and the bytes that matter tapped where libcurl reads and writes the connection.
 *
 * Life cycle: http_open, http_get and http_post, http_close. One thread at a time.
 */
#ifndef ENDPOINT_CLIENT_PRIVATE_H
#define ENDPOINT_CLIENT_PRIVATE_H

#include "endpoint/client.h"
#include "endpoint/message.h"

#include <stdbool.h>

/* The first prepared input, for tests; valid until the next client_prepare. */
const struct tensor *client_input(const struct client *client);

enum { HTTP_MAX_ANSWER = 64 << 20 };

struct http;

/* What came of a request. Moments are of clock_ns; 0: it did not happen. */
struct http_result {
    enum client_failure failure; /* CLIENT_NO_FAILURE: an answer with status 200 is there */
    long http_status;            /* 0: no answer */
    const char *body;            /* valid until the next request */
    size_t n_body;
    size_t n_json;        /* where its JSON ends and binary tensors begin; may lie beyond it */
    bool has_n_json;      /* the server said so; else all is JSON */
    bool connected;       /* a connection had to be opened */
    int64_t connect_ns;   /* TCP alone; 0: it was open; -1: unknown */
    int64_t tls_ns;       /* as connect_ns */
    int64_t ready_ns;     /* the connection is there, nothing is written yet */
    int64_t last_sent_ns; /* the kernel has the request's last byte */
    int64_t first_read_ns, last_read_ns; /* of the answer */
    int64_t server_ns;                   /* Server-Timing: queue and infer; -1: not said */
    uint64_t bytes_up, bytes_down;       /* with HTTP/2 as the kernel counts, TLS included */
};

/* Whether requests share a connection that is kept open, or each opens one (a full TLS handshake
 * included) and closes it. */
enum http_connection { HTTP_KEEP, HTTP_NEW };

/* Nothing is sent yet. Of `config` counts what a connection needs, not the model.
 * STATUS_INVALID: not a URL, or options that do not go together.  STATUS_IO, STATUS_NOT_FOUND: a
 * file or variable that it names.  STATUS_EXTERNAL: libcurl cannot do that.  STATUS_NO_MEMORY. */
enum status http_open(const struct client_config *config, enum http_connection connection,
                      struct http **http, struct error *error);

/* From now on a signal (base/stop.h) ends a request within a second: STATUS_INTERRUPTED, with
 * CLIENT_NO_FAILURE. */
void http_heed_signals(struct http *http);

/* Overwrites in `text` (or NULL) what must not be told, such as the token. */
void http_mask(const struct http *http, char *text);

/*
 * One request to `url`, whose answer must have status 200; redirects are not followed. *result is
 * filled in either case. A GET goes out again when a kept connection turns out to be closed; a POST
 * never does: it fails then with STATUS_IO.
 * STATUS_IO: no connection, or it broke off.  STATUS_TIMEOUT.  STATUS_PROTOCOL: not HTTP, another
 * status than 200, or an answer over HTTP_MAX_ANSWER. Messages name the URL and the next step.
 */
enum status http_get(struct http *http, const char *url, struct http_result *result,
                     struct error *error);
/* As http_get, on a connection that was open before: where it was not, the same request opens it
 * first, unmeasured, whatever its status. */
enum status http_get_warm(struct http *http, const char *url, struct http_result *result,
                          struct error *error);
enum status http_post(struct http *http, const char *url, const struct message_text *body,
                      struct http_result *result, struct error *error);

/* Any method, with a body of the configuration's content type or (NULL) none, once; every status of
 * success will do. */
enum status http_send(struct http *http, const char *method, const char *url,
                      const struct message_text *body, struct http_result *result,
                      struct error *error);

/* Sum of the durations of `queue` and `infer` in a Server-Timing value of `n` bytes, in ns; -1 when
 * neither is there (W3C Server Timing, 2023, section 2: metrics "name;dur=MS;desc=TEXT", commas
 * between them). */
int64_t http_server_timing_ns(const char *value, size_t n);

/* *n is the length of a server's URL without '/' at its end. STATUS_INVALID: it is none (NULL is
 * allowed). */
enum status http_check_url(const char *url, int *n, struct error *error);

/* `text` percent-encoded as one segment of a path, to be freed; NULL when memory ran out. */
char *http_escape(const char *text);

void http_close(struct http *http);

#endif
