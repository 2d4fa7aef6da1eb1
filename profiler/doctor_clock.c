// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/clock.h"
#include "profiler/doctor.h"
#include "profiler/place.h"
#include "profiler/sysfs.h"

#include <stdlib.h>
#include <string.h>

enum { RUNS = 2001 };
static const char source_file[] =
    "/sys/devices/system/clocksource/clocksource0/current_clocksource";
static const double slow_ns = 500; /* a reading that asks the kernel or a device */

/* The smallest step seen between two readings: what the clock really tells apart. */
static int64_t smallest_step_ns(void)
{
    int64_t smallest = INT64_MAX;
    for (int i = 0; i < RUNS; i++) {
        int64_t first = clock_ns(), second;
        do
            second = clock_ns();
        while (second == first);
        smallest = second - first < smallest ? second - first : smallest;
    }
    return smallest;
}

enum status doctor_clock(struct doctor *doctor, struct error *error)
{
    char source[64] = "";
    struct error why = {0};
    char *path = sysfs_path(doctor->sysroot, source_file);
    if (!path)
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    if (sysfs_read_text(path, source, sizeof source, &why))
        doctor_missed(doctor, "clock source", NULL, why.text, NULL);
    else
        doctor_found(doctor, "clock source", NULL, "%s", source);
    free(path);
    if (doctor->sysroot) {
        doctor_noted(doctor, "clock", NULL, NULL, "run rnnprof doctor on that machine",
                     "not measured: it ticks here, not in another root");
        return STATUS_OK;
    }
    double overhead = clock_overhead_ns(RUNS), harness = harness_overhead_ns(RUNS, NULL);
    int64_t step = smallest_step_ns();
    json_t *figures = json_pack("{s:I,s:f,s:f}", "step_ns", (json_int_t)step, "overhead_ns",
                                overhead, "harness_ns", harness);
    if (overhead < slow_ns)
        doctor_found(doctor, "CLOCK_MONOTONIC_RAW", figures,
                     "steps of %lld ns, %.0f ns a reading, %.0f ns recorded for an inference that "
                     "does nothing",
                     (long long)step, overhead, harness);
    else
        doctor_noted(doctor, "CLOCK_MONOTONIC_RAW", figures,
                     "reading it is slow, and that is in every time",
                     "see what clock sources there are: available_clocksource beside "
                     "current_clocksource (tsc or arch_sys_counter are fast)",
                     "steps of %lld ns, %.0f ns a reading", (long long)step, overhead);
    return STATUS_OK;
}
