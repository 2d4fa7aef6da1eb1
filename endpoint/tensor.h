// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A tensor of the Open Inference Protocol: a named array with a datatype and a shape. How it is
 * written into a message (JSON or binary) is the business of message.h; a tensor does not know.
 *
 * Life cycle: zero-initialise, tensor_make or tensor_borrow, use, tensor_free. One thread at a
 * time.
 */
#ifndef ENDPOINT_TENSOR_H
#define ENDPOINT_TENSOR_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tensor_type { TENSOR_FP32, TENSOR_INT64, N_TENSOR_TYPES };

enum { TENSOR_MAX_RANK = 8 };

/* -1 as a dimension means "any" and appears in metadata only. */
struct tensor_shape {
    int64_t dims[TENSOR_MAX_RANK];
    size_t rank; /* 1..TENSOR_MAX_RANK */
};

/* A tensor without values, as metadata describes it. */
struct tensor_spec {
    char *name; /* owned */
    enum tensor_type type;
    struct tensor_shape shape;
};

struct tensor {
    struct tensor_spec spec;
    size_t n_values; /* product of the dimensions */
    union {
        float *fp32;
        int64_t *int64;
        void *any;
    } values;      /* row-major, of spec.type */
    bool borrowed; /* the values are somebody else's, not to be freed or written to */
};

/* "FP32", "INT64". */
const char *tensor_type_name(enum tensor_type type);

/* Bytes of one value. */
size_t tensor_type_size(enum tensor_type type);

/* Whether there is a type of that name; *type is set if so. */
bool tensor_type_find(const char *name, enum tensor_type *type);

/* The product of the dimensions. STATUS_INVALID: a dimension is negative, or there are more than
 * `max_values` values. */
enum status tensor_shape_count(const struct tensor_shape *shape, size_t max_values,
                               size_t *n_values, struct error *error);

/* "[1,-1,64]" into `text` of TENSOR_SHAPE_TEXT bytes; returned. */
enum { TENSOR_SHAPE_TEXT = TENSOR_MAX_RANK * 21 + 3 };
const char *tensor_shape_format(const struct tensor_shape *shape, char *text);

/* Fills `tensor` (its spec is copied) and reserves its values, uninitialised.
 * STATUS_INVALID: as tensor_shape_count.  STATUS_NO_MEMORY. */
enum status tensor_make(struct tensor *tensor, const struct tensor_spec *spec, size_t max_values,
                        struct error *error);

/* The same over values that are there, aligned for the type, and outlive the tensor. */
enum status tensor_borrow(struct tensor *tensor, const struct tensor_spec *spec, size_t max_values,
                          const void *values, struct error *error);

void tensor_free(struct tensor *tensor);

#endif
