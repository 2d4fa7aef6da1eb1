// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/memory.h"
#include "profiler/doctor.h"
#include "profiler/machine.h"
#include "profiler/sysfs.h"

#include <stdlib.h>

static void add_text(struct doctor *doctor, const char *name, const char *text, const char *why)
{
    if (text)
        doctor_found(doctor, name, NULL, "%s", text);
    else
        doctor_missed(doctor, name, NULL, why, NULL);
}

enum status doctor_machine(struct doctor *doctor, struct error *error)
{
    char kernel[128];
    char *cpu = machine_cpu_name(doctor->sysroot), *board = machine_board_name(doctor->sysroot);
    char *hypervisor = machine_hypervisor(doctor->sysroot);
    char *path = sysfs_path(doctor->sysroot, "/proc/sys/kernel/osrelease");
    struct error why = {0};
    if (board)
        doctor_found(doctor, "board", NULL, "%s", board);
    add_text(doctor, "processor", cpu, "/proc/cpuinfo has no name");
    bool known = path && sysfs_read_text(path, kernel, sizeof kernel, &why) == STATUS_OK;
    add_text(doctor, "kernel", known ? kernel : NULL, why.text);
    if (hypervisor)
        doctor_noted(doctor, "virtual machine", json_pack("{s:b}", "virtual", 1),
                     "times hold for this virtual machine and its neighbours; what it does not "
                     "pass on cannot be measured",
                     "measure on the hardware itself where energy or counters are wanted",
                     "yes: %s", hypervisor);
    else
        doctor_found(doctor, "virtual machine", json_pack("{s:b}", "virtual", 0), "no sign of one");
    free(cpu);
    free(board);
    free(hypervisor);
    free(path);
    return path ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory");
}
