// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/random.h"

#include <math.h>
#include <string.h>

uint64_t random_u64(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double random_uniform(struct random *random)
{
    return (double)(random_u64(random) >> 11) * 0x1p-53;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    uint64_t reject = (0 - bound) % bound; /* 2^64 mod bound */
    uint64_t x;
    do {
        x = random_u64(random);
    } while (x < reject);
    return x % bound;
}

double random_normal(struct random *random)
{
    double u = 1.0 - random_uniform(random); /* in (0, 1], so that the logarithm is finite */
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * random_uniform(random));
}

void random_shuffle(struct random *random, void *array, size_t n, size_t size)
{
    char *a = array, swap[64];
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)random_below(random, i);
        memcpy(swap, a + (i - 1) * size, size);
        memcpy(a + (i - 1) * size, a + j * size, size);
        memcpy(a + j * size, swap, size);
    }
}
