// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/device.h"

#include "base/tool.h"
#include "endpoint/client.h"
#include "engines/engine.h"
#include "records/store.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The value behind the first of the keys that /proc/cpuinfo has: x86 says "model name", ARM boards
 * "Model" or "Hardware". */
static json_t *cpu_name(bool *is_virtual)
{
    static const char *const keys[] = {"model name", "Model", "Hardware", "cpu model", "uarch"};
    enum { N_KEYS = sizeof keys / sizeof *keys };
    char line[1024], best[256] = "";
    int rank = N_KEYS;
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file)) {
        char *value = strchr(line, ':');
        if (!value)
            continue;
        *value++ = '\0';
        value += strspn(value, " \t");
        value[strcspn(value, "\n")] = '\0';
        line[strcspn(line, "\t")] = '\0';
        for (int i = 0; i < rank; i++) {
            if (strcmp(line, keys[i]) == 0) {
                rank = i;
                snprintf(best, sizeof best, "%.255s", value);
            }
        }
        if (strcmp(line, "flags") == 0 && strstr(value, " hypervisor"))
            *is_virtual = true;
    }
    if (file)
        fclose(file);
    return best[0] ? json_string(best) : json_null();
}

static json_t *first_line(const char *path)
{
    char line[256];
    FILE *file = fopen(path, "r");
    bool got = file && fgets(line, sizeof line, file);
    if (file)
        fclose(file);
    if (!got)
        return json_null();
    line[strcspn(line, "\n")] = '\0';
    return json_string(line);
}

char *device_fingerprint(void)
{
    struct utsname kernel = {0};
    bool is_virtual = false;
    uname(&kernel);
    json_t *cpu = cpu_name(&is_virtual);
    json_t *device =
        json_pack("{s:o,s:I,s:s,s:s,s:o,s:b,s:[s,s,s],s:s}", "cpu", cpu, "n_cpus",
                  (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "machine", kernel.machine, "kernel",
                  kernel.release, "governor",
                  first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"), "virtual",
                  is_virtual, "libraries", engine_library_version(), client_library_version(),
                  store_library_version(), "rnnmap", RNNMAP_VERSION);
    char *text = device ? json_dumps(device, JSON_COMPACT) : NULL;
    json_decref(device);
    return text;
}
