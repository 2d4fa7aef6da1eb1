// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which CPUs a thread may run on. Linux: sched_setaffinity(2).
 */
#ifndef ENGINES_AFFINITY_PRIVATE_H
#define ENGINES_AFFINITY_PRIVATE_H

#include "base/status.h"

#include <sched.h>
#include <stdint.h>

/* Reads a list as taskset's ("0", "2-3,5"). STATUS_INVALID: it is none; *cpus is untouched. */
enum status affinity_parse(const char *list, cpu_set_t *cpus, struct error *error);

/* Lets the calling thread, and threads it starts from now on, run on exactly those CPUs.
 * STATUS_UNSUPPORTED: one of them is not there or not this process's to use; nothing changes. */
enum status affinity_bind(const cpu_set_t *cpus, struct error *error);

/* The same for the calling thread's OpenMP workers, which keep the CPUs of the moment they started:
 * `threads` with the calling one. */
void affinity_bind_workers(const cpu_set_t *cpus, uint32_t threads);

/* How many CPUs the calling thread may run on, at least 1. */
uint32_t affinity_n_cpus(void);

#endif
