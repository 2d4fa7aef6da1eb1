// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/cpufreq.h"

#include "base/memory.h"
#include "profiler/sysfs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char cpus_folder[] = "/sys/devices/system/cpu";
static const char cooling_folder[] = "/sys/class/thermal";
/* Bits 0..3: low voltage, frequency capped, throttled, soft temperature limit, each now; the bits
 * from 16 on say the same of the time since the machine began. */
static const char firmware_file[] = "/sys/devices/platform/soc/soc:firmware/get_throttled";
static const unsigned long firmware_now = 0xf;

static bool read_text(const char *sysroot, const char *path, char *text, size_t size)
{
    char *below = sysfs_path(sysroot, path);
    bool ok = below && sysfs_read_text(below, text, size, NULL) == STATUS_OK;
    free(below);
    return ok;
}

/* A whole number that is not negative; -1: there is none. */
static int64_t read_number(const char *sysroot, const char *path)
{
    char *below = sysfs_path(sysroot, path);
    int64_t value = -1;
    if (!below || sysfs_read_integer(below, &value, NULL) || value < 0)
        value = -1;
    free(below);
    return value;
}

static int64_t cpu_number(const char *sysroot, int cpu, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/cpu%d/%s", cpus_folder, cpu, name);
    return read_number(sysroot, path);
}

static void cpu_word(const char *sysroot, int cpu, const char *name, char *word)
{
    char path[160];
    snprintf(path, sizeof path, "%s/cpu%d/cpufreq/%s", cpus_folder, cpu, name);
    if (!read_text(sysroot, path, word, CPUFREQ_WORD))
        word[0] = '\0';
}

int64_t cpufreq_now_khz(const char *sysroot, int cpu)
{
    int64_t khz = cpu_number(sysroot, cpu, "cpufreq/scaling_cur_freq");
    khz = khz > 0 ? khz : cpu_number(sysroot, cpu, "cpufreq/cpuinfo_cur_freq");
    return khz > 0 ? khz : -1; /* some drivers say 0 for "unknown" */
}

void cpufreq_read(const char *sysroot, int cpu, struct cpufreq *freq)
{
    freq->now_khz = cpufreq_now_khz(sysroot, cpu);
    freq->least_khz = cpu_number(sysroot, cpu, "cpufreq/cpuinfo_min_freq");
    freq->most_khz = cpu_number(sysroot, cpu, "cpufreq/cpuinfo_max_freq");
    cpu_word(sysroot, cpu, "scaling_governor", freq->governor);
    cpu_word(sysroot, cpu, "scaling_driver", freq->driver);
}

enum turbo cpufreq_turbo(const char *sysroot, const char **path)
{
    static const struct {
        const char *path;
        int64_t on; /* what stands there when it is on */
    } switches[] = {
        {"/sys/devices/system/cpu/intel_pstate/no_turbo", 0},
        {"/sys/devices/system/cpu/cpufreq/boost", 1},
    };
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        int64_t value = read_number(sysroot, switches[i].path);
        *path = switches[i].path;
        if (value >= 0)
            return value == switches[i].on ? TURBO_ON : TURBO_OFF;
    }
    *path = NULL;
    return TURBO_UNKNOWN;
}

int64_t throttle_events(const char *sysroot, const int *cpus, size_t n)
{
    int64_t cores = -1, package = -1;
    for (size_t i = 0; i < n; i++) {
        int64_t core = cpu_number(sysroot, cpus[i], "thermal_throttle/core_throttle_count");
        int64_t whole = cpu_number(sysroot, cpus[i], "thermal_throttle/package_throttle_count");
        if (core >= 0)
            cores = (cores < 0 ? 0 : cores) + core;
        package = whole > package ? whole : package;
    }
    return cores < 0 ? package : package < 0 ? cores : cores + package;
}

/* Cooling devices that slow the processor down, by their types. */
static int cooled_now(const char *sysroot, char **says)
{
    char **names, *folder = sysfs_path(sysroot, cooling_folder);
    size_t n = 0;
    int state = -1;
    if (!folder || sysfs_list(folder, "cooling_device*", &names, &n, NULL))
        n = 0;
    for (size_t i = 0; i < n && state <= 0; i++) {
        char path[320], type[64];
        snprintf(path, sizeof path, "%s/%.200s/type", cooling_folder, names[i]);
        if (!read_text(sysroot, path, type, sizeof type) ||
            (!strstr(type, "cpufreq") && strcmp(type, "Processor") != 0))
            continue;
        snprintf(path, sizeof path, "%s/%.200s/cur_state", cooling_folder, names[i]);
        int64_t level = read_number(sysroot, path);
        if (level >= 0)
            state = level > 0;
        if (level > 0 && says)
            *says = text_format("%s is %" PRId64, path, level);
    }
    if (n > 0)
        sysfs_list_free(names, n);
    free(folder);
    return state;
}

int throttled_now(const char *sysroot, char **says)
{
    char text[32], *end;
    if (says)
        *says = NULL;
    int cooled = cooled_now(sysroot, says);
    if (cooled == 1 || !read_text(sysroot, firmware_file, text, sizeof text))
        return cooled;
    unsigned long bits = strtoul(text, &end, 16);
    if (end == text || *end)
        return cooled;
    if ((bits & firmware_now) && says)
        *says = text_format("%s is %s", firmware_file, text);
    return (bits & firmware_now) != 0;
}
