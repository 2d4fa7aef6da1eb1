// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A request to an endpoint that does not speak the protocol: a method, a path and a body in which
 * {n} stands for the length, {tokens} for n integers with commas between them and {words} for n
 * words with blanks between them. All else, other braces too, is sent as it stands.
 *
 * Life cycle: zero-initialise, template_open, template_make for each length, template_close. One
 * thread at a time.
 */
#ifndef ENDPOINT_TEMPLATE_PRIVATE_H
#define ENDPOINT_TEMPLATE_PRIVATE_H

#include "endpoint/client_config.h"
#include "endpoint/message.h"

struct template
{
    char *url, *method, *body;               /* as configured; body NULL: none */
    struct message_text sent_url, sent_body; /* for the length at hand; the URL is terminated */
};

/* Whether the configuration has one: its `path` is set. */
bool template_wanted(const struct client_config *config);

/* Reads the body's file where one is named. STATUS_INVALID: not a path, method or URL.  STATUS_IO:
 * the file cannot be read.  STATUS_NO_MEMORY. */
enum status template_open(const struct client_config *config, struct template *made,
                          struct error *error);

/* Fills in what is sent for a length: the same for the same n, seed and vocabulary.
 * STATUS_INVALID: more than max_bytes. */
enum status template_make(struct template *made, uint32_t n, uint64_t seed, uint32_t vocabulary,
                          size_t max_bytes, struct error *error);

void template_close(struct template *made);

#endif
