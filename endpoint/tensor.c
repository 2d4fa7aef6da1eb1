// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/tensor.h"

#include "base/memory.h"
#include "endpoint/half_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum tensor_kind kind;
    size_t size;
    int64_t min, max; /* of integers */
} types[] = {
    [TENSOR_BOOL] = {"BOOL", TENSOR_TRUTH, 1, 0, 1},
    [TENSOR_UINT8] = {"UINT8", TENSOR_INTEGER, 1, 0, UINT8_MAX},
    [TENSOR_UINT16] = {"UINT16", TENSOR_INTEGER, 2, 0, UINT16_MAX},
    [TENSOR_UINT32] = {"UINT32", TENSOR_INTEGER, 4, 0, UINT32_MAX},
    [TENSOR_UINT64] = {"UINT64", TENSOR_INTEGER, 8, 0, INT64_MAX},
    [TENSOR_INT8] = {"INT8", TENSOR_INTEGER, 1, INT8_MIN, INT8_MAX},
    [TENSOR_INT16] = {"INT16", TENSOR_INTEGER, 2, INT16_MIN, INT16_MAX},
    [TENSOR_INT32] = {"INT32", TENSOR_INTEGER, 4, INT32_MIN, INT32_MAX},
    [TENSOR_INT64] = {"INT64", TENSOR_INTEGER, 8, INT64_MIN, INT64_MAX},
    [TENSOR_FP16] = {"FP16", TENSOR_REAL, 2, 0, 0},
    [TENSOR_FP32] = {"FP32", TENSOR_REAL, 4, 0, 0},
    [TENSOR_FP64] = {"FP64", TENSOR_REAL, 8, 0, 0},
    [TENSOR_BYTES] = {"BYTES", TENSOR_TEXT, 1, 0, 0},
};
_Static_assert(sizeof types / sizeof types[0] == N_TENSOR_TYPES, "one row per type");

const char *tensor_type_name(enum tensor_type type)
{
    return types[type].name;
}

size_t tensor_type_size(enum tensor_type type)
{
    return types[type].size;
}

enum tensor_kind tensor_type_kind(enum tensor_type type)
{
    return types[type].kind;
}

int64_t tensor_type_max(enum tensor_type type)
{
    return types[type].max;
}

size_t tensor_size(const struct tensor *tensor)
{
    return types[tensor->spec.type].kind == TENSOR_TEXT
               ? tensor->n_text
               : tensor->n_values * types[tensor->spec.type].size;
}

bool tensor_type_find(const char *name, enum tensor_type *type)
{
    for (int i = 0; i < N_TENSOR_TYPES; i++) {
        if (strcmp(types[i].name, name) == 0) {
            *type = (enum tensor_type)i;
            return true;
        }
    }
    return false;
}

const char *tensor_shape_format(const struct tensor_shape *shape, char *text)
{
    size_t used = 0;
    text[used++] = '[';
    for (size_t i = 0; i < shape->rank; i++)
        used += (size_t)snprintf(text + used, TENSOR_SHAPE_TEXT - used, "%s%" PRId64, i ? "," : "",
                                 shape->dims[i]);
    snprintf(text + used, TENSOR_SHAPE_TEXT - used, "]");
    return text;
}

enum status tensor_shape_count(const struct tensor_shape *shape, size_t max_values,
                               size_t *n_values, struct error *error)
{
    char text[TENSOR_SHAPE_TEXT];
    bool zero = false;
    size_t n = 1;
    for (size_t i = 0; i < shape->rank; i++) {
        if (shape->dims[i] < 0)
            return error_set(error, STATUS_INVALID, "shape %s has a negative dimension",
                             tensor_shape_format(shape, text));
        zero |= shape->dims[i] == 0;
    }
    for (size_t i = 0; i < shape->rank && !zero; i++) {
        if ((uint64_t)shape->dims[i] > max_values / n)
            return error_set(error, STATUS_INVALID,
                             "shape %s has more than the %zu values that are allowed",
                             tensor_shape_format(shape, text), max_values);
        n *= (size_t)shape->dims[i];
    }
    *n_values = zero ? 0 : n;
    return STATUS_OK;
}

/* A tensor without values. */
static enum status describe(struct tensor *tensor, const struct tensor_spec *spec,
                            size_t max_values, struct error *error)
{
    *tensor = (struct tensor){.spec = {.type = spec->type, .shape = spec->shape}};
    enum status status = tensor_shape_count(&spec->shape, max_values, &tensor->n_values, error);
    return status ? status : text_replace(&tensor->spec.name, spec->name, error);
}

enum status tensor_make(struct tensor *tensor, const struct tensor_spec *spec, size_t max_values,
                        struct error *error)
{
    struct tensor made;
    enum status status = describe(&made, spec, max_values, error);
    if (status)
        return status;
    if (types[spec->type].kind == TENSOR_TEXT) {
        *tensor = made;
        return STATUS_OK;
    }
    made.values.any = calloc(made.n_values ? made.n_values : 1, types[spec->type].size);
    if (!made.values.any) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for a tensor of %zu values",
                           made.n_values);
        tensor_free(&made);
        return status;
    }
    *tensor = made;
    return STATUS_OK;
}

