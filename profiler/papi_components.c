// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/papi_components.h"

#include "profiler/perf.h"

#include <papi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char uncore_remedy[] =
    "where the processor has such units: sudo sysctl kernel.perf_event_paranoid=0";

static enum status tell(const PAPI_component_info_t *info, papi_component_sink *sink, void *user,
                        struct error *error)
{
    struct papi_component component = {.name = info->name,
                                       .n_events = info->num_native_events,
                                       .n_at_a_time = info->num_cntrs,
                                       .note = "no events so far"};
    char *why = NULL, *remedy = NULL;
    if (info->disabled == PAPI_EDELAY_INIT) {
        component.n_events = 0;
        component.note = "starts when one of its events is asked for";
    } else if (info->disabled) {
        component.why =
            info->disabled_reason[0] ? info->disabled_reason : PAPI_strerror(info->disabled);
        if (strcmp(info->name, "perf_event") == 0) {
            struct perf_state state;
            if (perf_state_read(NULL, &state, NULL) == STATUS_OK)
                perf_state_trouble(&state, &why, &remedy);
            perf_state_free(&state);
            component.remedy = remedy ? remedy : perf_papi_remedy(component.why);
        } else if (strcmp(info->name, "perf_event_uncore") == 0) {
            component.remedy = uncore_remedy;
        }
    }
    enum status status = sink(user, &component, error);
    free(why);
    free(remedy);
    return status;
}

enum status papi_components_each(papi_component_sink *sink, void *user, struct error *error)
{
    char version[32];
    struct papi_component library = {.name = "library", .note = version};
    bool was_up = PAPI_is_initialized() != PAPI_NOT_INITED;
    int rc = PAPI_library_init(PAPI_VER_CURRENT);
    snprintf(version, sizeof version, "%d.%d.%d", PAPI_VERSION_MAJOR(PAPI_VERSION),
             PAPI_VERSION_MINOR(PAPI_VERSION), PAPI_VERSION_REVISION(PAPI_VERSION));
    if (rc != PAPI_VER_CURRENT) {
        library.why =
            rc > 0 ? "it is of another version than rnnprof was built with" : PAPI_strerror(rc);
        library.remedy = "rebuild rnnprof with the PAPI that is installed";
    }
    enum status status = sink(user, &library, error);
    for (int c = 0; !status && rc == PAPI_VER_CURRENT && c < PAPI_num_components(); c++)
        status = tell(PAPI_get_component_info(c), sink, user, error);
    if (!was_up && rc == PAPI_VER_CURRENT)
        PAPI_shutdown();
    return status;
}
