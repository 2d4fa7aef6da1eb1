// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * iio: the kernel's industrial I/O devices (Documentation/ABI/testing/sysfs-bus-iio). A channel is
 * (raw + offset) * scale, or `input` where the driver has done that, in mW, mV, mA and J. Older
 * Jetson Linux has its INA3221 here (driver ina3221x), with rails' names of its own.
 */
#include "profiler/meter_private.h"

#include "base/memory.h"
#include "base/units.h"
#include "profiler/sysfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char folder[] = "/sys/bus/iio/devices";
static const char jetson_folder[] = "/sys/bus/i2c/drivers/ina3221x";

struct device {
    char *path, *name;
    const char *entry; /* "iio:device0" */
    int64_t update_ns;
};

/* Kinds of channels, the better ones first; a device with power is not asked for its factors. */
static const struct channel_form {
    const char *type, *other_type; /* the current that a voltage is multiplied with; NULL: none */
    double to_micro;               /* from the channel's unit to uJ or uW */
    bool counts;
} forms[] = {
    {"energy", NULL, 1e6, true},
    {"power", NULL, 1e3, false},
    {"voltage", "current", 1, false},
};

/* "in_power0_raw" or "in_power0_input", whichever is there (NULL: none), below the device. */
static char *channel_path(const struct device *device, const char *type, const char *number,
                          bool *raw)
{
    for (int i = 0; i < 2; i++) {
        char *path =
            text_format("%s/in_%s%s_%s", device->path, type, number, i == 0 ? "input" : "raw");
        if (path && access(path, F_OK) == 0) {
            *raw = i == 1;
            return path;
        }
        free(path);
    }
    return NULL;
}

/* A channel's own figure, else what all of its type share, else *value stays. One that is there
 * and cannot be had is an error: without it the channel would be off by any factor. */
