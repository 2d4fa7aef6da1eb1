// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/memory.h"
#include "base/tool.h"
#include "endpoint/client.h"
#include "engines/engine.h"
#include "profiler/doctor.h"
#include "records/store.h"

#include <stdlib.h>

/* Whether the engine of that name could run here with its defaults. */
static enum status add_engine(struct doctor *doctor, const char *name, struct error *error)
{
    struct engine_config config;
    struct error why = {0};
    char *version = NULL;
    enum status status = engine_config_defaults(&config, error);
    if (status)
        return status;
    status = text_replace(&config.engine, name, error);
    if (!status && engine_probe(&config, &version, &why) == STATUS_OK)
        doctor_found(doctor, name, NULL, "%s",
                     version[0] ? version : "yours: docs/engines.md says how");
    else if (!status)
        doctor_missed(doctor, name, NULL, why.text, NULL);
    free(version);
    engine_config_free(&config);
    return status;
}

enum status doctor_engines(struct doctor *doctor, struct error *error)
{
    enum status status = STATUS_OK;
    if (doctor->sysroot) {
        doctor_noted(doctor, "engines", NULL, NULL, "run rnnprof doctor on that machine",
                     "not looked at: they are part of this program, not of another root");
        return STATUS_OK;
    }
    for (size_t i = 0; !status && engine_name(i); i++)
        status = add_engine(doctor, engine_name(i), error);
    doctor_found(doctor, "client", NULL, "%s", client_library_version());
    doctor_found(doctor, "store", NULL, "%s", store_library_version());
    doctor_found(doctor, "rnnmap", NULL, "%s", RNNMAP_VERSION);
    return status;
}
