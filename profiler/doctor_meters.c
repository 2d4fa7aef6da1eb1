// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/memory.h"
#include "base/units.h"
#include "profiler/doctor.h"
#include "profiler/meter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A figure in uJ or uW with the unit that suits it. */
static const char *format_micro(double value, const char *unit, char text[32])
{
    if (value >= 1e6)
        snprintf(text, 32, "%.4g %s", value * 1e-6, unit);
    else if (value >= 1e3)
        snprintf(text, 32, "%.4g m%s", value * 1e-3, unit);
    else
        snprintf(text, 32, "%.4g u%s", value, unit);
    return text;
}

static void add_meter(struct doctor *doctor, const struct meter_found *found)
{
    const struct meter_info *info = &found->info;
    const char *unit = info->counts ? "J" : "W";
    char step[32], stated[UNITS_TEXT_SIZE] = "";
    json_t *figures =
        json_pack("{s:s,s:s?,s:s?,s:s,s:f,s:s,s:s,s:b,s:o}", "kind", info->kind, "spec",
                  found->spec, "source", info->source, "unit", info->counts ? "uJ" : "uW",
                  "resolution", info->resolution, "scope", scope_name(info->scope), "provenance",
                  provenance_name(info->provenance), "radio", info->radio, "stated_update_s",
                  info->update_ns > 0 ? json_real((double)info->update_ns * 1e-9) : json_null());
    if (info->update_ns > 0)
        format_time((double)info->update_ns * 1e-9, stated);
    char *name = text_format("%s %s", info->kind, info->name);
    doctor_found(doctor, name ? name : info->name, figures,
                 "%s, steps of %s, scope %s%s, %s%s%s; [energy] meter = %s",
                 info->counts ? "counts energy" : "shows power",
                 format_micro(info->resolution, unit, step), scope_name(info->scope),
                 info->radio ? " with the radio" : "", provenance_name(info->provenance),
                 stated[0] ? ", says that it updates every " : "", stated,
                 found->spec ? found->spec : "");
    free(name);
}

enum status doctor_meters(struct doctor *doctor, struct error *error)
{
    struct meter_found *found;
    size_t n;
    enum status status = meter_find(doctor->sysroot, &found, &n, error);
    if (status)
        return status;
    for (size_t i = 0; i < n; i++) {
        const struct meter_info *info = &found[i].info;
        if (found[i].status == STATUS_OK) {
            add_meter(doctor, &found[i]);
            continue;
        }
        char *name = strcmp(info->kind, info->name) == 0
                         ? text_copy(info->kind)
                         : text_format("%s %s", info->kind, info->name);
        doctor_missed(doctor, name ? name : info->name,
                      json_pack("{s:s,s:s?}", "kind", info->kind, "source", info->source),
                      found[i].why, found[i].remedy);
        free(name);
    }
    meter_found_free(found, n);
    return STATUS_OK;
}
