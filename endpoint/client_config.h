// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a client is told about its endpoint: the keys of an endpoint's section in a campaign file,
 * read from text and written back as text.
 *
 * No secret is in it: tokens and passwords are named by where they are ("env:NAME", "file:PATH"),
 * for the text is stored with the samples.
 *
 * Life cycle: zero-initialise, client_config_set per key (or fill in by hand), client_config_free
 * if anything was set. Plain data; no thread rule.
 */
#ifndef ENDPOINT_CLIENT_CONFIG_H
#define ENDPOINT_CLIENT_CONFIG_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct client_config {
    char *url;            /* of the server: "http://host:port"; a trailing '/' is allowed */
    char *model;          /* its name at the server */
    char *version;        /* of the model; NULL: the server chooses */
    double timeout_s;     /* of a request, connecting included; 0: 30 s */
    bool binary;          /* tensors as binary data, sent and asked for; false: as JSON */
    bool new_connections; /* a connection of its own for each client_infer, its opening included in
                             the timing; false: the warm one */
    bool http2;           /* HTTP/2, over TLS by agreement, else at once; false: HTTP/1.1 */
    char *inputs;       /* lines of inputs_private.h: what the metadata says wrongly or not at all;
                           NULL: nothing */
    char *probe;        /* path of tiny requests, any answer to which is a round trip; NULL:
                           v2/health/live, which must be answered with 200 */
    char *path;         /* of requests to an endpoint that does not speak the protocol (see
                           template_private.h); NULL: it does, and the next three mean nothing */
    char *method;       /* NULL: POST with a body, else GET */
    char *body;         /* or where it is: "file:PATH"; NULL: none */
    char *content_type; /* NULL: application/json */
    char *token;        /* where the bearer token is; NULL: none */
    char *headers;     /* "NAME: VALUE" lines to send along, the value or where it is; NULL: none */
    char *ca;          /* file of the certificates to trust; NULL: the system's */
    char *certificate; /* file of the client's own; NULL: none */
    char *key;         /* file of its key; NULL: it is in the certificate's */
    char *key_password;  /* where the key's password is; NULL: it has none */
    uint64_t seed;       /* of the input values or tokens that are sent; not a key */
    uint32_t vocabulary; /* bound on the tokens; 0: what the server's metadata says
                            (parameter "vocabulary"), else 2 */
};

/* Sets one key (client_config_keys). STATUS_NOT_FOUND: no such key; the message names those there
 * are.  STATUS_INVALID: not a value for it.  Nothing changes then. */
enum status client_config_set(struct client_config *config, const char *key, const char *value,
                              struct error *error);

/* What a client_config_write is for. */
enum client_config_part {
    CLIENT_CONFIG_WHOLE,    /* all that client_config_set needs to make it again */
    CLIENT_CONFIG_IDENTITY, /* what must not change within a campaign: neither time-outs nor how
                               the client is let in */
};

/* "KEY = VALUE" lines, without keys that are not set. */
void client_config_write(const struct client_config *config, enum client_config_part part,
                         FILE *out);

void client_config_free(struct client_config *config);

#endif
