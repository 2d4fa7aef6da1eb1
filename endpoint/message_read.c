// SPDX-License-Identifier: GPL-3.0-or-later
/* Messages in: a scan that bounds what the text can cost and takes the tensors' numbers out,
 * jansson for the grammar, then checks. */
#include "endpoint/message_private.h"

#include "base/memory.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct message_limits metadata_limits = {.max_values = 65536, .max_rows = 4096};

/* The message's root, and the arrays that were taken out of it; both to be freed. */
struct parsed {
    json_t *root;
    struct lifted lifted;
};

static void parsed_free(struct parsed *parsed)
{
    json_decref(parsed->root);
    message_lifted_free(&parsed->lifted);
}

/* What of a message is tensors: the arrays lifted out of its JSON, the bytes behind it, and how
 * many values it may still have. */
struct source {
    const struct lifted *lifted;
    struct binary binary;
    size_t n_left;
};

static enum status parse_object(const char *bytes, size_t n, const struct message_limits *limits,
                                struct parsed *parsed, struct error *error)
{
    json_error_t why;
    *parsed = (struct parsed){0};
    enum status status = message_lift(bytes, n, limits, &parsed->lifted, error);
    if (status)
        return status;
    if (parsed->lifted.is_lifted) {
        bytes = parsed->lifted.text.bytes;
        n = parsed->lifted.text.n;
    }
    parsed->root = json_loadb(bytes ? bytes : "", n, JSON_REJECT_DUPLICATES, &why);
    if (json_is_object(parsed->root))
        return STATUS_OK;
    if (parsed->root)
        return error_set(error, STATUS_INVALID, "not a JSON object");
    if (json_error_code(&why) == json_error_out_of_memory)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a message of %zu bytes", n);
    return error_set(error, STATUS_INVALID, "not valid JSON: %s at byte %d%s", why.text,
                     why.position, parsed->lifted.is_lifted ? ", data left out" : "");
}

/* A field that is a string, copied. STATUS_INVALID: it is something else, or missing and required.
 */
static enum status read_text(json_t *object, const char *field, bool required, char **text,
                             struct error *error)
{
    json_t *value = json_object_get(object, field);
    if (!value && !required)
        return STATUS_OK;
    if (!json_is_string(value))
        return error_set(error, STATUS_INVALID,
                         value ? "field \"%s\" is not a string" : "field \"%s\" is missing", field);
    return text_replace(text, json_string_value(value), error);
}

/* One dimension; in metadata -1 may stand for any, and gateways that translate the protocol from
 * gRPC write 64-bit integers as strings. */
static bool read_dim(json_t *json, bool metadata, int64_t *dim)
{
    uint64_t size;
    const char *text = metadata ? json_string_value(json) : NULL;
    if (text && strcmp(text, "-1") == 0) {
        *dim = -1;
        return true;
    }
    if (text && parse_u64(text, 0, INT64_MAX, &size, NULL) == STATUS_OK) {
        *dim = (int64_t)size;
        return true;
    }
    *dim = json_integer_value(json);
    return json_is_integer(json) && *dim >= (metadata ? -1 : 0);
}

static enum status read_shape(json_t *object, bool any, struct tensor_shape *shape,
                              struct error *error)
{
    json_t *dims = json_object_get(object, "shape");
    if (!json_is_array(dims))
        return error_set(error, STATUS_INVALID, "its \"shape\" is missing or not an array");
    shape->rank = json_array_size(dims);
    if (shape->rank > TENSOR_MAX_RANK)
        return error_set(error, STATUS_INVALID, "its shape has %zu dimensions, more than %d",
                         shape->rank, TENSOR_MAX_RANK);
    for (size_t i = 0; i < shape->rank; i++) {
        if (!read_dim(json_array_get(dims, i), any, &shape->dims[i]))
            return error_set(error, STATUS_INVALID, "dimension %zu of its shape is not a count", i);
    }
    return STATUS_OK;
}

