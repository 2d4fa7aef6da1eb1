// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sum: named rails added, "hwmon:VDD_CPU + hwmon:VDD_GPU". They are read one behind the other as
 * one meter, and must not contain each other.
 */
#include "profiler/meter_private.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_RAILS = 32 };

/* Whether `b` may be added to `a`. */
static enum status check_pair(const struct meter *a, const struct meter *b, struct error *error)
{
    const char *first = a->info.name, *second = b->info.name;
    if (a->info.counts != b->info.counts)
        return error_set(error, STATUS_INVALID,
                         "sum: %s counts energy and %s tells power; only like can be added",
                         a->info.counts ? first : second, a->info.counts ? second : first);
    if (terms_overlap(a->self, b->self))
        return error_set(error, STATUS_INVALID, "sum: %s and %s share a sensor", first, second);
    if (!rails_are_apart(&a->info, &b->info))
        return error_set(error, STATUS_INVALID,
                         "sum: %s (%s) and %s (%s) contain each other: the energy of one would be "
                         "counted twice",
                         first, scope_name(a->info.scope), second, scope_name(b->info.scope));
    return STATUS_OK;
}

static enum status open_rail(const char *spec, const char *root, struct meter **rails, size_t n,
                             struct error *error)
{
    enum status status = meter_open(spec, root, &rails[n], error);
    error_prefix(error, "sum: %s", spec);
    if (!status && !meter_of_files(rails[n]))
        status =
            error_set(error, STATUS_INVALID,
                      "sum: only rails that the system's files tell can be added, not '%s'", spec);
    for (size_t i = 0; !status && i < n; i++)
        status = check_pair(rails[i], rails[n], error);
    return status;
}

/* Splits at " + "; names may hold a "+". */
static enum status open_rails(char *specs, const char *root, struct meter **rails, size_t *n,
                              struct error *error)
{
    enum status status = STATUS_OK;
    for (char *spec = specs; !status && spec;) {
        char *plus = strstr(spec, " + ");
        if (plus)
            *plus = '\0';
        if (*n == MAX_RAILS)
            return error_set(error, STATUS_INVALID, "sum: more than %d rails", MAX_RAILS);
        status = open_rail(spec, root, rails, *n, error);
        *n += rails[*n] != NULL;
        spec = plus ? plus + 3 : NULL;
    }
    if (!status && *n < 2)
        status = error_set(error, STATUS_INVALID, "sum: of what? Such as sum:hwmon:A + hwmon:B");
    return status;
}

/* Moves the terms of `from` to `to`, and what it is into the sum's description. */
static enum status add(struct meter *sum, struct terms *to, struct meter *rail, struct error *error)
{
    struct terms *from = rail->self;
    for (size_t i = 0; i < from->n; i++) {
        struct term *term = terms_add(to, error);
        if (!term)
            return STATUS_NO_MEMORY;
        *term = from->term[i];
        from->term[i] = (struct term){.n_figures = 0};
    }
    to->counts = from->counts;
    sum->info.counts = from->counts;
    sum->info.scope = rail->info.scope;
    sum->info.radio |= rail->info.radio;
    sum->info.resolution += rail->info.resolution;
    if (rail->info.update_ns > sum->info.update_ns)
        sum->info.update_ns = rail->info.update_ns;
    return STATUS_OK;
}

/* "VDD_CPU+VDD_GPU". */
static enum status name(struct meter *sum, struct meter **rails, size_t n, const char *specs,
                        struct error *error)
{
    char *text = text_copy(rails[0]->info.name);
    for (size_t i = 1; text && i < n; i++) {
        char *longer = text_format("%s+%s", text, rails[i]->info.name);
        free(text);
        text = longer;
    }
    enum status status = meter_describe(sum, "sum", text ? text : "", specs, error);
    free(text);
    return status;
}

enum status sum_open(const char *argument, const char *root, struct meter *meter,
                     struct error *error)
{
    struct meter *rails[MAX_RAILS] = {NULL};
    size_t n = 0;
    char *specs = text_copy(argument ? argument : "");
    struct terms *terms = calloc(1, sizeof *terms);
    enum status status = specs && terms
                             ? open_rails(specs, root, rails, &n, error)
                             : error_set(error, STATUS_NO_MEMORY, "out of memory for a meter");
    for (size_t i = 0; !status && i < n; i++)
        status = add(meter, terms, rails[i], error);
    if (!status)
        status = name(meter, rails, n, argument, error);
    for (size_t i = 0; i < n; i++)
        meter_close(rails[i]);
    free(specs);
    if (!status) {
        meter_use_terms(meter, terms);
    } else if (terms) {
        terms_free(terms);
        free(terms);
    }
    return status;
}
