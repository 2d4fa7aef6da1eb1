// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/keyindex.h"

#include <stdlib.h>

struct key_slot {
    uint64_t key;
    size_t place_and_one; /* 0: free */
};

/* The slot that holds the key, or the free one where it belongs (open addressing; the multiplier
 * spreads neighbouring keys: Knuth, The Art of Computer Programming 3, section 6.4). */
static struct key_slot *find_slot(struct key_slot *slots, size_t capacity, uint64_t key)
{
    uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(hash >> 32) & (capacity - 1);
    while (slots[at].place_and_one && slots[at].key != key)
        at = (at + 1) & (capacity - 1);
    return &slots[at];
}

static enum status grow(struct key_index *index, struct error *error)
{
    size_t capacity = index->capacity ? 2 * index->capacity : 64;
    struct key_slot *slots = calloc(capacity, sizeof *slots);
    if (!slots)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu keys", capacity);
    for (size_t i = 0; i < index->capacity; i++) {
        if (index->slots[i].place_and_one)
            *find_slot(slots, capacity, index->slots[i].key) = index->slots[i];
    }
    free(index->slots);
    index->slots = slots;
    index->capacity = capacity;
    return STATUS_OK;
}

enum status key_index_find(struct key_index *index, uint64_t key, size_t *place,
                           struct error *error)
{
    enum status status = 2 * index->n >= index->capacity ? grow(index, error) : STATUS_OK;
    if (status)
        return status;
    struct key_slot *slot = find_slot(index->slots, index->capacity, key);
    if (!slot->place_and_one)
        *slot = (struct key_slot){key, ++index->n};
    *place = slot->place_and_one - 1;
    return STATUS_OK;
}

void key_index_free(struct key_index *index)
{
    free(index->slots);
    *index = (struct key_index){0};
}
