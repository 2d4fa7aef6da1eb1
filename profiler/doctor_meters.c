// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/memory.h"
#include "base/units.h"
#include "profiler/doctor.h"
#include "profiler/meter.h"
#include "profiler/watch.h"

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

/* One meter being watched until it has changed often enough, or has not for too long. */
struct trial {
    struct meter *meter;
    struct watch *watch;
    enum status status;
    struct error why;
    int64_t update_ns; /* < 0: no change was seen */
};

static void begin_trial(struct trial *trial, const char *spec, const char *sysroot)
{
    *trial = (struct trial){.update_ns = -1};
    trial->status = meter_open(spec, sysroot, &trial->meter, &trial->why);
    if (!trial->status)
        trial->status = watch_start(trial->meter, &trial->watch, &trial->why);
    if (!trial->status)
        watch_updates(trial->watch);
}

static void end_trial(struct trial *trial)
{
    if (!trial->status) {
        trial->status = watch_end(trial->watch, false, NULL, &trial->why);
        trial->update_ns = watch_update_ns(trial->watch);
    }
    watch_stop(trial->watch);
    meter_close(trial->meter);
}

static json_t *seconds_or_null(int64_t ns)
{
    return ns > 0 ? json_real((double)ns * 1e-9) : json_null();
}

static json_t *figures_of(const struct meter_found *found, const struct trial *trial)
{
    const struct meter_info *info = &found->info;
    return json_pack("{s:s,s:s?,s:s?,s:s,s:f,s:s,s:s,s:b,s:o,s:o}", "kind", info->kind, "spec",
                     found->spec, "source", info->source, "unit", info->counts ? "uJ" : "uW",
                     "resolution", info->resolution, "scope", scope_name(info->scope), "provenance",
                     provenance_name(info->provenance), "radio", info->radio, "stated_update_s",
                     seconds_or_null(info->update_ns), "update_s",
                     seconds_or_null(trial->update_ns));
}

/* What it is, and how often its figure changed here; a figure that stands still is told. */
static void add_meter(struct doctor *doctor, const struct meter_found *found,
                      const struct trial *trial)
{
    const struct meter_info *info = &found->info;
    char step[32], stated[UNITS_TEXT_SIZE] = "", seen[UNITS_TEXT_SIZE] = "";
    if (info->update_ns > 0)
        format_time((double)info->update_ns * 1e-9, stated);
    if (trial->update_ns > 0)
        format_time((double)trial->update_ns * 1e-9, seen);
    char *name = text_format("%s %s", info->kind, info->name);
    char *text = text_format("%s, steps of %s, scope %s%s, %s%s%s%s%s; [energy] meter = %s",
                             info->counts ? "counts energy" : "shows power",
                             format_micro(info->resolution, info->counts ? "J" : "W", step),
                             scope_name(info->scope), info->radio ? " with the radio" : "",
                             provenance_name(info->provenance), seen[0] ? ", updates every " : "",
                             seen, stated[0] ? ", says that it updates every " : "", stated,
                             found->spec ? found->spec : "");
    const char *safe_name = name ? name : info->name, *safe_text = text ? text : "";
    if (trial->update_ns > 0)
        doctor_found(doctor, safe_name, figures_of(found, trial), "%s", safe_text);
    else if (trial->status)
        doctor_noted(doctor, safe_name, figures_of(found, trial), trial->why.text,
                     "do not trust it before it moves", "%s", safe_text);
    else
        doctor_noted(doctor, safe_name, figures_of(found, trial),
                     "its figure did not change while it was watched for three seconds: a steady "
                     "load, a slow meter, or it is stuck",
                     "look again while the device works", "%s", safe_text);
    free(name);
    free(text);
}

static void add_missing(struct doctor *doctor, const struct meter_found *found)
{
    const struct meter_info *info = &found->info;
    char *name = strcmp(info->kind, info->name) == 0 ? text_copy(info->kind)
                                                     : text_format("%s %s", info->kind, info->name);
    doctor_missed(doctor, name ? name : info->name,
                  json_pack("{s:s,s:s?}", "kind", info->kind, "source", info->source), found->why,
                  found->remedy);
    free(name);
}

/* All are watched at the same time: what slow ones take is not added up. */
enum status doctor_meters(struct doctor *doctor, struct error *error)
{
    struct meter_found *found;
    size_t n;
    enum status status = meter_find(doctor->sysroot, &found, &n, error);
    if (status)
        return status;
    struct trial *trials = calloc(n + 1, sizeof *trials);
    if (!trials)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu meters", n);
    for (size_t i = 0; !status && i < n; i++) {
        if (found[i].status == STATUS_OK)
            begin_trial(&trials[i], found[i].spec, doctor->sysroot);
    }
    for (size_t i = 0; !status && i < n; i++) {
        if (found[i].status == STATUS_OK) {
            end_trial(&trials[i]);
            add_meter(doctor, &found[i], &trials[i]);
        } else {
            add_missing(doctor, &found[i]);
        }
    }
    free(trials);
    meter_found_free(found, n);
    return status;
}
