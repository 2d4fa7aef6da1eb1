// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What an ONNX model takes in, worked out from its own metadata: which input is the sequence, along
 * which axis time runs, how large the other dimensions are, and what the other inputs hold. Keys of
 * the configuration say what the metadata leaves open (docs/engines.md). Knows nothing of ONNX
 * Runtime's objects.
 */
#ifndef ENGINES_ONNX_INPUT_PRIVATE_H
#define ENGINES_ONNX_INPUT_PRIVATE_H

#include "engines/engine_private.h"

enum { ONNX_MAX_RANK = 8, ONNX_MAX_INPUTS = 32 };

struct onnx_input {
    char *name;
    int type; /* enum ort_type */
    size_t rank;
    int64_t dims[ONNX_MAX_RANK];  /* -1: open in the metadata; from onnx_inputs_settle on: n */
    char *symbols[ONNX_MAX_RANK]; /* the names of open ones; "": none */
    double fill;                  /* what it holds, unless it is the sequence */
    bool fill_length;             /* it holds n */
};

struct onnx_inputs {
    struct onnx_input inputs[ONNX_MAX_INPUTS];
    size_t n;
    size_t sequence;       /* which one that is */
    size_t axis;           /* of time in it */
    uint32_t fixed_length; /* 0: any; else the one length that it takes */
    uint32_t step;         /* values per time step in it */
    bool tokens;           /* they are whole numbers */
};

/*
 * Settles all that is open. `inputs` has names, types, ranks and dimensions.
 * STATUS_INVALID: the metadata leaves something open that `config` does not say, or `config` says
 * something that does not fit; the message shows the input and names the key.
 */
enum status onnx_inputs_settle(struct onnx_inputs *inputs, const struct engine_config *config,
                               struct error *error);

/* How many values input `i` has at length n. */
size_t onnx_input_count(const struct onnx_input *input, uint32_t n);

/* Whether a type is one of those that inputs can be filled with; `size`: bytes per value. */
bool onnx_type_size(int type, size_t *size);

/* Whether an open dimension of that name is that of a batch, which is 1 here. */
bool onnx_means_batch(const char *symbol);

void onnx_inputs_free(struct onnx_inputs *inputs);

#endif
