// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The input of an engine as the seed makes it, generated once for the longest length so far: a
 * server changes its length per request.
 */
#ifndef ENGINES_SEEDED_PRIVATE_H
#define ENGINES_SEEDED_PRIVATE_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct seeded {
    uint64_t seed;
    uint32_t vocabulary; /* > 0: int32_t numbers below this */
    uint32_t input;      /* else so many floats a step */
    void *values;        /* for n steps; the rest of the struct is 0 at first */
    uint32_t n;
};

/* Bytes per step. */
size_t seeded_step(const struct seeded *seeded);

/* Copies the first n steps to `to`. STATUS_NO_MEMORY. */
enum status seeded_copy(struct seeded *seeded, uint32_t n, void *to, struct error *error);

void seeded_free(struct seeded *seeded);

#endif
