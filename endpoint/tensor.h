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

enum tensor_type {
    TENSOR_BOOL,
    TENSOR_UINT8,
    TENSOR_UINT16,
    TENSOR_UINT32,
    TENSOR_UINT64,
    TENSOR_INT8,
    TENSOR_INT16,
    TENSOR_INT32,
    TENSOR_INT64,
    TENSOR_FP16,
    TENSOR_FP32,
    TENSOR_FP64,
    TENSOR_BYTES, /* texts */
    N_TENSOR_TYPES
};

/* What the values of a type are. */
enum tensor_kind { TENSOR_TRUTH, TENSOR_INTEGER, TENSOR_REAL, TENSOR_TEXT };

enum { TENSOR_MAX_RANK = 8 };

/* -1 as a dimension means "any" and appears in metadata only. */
struct tensor_shape {
    int64_t dims[TENSOR_MAX_RANK];
    size_t rank; /* 0 (one value)..TENSOR_MAX_RANK */
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
        char *bytes;
        void *any;
    } values;      /* row-major, of spec.type; of texts each behind its length, which is four bytes,
                      little-endian (the form of the binary tensor data extension) */
    bool borrowed; /* the values are somebody else's, not to be freed or written to */
    size_t n_text; /* bytes that all texts take, lengths included */
    size_t capacity; /* of `values` where they are texts */
};

/* "FP32", "INT64", as the protocol calls them. */
const char *tensor_type_name(enum tensor_type type);

enum tensor_kind tensor_type_kind(enum tensor_type type);

/* Bytes of one value; 1 of texts, whose sizes differ. */
size_t tensor_type_size(enum tensor_type type);

/* The largest integer that an integer type holds, INT64_MAX at most. */
int64_t tensor_type_max(enum tensor_type type);

/* Bytes of all values. */
size_t tensor_size(const struct tensor *tensor);

/* Whether there is a type of that name; *type is set if so. */
bool tensor_type_find(const char *name, enum tensor_type *type);

/* The product of the dimensions. STATUS_INVALID: a dimension is negative, or there are more than
 * `max_values` values. */
enum status tensor_shape_count(const struct tensor_shape *shape, size_t max_values,
                               size_t *n_values, struct error *error);

/* "[1,-1,64]" into `text` of TENSOR_SHAPE_TEXT bytes; returned. */
enum { TENSOR_SHAPE_TEXT = TENSOR_MAX_RANK * 21 + 3 };
const char *tensor_shape_format(const struct tensor_shape *shape, char *text);

/* Fills `tensor` (its spec is copied) and reserves its values, all 0; of texts there are none yet,
 * they are appended. STATUS_INVALID: as tensor_shape_count.  STATUS_NO_MEMORY. */
enum status tensor_make(struct tensor *tensor, const struct tensor_spec *spec, size_t max_values,
                        struct error *error);

/* The same over values that are there, aligned for the type, and outlive the tensor. */
enum status tensor_borrow(struct tensor *tensor, const struct tensor_spec *spec, size_t max_values,
                          const void *values, struct error *error);

/* Value i as a double; 0 of texts. */
double tensor_get(const struct tensor *tensor, size_t i);

/* Sets value i. STATUS_INVALID: its type does not hold that (the message says the type's range or
 * kind). A real that a type rounds is rounded. */
enum status tensor_set_integer(struct tensor *tensor, size_t i, int64_t value, struct error *error);
enum status tensor_set_real(struct tensor *tensor, size_t i, double value, struct error *error);

/* Appends a text of n bytes. STATUS_NO_MEMORY. */
enum status tensor_add_text(struct tensor *tensor, const char *text, size_t n, struct error *error);

/* The text that begins at byte *at of a tensor's values, *n bytes; *at is moved behind it. NULL: it
 * is not whole. */
const char *tensor_next_text(const struct tensor *tensor, size_t *at, size_t *n);

void tensor_free(struct tensor *tensor);

#endif
