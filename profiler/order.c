// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/order.h"

#include "base/random.h"

#include <stdbool.h>

/* Puts what has that state behind order[*n_done], in random order. */
static void append(struct random *random, int state, const int *states, size_t n, size_t *order,
                   size_t *n_done)
{
    size_t first = *n_done;
    for (size_t i = 0; i < n; i++) {
        if (states[i] == state)
            order[(*n_done)++] = i;
    }
    random_shuffle(random, order + first, *n_done - first, sizeof *order);
}

void round_order(uint64_t seed, int64_t round, const int *states, size_t n, size_t n_states,
                 size_t *order, size_t *scratch)
{
    struct random random = {seed ^ ((uint64_t)(round + 1) * UINT64_C(0x9e3779b97f4a7c15))};
    size_t n_done = 0, n_free;
    if (n_states == 0) {
        append(&random, -1, states, n, order, &n_done);
        return;
    }
    for (size_t i = 0; i < n_states; i++) /* of states there are no more than pairs */
        order[i] = i;
    random_shuffle(&random, order, n_states, sizeof *order);
    append(&random, -1, states, n, scratch, &n_done);
    n_free = n_done;
    for (size_t i = 0; i < n_states; i++)
        append(&random, (int)order[i], states, n, scratch, &n_done);
    size_t next_free = 0, next_bound = n_free;
    for (size_t i = 0; i < n; i++) {
        bool is_free = random_below(&random, n - i) < n_free - next_free;
        order[i] = scratch[is_free ? next_free++ : next_bound++];
    }
}
