// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where the lines that drive a relay (testbed/controlline.h) come in: a Unix stream socket with any
 * number of clients, or standard input with the answers on standard output. The end of standard
 * input stops the relay, so that nothing stays behind a parent that died.
 *
 * Life cycle: control_open, while the relay runs it serves itself, control_close before
 * relay_close. Thread rule: the relay's.
 */
#ifndef TESTBED_CONTROL_H
#define TESTBED_CONTROL_H

#include "base/status.h"
#include "testbed/relay.h"

#include <stdio.h>

struct control;

/* `path`: of the socket, or "-"; then `out` gets the answers. A socket that nobody listens on any
 * more is replaced.
 * STATUS_OK: *control belongs to the caller.
 * STATUS_MISUSE: the path is too long for a socket, or is something else that must not be lost.
 * STATUS_IO: somebody listens there, or it cannot be had, or standard input cannot be waited for.
 * STATUS_NO_MEMORY. */
enum status control_open(struct relay *relay, const char *path, FILE *out, struct control **control,
                         struct error *error);

/* Removes the socket. NULL is allowed. */
void control_close(struct control *control);

#endif
