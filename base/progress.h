// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How far a long piece of work is and how long it will still take: a bar that is redrawn on a
 * terminal, a plain line now and then elsewhere, nothing for work that is done within two seconds.
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
    FILE *stream; /* NULL: silent */
    const char *what;
    bool terminal, shown;
    int64_t started_ns, last_ns;
};

/* `what` ("measuring") must outlive the progress. `stream` NULL: silent. */
void progress_start(struct progress *progress, FILE *stream, const char *what);

/* `done` is the fraction of the work done, 0..1; `note` (or NULL) says what is going on. Cheap:
 * draws at most five times a second. */
void progress_update(struct progress *progress, double done, const char *note);

/* Clears the bar, so that other text can be written; the next update draws it again. */
void progress_hide(struct progress *progress);

#endif
