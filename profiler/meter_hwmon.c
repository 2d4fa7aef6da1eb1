// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * hwmon: the kernel's sensor chips (Documentation/hwmon/sysfs-interface.rst). Channels are found by
 * our own reader; those of this machine are read through libsensors (meter_sensors.c). Energy in
 * uJ, power in uW, voltage in mV, current in mA. A chip that gives power is not asked for voltage
 * and current.
 */
#include "profiler/meter_private.h"

#include "base/memory.h"
#include "profiler/sysfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char folder[] = "/sys/class/hwmon";

/* One chip: where its files are, what it is called, "ina3221-1-0040" with the device's address. */
struct chip {
    char *path, *name, *address;
    int64_t update_ns;
    bool elsewhere; /* below another root than this machine's */
};

/* What kinds of channels are looked for, the better ones first: their files, unit and label. */
static const struct channel_form {
    const char *prefix, *suffix;
    const char *other_prefix; /* the current that is multiplied with a voltage; NULL: none */
    bool counts;
} forms[] = {
    {"energy", "_input", NULL, true},
    {"power", "_input", NULL, false},
    {"power", "_average", NULL, false},
    {"in", "_input", "curr", false},
};

/* "1-0040" of the link hwmonN/device; NULL: it has none. */
static char *device_address(const char *path)
{
    char *link = text_format("%s/device", path), target[512];
    ssize_t length = link ? readlink(link, target, sizeof target - 1) : -1;
    free(link);
    if (length <= 0)
        return NULL;
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    return text_copy(slash ? slash + 1 : target);
}

static void chip_free(struct chip *chip)
{
    free(chip->path);
    free(chip->name);
    free(chip->address);
}

/* Where old drivers keep their files: in the device's folder. STATUS_NOT_FOUND: no chip. */
static enum status chip_open(const char *root, const char *entry, struct chip *chip,
                             struct error *error)
{
    *chip = (struct chip){.path = text_format("%s%s/%s", root, folder, entry),
                          .elsewhere = *root != '\0'};
    chip->name = chip->path ? sysfs_optional(chip->path, "name") : NULL;
    char *address = chip->path ? device_address(chip->path) : NULL;
    if (!chip->name && chip->path) {
        char *below = text_format("%s/device", chip->path);
        free(chip->path);
        chip->path = below;
        chip->name = below ? sysfs_optional(below, "name") : NULL;
    }
    if (!chip->path || !chip->name) {
        free(address);
        return chip->path ? STATUS_NOT_FOUND
                          : error_set(error, STATUS_NO_MEMORY, "out of memory for a sensor");
    }
    chip->address = text_format("%s-%s", chip->name, address ? address : entry);
    free(address);
    char *interval = sysfs_optional(chip->path, "update_interval");
    chip->update_ns = interval ? strtoll(interval, NULL, 10) * 1000000 : 0;
    free(interval);
    return chip->address ? STATUS_OK
                         : error_set(error, STATUS_NO_MEMORY, "out of memory for a sensor");
}

/* A battery's own chip: the kind battery reads it, and knows which way the current flows. */
static bool is_power_supply(const struct chip *chip)
{
    char *type = sysfs_optional(chip->path, "device/type");
    char *status = sysfs_optional(chip->path, "device/status");
    bool is = type && status;
    free(type);
    free(status);
    return is;
}

static char *channel_text(const struct chip *chip, const char *prefix, long number,
                          const char *suffix)
{
    char name[64];
    snprintf(name, sizeof name, "%s%ld%s", prefix, number, suffix);
    return sysfs_optional(chip->path, name);
}

static bool channel_has(const struct chip *chip, const char *prefix, long number,
                        const char *suffix)
{
    char *path = text_format("%s/%s%ld%s", chip->path, prefix, number, suffix);
    bool has = path && access(path, F_OK) == 0;
    free(path);
    return has;
}

/*
 * Whether voltage and current of one number belong together. INA3221: from the fourth on there are
 * shunt voltages and sums. Where both have labels they must say the same ("vout1", "iout1").
 */
static bool belong_together(const struct chip *chip, long number)
{
    if (!channel_has(chip, "curr", number, "_input"))
        return false;
    if (strcmp(chip->name, "ina3221") == 0 && number > 3)
        return false;
    char *voltage = channel_text(chip, "in", number, "_label");
    char *current = channel_text(chip, "curr", number, "_label");
    bool same =
        !voltage || !current || strcmp(voltage, current) == 0 ||
        ((*voltage | 32) == 'v' && (*current | 32) == 'i' && strcmp(voltage + 1, current + 1) == 0);
    free(voltage);
    free(current);
    return same;
}

static enum status add_figures(struct candidate *candidate, const struct chip *chip,
                               const struct channel_form *form, long number, struct error *error)
{
    struct term *term = terms_add(&candidate->terms, error);
    if (!term)
        return STATUS_NO_MEMORY;
    char *path = text_format("%s/%s%ld%s", chip->path, form->prefix, number, form->suffix);
    enum status status = term_figure(term, path, 1, 0, error);
    if (!status && form->other_prefix)
        status =
            term_figure(term, text_format("%s/%s%ld_input", chip->path, form->other_prefix, number),
                        1, 0, error);
    candidate->terms.counts = candidate->found.info.counts = form->counts;
    return status;
}

