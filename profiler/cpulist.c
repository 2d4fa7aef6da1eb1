// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/cpulist.h"

#include "profiler/sysfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take_number(const char **text, long *number)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    *number = strtol(*text, &end, 10);
    *text = end;
    return *number < CPULIST_MAX;
}

/* Marks the CPUs of "2-3" or "5". */
static bool take_range(const char **text, bool *marked)
{
    long first, last;
    if (!take_number(text, &first))
        return false;
    last = first;
    if (**text == '-') {
        ++*text;
        if (!take_number(text, &last) || last < first)
            return false;
    }
    for (long cpu = first; cpu <= last; cpu++)
        marked[cpu] = true;
    return true;
}

enum status cpulist_parse(const char *text, int **cpus, size_t *n, struct error *error)
{
    bool *marked = calloc(CPULIST_MAX, sizeof *marked), ok = true;
    const char *at = text;
    *cpus = malloc(CPULIST_MAX * sizeof **cpus);
    *n = 0;
    enum status status = marked && *cpus ? STATUS_OK : STATUS_NO_MEMORY;
    if (!status && *at) {
        ok = take_range(&at, marked);
        while (ok && *at == ',') {
            at++;
            ok = take_range(&at, marked);
        }
    }
    if (status)
        error_set(error, status, "out of memory for the CPUs");
    else if (!ok || *at)
        status = error_set(error, STATUS_INVALID, "'%s' is no list of CPUs such as 0-3,8", text);
    for (int i = 0; !status && i < CPULIST_MAX; i++) {
        if (marked[i])
            (*cpus)[(*n)++] = i;
    }
    free(marked);
    if (status) {
        free(*cpus);
        *cpus = NULL;
    }
    return status;
}

enum status cpulist_read(const char *sysroot, const char *path, int **cpus, size_t *n,
                         struct error *error)
{
    char text[1024] = "";
    struct error why = {0};
    char *below = sysfs_path(sysroot, path);
    *cpus = NULL;
    *n = 0;
    if (!below)
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    enum status status = sysfs_read_text(below, text, sizeof text, &why);
    free(below);
    if (status == STATUS_INVALID) /* empty: the kernel has no CPU of that kind */
        text[0] = '\0';
    else if (status)
        return error_set(error, status, "%s", why.text);
    return cpulist_parse(text, cpus, n, error);
}

const char *cpulist_format(const int *cpus, size_t n, char *text)
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0, end; i < n; i = end) {
        char range[32];
        for (end = i + 1; end < n && cpus[end] == cpus[end - 1] + 1; end++)
            ;
        if (end - i > 1)
            snprintf(range, sizeof range, "%d-%d", cpus[i], cpus[end - 1]);
        else
            snprintf(range, sizeof range, "%d", cpus[i]);
        if (at + strlen(range) + 4 > CPULIST_TEXT) {
            snprintf(text + at, CPULIST_TEXT - at, "..");
            break;
        }
        at += (size_t)snprintf(text + at, CPULIST_TEXT - at, "%s%s", at ? "," : "", range);
    }
    return text;
}
