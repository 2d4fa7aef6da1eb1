// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/bars_private.h"

#include "base/memory.h"

#include <stdlib.h>

#define TOTAL_MAX (UINT64_C(1) << 53)

static int by_key(const void *left, const void *right)
{
    uint64_t a = ((const struct bar *)left)->key, b = ((const struct bar *)right)->key;
    return (a > b) - (a < b);
}

void bars_settle(struct bars *bars)
{
    size_t distinct = 0;
    if (bars->n > 0)
        qsort(bars->items, bars->n, sizeof *bars->items, by_key);
    for (size_t i = 0; i < bars->n; i++) {
        if (distinct > 0 && bars->items[distinct - 1].key == bars->items[i].key)
            bars->items[distinct - 1].count += bars->items[i].count;
        else
            bars->items[distinct++] = bars->items[i];
    }
    bars->n = distinct;
}

/* Repeated keys are merged first; the array grows only when that leaves it more than half full, so
 * that merging costs little for each bar that is added. */
static enum status make_room(struct bars *bars, struct error *error)
{
    bars_settle(bars);
    if (bars->n < bars->capacity / 2)
        return STATUS_OK;
    return array_reserve(&bars->items, bars->capacity, &bars->capacity, sizeof *bars->items, error);
}

enum status bars_add(struct bars *bars, uint64_t key, uint64_t count, struct error *error)
{
    if (count == 0)
        return STATUS_OK;
    if (count > TOTAL_MAX - bars->total)
        return error_set(error, STATUS_INVALID, "the counts add up to more than 2^53");
    if (bars->n == bars->capacity) {
        enum status status = make_room(bars, error);
        if (status)
            return status;
    }
    bars->items[bars->n++] = (struct bar){key, count};
    bars->total += count;
    return STATUS_OK;
}

void bars_free(struct bars *bars)
{
    free(bars->items);
    *bars = (struct bars){0};
}