static enum status channel_number(const struct device *device, const char *type, const char *number,
                                  const char *what, double *value, struct error *error)
{
    enum status status = STATUS_NOT_FOUND;
    for (int i = 0; status == STATUS_NOT_FOUND && i < 2; i++) {
        char *path = text_format("%s/in_%s%s_%s", device->path, type, i == 0 ? number : "", what);
        if (!path)
            return error_set(error, STATUS_NO_MEMORY, "out of memory for a path");
        if (access(path, F_OK) == 0)
            status = sysfs_read_real(path, value, error);
        free(path);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status add_figure(struct term *term, const struct device *device, const char *type,
                              const char *number, double to_micro, struct error *error)
{
    bool raw = false;
    double scale = 1, offset = 0;
    char *path = channel_path(device, type, number, &raw);
    enum status status = STATUS_OK;
    if (raw)
        status = channel_number(device, type, number, "scale", &scale, error);
    if (raw && !status)
        status = channel_number(device, type, number, "offset", &offset, error);
    if (!status && scale == 0) /* it would make anything 0 W */
        status =
            error_set(error, STATUS_INVALID, "%s: in_%s%s_scale is 0", device->path, type, number);
    if (status) {
        free(path);
        return status;
    }
    return term_figure(term, path, scale * to_micro, offset, error);
}

static char *channel_label(const struct device *device, const struct channel_form *form,
                           const char *number)
{
    char names[3][96] = {"", "", ""}, *label = NULL;
    snprintf(names[0], sizeof names[0], "in_%s%s_label", form->type, number);
    if (form->other_type)
        snprintf(names[1], sizeof names[1], "in_%s%s_label", form->other_type, number);
    snprintf(names[2], sizeof names[2], "rail_name_%s", number); /* ina3221x */
    for (size_t i = 0; !label && i < 3; i++)
        label = names[i][0] ? sysfs_optional(device->path, names[i]) : NULL;
    return label;
}

/* Takes the label (NULL: none). */
static enum status add_channel(struct candidates *candidates, const struct device *device,
                               const struct channel_form *form, const char *number, char *label,
                               struct error *error)
{
    struct candidate *candidate = candidates_add(candidates, "iio", error);
    if (!candidate) {
        free(label);
        return STATUS_NO_MEMORY;
    }
    const char *what = form->other_type ? "rail" : form->type;
    candidate->alias = label ? text_format("%s-%s/%s", device->name, device->entry, label)
                             : text_format("%s-%s/%s%s", device->name, device->entry, what, number);
    enum status status = candidate_name(
        candidate, label ? label : text_copy(candidate->alias),
        form->other_type ? text_format("%s/in_%s%s * in_%s%s", device->path, form->type, number,
                                       form->other_type, number)
                         : text_format("%s/in_%s%s", device->path, form->type, number),
        error);
    struct term *term = status ? NULL : terms_add(&candidate->terms, error);
    if (!term)
        return STATUS_NO_MEMORY;
    struct error why = {0};
    struct meter_info *info = &candidate->found.info;
    rail_describe(device->name, info->name, info);
    info->update_ns = device->update_ns;
    candidate->terms.counts = info->counts = form->counts;
    status = add_figure(term, device, form->type, number, form->to_micro, &why);
    if (!status && form->other_type)
        status = add_figure(term, device, form->other_type, number, form->to_micro, &why);
    if (status)
        candidate_refuse(candidate, status, why.text, NULL);
    candidate_try(candidate);
    return status == STATUS_NO_MEMORY ? status : STATUS_OK;
}

/* The number of "in_power12_raw" is "12" (there may be none); false: it is another file. */
static bool channel_number_of(const char *name, const char *type, char number[8])
{
    const char *at = name + strlen("in_") + strlen(type);
    size_t n = strspn(at, "0123456789");
    if (n >= 8 || (strcmp(at + n, "_raw") != 0 && strcmp(at + n, "_input") != 0))
        return false;
    memcpy(number, at, n);
    number[n] = '\0';
    return true;
}

static enum status add_form(struct candidates *candidates, const struct device *device,
                            const struct channel_form *form, struct error *error)
{
    char **names, *pattern = text_format("in_%s*", form->type), last[8] = "none";
    size_t n;
    enum status status = pattern ? sysfs_list(device->path, pattern, &names, &n, error)
                                 : error_set(error, STATUS_NO_MEMORY, "out of memory for a name");
    free(pattern);
    if (status)
        return status;
    for (size_t i = 0; !status && i < n; i++) {
        char number[8];
        bool raw;
        if (!channel_number_of(names[i], form->type, number) || strcmp(number, last) == 0)
            continue; /* `input` and `raw` of one channel stand side by side */
        memcpy(last, number, sizeof last);
        char *other =
            form->other_type ? channel_path(device, form->other_type, number, &raw) : NULL;
        bool complete = other || !form->other_type;
        free(other);
        char *label = complete ? channel_label(device, form, number) : NULL;
        if (complete && !(label && strcmp(label, "NC") == 0)) {
            status = add_channel(candidates, device, form, number, label, error);
            label = NULL;
        }
        free(label);
    }
    sysfs_list_free(names, n);
    return status;
}

static int64_t sampling_interval_ns(const char *path)
{
    char *text = sysfs_optional(path, "sampling_frequency");
    double hertz = 0;
    bool told = text && parse_real(text, &hertz, NULL) == STATUS_OK && hertz > 0;
    free(text);
    return told ? (int64_t)(1e9 / hertz) : 0;
}

static enum status add_device(struct candidates *candidates, const char *above, const char *entry,
                              struct error *error)
{
    struct device device = {.path = text_format("%s/%s", above, entry), .entry = entry};
    size_t before = candidates->n;
    device.name = device.path ? sysfs_optional(device.path, "name") : NULL;
    if (device.path && !device.name)
        device.name = text_copy("iio");
    enum status status =
        device.name ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for a device");
    if (!status)
        device.update_ns = sampling_interval_ns(device.path);
    for (size_t i = 0; !status && i < sizeof forms / sizeof *forms; i++) {
        if (!forms[i].other_type || candidates->n == before)
            status = add_form(candidates, &device, &forms[i], error);
    }
    free(device.path);
    free(device.name);
    return status;
}

/* The devices of a folder. */
static enum status add_devices(struct candidates *candidates, char *above, struct error *error)
{
    char **names;
    size_t n;
    if (!above)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a path");
    enum status status = sysfs_list(above, "iio:device*", &names, &n, error);
    for (size_t i = 0; !status && i < n; i++)
        status = add_device(candidates, above, names[i], error);
    sysfs_list_free(names, n);
    free(above);
    return status;
}

enum status iio_find(const char *root, struct candidates *candidates, struct error *error)
{
    size_t before = candidates->n, n;
    char **names, *path = text_format("%s%s", root, jetson_folder);
    enum status status = add_devices(candidates, text_format("%s%s", root, folder), error);
    if (!status && !path)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for a path");
    /* where the bus does not list them, the driver does; else they would come twice */
    if (!status && candidates->n == before) {
        status = sysfs_list(path, "*-00*", &names, &n, error);
        for (size_t i = 0; !status && i < n; i++)
            status = add_devices(candidates, text_format("%s/%s", path, names[i]), error);
        sysfs_list_free(names, n);
    }
    free(path);
    return status;
}
