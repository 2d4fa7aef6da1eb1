// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SIGINT and SIGTERM as a question that long work asks between its steps. The one flag that a
 * signal handler may set is the project's only mutable state outside `main`.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include <stdbool.h>

/* Catches SIGINT and SIGTERM from now on and ignores SIGPIPE. A second signal of the same kind
 * ends the process as if nothing had been caught. */
void stop_catch(void);

/* Whether one of them has arrived. */
bool stop_asked(void);

#endif
