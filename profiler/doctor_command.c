// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/terminal.h"
#include "profiler/commands.h"
#include "profiler/doctor.h"
#include "profiler/sysfs.h"

enum { WIDTH = 100 }; /* where no terminal says otherwise */

enum status rnnprof_doctor(const struct invocation *call, const void *settings, struct error *error)
{
    const struct rnnprof_settings *s = settings;
    struct doctor doctor = {.sysroot = s->sysroot, .counters = s->counters};
    json_t *document;
    enum status status = sysfs_check_root(s->sysroot, error);
    if (!status)
        status = doctor_examine(&doctor, &document, error);
    if (status)
        return status;
    int width = terminal_width(call->out);
    if (call->json) {
        json_dumpf(document, call->out, JSON_INDENT(1));
        fputc('\n', call->out);
    } else {
        doctor_print(document, width > 0 ? width : WIDTH, call->out);
    }
    json_decref(document);
    return STATUS_OK;
}
