// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Time. Durations are measured on CLOCK_MONOTONIC_RAW, which neither wall-clock steps nor NTP
 * slewing touch. No other file of the project reads a clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds since an arbitrary moment, never going back. */
int64_t clock_ns(void);

/* Mean cost of one clock_ns() call in ns, over `n_calls` (at least 1) back-to-back calls. */
double clock_overhead_ns(int n_calls);

/* Sleeps for `ns`; returns early when a signal arrives. */
void clock_sleep_ns(int64_t ns);

/* The moment so many ns from now on CLOCK_MONOTONIC, for pthread_cond_timedwait on a condition
 * variable of that clock. */
struct timespec clock_deadline(int64_t ns);

/* Milliseconds since 1970 (UTC), for time stamps that others read; never for durations. */
int64_t clock_epoch_ms(void);

/* CPU time of the calling thread in ns. */
int64_t clock_thread_cpu_ns(void);

/* CPU time in ns of another thread of this process or of another process, by its clock
 * (pthread_getcpuclockid, clock_getcpuclockid); -1: it has ended. */
int64_t clock_cpu_ns(clockid_t clock);

#endif
