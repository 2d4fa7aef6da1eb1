// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The numbers of a network and of its input, from the seed alone: every engine that builds a
 * network takes them from here, so that engines can be compared value by value.
 *
 * The cells, with s the logistic function, * elementwise, x the input, h the hidden state (0 at
 * first) and W, U, b one gate's slices of the arrays below:
 *   lstm, gates i f c o (Hochreiter and Schmidhuber 1997; Gers et al. 2000):
 *     i = s(W_i x + U_i h + b_i), f, o alike; g = tanh(W_c x + U_c h + b_c)
 *     c' = f*c + i*g; h' = o*tanh(c')
 *   gru, gates u r o (Cho et al. 2014, the reset gate before the product):
 *     u = s(W_u x + U_u h + b_u), r alike; o = tanh(W_o x + U_o (r*h) + b_o); h' = u*h + (1-u)*o
 */
#ifndef ENGINES_WEIGHTS_PRIVATE_H
#define ENGINES_WEIGHTS_PRIVATE_H

#include "engines/engine_private.h"

/* One layer. directions = 1 or 2 (forward, then backward), gates = 4 (lstm) or 3 (gru), in the
 * order above. Owned. */
struct weights {
    float *input;     /* [directions * inputs * gates * hidden], row-major: W */
    float *recurrent; /* [directions * hidden * gates * hidden]: U */
    float *bias;      /* [directions * gates * hidden] */
};

uint32_t weights_n_gates(enum engine_cell cell);

/* Uniform in -1/sqrt(hidden) .. 1/sqrt(hidden). STATUS_NO_MEMORY: *weights holds nothing. */
enum status weights_create(const struct engine_config *config, uint32_t layer,
                           struct weights *weights, struct error *error);
void weights_free(struct weights *weights);

/* vocabulary * input floats, uniform in -1 .. 1; freed by the caller. NULL: no memory. */
float *weights_embedding(const struct engine_config *config);

/* The input of length n: uniform in -1 .. 1, or uniform below the vocabulary. */
void weights_features(const struct engine_config *config, uint32_t n, float *features);
void weights_tokens(const struct engine_config *config, uint32_t n, int32_t *tokens);

#endif