/* Name, datatype and shape. *known is false for a datatype that is none of ours. */
static enum status read_spec(json_t *object, bool any, struct tensor_spec *spec, bool *known,
                             struct error *error)
{
    if (!json_is_object(object))
        return error_set(error, STATUS_INVALID, "a tensor is not an object");
    enum status status = read_text(object, "name", true, &spec->name, error);
    if (status)
        return status;
    json_t *type = json_object_get(object, "datatype");
    if (!json_is_string(type))
        status = error_set(error, STATUS_INVALID, "its \"datatype\" is missing or not a string");
    else
        *known = tensor_type_find(json_string_value(type), &spec->type);
    if (!status && !*known && !any)
        status = error_set(error, STATUS_INVALID, "datatype %.32s is none of the protocol's",
                           json_string_value(type));
    if (!status)
        status = read_shape(object, any, &spec->shape, error);
    error_prefix(error, "tensor '%.64s'", spec->name);
    return status;
}

/* The parameters of a message or tensor; *parameters is NULL where there are none. */
static enum status find_parameters(json_t *object, json_t **parameters, struct error *error)
{
    *parameters = json_object_get(object, "parameters");
    if (*parameters && !json_is_object(*parameters))
        return error_set(error, STATUS_INVALID, "\"parameters\" is not an object");
    return STATUS_OK;
}

/* A parameter that says whether outputs are wanted binary; *form is left alone where it is not
 * there. */
static enum status read_form(json_t *object, const char *name, enum message_form *form,
                             struct error *error)
{
    json_t *parameters, *value;
    enum status status = find_parameters(object, &parameters, error);
    value = json_object_get(parameters, name);
    if (!status && value && !json_is_boolean(value))
        status =
            error_set(error, STATUS_INVALID, "parameter \"%s\" is neither true nor false", name);
    else if (!status && value)
        *form = json_is_true(value) ? MESSAGE_BINARY : MESSAGE_JSON;
    return status;
}

/* The values of a tensor, wherever they are. */
static enum status read_values(json_t *object, const struct tensor_spec *spec,
                               struct source *source, struct tensor *tensor, struct error *error)
{
    json_t *parameters, *data = json_object_get(object, "data");
    enum status status = find_parameters(object, &parameters, error);
    if (status)
        return status;
    json_t *size = json_object_get(parameters, "binary_data_size");
    if (size && data)
        return error_set(error, STATUS_INVALID,
                         "it has both \"data\" and \"binary_data_size\"; send one");
    if (size && (!json_is_integer(size) || json_integer_value(size) < 0))
        return error_set(error, STATUS_INVALID, "its \"binary_data_size\" is not a count of bytes");
    if (size)
        return message_take_binary(&source->binary, (uint64_t)json_integer_value(size), spec,
                                   source->n_left, tensor, error);
    if (!json_is_array(data) && !(source->lifted->is_lifted && json_is_integer(data)))
        return error_set(error, STATUS_INVALID, "its \"data\" is missing or not an array");
    status = tensor_make(tensor, spec, source->n_left, error);
    if (!status && json_is_array(data))
        status = message_read_data(data, tensor, error);
    else if (!status)
        status =
            message_read_lifted(&source->lifted->arrays[json_integer_value(data)], tensor, error);
    return status;
}

static enum status read_tensor(json_t *object, struct source *source, struct tensor *tensor,
                               struct error *error)
{
    struct tensor_spec spec = {0};
    bool known = false;
    enum status status = read_spec(object, false, &spec, &known, error);
    if (!status) {
        status = read_values(object, &spec, source, tensor, error);
        error_prefix(error, "tensor '%.64s'", spec.name);
    }
    if (!status)
        source->n_left -= tensor->n_values;
    free(spec.name);
    return status;
}

static enum status find_tensors(json_t *root, const char *field, json_t **array,
                                struct error *error)
{
    *array = json_object_get(root, field);
    if (!json_is_array(*array))
        return error_set(error, STATUS_INVALID, "field \"%s\" is missing or not an array", field);
    if (json_array_size(*array) > MESSAGE_MAX_TENSORS)
        return error_set(error, STATUS_INVALID, "\"%s\" has %zu tensors, more than %d", field,
                         json_array_size(*array), MESSAGE_MAX_TENSORS);
    return STATUS_OK;
}

