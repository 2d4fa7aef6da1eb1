// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ina231: the power sensors of Odroid XU+E and XU3 under the vendor's kernel, which shows them in
 * files of its own: sensor_W in watts, update_period in us, and `enable`. (Later kernels show the
 * same chips as hwmon.)
 */
#include "profiler/meter_private.h"

#include "base/memory.h"
#include "profiler/sysfs.h"

#include <stdlib.h>
#include <string.h>

static const char folder[] = "/sys/bus/i2c/drivers/INA231";

/* What the chips measure, by their addresses on the bus. */
static const struct {
    const char *address, *rail;
} rails[] = {
    {"0040", "arm"}, /* the fast cores: Cortex-A15 */
    {"0041", "mem"},
    {"0044", "g3d"},
    {"0045", "kfc"}, /* the frugal cores: Cortex-A7 */
};

static const char *rail_of(const char *entry)
{
    const char *dash = strrchr(entry, '-');
    for (size_t i = 0; dash && i < sizeof rails / sizeof *rails; i++) {
        if (strcmp(dash + 1, rails[i].address) == 0)
            return rails[i].rail;
    }
    return entry;
}

static enum status add_chip(struct candidates *candidates, const char *above, const char *entry,
                            struct error *error)
{
    struct candidate *candidate = candidates_add(candidates, "ina231", error);
    if (!candidate)
        return STATUS_NO_MEMORY;
    char *path = text_format("%s/%s", above, entry);
    enum status status = candidate_name(candidate, text_copy(rail_of(entry)),
                                        path ? text_format("%s/sensor_W", path) : NULL, error);
    struct term *term = status ? NULL : terms_add(&candidate->terms, error);
    if (term)
        status = term_figure(term, text_format("%s/sensor_W", path), 1e6, 0, error);
    else
        status = STATUS_NO_MEMORY;
    if (!status) {
        char *enabled = sysfs_optional(path, "enable"),
             *period = sysfs_optional(path, "update_period");
        candidate->found.info.scope = SCOPE_RAIL;
        candidate->found.info.update_ns = period ? strtoll(period, NULL, 10) * 1000 : 0;
        candidate->alias = text_copy(entry);
        if (enabled && strcmp(enabled, "0") == 0) {
            char *remedy = text_format("as root: echo 1 > %s/enable", path);
            candidate_refuse(candidate, STATUS_UNSUPPORTED, "is switched off", remedy);
            free(remedy);
        }
        free(enabled);
        free(period);
        candidate_try(candidate);
    }
    free(path);
    return status;
}

enum status ina231_find(const char *root, struct candidates *candidates, struct error *error)
{
    char **names = NULL, *path = text_format("%s%s", root, folder);
    size_t n = 0;
    enum status status = path ? sysfs_list(path, "*-00*", &names, &n, error)
                              : error_set(error, STATUS_NO_MEMORY, "out of memory for a path");
    for (size_t i = 0; !status && i < n; i++)
        status = add_chip(candidates, path, names[i], error);
    sysfs_list_free(names, n);
    free(path);
    return status;
}
