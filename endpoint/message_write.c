// SPDX-License-Identifier: GPL-3.0-or-later
/* Messages out. Small ones go through jansson; numbers of tensors are written by hand, because
 * they are many and formatting them through printf would dominate the time of a request. */
#include "endpoint/message_private.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 26, N_DIGITS = 9 };

void message_text_free(struct message_text *text)
{
    free(text->bytes);
    *text = (struct message_text){0};
}

enum status message_reserve(struct message_text *text, size_t more, struct error *error)
{
    if (text->capacity - text->n >= more)
        return STATUS_OK;
    size_t wanted = text->n + text->n / 2 + more + 256;
    char *grown = wanted > text->n ? realloc(text->bytes, wanted) : NULL;
    if (!grown)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a message of %zu bytes",
                         wanted);
    text->bytes = grown;
    text->capacity = wanted;
    return STATUS_OK;
}

enum status message_put(struct message_text *text, const char *bytes, size_t n, struct error *error)
{
    enum status status = message_reserve(text, n, error);
    if (!status && n > 0) {
        memcpy(text->bytes + text->n, bytes, n);
        text->n += n;
    }
    return status;
}

static enum status put_text(struct message_text *text, const char *words, struct error *error)
{
    return message_put(text, words, strlen(words), error);
}

static int put_dumped(const char *bytes, size_t n, void *text)
{
    return message_put(text, bytes, n, NULL) ? -1 : 0;
}

enum status message_put_json(struct message_text *text, json_t *json, struct error *error)
{
    int failed =
        json ? json_dump_callback(json, put_dumped, text, JSON_COMPACT | JSON_ENCODE_ANY) : -1;
    json_decref(json);
    return failed ? error_set(error, STATUS_NO_MEMORY, "out of memory for a message") : STATUS_OK;
}

json_t *message_json_text(const char *words)
{
    json_t *json = json_string(words);
    if (json)
        return json;
    char *ascii = text_copy(words);
    for (unsigned char *c = (unsigned char *)ascii; c && *c; c++)
        *c = *c < 0x80 ? *c : '?';
    json = ascii ? json_string(ascii) : NULL;
    free(ascii);
    return json;
}

