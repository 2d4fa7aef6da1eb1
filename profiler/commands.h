// SPDX-License-Identifier: GPL-3.0-or-later
/* The commands of rnnprof and their options. */
#ifndef PROFILER_COMMANDS_H
#define PROFILER_COMMANDS_H

#include "base/tool.h"
#include "records/store.h"

struct rnnprof_settings {
    const char *db, *campaign, *only, *target;
    const char *output, *model, *plot, *token, *ca;
    const char *sysroot, *counters;
    double for_s, interval_s, timeout_s, bandwidth_s, size_bytes;
    bool resume, force, set_governor, grid;
    uint64_t length;
    bool csv, histogram;
};

/* Runs or resumes a campaign (run_command.c). */
enum status rnnprof_run(const struct invocation *call, const void *settings, struct error *error);

/* What this device has to measure with, and what is missing (doctor_command.c). */
enum status rnnprof_doctor(const struct invocation *call, const void *settings,
                           struct error *error);

/* Records the link to an endpoint (link_command.c). */
enum status rnnprof_link(const struct invocation *call, const void *settings, struct error *error);

/* What is stored, and CSV in and out (store_commands.c). */
enum status rnnprof_import(const struct invocation *call, const void *settings,
                           struct error *error);
enum status rnnprof_list(const struct invocation *call, const void *settings, struct error *error);
enum status rnnprof_export(const struct invocation *call, const void *settings,
                           struct error *error);

/* Opens the database of --db. STATUS_MISUSE: it was not given. Else as store_open. */
enum status rnnprof_open(const struct rnnprof_settings *settings, enum store_mode mode,
                         struct store **store, struct error *error);

/* Statistics per target and length (show_command.c). */
enum status rnnprof_show(const struct invocation *call, const void *settings, struct error *error);

#endif
