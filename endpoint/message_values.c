// SPDX-License-Identifier: GPL-3.0-or-later
/* The values of a tensor in JSON: flat, nested as its shape, or lifted out of the text. */
#include "endpoint/message_private.h"

#include <math.h>

static enum status read_value(json_t *json, struct tensor *tensor, size_t i, struct error *error)
{
    enum tensor_kind kind = tensor_type_kind(tensor->spec.type);
    if (kind == TENSOR_TEXT) {
        if (!json_is_string(json))
            return error_set(error, STATUS_INVALID, "value %zu is not a text", i);
        return tensor_add_text(tensor, json_string_value(json), json_string_length(json), error);
    }
    if (kind == TENSOR_TRUTH && json_is_boolean(json))
        return tensor_set_integer(tensor, i, json_is_true(json), error);
    if (json_is_integer(json))
        return tensor_set_integer(tensor, i, json_integer_value(json), error);
    if (json_is_real(json))
        return tensor_set_real(tensor, i, json_real_value(json), error);
    return error_set(error, STATUS_INVALID, "value %zu is not %s", i,
                     kind == TENSOR_REAL ? "a number" : "an integer");
}

/* One level of nested data; `*done` counts the values so far. The recursion ends with the rank. */
static enum status read_level(json_t *array, size_t level, struct tensor *tensor, size_t *done,
                              struct error *error)
{
    size_t n = json_array_size(array);
    bool last = level + 1 == tensor->spec.shape.rank;
    enum status status = STATUS_OK;
    if (!json_is_array(array) || (int64_t)n != tensor->spec.shape.dims[level])
        return error_set(error, STATUS_INVALID,
                         "its nested data does not have the shape it says (at value %zu)", *done);
    for (size_t i = 0; i < n && !status; i++) {
        json_t *item = json_array_get(array, i);
        status = last ? read_value(item, tensor, (*done)++, error)
                      : read_level(item, level + 1, tensor, done, error);
    }
    return status;
}

enum status message_read_data(json_t *data, struct tensor *tensor, struct error *error)
{
    char shape[TENSOR_SHAPE_TEXT];
    size_t n = json_array_size(data), done = 0;
    enum status status = STATUS_OK;
    if (n > 0 && json_is_array(json_array_get(data, 0)) && tensor->spec.shape.rank > 0)
        return read_level(data, 0, tensor, &done, error);
    if (n != tensor->n_values)
        return error_set(error, STATUS_INVALID, "shape %s wants %zu values, its data has %zu",
                         tensor_shape_format(&tensor->spec.shape, shape), tensor->n_values, n);
    for (size_t i = 0; i < n && !status; i++)
        status = read_value(json_array_get(data, i), tensor, i, error);
    return status;
}

/* The types that most tensors have, without a choice per value. */
static enum status read_floats(const struct lifted_array *array, bool real, float *values,
                               struct error *error)
{
    for (size_t i = 0; i < array->n; i++) {
        values[i] = real ? (float)array->numbers[i].real : (float)array->numbers[i].integer;
        if (!isfinite(values[i]))
            return error_set(error, STATUS_INVALID, "value %zu is beyond the range of FP32", i);
    }
    return STATUS_OK;
}

enum status message_read_lifted(const struct lifted_array *array, struct tensor *tensor,
                                struct error *error)
{
    char shape[TENSOR_SHAPE_TEXT];
    bool real = array->first_real < array->n;
    enum status status = STATUS_OK;
    if (array->n != tensor->n_values)
        return error_set(error, STATUS_INVALID, "shape %s wants %zu values, its data has %zu",
                         tensor_shape_format(&tensor->spec.shape, shape), tensor->n_values,
                         array->n);
    if (tensor->spec.type == TENSOR_FP32)
        return read_floats(array, real, tensor->values.fp32, error);
    if (real && tensor_type_kind(tensor->spec.type) != TENSOR_REAL)
        return tensor_set_real(tensor, array->first_real, 0, error);
    for (size_t i = 0; i < array->n && !status; i++)
        status = real ? tensor_set_real(tensor, i, array->numbers[i].real, error)
                      : tensor_set_integer(tensor, i, array->numbers[i].integer, error);
    return status;
}
