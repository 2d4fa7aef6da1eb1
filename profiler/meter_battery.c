// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * battery: what the system's batteries give (Documentation/ABI/testing/sysfs-class-power):
 * power_now in uW, or current_now in uA times voltage_now in uV. It is the device's own power only
 * while they discharge and nothing feeds it besides. Drivers differ in the current's sign; the
 * status tells the direction.
 */
#include "profiler/meter_private.h"

#include "base/memory.h"
#include "profiler/sysfs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char folder[] = "/sys/class/power_supply";
static const char discharging[] = "Discharging";

/* Whether a supply's file says so. */
static bool says(const char *path, const char *name, const char *expected)
{
    char *text = sysfs_optional(path, name);
    bool is = text && strcmp(text, expected) == 0;
    free(text);
    return is;
}

static bool has(const char *path, const char *name)
{
    char *file = text_format("%s/%s", path, name);
    bool is = file && access(file, F_OK) == 0;
    free(file);
    return is;
}

/* A battery of the system itself, not of a mouse, and in its place. */
static bool is_battery(const char *path)
{
    return says(path, "type", "Battery") && !says(path, "scope", "Device") &&
           !says(path, "present", "0");
}

static enum status add_term(struct candidate *candidate, const char *path, struct error *error)
{
    struct term *term = terms_add(&candidate->terms, error);
    if (!term)
        return STATUS_NO_MEMORY;
    enum status status;
    if (has(path, "power_now")) {
        status = term_figure(term, text_format("%s/power_now", path), 1, 0, error);
    } else {
        status = term_figure(term, text_format("%s/voltage_now", path), 1e-3, 0, error);
        if (!status) /* mV * mA = uW */
            status = term_figure(term, text_format("%s/current_now", path), 1e-3, 0, error);
    }
    term->either_sign = true;
    term->state = discharging;
    term->state_path = text_format("%s/status", path);
    return !status && !term->state_path
               ? error_set(error, STATUS_NO_MEMORY, "out of memory for a path")
               : status;
}

/* "BAT0+BAT1". */
static char *joined(char *names, const char *more)
{
    char *longer = names ? text_format("%s+%s", names, more) : text_copy(more);
    free(names);
    return longer;
}

/* All of them are one meter: which of several gives the current changes as they run down. */
enum status battery_find(const char *root, struct candidates *candidates, struct error *error)
{
    char **names = NULL, *above = text_format("%s%s", root, folder), *name = NULL;
    size_t n = 0;
    struct candidate *candidate = NULL;
    enum status status = above ? sysfs_list(above, "*", &names, &n, error)
                               : error_set(error, STATUS_NO_MEMORY, "out of memory for a path");
    for (size_t i = 0; !status && i < n; i++) {
        char *path = text_format("%s/%s", above, names[i]);
        if (path && is_battery(path)) {
            candidate = candidate ? candidate : candidates_add(candidates, "battery", error);
            status = candidate ? add_term(candidate, path, error) : STATUS_NO_MEMORY;
            name = joined(name, names[i]);
        }
        free(path);
    }
    sysfs_list_free(names, n);
    if (!status && candidate) {
        status = candidate_name(candidate, name, text_copy(above), error);
        name = NULL;
        candidate->found.info.scope = SCOPE_BOARD;
        candidate->found.info.radio = true;
        if (!status)
            candidate_try(candidate);
    }
    free(name);
    free(above);
    return status;
}
