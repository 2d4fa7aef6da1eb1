// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Numbers keys 0, 1, 2, ... in the order in which they first come, so that what belongs to a key
 * can stand in an array: constant time for each, however many there are.
 *
 * Life cycle: starts as {0}; key_index_find as often as wanted; key_index_free.
 */
#ifndef PROFILER_KEYINDEX_H
#define PROFILER_KEYINDEX_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct key_index {
    struct key_slot *slots; /* capacity of them, a power of two, at most half of them taken */
    size_t n, capacity;
};

/* *place is the key's number; a key that is new gets the next one, index->n before the call.
 * STATUS_NO_MEMORY. */
enum status key_index_find(struct key_index *index, uint64_t key, size_t *place,
                           struct error *error);

void key_index_free(struct key_index *index);

#endif
