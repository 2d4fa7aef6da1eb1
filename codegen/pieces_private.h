// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Pieces of the lengths 0 .. n_limit over which functions of the length are affine.
 *
 * Life cycle: pieces_of_costs, pieces_split as often as wanted, pieces_free.
 */
#ifndef CODEGEN_PIECES_PRIVATE_H
#define CODEGEN_PIECES_PRIVATE_H

#include "codegen/cost_set.h"

struct pieces {
    uint32_t *from; /* n first lengths, ascending, the first 0; owned */
    size_t n, capacity;
    uint32_t n_limit;
};

/* The last length of piece i. */
uint32_t piece_end(const struct pieces *pieces, size_t i);

/* A function of the length that is monotone within every piece. */
typedef double length_function(const void *user, uint32_t n);

/* Cuts pieces where the function passes from one side of a level (above; or at it and below) to the
 * other. */
enum status pieces_split(struct pieces *pieces, length_function *function, const void *user,
                         double level, struct error *error);

/* Pieces over which all models of the costs are affine and keep their sign; single lengths where
 * one is curved. May be freed whatever comes back. */
enum status pieces_of_costs(const struct cost_set *costs, struct pieces *pieces,
                            struct error *error);

/* A copy to be split on its own. */
enum status pieces_copy(const struct pieces *pieces, struct pieces *copy, struct error *error);

void pieces_free(struct pieces *pieces);

#endif
