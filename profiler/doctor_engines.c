// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/tool.h"
#include "endpoint/client.h"
#include "engines/engine.h"
#include "profiler/doctor.h"
#include "records/store.h"

enum status doctor_engines(struct doctor *doctor, struct error *error)
{
    (void)error;
    if (doctor->sysroot) {
        doctor_noted(doctor, "engines", NULL, NULL, "run rnnprof doctor on that machine",
                     "not looked at: they are part of this program, not of another root");
        return STATUS_OK;
    }
    doctor_found(doctor, "engines", NULL, "%s", engine_library_version());
    doctor_found(doctor, "client", NULL, "%s", client_library_version());
    doctor_found(doctor, "store", NULL, "%s", store_library_version());
    doctor_found(doctor, "rnnmap", NULL, "%s", RNNMAP_VERSION);
    return STATUS_OK;
}
