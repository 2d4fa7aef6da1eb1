// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/device.h"

#include "base/memory.h"
#include "base/tool.h"
#include "endpoint/client.h"
#include "engines/engine.h"
#include "records/store.h"

#include <inttypes.h>
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

static const char since[] = "since_round_";

/* The device as it was last: the first fingerprint with every later change laid over it. */
static json_t *last_state(const char *stored)
{
    const char *key;
    json_t *value, *all = stored ? json_loads(stored, 0, NULL) : NULL, *last = json_object();
    json_object_foreach(all, key, value)
    {
        if (strncmp(key, since, strlen(since)) == 0)
            json_object_update(last, value);
        else
            json_object_set(last, key, value);
    }
    json_decref(all);
    return last;
}

/* What differs from the stored fingerprint, with its present values. */
static json_t *differences(const json_t *last, const char *now)
{
    const char *key;
    json_t *value, *present = json_loads(now, 0, NULL), *changed = json_object();
    json_object_foreach(present, key, value)
    {
        const json_t *before = json_object_get(last, key);
        if (before && !json_equal(before, value))
            json_object_set(changed, key, value);
    }
    json_decref(present);
    return changed;
}

static void put_value(FILE *out, const json_t *value)
{
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    fprintf(out, "'%s'", text ? text : json_is_string(value) ? json_string_value(value) : "");
    free(text);
}

char *device_changes(const char *stored, const char *now)
{
    char *text = NULL;
    size_t size;
    const char *key;
    json_t *value, *last = last_state(stored), *changed = differences(last, now);
    FILE *out = json_object_size(changed) > 0 ? open_memstream(&text, &size) : NULL;
    json_object_foreach(changed, key, value)
    {
        if (!out)
            break;
        fprintf(out, "%s%s ", ftell(out) > 0 ? "; " : "", key);
        put_value(out, json_object_get(last, key));
        fputs(", now ", out);
        put_value(out, value);
    }
    if (out)
        fclose(out);
    json_decref(last);
    json_decref(changed);
    return text;
}

char *device_note_change(const char *stored, const char *now, int64_t round)
{
    json_t *all = stored ? json_loads(stored, 0, NULL) : NULL, *last = last_state(stored);
    char *key = text_format("%s%" PRId64, since, round);
    json_t *changed = differences(last, now), *before = key ? json_object_get(all, key) : NULL;
    if (before)
        json_object_update(before, changed); /* a change before anything was measured since */
    else if (key)
        json_object_set(all, key, changed);
    json_decref(changed);
    char *text = key && all ? json_dumps(all, JSON_COMPACT) : NULL;
    free(key);
    json_decref(all);
    json_decref(last);
    return text;
}
