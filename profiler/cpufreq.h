// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The clock of a CPU and how often it was throttled, as files below a root tell it
 * (profiler/sysfs.h). What cannot be read is unknown, never 0.
 */
#ifndef PROFILER_CPUFREQ_H
#define PROFILER_CPUFREQ_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CPUFREQ_WORD = 32 };

struct cpufreq {
    int64_t now_khz;             /* scaling_cur_freq, else cpuinfo_cur_freq; < 0: unknown */
    int64_t least_khz, most_khz; /* what the hardware can; < 0: unknown */
    char governor[CPUFREQ_WORD]; /* "": unknown */
    char driver[CPUFREQ_WORD];   /* "": unknown */
};

void cpufreq_read(const char *sysroot, int cpu, struct cpufreq *freq);

/* The clock alone, kHz; < 0: unknown. */
int64_t cpufreq_now_khz(const char *sysroot, int cpu);

/* Whether the clock goes beyond its nominal one. */
enum turbo { TURBO_UNKNOWN, TURBO_OFF, TURBO_ON };

/* *path: the file that says so, a constant ("/sys/devices/system/cpu/intel_pstate/no_turbo"); NULL:
 * there is none. */
enum turbo cpufreq_turbo(const char *sysroot, const char **path);

/*
 * How often the CPUs were throttled since the machine began: the events of their cores, and those
 * of the package that has most. < 0: nothing counts them.
 */
int64_t throttle_events(const char *sysroot, const int *cpus, size_t n);

/*
 * Whether the clock is held down now: by a cooling device for the processor, or by a Raspberry Pi's
 * firmware (voltage, temperature). *says (or NULL), to be freed: who does. -1: nothing tells.
 */
int throttled_now(const char *sysroot, char **says);

#endif
