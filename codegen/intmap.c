// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/intmap_private.h"

#include <math.h>
#include <stdlib.h>

uint64_t integer_map_value(const struct integer_map *map, uint32_t n)
{
    switch (map->kind) {
    case MAP_SEGMENTS:
        return segments_value(&map->segments, n);
    case MAP_BUCKETED:
        return buckets_value(&map->buckets, n);
    default:
        return affine_value(&map->affine, n);
    }
}

size_t integer_map_table_size(const struct integer_map *map)
{
    switch (map->kind) {
    case MAP_SEGMENTS:
        return map->segments.n_rows * (map->segments.narrow ? 12 : 24);
    case MAP_BUCKETED:
        return map->buckets.n_rows * (map->buckets.narrow ? 2 : 4);
    default:
        return 0;
    }
}

bool integer_map_is_constant(const struct integer_map *map, uint64_t *value)
{
    *value = integer_map_value(map, 0);
    return map->kind == MAP_AFFINE && map->affine.b == 0 && map->affine.fraction == 0;
}

void integer_map_free(struct integer_map *map)
{
    free(map->segments.rows);
    free(map->buckets.rows);
    *map = (struct integer_map){0};
}

/* ---- the forms */

static enum status fit_affine(const struct band *band, struct integer_map *map, bool *fits,
                              bool (*fit)(const struct band *, const struct line_region *,
                                          struct affine *))
{
    struct line_region region;
    *fits = line_region_find(band, &region) && fit(band, &region, &map->affine);
    return STATUS_OK;
}

static enum status fit_narrow(const struct band *band, struct integer_map *map, bool *fits,
                              struct error *error)
{
    (void)error;
    return fit_affine(band, map, fits, affine_fit_narrow);
}

static enum status fit_split(const struct band *band, struct integer_map *map, bool *fits,
                             struct error *error)
{
    (void)error;
    return fit_affine(band, map, fits, affine_fit_split);
}

static enum status fit_wide(const struct band *band, struct integer_map *map, bool *fits,
                            struct error *error)
{
    (void)error;
    return fit_affine(band, map, fits, affine_fit_wide);
}

static enum status fit_segments(const struct band *band, struct integer_map *map, bool *fits,
                                struct error *error)
{
    map->kind = MAP_SEGMENTS;
    enum status status = segments_fit_halved(band, &map->segments, error);
    *fits = map->segments.rows != NULL;
    return status;
}

static enum status fit_buckets(const struct band *band, struct integer_map *map, bool *fits,
                               struct error *error)
{
    map->kind = MAP_BUCKETED;
    enum status status = buckets_fit(band, &map->buckets, error);
    *fits = map->buckets.rows != NULL;
    return status;
}

/* What the forms are called, how they are fitted, and what all functions of a form take: bytes of
 * Thumb code, and instructions of x86-64. What depends on their numbers comes on top. */
static const struct form {
    const char *name;
    enum status (*fit)(const struct band *, struct integer_map *, bool *, struct error *);
    unsigned code_bytes;
    double instructions;
} forms[] = {
    [MAP_FORM_AFFINE] = {"affine", fit_narrow, 8, 8},
    [MAP_FORM_SPLIT] = {"affine, two products", fit_split, 6, 10},
    [MAP_FORM_WIDE] = {"affine, 64 bits", fit_wide, 50, 9},
    [MAP_FORM_SEGMENTS] = {"segments", fit_segments, 96, 12},
    [MAP_FORM_BUCKETED] = {"bucketed", fit_buckets, 25, 9},
};
_Static_assert(sizeof forms / sizeof *forms == N_MAP_FORMS, "one row per form");

const char *map_form_name(enum map_form form)
{
    return forms[form].name;
}

static enum map_form form_of(const struct integer_map *map)
{
    if (map->kind == MAP_SEGMENTS)
        return MAP_FORM_SEGMENTS;
    if (map->kind == MAP_BUCKETED)
        return MAP_FORM_BUCKETED;
    return map->affine.bits == 64 ? MAP_FORM_WIDE
           : map->affine.fraction ? MAP_FORM_SPLIT
                                  : MAP_FORM_AFFINE;
}

