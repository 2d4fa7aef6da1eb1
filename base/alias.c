// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/alias.h"

#include <stdlib.h>

/* Cells that are not settled yet: the small ones from the front, the large ones from the back. */
struct worklist {
    uint32_t *cells;
    size_t n_small, first_large;
};

static void put(struct worklist *list, const struct alias_cell *cells, uint32_t cell)
{
    if (cells[cell].keep < 1)
        list->cells[list->n_small++] = cell;
    else
        list->cells[--list->first_large] = cell;
}

/* A cell that weighs nothing keeps nothing, whatever rounding left; the others left are full. */
static void settle_rest(struct worklist *list, size_t n, struct alias_cell *cells,
                        uint32_t heaviest)
{
    while (list->n_small > 0) {
        struct alias_cell *cell = &cells[list->cells[--list->n_small]];
        cell->other = heaviest;
        cell->keep = cell->keep > 0 ? 1 : 0;
    }
    while (list->first_large < n)
        cells[list->cells[list->first_large++]].keep = 1;
}

/* Each small cell is filled up from a large one, which may become small by that. */
static void fill(const uint64_t *weights, size_t n, double sum, struct alias_cell *cells,
                 uint32_t *order)
{
    struct worklist list = {order, 0, n};
    uint32_t heaviest = 0;
    for (size_t i = 0; i < n; i++) {
        cells[i] = (struct alias_cell){(double)weights[i] * (double)n / sum, (uint32_t)i};
        heaviest = weights[i] > weights[heaviest] ? (uint32_t)i : heaviest;
    }
    for (size_t i = 0; i < n; i++)
        put(&list, cells, (uint32_t)i);
    while (list.n_small > 0 && list.first_large < n) {
        uint32_t small = list.cells[--list.n_small];
        uint32_t large = list.cells[list.first_large++];
        cells[small].other = large;
        cells[large].keep = (cells[large].keep + cells[small].keep) - 1;
        put(&list, cells, large);
    }
    settle_rest(&list, n, cells, heaviest);
}

enum status alias_table_make(const uint64_t *weights, size_t n, struct alias_table *table,
                             struct error *error)
{
    double sum = 0;
    *table = (struct alias_table){0};
    for (size_t i = 0; i < n; i++)
        sum += (double)weights[i];
    if (n == 0 || n > ALIAS_MAX || !(sum > 0))
        return error_set(error, STATUS_INVALID,
                         "nothing to draw from: %zu weights that add up to %g", n, sum);
    uint32_t *order = malloc(n * sizeof *order);
    table->cells = malloc(n * sizeof *table->cells);
    if (!order || !table->cells) {
        free(order);
        alias_table_free(table);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a table of %zu weights", n);
    }
    table->n = n;
    fill(weights, n, sum, table->cells, order);
    free(order);
    return STATUS_OK;
}

size_t alias_table_draw(const struct alias_table *table, struct random *random)
{
    double at = random_uniform(random) * (double)table->n;
    size_t cell = (size_t)at;
    if (cell >= table->n) /* the product may round up to n */
        cell = table->n - 1;
    return at - (double)cell < table->cells[cell].keep ? cell : table->cells[cell].other;
}

void alias_table_free(struct alias_table *table)
{
    free(table->cells);
    *table = (struct alias_table){0};
}
