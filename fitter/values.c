// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/values.h"

#include "fitter/gather.h"

#include <stdlib.h>

/* Round trips by what the link was set to. */
struct setting {
    int64_t set_ns, rtt_ns;
};

static int by_setting(const void *left, const void *right)
{
    const struct setting *a = left, *b = right;
    if (a->set_ns != b->set_ns)
        return a->set_ns < b->set_ns ? -1 : 1;
    return (a->rtt_ns > b->rtt_ns) - (a->rtt_ns < b->rtt_ns);
}

/* The settings of the samples that take part, once each with its median; their number. */
static size_t find_medians(const struct dataset_target *target, struct setting *settings)
{
    size_t n = 0, found = 0;
    for (size_t i = 0; i < target->n; i++) {
        const struct observation *o = &target->observations[i];
        if (o->rtt_ns >= 0 && !link_terms_reason(&target->link, o))
            settings[n++] = (struct setting){o->link_rtt_ns, o->rtt_ns};
    }
    qsort(settings, n, sizeof *settings, by_setting);
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first; end < n && settings[end].set_ns == settings[first].set_ns; end++)
            ;
        settings[found++] = settings[first + (end - first) / 2];
    }
    return found;
}

static int64_t median_of(const struct setting *settings, size_t n, int64_t set_ns)
{
    size_t low = 0;
    while (low < n && settings[low].set_ns < set_ns)
        low++;
    return low < n ? settings[low].rtt_ns : 0;
}

enum status values_gather(const struct dataset_target *target, bool per_state,
                          struct values *values, struct error *error)
{
    size_t n_settings = 0;
    struct setting *settings = malloc((target->n + 1) * sizeof *settings);
    *values = (struct values){.list = malloc((target->n + 1) * sizeof *values->list)};
    enum status status = STATUS_OK;
    if (!settings || !values->list)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", target->n);
    if (!status && per_state && target->remote && target->link.rtt)
        n_settings = find_medians(target, settings);
    for (size_t i = 0; !status && i < target->n; i++) {
        struct observation o = target->observations[i];
        if (target->remote && link_terms_reason(&target->link, &o))
            continue;
        if (n_settings > 0)
            o.rtt_ns = median_of(settings, n_settings, o.link_rtt_ns);
        values->list[values->n++] = (struct value){
            target->remote ? link_free_s(&o) : (double)o.time_ns * 1e-9, o.length, o.round};
    }
    if (!status && values->n == 0)
        status = error_set(error, STATUS_NOT_FOUND, "no times of target %s", target->name);
    free(settings);
    if (status)
        values_free(values);
    return status;
}

enum status values_series(const struct values *values, struct series *series, struct error *error)
{
    struct gather gather = {0};
    enum status status = STATUS_OK;
    *series = (struct series){0};
    for (size_t i = 0; !status && i < values->n; i++)
        status = gather_add(&gather, values->list[i].length, values->list[i].round,
                            values->list[i].value, error);
    if (!status)
        status = gather_finish(&gather, error);
    if (!status)
        status = gather_series(&gather, series, error);
    if (!status) {
        series->own_cells = gather.cells;
        gather.cells = NULL;
    }
    gather_free(&gather);
    return status;
}

static int by_length_then_value(const void *left, const void *right)
{
    const struct value *a = left, *b = right;
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    return (a->value > b->value) - (a->value < b->value);
}

void values_sort(struct values *values)
{
    qsort(values->list, values->n, sizeof *values->list, by_length_then_value);
}

void values_free(struct values *values)
{
    free(values->list);
    *values = (struct values){0};
}
