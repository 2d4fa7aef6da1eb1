// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/environment.h"

#include "profiler/cpulist.h"
#include "profiler/sysfs.h"

#include <inttypes.h>
#include <stdlib.h>

static const char online_file[] = "/sys/devices/system/cpu/online";

enum status environment_open(struct environment *environment, const char *sysroot,
                             const char *cpu_list, bool set_governor, struct error *error)
{
    struct error why = {0};
    *environment = (struct environment){.sysroot = sysroot, .summary = {.widest_round = -1}};
    enum status status = sysfs_check_root(sysroot, error);
    if (status)
        return status;
    if (cpu_list)
        status = cpulist_parse(cpu_list, &environment->cpus, &environment->n_cpus, error);
    else if (cpulist_read(sysroot, online_file, &environment->cpus, &environment->n_cpus, &why) ==
             STATUS_NO_MEMORY)
        status = error_set(error, STATUS_NO_MEMORY, "%s", why.text);
    if (!status && set_governor)
        status = governor_hold(sysroot, &environment->guard, error);
    return status;
}

void environment_announce(const struct environment *environment, FILE *out)
{
    size_t n;
    char list[CPULIST_TEXT];
    int *others = calloc(environment->n_cpus + 1, sizeof *others);
    char *governor = others ? governor_trouble(environment->sysroot, environment->cpus,
                                               environment->n_cpus, others, &n)
                            : NULL;
    if (governor)
        fprintf(out,
                "warning: the governor of CPU %s is '%s': the clock follows the load while it is "
                "measured; remedy: %s\n",
                cpulist_format(others, n, list), governor, governor_remedy);
    free(governor);
    free(others);
}

enum status environment_watch(struct environment *environment, struct sweep *sweep,
                              struct error *error)
{
    enum status status =
        clockwatch_start(environment->sysroot, environment->cpus, environment->n_cpus, sweep->store,
                         sweep->campaign_id, &environment->watch, error);
    if (!status && environment->watch)
        sweep->companions[sweep->n_companions++] = clockwatch_companion(environment->watch);
    return status;
}

enum status environment_conclude(struct environment *environment, FILE *out, struct error *error)
{
    struct clockwatch_summary *seen = &environment->summary;
    enum status status = clockwatch_stop(environment->watch, seen, error);
    environment->watch = NULL;
    if (!out || seen->n_flagged == 0)
        return status;
    fprintf(out, "warning: %" PRIu64 " of %" PRIu64 " rounds are flagged:", seen->n_flagged,
            seen->n_rounds);
    if (seen->n_changed > 0)
        fprintf(out,
                " in %" PRIu64 " the clock changed, by up to %.0f %% (round %lld: %.0f to %.0f "
                "MHz)%s",
                seen->n_changed, 100 * seen->widest, (long long)seen->widest_round + 1,
                (double)seen->widest_khz[0] * 1e-3, (double)seen->widest_khz[1] * 1e-3,
                seen->n_throttled > 0 ? ";" : "");
    if (seen->n_throttled > 0)
        fprintf(out, " in %" PRIu64 " the device throttled", seen->n_throttled);
    fputs("; rnnprof show lists them, rnnprof doctor says what helps\n", out);
    return status;
}

enum status environment_close(struct environment *environment, struct error *error)
{
    enum status status = governor_release(environment->guard, error);
    free(environment->cpus);
    *environment = (struct environment){0};
    return status;
}
