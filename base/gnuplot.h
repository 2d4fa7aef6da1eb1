// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Drawing by gnuplot: a script in a folder, run there, its pictures checked for.
 */
#ifndef BASE_GNUPLOT_H
#define BASE_GNUPLOT_H

#include "base/status.h"

#include <stdio.h>

/* Makes `folder` and the folders above it where they are missing. STATUS_IO: it cannot be. */
enum status folder_make(const char *folder, struct error *error);

/* Writes `text` as a string of a script, in single quotes; control characters become blanks. */
void gnuplot_put_text(FILE *script, const char *text);

/*
 * Runs "gnuplot SCRIPT" in `folder`; what it says on standard error becomes the message.
 * STATUS_NOT_FOUND: gnuplot is not installed.  STATUS_EXTERNAL: it failed.
 */
enum status gnuplot_run(const char *folder, const char *script, struct error *error);

#endif
