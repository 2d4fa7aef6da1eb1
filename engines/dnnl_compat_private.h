// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The one place where oneDNN 2 and oneDNN 3 differ: 3 made memory descriptors opaque and merged
 * operation descriptors into primitive descriptors. The rest of the engine is written for both.
 */
#ifndef ENGINES_DNNL_COMPAT_PRIVATE_H
#define ENGINES_DNNL_COMPAT_PRIVATE_H

#include "engines/engine_private.h"

#include <dnnl.h>

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t compat_layout;
#else
typedef const dnnl_memory_desc_t *compat_layout;
#endif

/* One recurrent layer over `steps` time steps of one sequence. */
struct compat_layer {
    enum engine_cell cell;
    bool bidirectional; /* concatenated */
    int64_t steps, input, hidden;
};

/* Describes the layer's inference, scratchpad left to the caller. Arrays are row-major: source
 * [steps, input], target [steps, directions * hidden], weights as in struct weights; with
 * `any_weights` oneDNN chooses the weights' layout (to be queried). *description: owned.
 * dnnl_unimplemented: this oneDNN has no such layer. */
dnnl_status_t compat_describe(dnnl_engine_t engine, const struct compat_layer *layer,
                              bool any_weights, dnnl_primitive_desc_t *description);

/* Memory objects over the arrays of struct weights, which must outlive them. Owned. */
struct compat_weights {
    dnnl_memory_t input, recurrent, bias;
};
dnnl_status_t compat_weights(dnnl_engine_t engine, const struct compat_layer *layer,
                             float *const values[3], struct compat_weights *memories);

/* Turns a failure into a status and a message: "oneDNN: WHAT: out_of_memory". */
enum status compat_status(dnnl_status_t status, const char *what, struct error *error);

#endif
