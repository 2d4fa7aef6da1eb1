// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/machine.h"

#include "base/memory.h"
#include "profiler/sysfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_below(const char *sysroot, const char *path)
{
    char *below = sysfs_path(sysroot, path);
    FILE *file = below ? fopen(below, "r") : NULL;
    free(below);
    return file;
}

/* Takes "key\t: value\n" apart; NULL where the line is another one. */
static char *split_line(char *line)
{
    char *value = strchr(line, ':');
    if (!value)
        return NULL;
    *value++ = '\0';
    value += strspn(value, " \t");
    value[strcspn(value, "\n")] = '\0';
    line[strcspn(line, "\t")] = '\0';
    return value;
}

/* Arm's own cores by their part number (Main ID Register; arm64 Linux gives no names). */
static const struct {
    unsigned part;
    const char *name;
} arm_parts[] = {
    {0xc07, "Cortex-A7"},    {0xc08, "Cortex-A8"},   {0xc09, "Cortex-A9"},   {0xc0f, "Cortex-A15"},
    {0xd03, "Cortex-A53"},   {0xd04, "Cortex-A35"},  {0xd05, "Cortex-A55"},  {0xd07, "Cortex-A57"},
    {0xd08, "Cortex-A72"},   {0xd09, "Cortex-A73"},  {0xd0a, "Cortex-A75"},  {0xd0b, "Cortex-A76"},
    {0xd0c, "Neoverse N1"},  {0xd0d, "Cortex-A77"},  {0xd40, "Neoverse V1"}, {0xd41, "Cortex-A78"},
    {0xd42, "Cortex-A78AE"}, {0xd46, "Cortex-A510"}, {0xd47, "Cortex-A710"}, {0xd49, "Neoverse N2"},
};
enum { ARM = 0x41, N_ARM_PARTS = sizeof arm_parts / sizeof *arm_parts };

static char *core_name(unsigned long implementer, unsigned long part)
{
    for (size_t i = 0; implementer == ARM && i < N_ARM_PARTS; i++) {
        if (arm_parts[i].part == part)
            return text_format("ARM %s", arm_parts[i].name);
    }
    return text_format("implementer 0x%02lx, part 0x%03lx", implementer, part);
}

/* The kinds of cores, in the order of the processors ("ARM Cortex-A55, ARM Cortex-A76"). */
static char *core_names(const char *sysroot)
{
    char line[4096], *names = NULL;
    unsigned long implementer = 0;
    FILE *file = open_below(sysroot, "/proc/cpuinfo");
    while (file && fgets(line, sizeof line, file)) {
        const char *value = split_line(line);
        if (value && strcmp(line, "CPU implementer") == 0)
            implementer = strtoul(value, NULL, 16);
        if (!value || strcmp(line, "CPU part") != 0)
            continue;
        char *name = core_name(implementer, strtoul(value, NULL, 16));
        if (name && names && !strstr(names, name)) {
            char *longer = text_format("%s, %s", names, name);
            free(names);
            names = longer;
        } else if (name && !names) {
            names = text_copy(name);
        }
        free(name);
    }
    if (file)
        fclose(file);
    return names;
}

/* The value behind the first of the keys that there is: x86 says "model name", ARM boards "Model"
 * or "Hardware", others only the numbers of their cores. */
char *machine_cpu_name(const char *sysroot)
{
    static const char *const keys[] = {"model name", "Model", "Hardware", "cpu model", "uarch"};
    enum { N_KEYS = sizeof keys / sizeof *keys };
    char line[4096], best[256] = "";
    int rank = N_KEYS;
    FILE *file = open_below(sysroot, "/proc/cpuinfo");
    while (file && fgets(line, sizeof line, file)) {
        const char *value = split_line(line);
        for (int i = 0; value && i < rank; i++) {
            if (strcmp(line, keys[i]) == 0) {
                rank = i;
                snprintf(best, sizeof best, "%.255s", value);
            }
        }
    }
    if (file)
        fclose(file);
    return best[0] ? text_copy(best) : core_names(sysroot);
}

/* The first line of the first of the files that has one; NULL: none has. */
static char *first_text(const char *sysroot, const char *const *paths, size_t n)
{
    char text[256];
    for (size_t i = 0; i < n; i++) {
        char *path = sysfs_path(sysroot, paths[i]);
        enum status status = path ? sysfs_read_text(path, text, sizeof text, NULL) : STATUS_FAILED;
        free(path);
        if (!status)
            return text_copy(text);
    }
    return NULL;
}

char *machine_board_name(const char *sysroot)
{
    static const char *const paths[] = {"/proc/device-tree/model",
                                        "/sys/firmware/devicetree/base/model",
                                        "/sys/class/dmi/id/product_name"};
    return first_text(sysroot, paths, sizeof paths / sizeof *paths);
}

static bool flag_of_cpu(const char *sysroot)
{
    char line[4096];
    bool found = false;
    FILE *file = open_below(sysroot, "/proc/cpuinfo");
    while (file && !found && fgets(line, sizeof line, file)) {
        const char *value = split_line(line);
        found = value && strcmp(line, "flags") == 0 && strstr(value, " hypervisor");
    }
    if (file)
        fclose(file);
    return found;
}

char *machine_hypervisor(const char *sysroot)
{
    static const char *const own_words[] = {"/sys/hypervisor/type",
                                            "/proc/device-tree/hypervisor/compatible"};
    static const char *const makers[] = {"/sys/class/dmi/id/sys_vendor",
                                         "/sys/class/dmi/id/product_name"};
    static const char *const virtual_makers[] = {"QEMU", "KVM",   "VMware",    "VirtualBox",
                                                 "Xen",  "Bochs", "Parallels", "Virtual Machine"};
    char *says = first_text(sysroot, own_words, sizeof own_words / sizeof *own_words);
    for (size_t i = 0; !says && i < sizeof makers / sizeof *makers; i++) {
        char *maker = first_text(sysroot, &makers[i], 1);
        for (size_t k = 0; maker && !says && k < sizeof virtual_makers / sizeof *virtual_makers;
             k++) {
            if (strstr(maker, virtual_makers[k]))
                says = text_copy(maker);
        }
        free(maker);
    }
    return says ? says : flag_of_cpu(sysroot) ? text_copy("the CPU's flag 'hypervisor'") : NULL;
}
