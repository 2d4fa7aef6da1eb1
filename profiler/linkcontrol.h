// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The program that varies a campaign's link ([link] command), as a child process that takes orders
 * on its standard input and answers on its standard output:
 *
 *   set rtt=20ms up=10 down=50        in Mbit/s, or "unlimited"
 *   ok ...                            the state is in force
 *   error: WHY                        it is not
 *
 * Other lines are passed over, so a program may say "listening on ..." first. What it says on
 * standard error goes where ours goes. It is to end when its standard input is closed.
 *
 * Life cycle: linkcontrol_start, linkcontrol_set any number of times, linkcontrol_stop. One thread
 * at a time; SIGPIPE must be ignored (stop_catch).
 */
#ifndef PROFILER_LINKCONTROL_H
#define PROFILER_LINKCONTROL_H

#include "profiler/linkstate.h"

struct linkcontrol;

/*
 * Starts the program; it need not be ready yet. `command` is taken apart by words_split and started
 * without a shell, in a process group of its own (a Ctrl-C is ours to handle), and is sent SIGTERM
 * should this process end without stopping it. `timeout_s` holds for each answer.
 * STATUS_INVALID: malformed.  STATUS_IO: it cannot be started.
 */
enum status linkcontrol_start(const char *command, double timeout_s, struct linkcontrol **control,
                              struct error *error);

/*
 * Orders a state and waits until the program says that it is in force. Messages name the command.
 * STATUS_FAILED: the program answered with an error.  STATUS_TIMEOUT: no answer in time.
 * STATUS_PROTOCOL: it ended, or goes on saying other things.  STATUS_INTERRUPTED: a signal asked us
 * to stop meanwhile.
 */
enum status linkcontrol_set(struct linkcontrol *control, const struct link_state *state,
                            struct error *error);

/* For when a request has failed: waits a tenth of a second for the program's end.
 * STATUS_PROTOCOL: it has ended, which the message says. */
enum status linkcontrol_check(struct linkcontrol *control, struct error *error);

/* Closes its standard input, and sends SIGTERM after one second and SIGKILL after three more to it
 * and what it started; the child is gone then. NULL is allowed. */
void linkcontrol_stop(struct linkcontrol *control);

#endif
