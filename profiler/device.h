// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The fingerprint of the device and of the libraries that did the work: what must be the same for
 * two campaigns to be compared.
 */
#ifndef PROFILER_DEVICE_H
#define PROFILER_DEVICE_H

#include <stdint.h>

/* A JSON object (the governor from below `sysroot`, profiler/sysfs.h): cpu, n_cpus, machine,
 * kernel, governor, virtual, libraries, rnnmap. What cannot be read is null. To be freed; NULL when
 * memory ran out. */
char *device_fingerprint(const char *sysroot);

/*
 * Compares two fingerprints; `stored` may hold the changes of device_note_change, of which the last
 * ones count. What only one of the two has is not compared. NULL: they are alike; else what
 * changed, as in "governor 'powersave', now 'performance'; kernel ...", to be freed.
 */
char *device_changes(const char *stored, const char *now);

/* The stored fingerprint with what is different from `round` on, as the object "since_round_ROUND".
 * To be freed; NULL when memory ran out. */
char *device_note_change(const char *stored, const char *now, int64_t round);

#endif
