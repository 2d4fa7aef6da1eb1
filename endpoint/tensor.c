// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/tensor.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [TENSOR_FP32] = {"FP32", sizeof(float)},
    [TENSOR_INT64] = {"INT64", sizeof(int64_t)},
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

void tensor_free(struct tensor *tensor)
{
    free(tensor->spec.name);
    if (!tensor->borrowed)
        free(tensor->values.any);
    *tensor = (struct tensor){0};
}
