// SPDX-License-Identifier: 0BSD
/* The header as a shared object, for languages that load one; see product.py. */
#include "imdb.h"

int choose(uint32_t n);
int choose_rtt(uint32_t n, uint32_t rtt_us);
uint32_t remote_us(uint32_t n);

int choose(uint32_t n)
{
    return imdb_choose(n);
}

int choose_rtt(uint32_t n, uint32_t rtt_us)
{
    return imdb_choose_rtt(n, rtt_us);
}

uint32_t remote_us(uint32_t n)
{
    return imdb_remote_us(n);
}
