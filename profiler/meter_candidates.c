// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/meter_private.h"

#include "base/memory.h"
#include "profiler/sysfs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct candidate *candidates_add(struct candidates *candidates, const char *kind,
                                 struct error *error)
{
    if (array_reserve(&candidates->list, candidates->n, &candidates->capacity,
                      sizeof *candidates->list, error))
        return NULL;
    struct candidate *made = &candidates->list[candidates->n++];
    *made = (struct candidate){.found = {.info = {.kind = kind}}};
    return made;
}

enum status candidate_name(struct candidate *candidate, char *name, char *source,
                           struct error *error)
{
    struct meter_found *found = &candidate->found;
    found->info.name = name;
    found->info.source = source;
    found->spec = name ? text_format("%s:%s", found->info.kind, name) : NULL;
    return name && source && found->spec
               ? STATUS_OK
               : error_set(error, STATUS_NO_MEMORY, "out of memory for a meter's name");
}

void candidate_refuse(struct candidate *candidate, enum status status, const char *why,
                      const char *remedy)
{
    struct meter_found *found = &candidate->found;
    if (found->status)
        return;
    found->status = status;
    found->info.provenance = PROVENANCE_UNAVAILABLE;
    found->why = text_copy(why);
    found->remedy = text_copy(remedy);
}

/* What to do where a file may not be read; NULL: that is not the trouble. */
static char *permission_remedy(const struct candidate *candidate)
{
    const char *path = NULL;
    for (size_t i = 0; !path && i < candidate->terms.n; i++) {
        const struct term *term = &candidate->terms.term[i];
        for (size_t k = 0; !path && k < term->n_figures; k++)
            path = euidaccess(term->figures[k].path, R_OK) != 0 ? term->figures[k].path : NULL;
    }
    if (!path)
        return NULL;
    if (strcmp(candidate->found.info.kind, "powercap") == 0)
        return text_copy("as root: chmod o+r /sys/class/powercap/*/energy_uj; for good, in "
                         "/etc/udev/rules.d/70-rnnmap.rules: SUBSYSTEM==\"powercap\", "
                         "ACTION==\"add\", RUN+=\"/bin/chmod o+r /sys%p/energy_uj\"");
    const char *sys = strstr(path, "/sys/");
    return text_format("as root: chmod o+r %s", sys ? sys : path);
}

void candidate_try(struct candidate *candidate)
{
    struct meter_reading reading;
    struct error why = {0};
    struct terms *terms = &candidate->terms;
    if (candidate->found.status)
        return;
    enum status status = terms_read(terms, &reading, &why);
    for (size_t i = 0; i < terms->n; i++)
        terms->term[i].started = false; /* the energy is counted from the meter's first reading */
    if (!status) {
        candidate->found.info.resolution = terms_resolution(terms);
        return;
    }
    char *remedy = status == STATUS_UNSUPPORTED ? permission_remedy(candidate) : NULL;
    candidate_refuse(candidate, status, why.text, remedy);
    free(remedy);
}

static void candidate_free(struct candidate *candidate)
{
    meter_info_free(&candidate->found.info);
    free(candidate->found.spec);
    free(candidate->found.why);
    free(candidate->found.remedy);
    free(candidate->alias);
    terms_free(&candidate->terms);
}

void candidates_free(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->n; i++)
        candidate_free(&candidates->list[i]);
    free(candidates->list);
}

char *sysfs_optional(const char *folder, const char *name)
{
    char text[256], *path = text_format("%s/%s", folder, name);
    bool there = path && !sysfs_read_text(path, text, sizeof text, NULL);
    free(path);
    return there ? text_copy(text) : NULL;
}

/* The order of "auto": what can be read, then what takes in most; else the order found. */
static int rank(const struct candidate *candidate)
{
    const struct meter_info *info = &candidate->found.info;
    static const int by_scope[] = {[SCOPE_BOARD] = 0, [SCOPE_PACKAGE] = 2, [SCOPE_RAIL] = 5};
    int battery = strcmp(info->kind, "battery") == 0 ? 4 : 0;
    int unread = candidate->found.status == STATUS_OK          ? 0
                 : candidate->found.status == STATUS_NOT_FOUND ? 20
                                                               : 10;
    return unread + (battery ? battery : by_scope[info->scope] + candidate->part);
}

/* Stable, and there are few. */
void candidates_sort(struct candidates *candidates)
{
    for (size_t i = 1; i < candidates->n; i++) {
        struct candidate moved = candidates->list[i];
        size_t k = i;
        for (; k > 0 && rank(&candidates->list[k - 1]) > rank(&moved); k--)
            candidates->list[k] = candidates->list[k - 1];
        candidates->list[k] = moved;
    }
}

enum status candidate_rename(struct candidate *candidate, const char *name, struct error *error)
{
    struct meter_found *found = &candidate->found;
    enum status status = text_replace(&found->info.name, name, error);
    free(found->spec);
    found->spec = text_format("%s:%s", found->info.kind, name);
    return !status && !found->spec
               ? error_set(error, STATUS_NO_MEMORY, "out of memory for a meter's name")
               : status;
}

/* Sensors of equal labels get the longer name, that with the chip in it. */
enum status candidates_tell_apart(struct candidates *candidates, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < candidates->n; i++) {
        struct candidate *one = &candidates->list[i];
        bool shared = false;
        for (size_t k = i + 1; !status && k < candidates->n; k++) {
            struct candidate *other = &candidates->list[k];
            if (strcmp(one->found.info.kind, other->found.info.kind) != 0 ||
                strcmp(one->found.info.name, other->found.info.name) != 0)
                continue;
            shared = true;
            if (other->alias)
                status = candidate_rename(other, other->alias, error);
        }
        if (!status && shared && one->alias)
            status = candidate_rename(one, one->alias, error);
    }
    return status;
}
