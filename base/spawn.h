// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Starts a program with pipes for its standard input and output.
 */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include "base/status.h"

#include <sys/types.h>

/* A program that runs: our ends of its pipes, closed on exec and by whoever has the struct. */
struct spawned {
    pid_t pid;    /* the leader of its process group, to be waited for; 0: none */
    int to, from; /* its standard input and output; -1: none */
};

/*
 * Starts `words[0]`, found as a shell finds it, with `words` (NULL behind the last) as arguments.
 * It leads a process group of its own (a Ctrl-C is ours to handle), inherits no open file but the
 * standard streams (standard error is ours), blocks and ignores no signal for our sake, and is
 * sent `last_signal` should the thread that calls this end.
 * STATUS_IO: it cannot be started; the message is `who` and why.
 */
enum status spawn(char *const *words, const char *who, int last_signal, struct spawned *spawned,
                  struct error *error);

#endif
