// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/doctor.h"

#include <stdarg.h>
#include <stdlib.h>

static const struct {
    const char *name;
    enum status (*examine)(struct doctor *doctor, struct error *error);
} subjects[] = {
    {"machine", doctor_machine}, {"engines", doctor_engines}, {"counters", doctor_counters},
    {"meters", doctor_meters},   {"clock", doctor_clock},     {"frequency", doctor_frequency},
};

/* A finding that cannot be made for want of memory is noticed by doctor_examine: a row is short. */
static void add(struct doctor *doctor, json_t *finding, json_t *figures)
{
    if (finding && figures)
        json_object_update(finding, figures);
    json_decref(figures);
    json_array_append_new(doctor->findings, finding);
}

static json_t *format_value(const char *format, va_list args)
{
    char *text;
    int length = vasprintf(&text, format, args);
    json_t *value = length < 0 ? NULL : json_string(text);
    if (length >= 0)
        free(text);
    return value;
}

void doctor_found(struct doctor *doctor, const char *name, json_t *figures, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(doctor,
        json_pack("{s:s,s:s,s:o}", "name", name, "state", "ok", "value",
                  format_value(format, args)),
        figures);
    va_end(args);
}

void doctor_noted(struct doctor *doctor, const char *name, json_t *figures, const char *why,
                  const char *remedy, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(doctor,
        json_pack("{s:s,s:s,s:o,s:s*,s:s*}", "name", name, "state", "note", "value",
                  format_value(format, args), "why", why, "remedy", remedy),
        figures);
    va_end(args);
}

void doctor_missed(struct doctor *doctor, const char *name, json_t *figures, const char *why,
                   const char *remedy)
{
    add(doctor,
        json_pack("{s:s,s:s,s:s*,s:s*}", "name", name, "state", "missing", "why", why, "remedy",
                  remedy),
        figures);
}

enum status doctor_examine(struct doctor *doctor, json_t **document, struct error *error)
{
    enum status status = STATUS_OK;
    *document = json_pack("{s:s,s:s?}", "schema", "rnnmap.doctor/1", "sysroot", doctor->sysroot);
    for (size_t i = 0; !status && i < sizeof subjects / sizeof *subjects; i++) {
        doctor->findings = json_array();
        status = subjects[i].examine(doctor, error);
        if (json_object_set_new(*document, subjects[i].name, doctor->findings) && !status)
            status = error_set(error, STATUS_NO_MEMORY, "out of memory for the findings");
    }
    if (status) {
        json_decref(*document);
        *document = NULL;
    }
    return status;
}
