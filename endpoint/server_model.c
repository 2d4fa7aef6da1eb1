// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/server_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/name.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More than one value per time step and feature cannot be right, and a body is bounded too. */
enum { MAX_VALUES = INT32_MAX };

/* "NAME=SPEC" with a name that can stand in a path. */
static enum status read_spec(const char *spec, char **name, struct engine_config *config,
                             struct error *error)
{
    const char *equals = spec + strcspn(spec, "=:,/");
    if (*equals != '=' || equals == spec)
        return error_set(error, STATUS_INVALID,
                         "model '%s' is not NAME=SPEC; give for example "
                         "net=dnnl:cell=lstm,hidden=256",
                         spec);
    *name = text_format("%.*s", (int)(equals - spec), spec);
    if (!*name)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a model");
    if (name_trouble(*name))
        return error_set(error, STATUS_INVALID, "a model's name '%s' %s", *name,
                         name_trouble(*name));
    if (strcmp(*name, SERVER_ALL_STATISTICS) == 0)
        return error_set(error, STATUS_INVALID,
                         "a model cannot be named '%s': v2/models/%s is the statistics of all "
                         "models; give another name",
                         *name, *name);
    enum status status = engine_config_parse(config, equals + 1, error);
    error_prefix(error, "model '%s'", *name);
    return status;
}

/* An engine that takes no input of ours is asked with one float per step, which say how many steps
 * there are. */
static enum status write_metadata(struct server_model *model, const struct engine_config *config,
                                  struct error *error)
{
    const struct engine_shape shape = engine_shape(model->engines[0].engine);
    bool tokens = shape.vocabulary > 0;
    model->vocabulary = shape.vocabulary;
    model->input = shape.input ? shape.input : 1;
    model->input_spec = (struct tensor_spec){
        .name = text_copy("input"),
        .type = tokens ? TENSOR_INT64 : TENSOR_FP32,
        .shape = {{1, -1, model->input}, tokens ? 2 : 3},
    };
    model->output_spec = (struct tensor_spec){
        .name = text_copy("output"),
        .type = TENSOR_FP32,
        .shape = {{1, shape.output ? (int64_t)shape.output : -1}, 2},
    };
    struct message_model message = {
        .name = model->name,
        .platform = text_format("rnnmap_%s", config->engine),
        .inputs = {model->input_spec},
        .outputs = {model->output_spec},
        .n_inputs = 1,
        .n_outputs = 1,
        .vocabulary = shape.vocabulary,
    };
    enum status status = STATUS_NO_MEMORY;
    if (model->input_spec.name && model->output_spec.name && message.platform)
        status = message_write_model(&model->metadata, &message, error);
    else
        error_set(error, status, "out of memory for a model");
    free(message.platform);
    return status;
}

static enum status open_engines(struct server_model *model, const struct engine_config *config,
                                size_t n, struct error *error)
{
    enum status status = STATUS_OK;
    model->engines = calloc(n, sizeof *model->engines);
    if (!model->engines)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a model");
    for (; model->n_engines < n && !status; model->n_engines += !status)
        status = engine_open(config, &model->engines[model->n_engines].engine, error);
    return status;
}

enum status server_model_open(struct server_model *model, const char *spec, uint32_t max_length,
                              size_t n_slots, struct error *error)
{
    struct engine_config config = {0};
    enum status status = engine_config_defaults(&config, error);
    model->max_length = max_length;
    if (!status)
        status = read_spec(spec, &model->name, &config, error);
    if (!status) {
        status = open_engines(model, &config, n_slots, error);
        error_prefix(error, "model '%s'", model->name);
    }
    if (!status)
        status = write_metadata(model, &config, error);
    engine_config_free(&config);
    return status;
}

void server_model_close(struct server_model *model)
{
    for (size_t i = 0; i < model->n_engines; i++)
        engine_close(model->engines[i].engine);
    free(model->engines);
    free(model->name);
    free(model->input_spec.name);
    free(model->output_spec.name);
    message_text_free(&model->metadata);
    *model = (struct server_model){0};
}

static enum status check_tokens(const struct server_model *model, const struct tensor *input,
                                struct error *error)
{
    for (size_t i = 0; i < input->n_values; i++) {
        int64_t token = input->values.int64[i];
        if (token < 0 || token >= model->vocabulary)
            return error_set(error, STATUS_INVALID,
                             "token %" PRId64 " at position %zu is not in 0..%" PRIu32, token, i,
                             model->vocabulary - 1);
    }
    return STATUS_OK;
}

