// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A program that is kept alive beside us and talked with by lines: ours on its standard input, its
 * own on its standard output. What it says on standard error goes where ours goes.
 *
 * Life cycle: child_start, child_put and child_line any number of times, child_stop. One thread at
 * a time; SIGPIPE must be ignored (stop_catch).
 */
#ifndef PROFILER_CHILD_H
#define PROFILER_CHILD_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { CHILD_LINE_SIZE = 512 };

struct child {
    char *who; /* "[link] command './my-link'", for messages; owned */
    pid_t pid; /* the leader of its process group; 0: none, or reaped */
    int state; /* of the child that was reaped, as waitpid says */
    int to, from;
    char bytes[4096]; /* that came, taken up to `at` */
    size_t at, n_bytes;
    char line[CHILD_LINE_SIZE];  /* what has come of the next line; whole when child_line says so */
    char whole[CHILD_LINE_SIZE]; /* the last whole line */
    size_t n_line;
};

/*
 * Starts the program; it need not be ready yet. `command` is taken apart by words_split and started
 * without a shell, in a process group of its own (a Ctrl-C is ours to handle), and is sent SIGTERM
 * should this process end without stopping it. `what` comes before the command in messages.
 * STATUS_INVALID: malformed.  STATUS_IO: it cannot be started.
 */
enum status child_start(const char *what, const char *command, struct child **child,
                        struct error *error);

/* Whether child->whole is the next line, without control characters and blanks at its end; false:
 * none yet, and with `*ended` there will be none. Does not wait. A line that is too long comes in
 * parts. */
bool child_line(struct child *child, bool *ended);

/* Waits until there is something to read, at most so long. */
void child_wait(struct child *child, int limit_ms);

/* Sends a line ("\n" is added). STATUS_PROTOCOL: it has ended, which the message says. */
enum status child_put(struct child *child, const char *line, struct error *error);

/* Whether it has ended within so long. */
bool child_gone(struct child *child, double limit_s);

/*
 * Says how it ended, waiting for that up to a second; else that its output is closed. `said` is the
 * last that it said ("": nothing), `when` reads on after "ended with exit status 1".
 */
enum status child_say_ended(struct child *child, const char *when, const char *said,
                            struct error *error);

/* Closes its standard input, and sends SIGTERM after one second and SIGKILL after three more to it
 * and what it started; the child is gone then. NULL is allowed. */
void child_stop(struct child *child);

#endif
