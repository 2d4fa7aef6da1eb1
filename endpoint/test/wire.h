// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Ends of a connection that do not behave: requests sent byte by byte as the test wants them, a
 * server that answers whatever bytes it was given, and a relay that counts what passes through it.
 * All on 127.0.0.1. Failures to set up fail the test.
 */
#ifndef ENDPOINT_TEST_WIRE_H
#define ENDPOINT_TEST_WIRE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A connection to `port`. */
int wire_connect(int port);

/* A port on which nobody listens. */
int wire_dead_port(void);

/* The port in a URL like http://127.0.0.1:1234. */
int wire_port_of(const char *url);

/* Sends `n` bytes; false when the peer has closed. */
bool wire_send(int fd, const char *bytes, size_t n);

/* Reads one HTTP answer (head and a body of Content-Length), or until the peer closes or `seconds`
 * have passed; what came, to be freed. */
char *wire_read_answer(int fd, double seconds);

/* Sends `request` on a connection of its own and returns what was answered, to be freed. */
char *wire_ask(int port, const char *request);

/* The same with `n` bytes after it, as its body: Content-Length is added to `head`, which ends in
 * the line before it. */
char *wire_ask_body(int port, const char *head, const char *body, size_t n);

/* What a server answers to requests for each path: whole HTTP answers, or something else. In
 * "Content-Length: @" the '@' becomes the length of the body. */
struct wire_script {
    const char *server, *model, *live; /* GET v2, v2/models/m, v2/health/live; NULL: good ones */
    const char *const *statistics;     /* GET v2/models/m/stats, in turn, up to a NULL */
    const char *infer;                 /* POST; NULL: silence until the client leaves */
    const char *other;                 /* to every n_other-th POST instead; NULL: none */
    unsigned n_other;
    const char *wants; /* in every request's head, else 401 with that head as the
                          error's words; NULL: nothing */
    bool drips;        /* goes on with a '7' every 10 ms, without end */
    size_t n_flood;    /* bytes of '7' after it */
    bool closes;       /* after the answer to a POST */
    bool closes_later; /* after the answer to any request, unannounced */
    bool drops_second; /* closes when a second request has come, unanswered */
};

struct wire_server;
struct wire_server *wire_serve(const struct wire_script *script);
/* "http://127.0.0.1:PORT". */
const char *wire_url(const struct wire_server *server);
/* The last request that was answered, whole; to be freed. */
char *wire_last_request(struct wire_server *server);
size_t wire_n_connections(const struct wire_server *server);
void wire_end(struct wire_server *server);

/* Passes everything to `port` and back. The counts are exact once an answer has been read. A header
 * of answers named `hidden` (or NULL) gets another name of the same length. */
struct wire_server *wire_relay(int port);
struct wire_server *wire_relay_hiding(int port, const char *hidden);
uint64_t wire_bytes_up(const struct wire_server *server);
uint64_t wire_bytes_down(const struct wire_server *server);

#endif
