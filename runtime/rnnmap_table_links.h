/* SPDX-License-Identifier: 0BSD */
/*
 * Decisions by the state of the links to one or several endpoints, from tables as data. Opening a
 * table, and what holds for all questions: rnnmap_table.h.
 */
#ifndef RNNMAP_TABLE_LINKS_H
#define RNNMAP_TABLE_LINKS_H

#include "rnnmap_table.h"

/* The link to one endpoint now, in the units of generated headers. */
struct rnnmap_table_link {
    uint32_t rtt_us;
    uint32_t up_ps_per_byte;
    uint32_t down_ps_per_byte;
};

/* base + round trip and times per byte, each times its factor and shifted right, modulo 2^64. */
static inline uint64_t rnnmap_table_form(const uint8_t **at, uint32_t m,
                                         const struct rnnmap_table_link *link)
{
    uint64_t value = (uint32_t)rnnmap_table_function(at, m);
    unsigned i;

    for (i = 0; i < 3u; i++) {
        const uint8_t shift = (*at)[0];

        *at = &(*at)[1];
        if (shift != RNNMAP_TABLE_NO_TERM) {
            const uint32_t factor = (uint32_t)rnnmap_table_function(at, m);
            const uint32_t x = (i == 0u)   ? link->rtt_us
                               : (i == 1u) ? link->up_ps_per_byte
                                           : link->down_ps_per_byte;

            value += ((uint64_t)x * factor) >> shift;
        }
    }
    return value;
}

/* What targets are compared by, the more significant half first. */
struct rnnmap_table_key {
    uint64_t high;
    uint64_t low;
};

static inline struct rnnmap_table_key rnnmap_table_product(uint64_t a, uint64_t b)
{
    const uint64_t a_low = a & 0xFFFFFFFFu;
    const uint64_t b_low = b & 0xFFFFFFFFu;
    const uint64_t low = a_low * b_low;
    const uint64_t middle = ((a >> 32) * b_low) + (low >> 32); /* below 2^64 */
    const uint64_t other = (a_low * (b >> 32)) + (middle & 0xFFFFFFFFu);
    struct rnnmap_table_key product;

    product.high = ((a >> 32) * (b >> 32)) + (middle >> 32) + (other >> 32);
    product.low = (other << 32) | (low & 0xFFFFFFFFu);
    return product;
}

/* The key of the target whose forms begin at *at, which is moved behind them. */
static inline struct rnnmap_table_key rnnmap_table_key_of(const struct rnnmap_table *table,
                                                          const uint8_t **at, uint32_t m,
                                                          const struct rnnmap_table_link *link)
{
    const uint64_t limit = rnnmap_table_u64(&table->links[2]);
    struct rnnmap_table_key key;
    uint64_t second;

    key.high = 0;
    key.low = rnnmap_table_form(at, m, link);
    if (table->links[0] != (uint8_t)RNNMAP_TABLE_LEAST) {
        second = rnnmap_table_form(at, m, link);
        if (table->links[0] == (uint8_t)RNNMAP_TABLE_PRODUCT) {
            key = rnnmap_table_product(key.low, second);
        } else if (key.low > limit) {
            key.high = 1;
        } else {
            key.low = second;
        }
    }
    return key;
}

/* The target with the least key, the lowest of equal ones. */
static inline int rnnmap_table_least(const struct rnnmap_table *table, uint32_t n,
                                     const struct rnnmap_table_link *links)
{
    const struct rnnmap_table_link none = {0, 0, 0};
    const uint32_t m = rnnmap_table_limited(table, n);
    const uint8_t *at = &table->links[10];
    struct rnnmap_table_key least = rnnmap_table_key_of(table, &at, m, &none);
    uint32_t best = 0;
    uint32_t i;

    for (i = 1; i < table->n_targets; i++) {
        const struct rnnmap_table_key key = rnnmap_table_key_of(table, &at, m, &links[i - 1u]);

        if ((key.high < least.high) || ((key.high == least.high) && (key.low < least.low))) {
            least = key;
            best = i;
        }
    }
    return (int)best;
}

/* NAME_choose_links(n, links): the same by the links to all endpoints, n_targets-1 of them. A table
 * that does not take them says what rnnmap_table_choose says. */
static inline int rnnmap_table_choose_links(const struct rnnmap_table *table, uint32_t n,
                                            const struct rnnmap_table_link *links)
{
    return (table->links != NULL) ? rnnmap_table_least(table, n, links)
                                  : rnnmap_table_choose(table, n);
}

/* NAME_choose_link(n, rtt_us, up_ps_per_byte, down_ps_per_byte): the same where there is one
 * endpoint; where there are more, what rnnmap_table_choose says. */
static inline int rnnmap_table_choose_link(const struct rnnmap_table *table, uint32_t n,
                                           uint32_t rtt_us, uint32_t up_ps_per_byte,
                                           uint32_t down_ps_per_byte)
{
    struct rnnmap_table_link link;

    link.rtt_us = rtt_us;
    link.up_ps_per_byte = up_ps_per_byte;
    link.down_ps_per_byte = down_ps_per_byte;
    return (table->n_targets == 2u) ? rnnmap_table_choose_links(table, n, &link)
                                    : rnnmap_table_choose(table, n);
}

#endif