/* Checks a request against the model's metadata. */
static enum status check_request(const struct server_model *model,
                                 const struct message_request *request, struct error *error)
{
    char shape[TENSOR_SHAPE_TEXT];
    const struct tensor_spec *want = &model->input_spec, *got = &request->inputs[0].spec;
    if (request->n_inputs != 1 || strcmp(got->name, want->name) != 0)
        return error_set(error, STATUS_INVALID, "the model wants exactly one input, named '%s'",
                         want->name);
    if (got->type != want->type)
        return error_set(error, STATUS_INVALID, "input '%s' is of type %s, not %s", want->name,
                         tensor_type_name(want->type), tensor_type_name(got->type));
    bool fits = got->shape.rank == want->shape.rank && got->shape.dims[1] > 0;
    for (size_t i = 0; fits && i < want->shape.rank; i++)
        fits = want->shape.dims[i] == -1 || got->shape.dims[i] == want->shape.dims[i];
    if (!fits)
        return error_set(error, STATUS_INVALID,
                         "input '%s' has shape %s, which the request's does "
                         "not match",
                         want->name, tensor_shape_format(&want->shape, shape));
    if (got->shape.dims[1] > model->max_length)
        return error_set(error, STATUS_INVALID,
                         "a length of %" PRId64 " is over the limit of %" PRIu32,
                         got->shape.dims[1], model->max_length);
    for (size_t i = 0; i < request->n_outputs; i++) {
        if (strcmp(request->outputs[i], model->output_spec.name) != 0)
            return error_set(error, STATUS_INVALID,
                             "there is no output '%.64s'; the model's is '%s'", request->outputs[i],
                             model->output_spec.name);
    }
    return model->vocabulary ? check_tokens(model, &request->inputs[0], error) : STATUS_OK;
}

static enum status run(struct server_engine *with, const struct tensor *input,
                       struct server_answer *answer, struct error *error)
{
    uint32_t n = (uint32_t)input->spec.shape.dims[1];
    int64_t start_ns = clock_ns();
    if (with->length != n) {
        with->length = 0;
        enum status status = engine_prepare(with->engine, n, error);
        if (status)
            return status;
        with->length = n;
        int64_t prepared_ns = clock_ns();
        answer->prepare_ns = prepared_ns - start_ns;
        start_ns = prepared_ns;
    }
    struct engine_input to = engine_input(with->engine);
    if (to.tokens) {
        for (size_t i = 0; i < input->n_values; i++)
            to.tokens[i] = (int32_t)input->values.int64[i];
    } else if (to.features) {
        memcpy(to.features, input->values.fp32, input->n_values * sizeof *to.features);
    }
    answer->input_ns = clock_ns() - start_ns;
    enum status status = engine_run(with->engine, error);
    answer->infer_ns = clock_ns() - start_ns;
    answer->length = n;
    if (!status && engine_device_ns(with->engine) >= 0)
        answer->infer_ns = engine_device_ns(with->engine);
    if (status)
        with->length = 0; /* a program may have to be started again */
    return status;
}

/* How the model's one output is wanted. */
static enum message_form output_form(const struct message_request *request)
{
    return request->n_outputs > 0 ? request->forms[0] : request->form;
}

/* Binary tensors can hold what is no number. */
static bool is_finite(const struct tensor *input)
{
    bool finite = true;
    for (size_t i = 0; input->spec.type == TENSOR_FP32 && finite && i < input->n_values; i++)
        finite = isfinite(input->values.fp32[i]);
    return finite;
}

static enum status write_output(const struct server_model *model, const struct engine *engine,
                                const struct message_request *request, struct server_answer *answer,
                                struct error *error)
{
    size_t n;
    const float *values = engine_output(engine, &n);
    struct tensor output = {.spec = model->output_spec, .n_values = n};
    output.spec.shape.dims[1] = (int64_t)n;
    memcpy(&output.values.any, &values, sizeof values); /* only read from */
    int64_t start_ns = clock_ns();
    enum status status =
        message_write_response(&answer->body, model->name, SERVER_MODEL_VERSION, request->id,
                               &output, 1, output_form(request), error);
    answer->output_ns = clock_ns() - start_ns;
    /* a NaN out of finite input is no fault of the request */
    return status == STATUS_INVALID && is_finite(&request->inputs[0]) ? STATUS_EXTERNAL : status;
}

static unsigned http_status(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return HTTP_OK;
    case STATUS_INVALID:
        return HTTP_BAD_REQUEST;
    case STATUS_NO_MEMORY:
        return HTTP_UNAVAILABLE;
    default:
        return HTTP_INTERNAL_ERROR;
    }
}

static enum status read_request(const struct server_model *model, const struct message_text *body,
                                struct message_request *request, struct error *error)
{
    size_t per_step = model->vocabulary ? 1 : model->input;
    const struct message_limits limits = {
        .max_values =
            model->max_length > MAX_VALUES / per_step ? MAX_VALUES : model->max_length * per_step,
        .max_rows = model->max_length,
    };
    if (body->n > 0 && body->n_binary == body->n)
        return message_read_raw_request(body->bytes, body->n, &model->input_spec, &limits, request,
                                        error);
    return message_read_request(body->bytes, body->n, body->n - body->n_binary, &limits, request,
                                error);
}

void server_model_infer(struct server_model *model, size_t slot, const struct message_text *body,
                        struct server_answer *answer)
{
    struct error error = {0};
    struct message_request request = {0};
    enum status status = read_request(model, body, &request, &error);
    if (!status)
        status = check_request(model, &request, &error);
    if (!status) {
        status = run(&model->engines[slot], &request.inputs[0], answer, &error);
        /* whatever the engine complains about, the request was valid */
        status = status == STATUS_INVALID ? STATUS_FAILED : status;
        if (!status)
            status = write_output(model, model->engines[slot].engine, &request, answer, &error);
    }
    answer->status = http_status(status);
    if (status)
        server_answer_error(answer, answer->status, "model '%s': %s", model->name, error.text);
    message_request_free(&request);
}