static enum status read_tensors(json_t *root, const char *field, struct source *source,
                                struct tensor *tensors, size_t *n_tensors, struct error *error)
{
    json_t *array;
    enum status status = find_tensors(root, field, &array, error);
    for (size_t i = 0; !status && i < json_array_size(array); i++) {
        status = read_tensor(json_array_get(array, i), source, &tensors[i], error);
        *n_tensors = i + 1;
    }
    if (!status && source->binary.n > 0)
        status = error_set(error, STATUS_INVALID,
                           "%zu bytes at the end of the body belong to no tensor of \"%s\"",
                           source->binary.n, field);
    return status;
}

static enum status read_wanted(json_t *root, struct message_request *request, struct error *error)
{
    json_t *array = json_object_get(root, "outputs");
    enum status status = read_form(root, "binary_data_output", &request->form, error);
    if (status || !array)
        return status;
    status = find_tensors(root, "outputs", &array, error);
    for (size_t i = 0; !status && i < json_array_size(array); i++) {
        json_t *output = json_array_get(array, i);
        request->forms[i] = request->form;
        status = read_text(output, "name", true, &request->outputs[i], error);
        request->n_outputs = i + 1;
        if (!status)
            status = read_form(output, "binary_data", &request->forms[i], error);
    }
    error_prefix(error, "\"outputs\"");
    return status;
}

/* Parses a message of `n` bytes whose JSON ends after `n_json`. */
static enum status parse_parts(const char *bytes, size_t n, size_t n_json,
                               const struct message_limits *limits, struct parsed *parsed,
                               struct source *source, struct error *error)
{
    *parsed = (struct parsed){0};
    *source = (struct source){0};
    if (n_json > n)
        return error_set(error, STATUS_INVALID,
                         "its JSON is said to have %zu bytes, but the body has only %zu", n_json,
                         n);
    *source = (struct source){.lifted = &parsed->lifted,
                              .binary = {.bytes = bytes ? bytes + n_json : "", .n = n - n_json},
                              .n_left = limits->max_values};
    return parse_object(bytes, n_json, limits, parsed, error);
}

enum status message_read_request(const char *bytes, size_t n, size_t n_json,
                                 const struct message_limits *limits,
                                 struct message_request *request, struct error *error)
{
    struct parsed parsed;
    struct source source;
    *request = (struct message_request){0};
    enum status status = parse_parts(bytes, n, n_json, limits, &parsed, &source, error);
    source.binary.lent = true;
    if (!status)
        status = read_text(parsed.root, "id", false, &request->id, error);
    if (!status)
        status = read_tensors(parsed.root, "inputs", &source, request->inputs, &request->n_inputs,
                              error);
    if (!status)
        status = read_wanted(parsed.root, request, error);
    if (status)
        message_request_free(request);
    parsed_free(&parsed);
    return status;
}

enum status message_read_response(const char *bytes, size_t n, size_t n_json,
                                  const struct message_limits *limits,
                                  struct message_response *response, struct error *error)
{
    struct parsed parsed;
    struct source source;
    *response = (struct message_response){0};
    enum status status = parse_parts(bytes, n, n_json, limits, &parsed, &source, error);
    if (!status)
        status = read_text(parsed.root, "model_name", true, &response->model, error);
    if (!status)
        status = read_text(parsed.root, "id", false, &response->id, error);
    if (!status)
        status = read_tensors(parsed.root, "outputs", &source, response->outputs,
                              &response->n_outputs, error);
    if (status)
        message_response_free(response);
    parsed_free(&parsed);
    return status;
}

enum status message_parse(const char *bytes, size_t n, json_t **root, struct error *error)
{
    struct parsed parsed;
    enum status status = parse_object(bytes, n, &metadata_limits, &parsed, error);
    if (!status)
        *root = json_incref(parsed.root);
    parsed_free(&parsed);
    return status;
}

