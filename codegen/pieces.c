// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/pieces_private.h"

#include "base/memory.h"

#include <stdlib.h>

uint32_t piece_end(const struct pieces *pieces, size_t i)
{
    return i + 1 < pieces->n ? pieces->from[i + 1] - 1 : pieces->n_limit;
}

static enum status add(struct pieces *pieces, uint64_t from, struct error *error)
{
    if (from > pieces->n_limit)
        return STATUS_OK;
    enum status status =
        array_reserve(&pieces->from, pieces->n, &pieces->capacity, sizeof *pieces->from, error);
    if (!status)
        pieces->from[pieces->n++] = (uint32_t)from;
    return status;
}

static int by_length(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void tidy(struct pieces *pieces)
{
    size_t kept = 0;
    qsort(pieces->from, pieces->n, sizeof *pieces->from, by_length);
    for (size_t i = 0; i < pieces->n; i++) {
        if (kept == 0 || pieces->from[i] != pieces->from[kept - 1])
            pieces->from[kept++] = pieces->from[i];
    }
    pieces->n = kept;
}

/* The first length in low+1 .. high that is on the other side of the level than low. */
static uint32_t crossing(length_function *function, const void *user, double level, uint32_t low,
                         uint32_t high)
{
    bool above = function(user, low) > level;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if ((function(user, middle) > level) == above)
            low = middle;
        else
            high = middle;
    }
    return high;
}

enum status pieces_split(struct pieces *pieces, length_function *function, const void *user,
                         double level, struct error *error)
{
    struct pieces cuts = {.n_limit = pieces->n_limit};
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < pieces->n; i++) {
        uint32_t low = pieces->from[i], high = piece_end(pieces, i);
        if ((function(user, low) > level) != (function(user, high) > level))
            status = add(&cuts, crossing(function, user, level, low, high), error);
    }
    for (size_t i = 0; !status && i < cuts.n; i++)
        status = add(pieces, cuts.from[i], error);
    tidy(pieces);
    pieces_free(&cuts);
    return status;
}

static double model_value(const void *model, uint32_t n)
{
    return cost_model_value(model, n);
}

static enum status add_model(struct pieces *pieces, const struct cost_model *model,
                             struct error *error)
{
    enum status status = add(pieces, model->n_min, error);
    for (size_t i = 0; !status && i + 1 < model->n_segments; i++)
        status = add(pieces, (uint64_t)model->segments[i].to + 1, error);
    return status;
}

enum status pieces_of_costs(const struct cost_set *costs, struct pieces *pieces,
                            struct error *error)
{
    const struct cost_model *list[COST_MODELS_MAX];
    size_t n_models = cost_set_models(costs, list);
    *pieces = (struct pieces){.n_limit = costs->n_limit};
    enum status status = add(pieces, 0, error);
    for (uint32_t n = 1; !status && costs->curved && n <= costs->n_limit; n++)
        status = add(pieces, n, error);
    for (size_t i = 0; !status && !costs->curved && i < n_models; i++)
        status = add_model(pieces, list[i], error);
    tidy(pieces);
    for (size_t i = 0; !status && !costs->curved && i < n_models; i++) {
        if (list[i]->n_segments > 0)
            status = pieces_split(pieces, model_value, list[i], 0, error);
    }
    return status;
}

enum status pieces_copy(const struct pieces *pieces, struct pieces *copy, struct error *error)
{
    *copy = (struct pieces){.n_limit = pieces->n_limit};
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < pieces->n; i++)
        status = add(copy, pieces->from[i], error);
    return status;
}

void pieces_free(struct pieces *pieces)
{
    free(pieces->from);
    *pieces = (struct pieces){0};
}
