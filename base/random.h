// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A small seeded generator for orders, weights and resampling: the same seed gives the same
 * numbers on every machine. Not for secrets.
 *
 * Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014),
 * SplitMix64.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state; /* set to the seed */
};

uint64_t random_u64(struct random *random);

/* Uniform in [0, 1). */
double random_uniform(struct random *random);

/* Uniform in 0 .. bound-1, without bias; bound > 0. */
uint64_t random_below(struct random *random, uint64_t bound);

/* Standard normal (Box and Muller 1958). */
double random_normal(struct random *random);

/* Puts the n elements of `array`, each of `size` bytes (at most 64), in random order
 * (Fisher and Yates). */
void random_shuffle(struct random *random, void *array, size_t n, size_t size);

#endif
