// SPDX-License-Identifier: GPL-3.0-or-later
/* Tensors as the binary tensor data extension sends them: their values in little-endian order, row
 * by row, without gaps, behind the JSON that names their sizes. */
#include "endpoint/message_private.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What every type's values are aligned for, and what memory from malloc is. */
enum { ALIGNMENT = 8 };

static const bool big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

void message_copy_values(char *to, const char *from, size_t n, size_t size, bool reversed)
{
    if (!reversed) {
        memcpy(to, from, n * size);
        return;
    }
    for (size_t i = 0; i < n * size; i += size) {
        for (size_t k = 0; k < size; k++)
            to[i + k] = from[i + size - 1 - k];
    }
}

/* The texts of a tensor, each behind its length. On failure the tensor is empty. */
static enum status take_texts(const char *bytes, size_t size, const struct tensor_spec *spec,
                              size_t max_values, struct tensor *tensor, struct error *error)
{
    char shape[TENSOR_SHAPE_TEXT];
    size_t at = 0, n, n_texts = 0;
    enum status status = tensor_make(tensor, spec, max_values, error);
    if (status)
        return status;
    tensor->values.bytes = malloc(size + 1);
    if (!tensor->values.bytes) {
        tensor_free(tensor);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu bytes of texts", size);
    }
    memcpy(tensor->values.bytes, bytes, size);
    tensor->n_text = size;
    tensor->capacity = size + 1;
    while (tensor_next_text(tensor, &at, &n))
        n_texts++;
    if (at == size && n_texts == tensor->n_values)
        return STATUS_OK;
    status = error_set(error, STATUS_INVALID,
                       "shape %s of BYTES wants %zu texts, each behind its length; its %zu bytes "
                       "are %zu and %zu bytes more",
                       tensor_shape_format(&spec->shape, shape), tensor->n_values, size, n_texts,
                       size - at);
    tensor_free(tensor);
    return status;
}

enum status message_take_binary(struct binary *from, uint64_t size, const struct tensor_spec *spec,
                                size_t max_values, struct tensor *tensor, struct error *error)
{
    char shape[TENSOR_SHAPE_TEXT];
    size_t n_values, per_value = tensor_type_size(spec->type);
    enum status status = tensor_shape_count(&spec->shape, max_values, &n_values, error);
    if (status)
        return status;
    bool texts = tensor_type_kind(spec->type) == TENSOR_TEXT;
    if (!texts && (size % per_value != 0 || size / per_value != n_values))
        return error_set(error, STATUS_INVALID,
                         "shape %s of %s wants %" PRIu64 " bytes, its \"binary_data_size\" is "
                         "%" PRIu64,
                         tensor_shape_format(&spec->shape, shape), tensor_type_name(spec->type),
                         (uint64_t)n_values * per_value, size);
    if (size > from->n)
        return error_set(error, STATUS_INVALID,
                         "its \"binary_data_size\" is %" PRIu64 ", but only %zu bytes are left in "
                         "the body",
                         size, from->n);
    if (texts) {
        status = take_texts(from->bytes, (size_t)size, spec, max_values, tensor, error);
    } else if (from->lent && !big_endian && (uintptr_t)from->bytes % per_value == 0) {
        status = tensor_borrow(tensor, spec, max_values, from->bytes, error);
    } else {
        status = tensor_make(tensor, spec, max_values, error);
        if (!status)
            message_copy_values(tensor->values.any, from->bytes, n_values, per_value, big_endian);
    }
    from->bytes += size;
    from->n -= (size_t)size;
    return status;
}

enum status message_put_binary(struct message_text *text, const struct tensor *tensors, size_t n,
                               struct error *error)
{
    enum status status = STATUS_OK;
    static const char blanks[ALIGNMENT] = {' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};
    size_t wanted = 0;
    for (size_t i = 0; i < n; i++)
        wanted += tensor_size(&tensors[i]);
    status = message_reserve(text, wanted + ALIGNMENT, error);
    if (!status)
        status = message_put(text, blanks, -text->n % ALIGNMENT, error);
    for (size_t i = 0; i < n && !status; i++) {
        size_t size = tensor_type_size(tensors[i].spec.type), n_bytes = tensor_size(&tensors[i]);
        if (n_bytes > 0)
            message_copy_values(text->bytes + text->n, tensors[i].values.any, n_bytes / size, size,
                                big_endian);
        text->n += n_bytes;
    }
    text->n_binary = wanted;
    return status;
}

/* The shape with its one open dimension set so that it takes `n_values`. */
static enum status close_shape(struct tensor_shape *shape, size_t n_values, struct error *error)
{
    char text[TENSOR_SHAPE_TEXT];
    uint64_t others = 1;
    size_t open = shape->rank;
    for (size_t i = 0; i < shape->rank; i++) {
        if (shape->dims[i] < 0)
            open = i;
        else
            others *= (uint64_t)shape->dims[i];
    }
    if (others == 0 || n_values % others != 0)
        return error_set(error, STATUS_INVALID, "%zu values do not fill the shape %s", n_values,
                         tensor_shape_format(shape, text));
    if (open < shape->rank)
        shape->dims[open] = (int64_t)(n_values / others);
    return STATUS_OK;
}

enum status message_read_raw_request(const char *bytes, size_t n, const struct tensor_spec *input,
                                     const struct message_limits *limits,
                                     struct message_request *request, struct error *error)
{
    struct tensor_spec spec = *input;
    struct binary binary = {.bytes = bytes, .n = n, .lent = true};
    *request = (struct message_request){.form = MESSAGE_BINARY};
    enum status status = close_shape(&spec.shape, n / tensor_type_size(spec.type), error);
    if (!status)
        status =
            message_take_binary(&binary, n, &spec, limits->max_values, &request->inputs[0], error);
    request->n_inputs = !status;
    error_prefix(error, "tensor '%.64s'", spec.name);
    return status;
}
