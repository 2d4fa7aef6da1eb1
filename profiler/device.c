// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/device.h"

#include "base/memory.h"
#include "base/tool.h"
#include "endpoint/client.h"
#include "engines/engine.h"
#include "profiler/cpufreq.h"
#include "profiler/machine.h"
#include "records/store.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static json_t *text_or_null(char *text)
{
    json_t *value = text ? json_string(text) : json_null();
    free(text);
    return value;
}

static char *governor_of(const char *sysroot)
{
    struct cpufreq freq;
    cpufreq_read(sysroot, 0, &freq);
    return freq.governor[0] ? text_copy(freq.governor) : NULL;
}

char *device_fingerprint(const char *sysroot)
{
    struct utsname kernel = {0};
    uname(&kernel);
    char *hypervisor = machine_hypervisor(NULL);
    json_t *device = json_pack(
        "{s:o,s:I,s:s,s:s,s:o,s:b,s:[s,s,s],s:s}", "cpu", text_or_null(machine_cpu_name(NULL)),
        "n_cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "machine", kernel.machine, "kernel",
        kernel.release, "governor", text_or_null(governor_of(sysroot)), "virtual",
        hypervisor != NULL, "libraries", engine_library_version(), client_library_version(),
        store_library_version(), "rnnmap", RNNMAP_VERSION);
    char *text = device ? json_dumps(device, JSON_COMPACT) : NULL;
    json_decref(device);
    free(hypervisor);
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
