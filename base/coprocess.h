// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A program kept as a child process that is talked to in lines: one at a time to its standard
 * input, one at a time from its standard output. What it says on standard error goes where ours
 * goes. It is to end when its standard input is closed.
 *
 * The child leads a process group of its own (a Ctrl-C is ours to handle) and is killed should the
 * thread that started it end without stopping it. Only the three standard streams are handed on.
 *
 * Life cycle: coprocess_start, any number of coprocess_send and coprocess_receive, coprocess_stop.
 * One thread at a time; SIGPIPE must be ignored. Deadlines are moments of clock_ns(). Nothing waits
 * longer than its deadline.
 */
#ifndef BASE_COPROCESS_H
#define BASE_COPROCESS_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { COPROCESS_LINE_SIZE = 4096 }; /* longest line, its end included */

struct coprocess;

/* Starts the program `words[0]`, found as a shell finds it, with `words` (NULL behind the last) as
 * its arguments. It need not be ready yet.
 * STATUS_IO: it cannot be started; the message names it.  STATUS_NO_MEMORY. */
enum status coprocess_start(char *const *words, struct coprocess **child, struct error *error);

/* Sends a line; `line` comes without its end.
 * STATUS_IO: the program has ended or closed its input; the message says how.
 * STATUS_TIMEOUT: it takes nothing more in until the deadline. */
enum status coprocess_send(struct coprocess *child, const char *line, int64_t deadline_ns,
                           struct error *error);

/* Waits for its next line; *line, without its end and with control characters made blanks, is valid
 * until the next call.
 * STATUS_TIMEOUT: none until the deadline; what came of one is kept for the next call.
 * STATUS_IO: the program has ended or closed its output; the message says how.
 * STATUS_PROTOCOL: more than COPROCESS_LINE_SIZE bytes without an end.
 * STATUS_INTERRUPTED: a signal asked us to stop (stop.h). */
enum status coprocess_receive(struct coprocess *child, int64_t deadline_ns, const char **line,
                              struct error *error);

/* Whether it has said something that coprocess_receive did not take yet, or has ended. */
bool coprocess_pending(struct coprocess *child);

/* Closes its standard input, waits up to `patience_ns` for its end, sends SIGTERM to its group,
 * waits as long again and sends SIGKILL; with 0, SIGKILL at once. The child is gone then and freed.
 * NULL is allowed. */
void coprocess_stop(struct coprocess *child, int64_t patience_ns);

#endif
