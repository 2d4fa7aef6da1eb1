// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the files of the client's HTTP half share.
 *
 *   client_http.c           one request: sent, answered, timed, judged
 *   client_http_tap.c       what libcurl tells of it meanwhile: moments, bytes, heads, bodies
 *   client_http_open.c      the connection's options and header lines, and URLs
 *   client_server_timing.c  the header Server-Timing
 */
#ifndef ENDPOINT_CLIENT_HTTP_PRIVATE_H
#define ENDPOINT_CLIENT_HTTP_PRIVATE_H

#include "endpoint/access_private.h"
#include "endpoint/client_private.h"

#include <curl/curl.h>

/* What a socket has carried since it was opened, as the kernel counts it. */
struct http_octets {
    uint64_t up, down;
};

struct http {
    CURL *curl;
    struct access access;
    struct client_config sources;      /* of it: token, headers, content_type; owned */
    struct curl_slist *plain_headers;  /* of a request without a body */
    struct curl_slist *json_headers;   /* of one in JSON alone */
    struct curl_slist *other_headers;  /* of one in the configuration's content type; NULL: none */
    struct curl_slist *binary_headers; /* of one with binary tensors; NULL: none was sent */
    size_t n_json;                     /* where its JSON ends, as they say */
    bool http2, tls;
    bool agreed;       /* HTTP/2 is spoken on the open connection already */
    bool has_answered; /* ever */
    struct message_text answer;
    struct http_result result;
    int64_t opening_ns; /* when the connection's opening began; 0: it was open */
    int n_sendings;     /* how often the request went out */
    bool any_success;   /* a status of 2xx will do */
    bool once;          /* it must not go out again */
    bool heeds_signals; /* a signal ends a request */
    bool stopped;       /* and has ended this one */
    bool too_large, head_too_large;
    size_t n_head;             /* bytes of the answer's head */
    int socket;                /* the connection's, while it is open; else -1 */
    struct http_octets before; /* what it had carried before this request */
    struct http_octets last;   /* what one had carried when it was closed */
    char why[CURL_ERROR_SIZE];
};

/* client_http_tap.c: makes libcurl tell what happens. */
CURLcode http_set_taps(struct http *http);

/* Forgets the request before; what the next one carries is counted from here. */
void http_begin(struct http *http);

/* Sets the version of HTTP for a connection that is to be kept or (false) opened. */
void http_set_version(struct http *http, bool kept);

/* Replaces the bytes counted in heads and bodies by those that the kernel counted, where the head
 * is not on the wire as it is written (HTTP/2). */
void http_count_octets(struct http *http);

/* client_http_open.c: reads the token and the headers' values again, where they are still to be
 * had: tokens expire. */
void http_renew_access(struct http *http);

/* The header lines of a request whose JSON ends after `n_json`; NULL when
 * memory ran out. */
struct curl_slist *http_binary_headers(struct http *http, size_t n_json);

#endif
