// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Output files that appear whole or not at all: written beside their name, renamed into place.
 *
 * Life cycle: outfile_open, write to `stream`, then outfile_commit or outfile_abandon.
 */
#ifndef BASE_OUTFILE_H
#define BASE_OUTFILE_H

#include "base/status.h"

#include <stdio.h>

struct outfile {
    FILE *stream;
    char *path, *beside; /* NULL: standard output; NULL: written in place */
};

/* "-" as `path` is standard output. That, a device and a pipe are written to, not replaced; a
 * symbolic link stays, and what it points at is replaced.
 * STATUS_IO: the folder cannot be written. */
enum status outfile_open(struct outfile *file, const char *path, struct error *error);

/* Flushes, checks for write errors (a full disk), renames. The struct is done with either way.
 * STATUS_IO: the old file, if any, stands as it was. */
enum status outfile_commit(struct outfile *file, struct error *error);

/* Removes what was written. Does nothing after a commit. */
void outfile_abandon(struct outfile *file);

#endif
