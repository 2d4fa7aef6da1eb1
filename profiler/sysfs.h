// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Files in which the system tells one thing each (/sys, /proc), read below a root that can be
 * another folder (--sysroot): a captured machine is then as good as the machine itself.
 */
#ifndef PROFILER_SYSFS_H
#define PROFILER_SYSFS_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* The path of `path` ("/sys/...") below the root ("" or NULL: the machine's own), to be freed; NULL
 * when memory ran out. */
char *sysfs_path(const char *root, const char *path);

/* STATUS_MISUSE: the root is no folder (--sysroot). NULL and "" are the machine's own. */
enum status sysfs_check_root(const char *root, struct error *error);

/*
 * Reads the first line into text[size], without blanks at its ends. Paths are as they are opened.
 * STATUS_NOT_FOUND: no such file.  STATUS_UNSUPPORTED: not permitted (the message has the file's
 * mode).  STATUS_IO: another error, as of a device that went away.  STATUS_INVALID: empty, or
 * longer than `size`.
 */
enum status sysfs_read_text(const char *path, char *text, size_t size, struct error *error);

/* Reads one integer and nothing else. As sysfs_read_text; STATUS_INVALID: it is none. */
enum status sysfs_read_integer(const char *path, int64_t *value, struct error *error);

/*
 * Names in a folder that match a shell pattern ("hwmon*"), in natural order (hwmon2 before
 * hwmon10): an array of *n strings, each and the array to be freed. A folder that is not there has
 * none. STATUS_UNSUPPORTED: not permitted.  STATUS_NO_MEMORY.
 */
enum status sysfs_list(const char *folder, const char *pattern, char ***names, size_t *n,
                       struct error *error);
void sysfs_list_free(char **names, size_t n);

#endif