static char *write_u64(char *at, uint64_t value)
{
    char digits[20];
    int n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

static char *write_i64(char *at, int64_t value)
{
    if (value < 0)
        *at++ = '-';
    return write_u64(at, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* `value` times ten to the power of `exponent`, -30..53. */
static double scale(double value, int exponent)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    for (; exponent > 22; exponent -= 22)
        value *= powers[22];
    for (; exponent < -22; exponent += 22)
        value /= powers[22];
    return exponent >= 0 ? value * powers[exponent] : value / powers[-exponent];
}

/*
 * Nine significant decimal digits and the exponent of the first of them, of a value above 0.
 * Scaling in double is off by a few parts in 2^53; nine digits are off by 5e-9 at most, half a
 * float's step by 3e-8 at least: the nearest float to the digits is the one that was written.
 */
static uint32_t nine_digits(float value, int *exponent)
{
    double wide = (double)value;
    uint64_t bits;
    memcpy(&bits, &wide, sizeof bits);
    int binary = (int)(bits >> 52) - 1023; /* 2^binary <= value; as a double none is subnormal */
    int e = ((binary * 1233 + (64 << 12)) >> 12) - 64; /* 1233/4096 is nearly log10(2) */
    double digits = scale(wide, N_DIGITS - 1 - e);
    if (digits >= 999999999.5) /* log10(2^binary) can be less than log10(value) */
        digits = scale(wide, N_DIGITS - 1 - ++e);
    *exponent = e;
    return (uint32_t)(digits + 0.5);
}

static char *write_float(char *at, float value)
{
    if (signbit(value))
        *at++ = '-';
    value = fabsf(value);
    if (value < 0x1p24f && value == (float)(uint32_t)value) {
        at = write_u64(at, (uint32_t)value);
        memcpy(at, ".0", 2); /* a reader that tells integers from reals must see a real */
        return at + 2;
    }
    int e;
    uint32_t left = nine_digits(value, &e);
    char digits[N_DIGITS];
    for (int i = N_DIGITS - 1; i >= 0; i--, left /= 10)
        digits[i] = (char)('0' + left % 10);
    int n = N_DIGITS;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    if (e < 0 && e >= -5) { /* 0.00123 */
        memcpy(at, "0.00000", 7);
        at += 1 - e;
        memcpy(at, digits, (size_t)n);
        return at + n;
    }
    if (e >= 0 && e < n - 1) { /* 12.3 */
        memcpy(at, digits, (size_t)e + 1);
        at[e + 1] = '.';
        memcpy(at + e + 2, digits + e + 1, (size_t)(n - e - 1));
        return at + n + 1;
    }
    *at++ = digits[0]; /* 1.23e-9 */
    if (n > 1) {
        *at++ = '.';
        memcpy(at, digits + 1, (size_t)n - 1);
        at += n - 1;
    }
    *at++ = 'e';
    return write_i64(at, e);
}

/* A real of the type; at most NUMBER_SIZE bytes. Doubles need 17 digits. */
static char *write_real(char *at, const struct tensor *tensor, size_t i)
{
    double value = tensor_get(tensor, i);
    if (tensor->spec.type != TENSOR_FP64)
        return write_float(at, (float)value);
    return at + snprintf(at, NUMBER_SIZE, "%.17g", value);
}

static char *write_value(char *at, const struct tensor *tensor, size_t i)
{
    double value = tensor_get(tensor, i);
    switch (tensor_type_kind(tensor->spec.type)) {
    case TENSOR_TRUTH:
        return stpcpy(at, value != 0 ? "true" : "false");
    case TENSOR_INTEGER:
        return write_i64(at, (int64_t)value);
    case TENSOR_REAL:
        return write_real(at, tensor, i);
    case TENSOR_TEXT:
        break;
    }
    return at;
}

static enum status put_texts(struct message_text *text, const struct tensor *tensor,
                             struct error *error)
{
    size_t at = 0, n;
    const char *words;
    enum status status = put_text(text, "[", error);
    for (size_t i = 0; !status && (words = tensor_next_text(tensor, &at, &n)); i++) {
        status = i ? put_text(text, ",", error) : STATUS_OK;
        json_t *json = json_stringn(words, n);
        if (!status && !json)
            status = error_set(error, STATUS_INVALID,
                               "value %zu of tensor '%s' is not UTF-8, which JSON wants", i,
                               tensor->spec.name);
        else if (!status)
            status = message_put_json(text, json_incref(json), error);
        json_decref(json);
    }
    return status ? status : put_text(text, "]", error);
}

static enum status put_values(struct message_text *text, const struct tensor *tensor,
                              struct error *error)
{
    bool real = tensor_type_kind(tensor->spec.type) == TENSOR_REAL;
    if (tensor_type_kind(tensor->spec.type) == TENSOR_TEXT)
        return put_texts(text, tensor, error);
    if (tensor->n_values > SIZE_MAX / NUMBER_SIZE - 1)
        return error_set(error, STATUS_NO_MEMORY, "a tensor of %zu values is too large",
                         tensor->n_values);
    enum status status = message_reserve(text, tensor->n_values * NUMBER_SIZE + 2, error);
    if (status)
        return status;
    char *at = text->bytes + text->n;
    *at++ = '[';
    for (size_t i = 0; i < tensor->n_values; i++) {
        if (i > 0)
            *at++ = ',';
        if (tensor->spec.type == TENSOR_INT64) /* the usual types first: there are many values */
            at = write_i64(at, tensor->values.int64[i]);
        else if (tensor->spec.type == TENSOR_FP32 && isfinite(tensor->values.fp32[i]))
            at = write_float(at, tensor->values.fp32[i]);
        else if (!real || isfinite(tensor_get(tensor, i)))
            at = write_value(at, tensor, i);
        else
            return error_set(error, STATUS_INVALID,
                             "value %zu of tensor '%s' is not a finite number, which JSON cannot "
                             "express",
                             i, tensor->spec.name);
    }
    *at++ = ']';
    text->n = (size_t)(at - text->bytes);
    return STATUS_OK;
}

static json_t *json_shape(const struct tensor_shape *shape)
{
    json_t *dims = json_array();
    for (size_t i = 0; dims && i < shape->rank; i++)
        json_array_append_new(dims, json_integer(shape->dims[i]));
    return dims;
}

static enum status put_binary_size(struct message_text *text, const struct tensor *tensor,
                                   struct error *error)
{
    char size[64];
    snprintf(size, sizeof size, "\"parameters\":{\"binary_data_size\":%zu}", tensor_size(tensor));
    return put_text(text, size, error);
}

static enum status put_tensor(struct message_text *text, const struct tensor *tensor,
                              enum message_form form, struct error *error)
{
    char shape[TENSOR_SHAPE_TEXT];
    enum status status = put_text(text, "{\"name\":", error);
    if (!status)
        status = message_put_json(text, message_json_text(tensor->spec.name), error);
    if (!status)
        status = put_text(text, ",\"shape\":", error);
    if (!status)
        status = put_text(text, tensor_shape_format(&tensor->spec.shape, shape), error);
    if (!status)
        status = put_text(text, ",\"datatype\":\"", error);
    if (!status)
        status = put_text(text, tensor_type_name(tensor->spec.type), error);
    if (!status)
        status = put_text(text, "\",", error);
    if (!status && form == MESSAGE_BINARY)
        status = put_binary_size(text, tensor, error);
    else if (!status)
        status = put_text(text, "\"data\":", error);
    if (!status && form == MESSAGE_JSON)
        status = put_values(text, tensor, error);
    return status ? status : put_text(text, "}", error);
}

static enum status put_tensors(struct message_text *text, const struct tensor *tensors, size_t n,
                               enum message_form form, struct error *error)
{
    enum status status = put_text(text, "[", error);
    for (size_t i = 0; i < n && !status; i++) {
        status = i ? put_text(text, ",", error) : STATUS_OK;
        if (!status)
            status = put_tensor(text, &tensors[i], form, error);
    }
    return status ? status : put_text(text, "]", error);
}

/* The end of a message's JSON, and what comes behind it. */
static enum status put_end(struct message_text *text, const struct tensor *tensors, size_t n,
                           enum message_form form, struct error *error)
{
    enum status status = put_text(text, "}", error);
    if (!status && form == MESSAGE_BINARY)
        status = message_put_binary(text, tensors, n, error);
    return status;
}

static void begin(struct message_text *text)
{
    text->n = text->n_binary = 0;
}

enum status message_write_request(struct message_text *text, const struct tensor *inputs,
                                  size_t n_inputs, enum message_form form, struct error *error)
{
    begin(text);
    enum status status = put_text(text, "{\"inputs\":", error);
    if (!status)
        status = put_tensors(text, inputs, n_inputs, form, error);
    if (!status && form == MESSAGE_BINARY)
        status = put_text(text, ",\"parameters\":{\"binary_data_output\":true}", error);
    return status ? status : put_end(text, inputs, n_inputs, form, error);
}

enum status message_write_response(struct message_text *text, const char *model,
                                   const char *version, const char *id,
                                   const struct tensor *outputs, size_t n_outputs,
                                   enum message_form form, struct error *error)
{
    const struct {
        const char *before, *value;
    } parts[] = {{"{\"model_name\":", model}, {",\"model_version\":", version}, {",\"id\":", id}};
    enum status status = STATUS_OK;
    begin(text);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && !status; i++) {
        if (!parts[i].value)
            continue;
        status = put_text(text, parts[i].before, error);
        if (!status)
            status = message_put_json(text, message_json_text(parts[i].value), error);
    }
    if (!status)
        status = put_text(text, ",\"outputs\":", error);
    if (!status)
        status = put_tensors(text, outputs, n_outputs, form, error);
    return status ? status : put_end(text, outputs, n_outputs, form, error);
}

const char *message_extension_name(enum message_extension extension)
{
    static const char *const names[] = {
        [EXTENSION_BINARY_TENSOR_DATA] = "binary_tensor_data",
        [EXTENSION_STATISTICS] = "statistics",
    };
    _Static_assert(sizeof names / sizeof names[0] == N_EXTENSIONS, "one name per extension");
    return names[extension];
}

enum status message_write_server(struct message_text *text, const struct message_server *server,
                                 struct error *error)
{
    json_t *extensions = json_array();
    for (int e = 0; extensions && e < N_EXTENSIONS; e++) {
        if (server->extensions[e])
            json_array_append_new(extensions, json_string(message_extension_name(e)));
    }
    begin(text);
    return message_put_json(text,
                            json_pack("{s:o, s:o, s:o}", "name", message_json_text(server->name),
                                      "version", message_json_text(server->version), "extensions",
                                      extensions),
                            error);
}

static json_t *json_specs(const struct tensor_spec *specs, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < n; i++)
        json_array_append_new(array,
                              json_pack("{s:o, s:s, s:o}", "name", message_json_text(specs[i].name),
                                        "datatype", tensor_type_name(specs[i].type), "shape",
                                        json_shape(&specs[i].shape)));
    return array;
}