/* Bytes of the clamp of the length: a comparison, a jump, a move, and the constant. */
static unsigned clamp_bytes(uint32_t limit)
{
    return 6 + (limit <= 255 ? 0 : (unsigned)constant_cost(limit));
}

static void add_affine(const struct affine *affine, struct footprint *footprint)
{
    if (affine->b == 0 && affine->fraction == 0) { /* a constant */
        footprint->code_bytes += (unsigned)constant_cost(affine->a >> affine->shift);
        footprint->instructions = 4;
        return;
    }
    footprint->code_bytes += clamp_bytes(affine->limit);
    if (affine->bits == 32)
        footprint->code_bytes += (unsigned)affine_code_bytes(affine);
    if (affine->a != 0)
        footprint->instructions += 1;
    if (affine->shift > 0)
        footprint->instructions += 1;
    if (affine->may_be_negative)
        footprint->instructions += 2;
}

/* The search starts with the last row; how many it goes back is the mean over all lengths. */
static void add_segments(const struct segment_table *table, struct footprint *footprint)
{
    double steps = 0;
    for (size_t i = 1; i < table->n_rows; i++)
        steps += table->rows[i].from / ((double)table->limit + 1);
    if (table->n_rows == 1)
        footprint->code_bytes -= 28;
    footprint->code_bytes += clamp_bytes(table->limit);
    footprint->instructions += 8 * steps;
}

static void add_buckets(const struct bucket_table *table, struct footprint *footprint)
{
    footprint->code_bytes += clamp_bytes(table->limit) - 6;
    if (table->offset > 0) {
        footprint->code_bytes += 2;
        footprint->code_bytes += table->offset <= 255 ? 0 : (unsigned)constant_cost(table->offset);
        footprint->instructions += 1;
    }
    if (table->shift > 0) {
        footprint->code_bytes += 2;
        footprint->instructions += 1;
    }
}

struct footprint integer_map_footprint(const struct integer_map *map)
{
    const struct form *form = &forms[form_of(map)];
    struct footprint footprint = {form->code_bytes, integer_map_table_size(map),
                                  form->instructions};
    if (map->kind == MAP_SEGMENTS)
        add_segments(&map->segments, &footprint);
    else if (map->kind == MAP_BUCKETED)
        add_buckets(&map->buckets, &footprint);
    else
        add_affine(&map->affine, &footprint);
    return footprint;
}

static bool is_smaller(const struct footprint *a, const struct footprint *b)
{
    size_t size_a = a->code_bytes + a->table_bytes, size_b = b->code_bytes + b->table_bytes;
    return size_a < size_b || (size_a == size_b && a->instructions < b->instructions);
}

enum status integer_map_choose(const struct band *band, struct map_choice *choice,
                               struct error *error)
{
    bool any = false;
    enum status status = STATUS_OK;
    *choice = (struct map_choice){0};
    for (int i = 0; !status && i < N_MAP_FORMS; i++) {
        status = forms[i].fit(band, &choice->forms[i].map, &choice->forms[i].fits, error);
        if (status || !choice->forms[i].fits)
            continue;
        choice->forms[i].footprint = integer_map_footprint(&choice->forms[i].map);
        if (!any ||
            is_smaller(&choice->forms[i].footprint, &choice->forms[choice->chosen].footprint))
            choice->chosen = (enum map_form)i;
        any = true;
    }
    if (!status && !any)
        status = error_set(error, STATUS_UNSUPPORTED,
                           "the decision needs more than %d segments: allow some regret "
                           "(--max-regret 0.1%%) or fit simpler models (rnnfit --form linear)",
                           SEGMENT_ROWS_MAX);
    if (status)
        integer_map_choice_free(choice);
    return status;
}

void integer_map_choice_free(struct map_choice *choice)
{
    for (int i = 0; i < N_MAP_FORMS; i++)
        integer_map_free(&choice->forms[i].map);
    *choice = (struct map_choice){0};
}

enum status integer_map_fit(const struct band *band, struct integer_map *map, struct error *error)
{
    struct map_choice choice;
    enum status status = integer_map_choose(band, &choice, error);
    if (status)
        return status;
    *map = choice.forms[choice.chosen].map;
    choice.forms[choice.chosen].map = (struct integer_map){0};
    integer_map_choice_free(&choice);
    return STATUS_OK;
}
