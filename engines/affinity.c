// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/affinity_private.h"

#include "base/units.h"

#include <errno.h>
#include <string.h>

enum { NUMBER_SIZE = 12 };

/* The number that ends before `end`, one of the list's separators or its end. */
static enum status read_number(const char *text, const char *end, uint64_t *value,
                               struct error *error)
{
    char number[NUMBER_SIZE];
    size_t length = (size_t)(end - text);
    if (length >= sizeof number)
        return error_set(error, STATUS_INVALID, "'%.*s' is not the number of a CPU",
                         (int)(length < 40 ? length : 40), text);
    memcpy(number, text, length);
    number[length] = '\0';
    return parse_u64(number, 0, CPU_SETSIZE - 1, value, error);
}

enum status affinity_parse(const char *list, cpu_set_t *cpus, struct error *error)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const char *item = list;; item++) {
        const char *end = item + strcspn(item, ",");
        const char *dash = memchr(item, '-', (size_t)(end - item));
        uint64_t from, to;
        enum status status = read_number(item, dash ? dash : end, &from, error);
        if (!status)
            status = dash ? read_number(dash + 1, end, &to, error) : (to = from, STATUS_OK);
        if (!status && to < from)
            status = error_set(error, STATUS_INVALID, "the range runs backwards");
        if (status) {
            error_prefix(error, "'%.80s' is not a list of CPUs (such as 0 or 2-3,5)", list);
            return status;
        }
        for (uint64_t cpu = from; cpu <= to; cpu++)
            CPU_SET(cpu, &set);
        item = end;
        if (*item == '\0')
            break;
    }
    *cpus = set;
    return STATUS_OK;
}

enum status affinity_bind(const cpu_set_t *cpus, struct error *error)
{
    cpu_set_t before, after;
    int missing = -1;
    if (sched_getaffinity(0, sizeof before, &before) != 0)
        return error_set_errno(error, STATUS_UNSUPPORTED, errno, "sched_getaffinity");
    if (sched_setaffinity(0, sizeof *cpus, cpus) != 0) {
        if (errno != EINVAL)
            return error_set_errno(error, STATUS_UNSUPPORTED, errno, "sched_setaffinity");
        CPU_ZERO(&after); /* none of them is there */
    } else if (sched_getaffinity(0, sizeof after, &after) != 0) {
        return error_set_errno(error, STATUS_UNSUPPORTED, errno, "sched_getaffinity");
    }
    /* the kernel drops CPUs that are not there without a word */
    for (unsigned cpu = 0; cpu < CPU_SETSIZE && missing < 0; cpu++) {
        if (CPU_ISSET(cpu, cpus) && !CPU_ISSET(cpu, &after))
            missing = (int)cpu;
    }
    if (missing < 0)
        return STATUS_OK;
    sched_setaffinity(0, sizeof before, &before);
    return error_set(error, STATUS_UNSUPPORTED,
                     "CPU %d is not there, or this process may not use it; see "
                     "Cpus_allowed_list in /proc/self/status",
                     missing);
}

void affinity_bind_workers(const cpu_set_t *cpus, uint32_t threads)
{
#pragma omp parallel num_threads((int)threads)
    sched_setaffinity(0, sizeof *cpus, cpus);
}

uint32_t affinity_n_cpus(void)
{
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0)
        return 1;
    int n = CPU_COUNT(&cpus);
    return n < 1 ? 1 : (uint32_t)n;
}