enum status message_write_model(struct message_text *text, const struct message_model *model,
                                struct error *error)
{
    json_t *json = json_pack("{s:o, s:[s], s:o, s:o, s:o}", "name", message_json_text(model->name),
                             "versions", "1", "platform", message_json_text(model->platform),
                             "inputs", json_specs(model->inputs, model->n_inputs), "outputs",
                             json_specs(model->outputs, model->n_outputs));
    if (json && model->vocabulary > 0)
        json_object_set_new(json, "parameters",
                            json_pack("{s:I}", "vocabulary", (json_int_t)model->vocabulary));
    begin(text);
    return message_put_json(text, json, error);
}

enum status message_write_index(struct message_text *text, const char *const *models,
                                size_t n_models, const char *version, struct error *error)
{
    json_t *index = json_array();
    for (size_t i = 0; index && i < n_models; i++)
        json_array_append_new(index, json_pack("{s:o, s:s, s:s, s:s}", "name",
                                               message_json_text(models[i]), "version", version,
                                               "state", "READY", "reason", ""));
    begin(text);
    return message_put_json(text, index, error);
}

enum status message_write_error(struct message_text *text, const char *what, struct error *error)
{
    begin(text);
    return message_put_json(text, json_pack("{s:o}", "error", message_json_text(what)), error);
}
