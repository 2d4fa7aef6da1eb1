// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * powercap: the RAPL counters of x86 processors. A package takes in its cores and what else lies
 * within it (core, uncore); memory (dram) is beside it, though the tree has it below; psys contains
 * the packages. So packages and dram are added, and nothing else is.
 */
#include "profiler/meter_private.h"

#include "base/memory.h"
#include "profiler/sysfs.h"

#include <stdlib.h>
#include <string.h>

static const char folder[] = "/sys/class/powercap";

/* Registers are updated about every millisecond (Intel SDM, volume 3B, section 15.10). */
static const int64_t update_ns = 1000000;

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* "package-0" of zone intel-rapl:0; NULL: no such zone, or memory ran out. */
static char *zone_name(const char *root, const char *zone)
{
    char *path = text_format("%s%s/%s", root, folder, zone), *name = NULL;
    if (path)
        name = sysfs_optional(path, "name");
    free(path);
    return name;
}

static enum status add_counter(struct candidate *candidate, const char *root, const char *zone,
                               struct error *error)
{
    struct term *term = terms_add(&candidate->terms, error);
    if (!term)
        return STATUS_NO_MEMORY;
    enum status status =
        term_figure(term, text_format("%s%s/%s/energy_uj", root, folder, zone), 1, 0, error);
    term->range_path = text_format("%s%s/%s/max_energy_range_uj", root, folder, zone);
    candidate->terms.counts = candidate->found.info.counts = true;
    candidate->found.info.scope = SCOPE_PACKAGE;
    candidate->found.info.update_ns = update_ns;
    return status;
}

/* One zone by itself, for those who want that; `why` NULL: it can be a meter. */
static enum status add_zone(struct candidates *candidates, const char *root, const char *zone,
                            char *name, const char *why, struct error *error)
{
    struct candidate *candidate = candidates_add(candidates, "powercap", error);
    if (!candidate) {
        free(name);
        return STATUS_NO_MEMORY;
    }
    enum status status =
        candidate_name(candidate, name, text_format("%s%s/%s", root, folder, zone), error);
    if (!status && why)
        candidate_refuse(candidate, STATUS_UNSUPPORTED, why, NULL);
    if (!status && !why)
        status = add_counter(candidate, root, zone, error);
    if (!status && !why)
        candidate_try(candidate);
    return status;
}

/* What a zone is by its name, and whether it counts. */
static const struct {
    const char *start, *why; /* NULL: it counts */
} zones[] = {
    {"package", NULL},
    {"dram", NULL},
    {"core", "lies within its package, which counts it already"},
    {"uncore", "lies within its package, which counts it already"},
    {"psys", "contains the packages, and what more it takes in depends on the board"},
};

static const char *why_not(const char *name)
{
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        if (starts_with(name, zones[i].start))
            return zones[i].why;
    }
    return "is no zone that is known, so what it contains is not either";
}

/* Zones that count, in the order of the tree: "package-0", "dram" below it, ... */
struct tree {
    const char *root;
    struct candidates *candidates;
    char *zones[64];
    char *names[64]; /* "package-0+dram+package-1+dram" is made of these */
    size_t n;
};

static enum status visit(struct tree *tree, const char *zone, const char *parent,
                         struct error *error)
{
    char *name = zone_name(tree->root, zone), *full = NULL;
    if (!name)
        return STATUS_OK;
    const char *why = why_not(name);
    full = parent ? text_format("%s/%s", parent, name) : text_copy(name);
    bool counts = !why && tree->n < sizeof tree->zones / sizeof *tree->zones;
    if (counts) {
        tree->zones[tree->n] = text_copy(zone);
        tree->names[tree->n++] = text_copy(name);
    }
    enum status status = add_zone(tree->candidates, tree->root, zone, full, why, error);
    free(name);
    return status;
}

/* "intel-rapl:0" and the zones below it, "intel-rapl:0:1". */
static enum status visit_package(struct tree *tree, char **listed, size_t n, const char *zone,
                                 struct error *error)
{
    char *name = zone_name(tree->root, zone);
    enum status status = visit(tree, zone, NULL, error);
    for (size_t i = 0; !status && i < n; i++) {
        size_t length = strlen(zone);
        if (starts_with(listed[i], zone) && listed[i][length] == ':')
            status = visit(tree, listed[i], name, error);
    }
    free(name);
    return status;
}

/* All that counts, as one meter. */
static enum status add_sum(struct tree *tree, struct error *error)
{
    if (tree->n < 2)
        return STATUS_OK; /* the one zone is there by itself */
    for (size_t i = 0; i < tree->candidates->n; i++) {
        struct candidate *zone = &tree->candidates->list[i];
        zone->part |= strcmp(zone->found.info.kind, "powercap") == 0;
    }
    struct candidate *candidate = candidates_add(tree->candidates, "powercap", error);
    if (!candidate)
        return STATUS_NO_MEMORY;
    char *name = text_copy(tree->names[0]);
    for (size_t i = 1; name && i < tree->n; i++) {
        char *longer = text_format("%s+%s", name, tree->names[i]);
        free(name);
        name = longer;
    }
    enum status status =
        candidate_name(candidate, name, text_format("%s%s", tree->root, folder), error);
    for (size_t i = 0; !status && i < tree->n; i++)
        status = add_counter(candidate, tree->root, tree->zones[i], error);
    if (!status)
        candidate_try(candidate);
    return status;
}

/* The same registers by memory-mapped access show up a second time. */
static enum status visit_mmio(struct tree *tree, struct error *error)
{
    char **names, *path = text_format("%s%s", tree->root, folder);
    size_t n;
    enum status status = path ? sysfs_list(path, "intel-rapl-mmio:*", &names, &n, error)
                              : error_set(error, STATUS_NO_MEMORY, "out of memory for a path");
    free(path);
    if (status)
        return status;
    bool alone = tree->n == 0;
    for (size_t i = 0; !status && i < n; i++) {
        char *name = zone_name(tree->root, names[i]);
        if (name && alone)
            status = visit(tree, names[i], NULL, error);
        else if (name)
            status = add_zone(tree->candidates, tree->root, names[i], text_format("mmio/%s", name),
                              "is the same counter as intel-rapl's, by another way", error);
        free(name);
    }
    sysfs_list_free(names, n);
    return status;
}

enum status powercap_find(const char *root, struct candidates *candidates, struct error *error)
{
    struct tree tree = {.root = root, .candidates = candidates};
    char **names, *path = text_format("%s%s", root, folder);
    size_t n;
    enum status status = path ? sysfs_list(path, "intel-rapl:*", &names, &n, error)
                              : error_set(error, STATUS_NO_MEMORY, "out of memory for a path");
    free(path);
    if (status)
        return status;
    for (size_t i = 0; !status && i < n; i++) {
        if (!strchr(strchr(names[i], ':') + 1, ':'))
            status = visit_package(&tree, names, n, names[i], error);
    }
    if (!status)
        status = visit_mmio(&tree, error);
    if (!status)
        status = add_sum(&tree, error);
    sysfs_list_free(names, n);
    for (size_t i = 0; i < tree.n; i++) {
        free(tree.zones[i]);
        free(tree.names[i]);
    }
    return status;
}
