// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/perf.h"

#include "base/memory.h"
#include "profiler/machine.h"
#include "profiler/sysfs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char sources[] = "/sys/bus/event_source/devices";

/* The processors' units among the sources of events; the others are software, uncore, energy. */
static const char *const pmu_patterns[] = {"cpu", "cpu_*", "armv*", "arm_dsu*", "apple_*"};

static enum status find_pmus(const char *sysroot, struct perf_state *state, struct error *error)
{
    enum status status = STATUS_OK;
    char *folder = sysfs_path(sysroot, sources);
    for (size_t i = 0; !status && i < sizeof pmu_patterns / sizeof *pmu_patterns; i++) {
        char **names = NULL;
        size_t n = 0;
        if (!folder || sysfs_list(folder, pmu_patterns[i], &names, &n, NULL))
            n = 0;
        for (size_t k = 0; !status && k < n; k++) {
            char *both = state->pmus ? text_format("%s, %s", state->pmus, names[k]) : NULL;
            status = text_replace(&state->pmus, both ? both : names[k], error);
            free(both);
        }
        sysfs_list_free(names, n);
    }
    free(folder);
    return status;
}

enum status perf_state_read(const char *sysroot, struct perf_state *state, struct error *error)
{
    *state = (struct perf_state){.paranoid = INT64_MIN};
    char *path = sysfs_path(sysroot, "/proc/sys/kernel/perf_event_paranoid");
    char *hypervisor = machine_hypervisor(sysroot);
    if (!path)
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    state->in_kernel = sysfs_read_integer(path, &state->paranoid, NULL) == STATUS_OK;
    state->is_virtual = hypervisor != NULL;
    free(path);
    free(hypervisor);
    return find_pmus(sysroot, state, error);
}

void perf_state_free(struct perf_state *state)
{
    free(state->pmus);
    *state = (struct perf_state){0};
}

void perf_state_trouble(const struct perf_state *state, char **why, char **remedy)
{
    *why = *remedy = NULL;
    if (!state->in_kernel) {
        *why = text_copy("/proc/sys/kernel/perf_event_paranoid: there is no such file: this kernel "
                         "has no performance events");
        *remedy = text_copy("boot a kernel with CONFIG_PERF_EVENTS=y");
    } else if (!state->pmus && state->is_virtual) {
        *why = text_copy("this virtual machine shows no PMU (nothing like cpu in "
                         "/sys/bus/event_source/devices)");
        *remedy = text_copy("give the machine one (QEMU: -cpu host,pmu=on), or measure on the "
                            "hardware itself");
    } else if (!state->pmus) {
        *why = text_copy("no PMU: nothing like cpu in /sys/bus/event_source/devices");
        *remedy = text_copy("on a board: a kernel with CONFIG_ARM_PMU=y and a device tree that "
                            "has the node pmu");
    } else if (state->paranoid > 2) {
        *why = text_format("/proc/sys/kernel/perf_event_paranoid is %" PRId64
                           ": only privileged programs may count, and PAPI does not even for them",
                           state->paranoid);
        *remedy = text_copy("sudo sysctl kernel.perf_event_paranoid=2");
    }
}

const char *perf_papi_remedy(const char *disabled_reason)
{
    /* libpfm4 4.13 knows of Arm's own cores the Cortex-A53, A57 and Neoverse; PAPI 7.0 has presets
     * for the two former. The events that the architecture defines are the same on all of them. */
    return strstr(disabled_reason, "no default PMU")
               ? "libpfm4, through which PAPI names events, does not know this processor. On a "
                 "64-bit ARM (Raspberry Pi 4 and 5) set LIBPFM_FORCE_PMU=arm_ac57 in the "
                 "environment: instructions, cycles and what else the architecture defines are "
                 "then read by the names of a Cortex-A57; check what is peculiar to it"
               : NULL;
}
