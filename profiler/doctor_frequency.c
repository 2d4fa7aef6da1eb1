// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/cpufreq.h"
#include "profiler/cpulist.h"
#include "profiler/doctor.h"
#include "profiler/governor.h"
#include "profiler/machine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char online_file[] = "/sys/devices/system/cpu/online";

static bool alike(const struct cpufreq *a, const struct cpufreq *b)
{
    return strcmp(a->governor, b->governor) == 0 && strcmp(a->driver, b->driver) == 0 &&
           a->least_khz == b->least_khz && a->most_khz == b->most_khz;
}

static json_t *khz_or_null(int64_t khz)
{
    return khz < 0 ? json_null() : json_integer(khz);
}

/* "600 to 1500 MHz", "unknown". */
static const char *format_range(const struct cpufreq *freq, char text[48])
{
    if (freq->least_khz < 0 || freq->most_khz < 0)
        return "a range unknown";
    snprintf(text, 48, "%.0f to %.0f MHz", (double)freq->least_khz * 1e-3,
             (double)freq->most_khz * 1e-3);
    return text;
}

static void add_group(struct doctor *doctor, const int *cpus, size_t n, const struct cpufreq *freq)
{
    char list[CPULIST_TEXT], name[CPULIST_TEXT + 8], range[48];
    snprintf(name, sizeof name, "CPU %s", cpulist_format(cpus, n, list));
    json_t *figures =
        json_pack("{s:s,s:s,s:s,s:o,s:o,s:o}", "cpus", list, "governor", freq->governor, "driver",
                  freq->driver, "now_khz", khz_or_null(freq->now_khz), "least_khz",
                  khz_or_null(freq->least_khz), "most_khz", khz_or_null(freq->most_khz));
    const char *governor = freq->governor[0] ? freq->governor : "unknown";
    const char *driver = freq->driver[0] ? freq->driver : "unknown";
    if (strcmp(governor, governor_wanted) == 0)
        doctor_found(doctor, name, figures, "governor %s, driver %s, %s", governor, driver,
                     format_range(freq, range));
    else
        doctor_noted(doctor, name, figures, "the clock follows the load while it is measured",
                     governor_remedy, "governor %s, driver %s, %s", governor, driver,
                     format_range(freq, range));
}

/* CPUs that are alike are told together. */
static enum status add_clocks(struct doctor *doctor, const int *cpus, size_t n, struct error *error)
{
    struct cpufreq *freqs = calloc(n + 1, sizeof *freqs);
    int *group = calloc(n + 1, sizeof *group);
    size_t n_known = 0;
    if (!freqs || !group) {
        free(freqs);
        free(group);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for the CPUs");
    }
    for (size_t i = 0; i < n; i++)
        cpufreq_read(doctor->sysroot, cpus[i], &freqs[i]);
    for (size_t i = 0; i < n; i++) {
        size_t n_group = 0;
        bool told = !freqs[i].governor[0] && freqs[i].now_khz < 0;
        for (size_t k = 0; k < i && !told; k++)
            told = alike(&freqs[i], &freqs[k]);
        for (size_t k = i; k < n && !told; k++) {
            if (alike(&freqs[i], &freqs[k]))
                group[n_group++] = cpus[k];
        }
        if (n_group > 0)
            add_group(doctor, group, n_group, &freqs[i]);
        n_known += n_group;
    }
    free(freqs);
    free(group);
    if (n_known == 0) {
        char *hypervisor = machine_hypervisor(doctor->sysroot);
        doctor_missed(doctor, "governor and clock", NULL,
                      "/sys/devices/system/cpu/cpu*/cpufreq: there is no such folder",
                      hypervisor ? "the host sets the clock: give it the governor performance there"
                                 : "modprobe acpi-cpufreq (x86) or cpufreq-dt (boards), or a "
                                   "kernel with CONFIG_CPU_FREQ=y");
        free(hypervisor);
    }
    return STATUS_OK;
}

static void add_turbo(struct doctor *doctor)
{
    const char *path;
    enum turbo turbo = cpufreq_turbo(doctor->sysroot, &path);
    if (turbo == TURBO_ON)
        doctor_noted(doctor, "turbo", json_pack("{s:b}", "turbo", 1),
                     "the clock depends on temperature and on the other cores",
                     strstr(path, "no_turbo") ? "echo 1 | sudo tee "
                                                "/sys/devices/system/cpu/intel_pstate/no_turbo"
                                              : "echo 0 | sudo tee "
                                                "/sys/devices/system/cpu/cpufreq/boost",
                     "on (%s)", path);
    else if (turbo == TURBO_OFF)
        doctor_found(doctor, "turbo", json_pack("{s:b}", "turbo", 0), "off (%s)", path);
    else
        doctor_missed(doctor, "turbo", NULL,
                      "neither intel_pstate/no_turbo nor cpufreq/boost is in "
                      "/sys/devices/system/cpu: there is none, or it cannot be told",
                      NULL);
}

static void add_isolated(struct doctor *doctor)
{
    int *cpus;
    size_t n;
    char list[CPULIST_TEXT];
    struct error why = {0};
    if (cpulist_read(doctor->sysroot, "/sys/devices/system/cpu/isolated", &cpus, &n, &why))
        doctor_missed(doctor, "isolated CPUs", NULL, why.text, NULL);
    else if (n > 0)
        doctor_found(doctor, "isolated CPUs",
                     json_pack("{s:s}", "cpus", cpulist_format(cpus, n, list)),
                     "%s: name them as [edge] cpu", list);
    else
        doctor_found(doctor, "isolated CPUs", json_pack("{s:s}", "cpus", ""),
                     "none (isolcpus=.. on the kernel's command line keeps others off)");
    free(cpus);
}

static void add_throttling(struct doctor *doctor, const int *cpus, size_t n)
{
    char *says;
    int64_t events = throttle_events(doctor->sysroot, cpus, n);
    int now = throttled_now(doctor->sysroot, &says);
    json_t *figures = json_pack("{s:o,s:o}", "events", khz_or_null(events), "now",
                                now < 0 ? json_null() : json_boolean(now));
    if (now == 1)
        doctor_noted(doctor, "throttling", figures, says,
                     "cool the device, or see to its power supply", "at this moment");
    else if (events >= 0)
        doctor_found(doctor, "throttling", figures, "%" PRId64 " events since the start", events);
    else if (now == 0)
        doctor_found(doctor, "throttling", figures, "not now; events are not counted");
    else
        doctor_missed(doctor, "throttling", figures,
                      "neither thermal_throttle counters, nor a cooling device of the processor, "
                      "nor a Raspberry Pi's get_throttled",
                      NULL);
    free(says);
}

enum status doctor_frequency(struct doctor *doctor, struct error *error)
{
    int *cpus;
    size_t n;
    struct error why = {0};
    if (cpulist_read(doctor->sysroot, online_file, &cpus, &n, &why)) {
        doctor_missed(doctor, "CPUs", NULL, why.text, NULL);
        return why.code == STATUS_NO_MEMORY ? error_set(error, why.code, "%s", why.text)
                                            : STATUS_OK;
    }
    enum status status = add_clocks(doctor, cpus, n, error);
    if (!status) {
        add_turbo(doctor);
        add_isolated(doctor);
        add_throttling(doctor, cpus, n);
    }
    free(cpus);
    return status;
}
