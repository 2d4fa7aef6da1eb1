// SPDX-License-Identifier: GPL-3.0-or-later
/* What is on the other end of a stream. */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stdio.h>

/* The columns of the terminal behind `stream` (80 where it does not say); 0 when it is none. */
int terminal_width(FILE *stream);

#endif