enum status tensor_borrow(struct tensor *tensor, const struct tensor_spec *spec, size_t max_values,
                          const void *values, struct error *error)
{
    struct tensor made;
    enum status status = describe(&made, spec, max_values, error);
    if (status)
        return status;
    memcpy(&made.values.any, &values, sizeof values); /* only read from */
    made.borrowed = true;
    *tensor = made;
    return STATUS_OK;
}

/* An integer of the type at `from`. */
static int64_t get_integer(enum tensor_type type, const void *from)
{
    bool is_signed = types[type].min < 0;
    switch (types[type].size) {
    case 1:
        return is_signed ? *(const int8_t *)from : *(const uint8_t *)from;
    case 2:
        return is_signed ? *(const int16_t *)from : *(const uint16_t *)from;
    case 4:
        return is_signed ? (int64_t) * (const int32_t *)from : (int64_t) * (const uint32_t *)from;
    default:
        return *(const int64_t *)from;
    }
}

static void put_integer(enum tensor_type type, void *to, int64_t value)
{
    switch (types[type].size) {
    case 1:
        *(uint8_t *)to = (uint8_t)value;
        break;
    case 2:
        *(uint16_t *)to = (uint16_t)value;
        break;
    case 4:
        *(uint32_t *)to = (uint32_t)value;
        break;
    default:
        *(int64_t *)to = value;
    }
}

double tensor_get(const struct tensor *tensor, size_t i)
{
    enum tensor_type type = tensor->spec.type;
    const void *from = tensor->values.bytes + i * types[type].size;
    switch (types[type].kind) {
    case TENSOR_TRUTH:
    case TENSOR_INTEGER:
        return type == TENSOR_UINT64 ? (double)*(const uint64_t *)from
                                     : (double)get_integer(type, from);
    case TENSOR_REAL:
        return type == TENSOR_FP16   ? (double)half_to_float(*(const uint16_t *)from)
               : type == TENSOR_FP32 ? (double)*(const float *)from
                                     : *(const double *)from;
    case TENSOR_TEXT:
        break;
    }
    return 0;
}

enum status tensor_set_integer(struct tensor *tensor, size_t i, int64_t value, struct error *error)
{
    enum tensor_type type = tensor->spec.type;
    if (types[type].kind == TENSOR_REAL)
        return tensor_set_real(tensor, i, (double)value, error);
    if (types[type].kind == TENSOR_TEXT)
        return error_set(error, STATUS_INVALID, "value %zu is not a text", i);
    if (value < types[type].min || value > types[type].max)
        return error_set(error, STATUS_INVALID, "value %zu is beyond the range of %s", i,
                         types[type].name);
    put_integer(type, tensor->values.bytes + i * types[type].size, value);
    return STATUS_OK;
}

enum status tensor_set_real(struct tensor *tensor, size_t i, double value, struct error *error)
{
    enum tensor_type type = tensor->spec.type;
    void *to = tensor->values.bytes + i * types[type].size;
    bool fits;
    if (types[type].kind != TENSOR_REAL)
        return error_set(error, STATUS_INVALID, "value %zu is not %s", i,
                         types[type].kind == TENSOR_TEXT ? "a text" : "an integer");
    if (type == TENSOR_FP16) {
        *(uint16_t *)to = half_from_float((float)value);
        fits = isfinite(half_to_float(*(uint16_t *)to));
    } else if (type == TENSOR_FP32) {
        *(float *)to = (float)value;
        fits = isfinite((float)value);
    } else {
        *(double *)to = value;
        fits = isfinite(value);
    }
    return fits ? STATUS_OK
                : error_set(error, STATUS_INVALID, "value %zu is beyond the range of %s", i,
                            types[type].name);
}

enum status tensor_add_text(struct tensor *tensor, const char *text, size_t n, struct error *error)
{
    size_t wanted = tensor->n_text + 4 + n;
    if (n > UINT32_MAX || wanted > tensor->capacity) {
        size_t capacity = wanted + wanted / 2;
        char *grown = n > UINT32_MAX ? NULL : realloc(tensor->values.bytes, capacity);
        if (!grown)
            return error_set(error, STATUS_NO_MEMORY, "out of memory for a text of %zu bytes", n);
        tensor->values.bytes = grown;
        tensor->capacity = capacity;
    }
    char *to = tensor->values.bytes + tensor->n_text;
    for (int k = 0; k < 4; k++)
        to[k] = (char)(n >> 8 * k);
    memcpy(to + 4, text, n);
    tensor->n_text = wanted;
    return STATUS_OK;
}

const char *tensor_next_text(const struct tensor *tensor, size_t *at, size_t *n)
{
    const unsigned char *from = (const unsigned char *)tensor->values.bytes + *at;
    size_t left = tensor->n_text - *at;
    if (left < 4)
        return NULL;
    *n = from[0] | (size_t)from[1] << 8 | (size_t)from[2] << 16 | (size_t)from[3] << 24;
    if (*n > left - 4)
        return NULL;
    *at += 4 + *n;
    return (const char *)from + 4;
}

void tensor_free(struct tensor *tensor)
{
    free(tensor->spec.name);
    if (!tensor->borrowed)
        free(tensor->values.any);
    *tensor = (struct tensor){0};
}