static void note_interval(struct candidate *candidate, const struct chip *chip,
                          const struct channel_form *form, long number)
{
    candidate->found.info.update_ns = chip->update_ns;
    if (strcmp(form->suffix, "_average") != 0)
        return;
    char *interval = channel_text(chip, form->prefix, number, "_average_interval");
    if (interval)
        candidate->found.info.update_ns = strtoll(interval, NULL, 10) * 1000000;
    free(interval);
}

/* Channels that were switched off still have a file, which says nothing. */
static void check_enabled(struct candidate *candidate, const struct chip *chip,
                          const struct channel_form *form, long number)
{
    char *enabled = channel_text(chip, form->prefix, number, "_enable");
    if (enabled && strcmp(enabled, "0") == 0) {
        char *remedy =
            text_format("as root: echo 1 > %s/%s%ld_enable", chip->path, form->prefix, number);
        candidate_refuse(candidate, STATUS_UNSUPPORTED, "is switched off", remedy);
        free(remedy);
    }
    free(enabled);
}

/* Takes the label (NULL: none). */
static enum status add_channel(struct candidates *candidates, const struct chip *chip,
                               const struct channel_form *form, long number, char *label,
                               struct error *error)
{
    struct candidate *candidate = candidates_add(candidates, "hwmon", error);
    if (!candidate) {
        free(label);
        return STATUS_NO_MEMORY;
    }
    const char *prefix = form->other_prefix ? "rail" : form->prefix;
    candidate->alias = label ? text_format("%s/%s", chip->address, label)
                             : text_format("%s/%s%ld", chip->address, prefix, number);
    char *source = form->other_prefix
                       ? text_format("%s/in%ld_input * curr%ld_input", chip->path, number, number)
                       : text_format("%s/%s%ld%s", chip->path, form->prefix, number, form->suffix);
    enum status status =
        candidate_name(candidate, label ? label : text_copy(candidate->alias), source, error);
    if (status)
        return status;
    note_interval(candidate, chip, form, number);
    status = add_figures(candidate, chip, form, number, error);
    if (!status && !chip->elsewhere)
        status = sensors_adopt(candidate, error);
    rail_describe(chip->name, candidate->found.info.name, &candidate->found.info);
    check_enabled(candidate, chip, form, number);
    if (!status)
        candidate_try(candidate);
    return status;
}

/* A chip's channels of one form. */
static enum status add_form(struct candidates *candidates, const struct chip *chip,
                            const struct channel_form *form, struct error *error)
{
    char **names, *pattern = text_format("%s[0-9]*%s", form->prefix, form->suffix);
    size_t n, prefix = strlen(form->prefix);
    enum status status = pattern ? sysfs_list(chip->path, pattern, &names, &n, error)
                                 : error_set(error, STATUS_NO_MEMORY, "out of memory for a name");
    free(pattern);
    if (status)
        return status;
    for (size_t i = 0; !status && i < n; i++) {
        char *end;
        long number = strtol(names[i] + prefix, &end, 10);
        if (strcmp(end, form->suffix) != 0)
            continue;
        if (form->other_prefix && !belong_together(chip, number))
            continue;
        if (strcmp(form->suffix, "_average") == 0 &&
            channel_has(chip, form->prefix, number, "_input"))
            continue;
        char *label = channel_text(chip, form->prefix, number, "_label");
        if (!label && form->other_prefix)
            label = channel_text(chip, form->other_prefix, number, "_label");
        if (label && strcmp(label, "NC") == 0) /* not connected */
            free(label);
        else
            status = add_channel(candidates, chip, form, number, label, error);
    }
    sysfs_list_free(names, n);
    return status;
}

static enum status add_chip(struct candidates *candidates, const struct chip *chip,
                            struct error *error)
{
    size_t before = candidates->n;
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < sizeof forms / sizeof *forms; i++) {
        if (forms[i].other_prefix && candidates->n > before)
            continue;
        status = add_form(candidates, chip, &forms[i], error);
    }
    return status;
}

enum status hwmon_find(const char *root, struct candidates *candidates, struct error *error)
{
    char **names, *path = text_format("%s%s", root, folder);
    size_t n;
    enum status status = path ? sysfs_list(path, "hwmon*", &names, &n, error)
                              : error_set(error, STATUS_NO_MEMORY, "out of memory for a path");
    free(path);
    if (status)
        return status;
    for (size_t i = 0; !status && i < n; i++) {
        struct chip chip;
        status = chip_open(root, names[i], &chip, error);
        if (!status && !is_power_supply(&chip))
            status = add_chip(candidates, &chip, error);
        if (status == STATUS_NOT_FOUND)
            status = STATUS_OK;
        chip_free(&chip);
    }
    sysfs_list_free(names, n);
    return status;
}
