// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which machine this is, as files below a root tell it (profiler/sysfs.h).
 */
#ifndef PROFILER_MACHINE_H
#define PROFILER_MACHINE_H

#include <stdbool.h>

/* The processor's name as /proc/cpuinfo has it, to be freed; NULL: it has none, or memory ran out.
 */
char *machine_cpu_name(const char *sysroot);

/* The board's or computer's name by its firmware (device tree, DMI); likewise. */
char *machine_board_name(const char *sysroot);

/* Who says that this is a virtual machine ("/proc/cpuinfo: hypervisor", "QEMU"), to be freed; NULL:
 * nothing does. */
char *machine_hypervisor(const char *sysroot);

#endif
