// SPDX-License-Identifier: GPL-3.0-or-later
/* Numbers of CPUs as the kernel and taskset write them: "0-3,8". */
#ifndef PROFILER_CPULIST_H
#define PROFILER_CPULIST_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { CPULIST_MAX = 4096, CPULIST_TEXT = 128 };

/* The numbers in `text`, ascending: an array of *n to be freed; "" has none.
 * STATUS_INVALID: no such list, or a number of CPULIST_MAX and more.  STATUS_NO_MEMORY. */
enum status cpulist_parse(const char *text, int **cpus, size_t *n, struct error *error);

/* The same from a file below a root that holds one line of it ("/sys/devices/system/cpu/online").
 * Besides, as sysfs_read_text; an empty file has none. */
enum status cpulist_read(const char *sysroot, const char *path, int **cpus, size_t *n,
                         struct error *error);

/* "0-3,8" into text[CPULIST_TEXT], cut with ".." where it is too long; returned. */
const char *cpulist_format(const int *cpus, size_t n, char *text);

#endif
