// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a model is sent for a length n: its inputs as its metadata says, or as the user does, with
 * one axis of each that grows with n.
 *
 * In metadata -1 stands for "any". Where some input has a first axis and another one of any size,
 * the first is the batch and gets size 1; every other -1 is n. In what the user says -1 and n are
 * n.
 *
 * Life cycle: zero-initialise, inputs_plan, inputs_make for each length, inputs_free.
 */
#ifndef ENDPOINT_INPUTS_PRIVATE_H
#define ENDPOINT_INPUTS_PRIVATE_H

#include "endpoint/message.h"

/* What an input is filled with. */
enum input_fill {
    FILL_TOKENS,  /* integers below the vocabulary */
    FILL_UNIFORM, /* reals in -1..1 */
    FILL_ONES,    /* masks: all of it counts */
    FILL_ZEROS,
    FILL_COUNT, /* n itself, where a model asks how long its input is */
    FILL_WORDS, /* texts: one word each where it has an axis that grows, else n words */
    N_INPUT_FILLS
};

struct inputs {
    struct {
        struct tensor_spec spec; /* -1: n */
        enum input_fill fill;
    } items[MESSAGE_MAX_TENSORS];
    size_t n;
};

/* Checks one line "NAME [DATATYPE] [SHAPE] [FILL]", as in "mask INT64 [1,n] ones".
 * STATUS_INVALID. */
enum status inputs_check_line(const char *line, struct error *error);

/* `lines` (or NULL) are what the user says, one input each; what they leave out is the metadata's.
 * STATUS_PROTOCOL: a model that we cannot make inputs for; the message says what to say. */
enum status inputs_plan(const struct message_model *model, const char *lines, struct inputs *inputs,
                        struct error *error);

/* Makes tensors[inputs->n], zero-initialised before and to be freed, of the same values for the
 * same n, seed and vocabulary. STATUS_INVALID: more than max_bytes. */
enum status inputs_make(const struct inputs *inputs, uint32_t n, uint64_t seed, uint32_t vocabulary,
                        size_t max_bytes, struct tensor *tensors, struct error *error);

void inputs_free(struct inputs *inputs);

#endif
