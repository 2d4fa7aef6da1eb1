// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The fingerprint of the device and of the libraries that did the work: what must be the same for
 * two campaigns to be compared.
 */
#ifndef PROFILER_DEVICE_H
#define PROFILER_DEVICE_H

/* A JSON object: cpu, n_cpus, machine, kernel, governor, virtual, libraries, rnnmap. What cannot be
 * read is null. To be freed; NULL when memory ran out. */
char *device_fingerprint(void);

#endif
