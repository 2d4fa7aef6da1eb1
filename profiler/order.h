// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The order of one round: random, from the seed and the round's number, so that drift and
 * disturbances hit all lengths and places alike.
 */
#ifndef PROFILER_ORDER_H
#define PROFILER_ORDER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Fills order[n] with 0 .. n-1. states[i] is the link state that i is measured in (below n_states),
 * or -1 where there is none, as on the device itself. The states come in random order, each with
 * all that is measured in it, in random order, before the next; those without a state are spread
 * over the whole round at random. scratch[n] is overwritten.
 */
void round_order(uint64_t seed, int64_t round, const int *states, size_t n, size_t n_states,
                 size_t *order, size_t *scratch);

#endif
