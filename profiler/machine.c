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

/* The value behind the first of the keys that there is: x86 says "model name", ARM boards "Model"
 * or "Hardware". */
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
    return best[0] ? text_copy(best) : NULL;
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