/* Some servers name no extensions, and others those that we do not know. */
static void read_extensions(json_t *root, struct message_server *server)
{
    json_t *array = json_object_get(root, "extensions");
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *name = json_string_value(json_array_get(array, i));
        for (int e = 0; name && e < N_EXTENSIONS; e++)
            server->extensions[e] |= strcmp(name, message_extension_name(e)) == 0;
    }
}

enum status message_read_server(const char *bytes, size_t n, struct message_server *server,
                                struct error *error)
{
    json_t *root = NULL;
    *server = (struct message_server){0};
    enum status status = message_parse(bytes, n, &root, error);
    if (!status)
        status = read_text(root, "name", true, &server->name, error);
    if (!status)
        status = read_text(root, "version", true, &server->version, error);
    if (!status)
        read_extensions(root, server);
    if (status)
        message_server_free(server);
    json_decref(root);
    return status;
}

static enum status read_specs(json_t *root, const char *field, struct tensor_spec *specs,
                              size_t *n_specs, size_t *n_unknown, struct error *error)
{
    json_t *array = json_object_get(root, field);
    enum status status = array ? find_tensors(root, field, &array, error) : STATUS_OK;
    for (size_t i = 0; !status && i < json_array_size(array); i++) {
        struct tensor_spec spec = {0};
        bool known = false;
        status = read_spec(json_array_get(array, i), true, &spec, &known, error);
        if (!status && known) {
            specs[(*n_specs)++] = spec;
            continue;
        }
        *n_unknown += !status;
        free(spec.name);
    }
    return status;
}

enum status message_read_model(const char *bytes, size_t n, struct message_model *model,
                               struct error *error)
{
    struct parsed parsed;
    *model = (struct message_model){0};
    enum status status = parse_object(bytes, n, &metadata_limits, &parsed, error);
    if (!status)
        status = read_text(parsed.root, "name", true, &model->name, error);
    if (!status)
        status = read_text(parsed.root, "platform", false, &model->platform, error);
    if (!status)
        status = read_specs(parsed.root, "inputs", model->inputs, &model->n_inputs,
                            &model->n_unknown_inputs, error);
    if (!status)
        status = read_specs(parsed.root, "outputs", model->outputs, &model->n_outputs,
                            &model->n_unknown_outputs, error);
    json_t *vocabulary = json_object_get(json_object_get(parsed.root, "parameters"), "vocabulary");
    json_int_t bound = json_integer_value(vocabulary);
    if (!status && vocabulary && (bound < 1 || bound > INT32_MAX))
        status = error_set(error, STATUS_INVALID,
                           "parameter \"vocabulary\" is not an integer in 1..%" PRId32, INT32_MAX);
    else if (!status)
        model->vocabulary = (uint32_t)bound;
    if (status)
        message_model_free(model);
    parsed_free(&parsed);
    return status;
}

char *message_read_error(const char *bytes, size_t n)
{
    struct parsed parsed;
    char *text = NULL;
    if (!parse_object(bytes, n, &metadata_limits, &parsed, NULL))
        text = text_copy(json_string_value(json_object_get(parsed.root, "error")));
    parsed_free(&parsed);
    return text;
}

void message_server_free(struct message_server *server)
{
    free(server->name);
    free(server->version);
    *server = (struct message_server){0};
}

void message_model_free(struct message_model *model)
{
    for (size_t i = 0; i < MESSAGE_MAX_TENSORS; i++) {
        free(model->inputs[i].name);
        free(model->outputs[i].name);
    }
    free(model->name);
    free(model->platform);
    *model = (struct message_model){0};
}

void message_request_free(struct message_request *request)
{
    for (size_t i = 0; i < request->n_inputs; i++)
        tensor_free(&request->inputs[i]);
    for (size_t i = 0; i < request->n_outputs; i++)
        free(request->outputs[i]);
    free(request->id);
    *request = (struct message_request){0};
}

void message_response_free(struct message_response *response)
{
    for (size_t i = 0; i < response->n_outputs; i++)
        tensor_free(&response->outputs[i]);
    free(response->model);
    free(response->id);
    *response = (struct message_response){0};
}
