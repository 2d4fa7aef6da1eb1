// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Draws from a discrete distribution in constant time: the alias method.
 *
 * Life cycle: alias_table_make, alias_table_draw as often as wanted, alias_table_free. A table that
 * is only drawn from may be shared between threads, each with a generator of its own.
 *
 * Source: Walker, "An efficient method for generating discrete random variables with general
 * distributions" (ACM TOMS 3, 1977); the table is filled as by Vose, "A linear algorithm for
 * generating random numbers with a given distribution" (IEEE TSE 17, 1991).
 */
#ifndef BASE_ALIAS_H
#define BASE_ALIAS_H

#include "base/random.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { ALIAS_MAX = INT32_MAX };

struct alias_cell {
    double keep;    /* the share of the cell that is its own, 0..1 */
    uint32_t other; /* whose the rest is */
};

struct alias_table {
    struct alias_cell *cells; /* n */
    size_t n;
};

/* A table that draws i in 0 .. n-1 with probability weights[i] over their sum, up to rounding of
 * doubles; a weight of 0 is never drawn.
 * STATUS_INVALID: n is 0 or over ALIAS_MAX, or no weight is positive.  STATUS_NO_MEMORY. The table
 * is empty then. */
enum status alias_table_make(const uint64_t *weights, size_t n, struct alias_table *table,
                             struct error *error);

/* One draw: one number of the generator. */
size_t alias_table_draw(const struct alias_table *table, struct random *random);

void alias_table_free(struct alias_table *table);

#endif
