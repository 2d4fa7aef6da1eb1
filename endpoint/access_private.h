// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How a client is let in: the header lines that it sends along with every request, and the secrets
 * in them, which must be in no message.
 *
 * A secret is named by where it is: "env:NAME" or "file:PATH" (its blanks at both ends cut off).
 *
 * Life cycle: zero-initialise, access_open, access_close (which overwrites what was secret). One
 * thread at a time.
 */
#ifndef ENDPOINT_ACCESS_PRIVATE_H
#define ENDPOINT_ACCESS_PRIVATE_H

#include "endpoint/client_config.h"

#include <stddef.h>

enum { ACCESS_MAX_HEADERS = 16, ACCESS_MAX_SECRETS = ACCESS_MAX_HEADERS + 2 };

struct access {
    char *lines[ACCESS_MAX_HEADERS + 1]; /* "NAME: VALUE"; n_lines */
    size_t n_lines;
    char *key_password; /* of the client's key; NULL: none */
    char *secrets[ACCESS_MAX_SECRETS];
    size_t n_secrets;
};

/* Reads the token, the headers and the key's password that the configuration names.
 * STATUS_NOT_FOUND: a variable that is not set.  STATUS_IO: a file that cannot be read.
 * STATUS_INVALID: an empty secret, or one that cannot stand in a header.  No message has a secret
 * in it. */
enum status access_open(const struct client_config *config, struct access *access,
                        struct error *error);

/* Overwrites each secret in `text` with asterisks. Allowed with NULL. */
void access_mask(const struct access *access, char *text);

void access_close(struct access *access);

#endif
