// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/onnx_session_private.h"

#include "base/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What goes wrong comes back as a status; the library's own lines on standard error say no more. */
enum { SEVERITY_FATAL = 4, ARENA_ALLOCATOR = 1, DEFAULT_MEMORY = 0 };

/* Before it, memory patterns (buffers planned from the first run of a shape) give wrong answers
 * from the second run on: seen in 1.14.0 to 1.17.3 with stacked bidirectional layers and an open
 * batch. */
enum { FIRST_MINOR_WITH_GOOD_PATTERNS = 20 };

static enum status read_tensor(struct onnx_session *s, const void *info, const char *name,
                               struct onnx_input *tensor, struct error *error)
{
    struct ort *ort = &s->ort;
    const void *shape = NULL;
    const char *symbols[ONNX_MAX_RANK] = {NULL};
    enum status status =
        ort_status(ort, ort->cast_type_info_to_tensor_info(info, &shape), name, error);
    if (status)
        return status;
    tensor->name = text_copy(name);
    if (!tensor->name)
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    if (!shape) { /* a sequence or a map: shown, never filled or fetched */
        tensor->type = -1;
        return STATUS_OK;
    }
    status = ort_status(ort, ort->get_tensor_element_type(shape, &tensor->type), name, error);
    if (!status)
        status = ort_status(ort, ort->get_dimensions_count(shape, &tensor->rank), name, error);
    if (!status && tensor->rank > ONNX_MAX_RANK)
        status = error_set(error, STATUS_UNSUPPORTED, "%s has %zu dimensions; the most are %d",
                           name, tensor->rank, ONNX_MAX_RANK);
    if (!status)
        status =
            ort_status(ort, ort->get_dimensions(shape, tensor->dims, tensor->rank), name, error);
    if (!status)
        status = ort_status(ort, ort->get_symbolic_dimensions(shape, symbols, tensor->rank), name,
                            error);
    for (size_t i = 0; i < tensor->rank && !status; i++) {
        tensor->symbols[i] = text_copy(symbols[i] ? symbols[i] : "");
        if (!tensor->symbols[i])
            status = error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    return status;
}

/* Input or output number i. */
static enum status read_end(struct onnx_session *s, bool output, size_t i,
                            struct onnx_input *tensor, struct error *error)
{
    struct ort *ort = &s->ort;
    void *info = NULL;
    char *name = NULL;
    enum status status =
        ort_status(ort,
                   output ? ort->session_get_output_name(s->session, i, s->allocator, &name)
                          : ort->session_get_input_name(s->session, i, s->allocator, &name),
                   "a name", error);
    if (!status)
        status = ort_status(ort,
                            output ? ort->session_get_output_type_info(s->session, i, &info)
                                   : ort->session_get_input_type_info(s->session, i, &info),
                            name, error);
    if (!status)
        status = read_tensor(s, info, name, tensor, error);
    if (info)
        ort->release_type_info(info);
    if (name) {
        ort_outcome freed = ort->allocator_free(s->allocator, name);
        if (freed)
            ort->release_status(freed);
    }
    return status;
}

static enum status read_inputs(struct onnx_session *s, const struct engine_config *config,
                               struct error *error)
{
    size_t n = 0;
    enum status status =
        ort_status(&s->ort, s->ort.session_get_input_count(s->session, &n), "its inputs", error);
    if (!status && (n < 1 || n > ONNX_MAX_INPUTS))
        status = error_set(error, STATUS_UNSUPPORTED,
                           "the model has %zu inputs; 1 to %d can be fed", n, ONNX_MAX_INPUTS);
    for (size_t i = 0; i < n && !status; i++) {
        s->inputs.n = i + 1;
        status = read_end(s, false, i, &s->inputs.inputs[i], error);
        s->input_names[i] = s->inputs.inputs[i].name;
    }
    return status ? status : onnx_inputs_settle(&s->inputs, config, error);
}

/* How many values an output has whatever the length, a batch being 1; 0: that depends. */
static uint32_t count_of(const struct onnx_input *output)
{
    int64_t count = 1;
    for (size_t i = 0; i < output->rank; i++) {
        bool batch = output->dims[i] < 0 && onnx_means_batch(output->symbols[i]);
        int64_t size = batch ? 1 : output->dims[i];
        if (size <= 0 || size > INT32_MAX / count)
            return 0;
        count *= size;
    }
    return (uint32_t)count;
}

static enum status check_fetched(struct onnx_session *s, const struct engine_config *config,
                                 const struct onnx_input *outputs, struct error *error)
{
    char list[ERROR_TEXT_SIZE / 2] = "";
    size_t size;
    s->fetched = s->n_outputs;
    for (size_t i = 0; i < s->n_outputs; i++) {
        if (s->fetched == s->n_outputs &&
            (!config->fetch || strcmp(config->fetch, outputs[i].name) == 0))
            s->fetched = i;
        strncat(list, i ? ", " : "", sizeof list - strlen(list) - 1);
        strncat(list, outputs[i].name, sizeof list - strlen(list) - 1);
    }
    if (s->fetched == s->n_outputs)
        return error_set(error, STATUS_INVALID, "fetch = %s: the model's outputs are %s",
                         config->fetch, list);
    const struct onnx_input *output = &outputs[s->fetched];
    if (!onnx_type_size(output->type, &size))
        return error_set(error, STATUS_INVALID,
                         "the output %s is of ONNX type %d, which is not read here; say fetch = "
                         "NAME for one of float, double, int32, int64 or bool; there are %s",
                         output->name, output->type, list);
    s->fetched_type = output->type;
    s->n_fetched = count_of(output);
    return STATUS_OK;
}

static enum status read_outputs(struct onnx_session *s, const struct engine_config *config,
                                struct error *error)
{
    struct onnx_inputs outputs = {.n = 0};
    size_t n = 0;
    enum status status =
        ort_status(&s->ort, s->ort.session_get_output_count(s->session, &n), "its outputs", error);
    if (!status && (n < 1 || n > ONNX_MAX_OUTPUTS))
        status = error_set(error, STATUS_UNSUPPORTED, "the model has %zu outputs; there may be %d",
                           n, ONNX_MAX_OUTPUTS);
    for (size_t i = 0; i < n && !status; i++) {
        outputs.n = i + 1;
        status = read_end(s, true, i, &outputs.inputs[i], error);
        s->output_names[i] = status ? NULL : text_copy(outputs.inputs[i].name);
        if (!status && !s->output_names[i])
            status = error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    s->n_outputs = n;
    if (!status)
        status = check_fetched(s, config, outputs.inputs, error);
    onnx_inputs_free(&outputs);
    return status;
}

static enum status create_session(struct onnx_session *s, const struct engine_config *config,
                                  uint32_t threads, struct error *error)
{
    struct ort *ort = &s->ort;
    void *options = NULL;
    if (access(config->model, R_OK) != 0)
        return error_set_errno(error, STATUS_NOT_FOUND, errno, "model = %s cannot be read",
                               config->model);
    enum status status =
        ort_status(ort, ort->create_env(SEVERITY_FATAL, "rnnmap", &s->env), "opening", error);
    if (!status)
        status = ort_status(ort, ort->create_session_options(&options), "options", error);
    if (!status)
        status =
            ort_status(ort, ort->set_intra_op_num_threads(options, (int)threads), "threads", error);
    if (!status && ort->minor < FIRST_MINOR_WITH_GOOD_PATTERNS)
        status = ort_status(ort, ort->disable_mem_pattern(options), "memory patterns", error);
    if (!status && config->provider)
        status = ort_use_provider(ort, options, config->provider, error);
    if (!status)
        status = ort_status(ort, ort->create_session(s->env, config->model, options, &s->session),
                            config->model, error);
    if (options)
        ort->release_session_options(options);
    if (!status)
        status = ort_status(
            ort, ort->create_cpu_memory_info(ARENA_ALLOCATOR, DEFAULT_MEMORY, &s->memory_info),
            "memory", error);
    if (!status)
        status = ort_status(ort, ort->get_allocator_with_default_options(&s->allocator), "memory",
                            error);
    return status;
}

enum status onnx_session_open(const struct engine_config *config, uint32_t threads,
                              struct onnx_session *s, struct error *error)
{
    *s = (struct onnx_session){.n_outputs = 0};
    if (!config->model)
        return error_set(error, STATUS_INVALID,
                         "model is missing: the network's file, such as model = network.onnx");
    enum status status = ort_open(config->library, &s->ort, error);
    if (!status)
        status = create_session(s, config, threads, error);
    if (status)
        return status;
    status = read_inputs(s, config, error);
    if (!status)
        status = read_outputs(s, config, error);
    if (status)
        error_prefix(error, "%s", config->model);
    return status;
}

static void release(struct onnx_session *s, void **values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (values[i])
            s->ort.release_value(values[i]);
        values[i] = NULL;
    }
}

static void fill(int type, double value, size_t n, void *to)
{
    for (size_t i = 0; i < n; i++) {
        switch (type) {
        case ORT_FLOAT:
            ((float *)to)[i] = (float)value;
            break;
        case ORT_DOUBLE:
            ((double *)to)[i] = value;
            break;
        case ORT_INT32:
            ((int32_t *)to)[i] = (int32_t)value;
            break;
        case ORT_INT64:
            ((int64_t *)to)[i] = (int64_t)value;
            break;
        default:
            ((uint8_t *)to)[i] = value != 0;
        }
    }
}

/* The tensor of input i at length n, in a buffer that only grows. */
static enum status feed_one(struct onnx_session *s, size_t i, uint32_t n, struct error *error)
{
    const struct onnx_input *input = &s->inputs.inputs[i];
    int64_t shape[ONNX_MAX_RANK];
    size_t size, count = onnx_input_count(input, n);
    onnx_type_size(input->type, &size);
    if (!s->buffers[i] || s->room[i] < count * size) {
        free(s->buffers[i]);
        s->room[i] = count * size;
        s->buffers[i] = malloc(s->room[i] + 1);
    }
    if (!s->buffers[i]) {
        s->room[i] = 0;
        return error_set(error, STATUS_NO_MEMORY, "out of memory (%zu bytes)", count * size);
    }
    for (size_t k = 0; k < input->rank; k++)
        shape[k] = input->dims[k] < 0 ? n : input->dims[k];
    if (i != s->inputs.sequence)
        fill(input->type, input->fill_length ? n : input->fill, count, s->buffers[i]);
    return ort_status(&s->ort,
                      s->ort.create_tensor_with_data(s->memory_info, s->buffers[i], count * size,
                                                     shape, input->rank, input->type,
                                                     &s->values[i]),
                      input->name, error);
}

enum status onnx_session_feed(struct onnx_session *s, uint32_t n, struct error *error)
{
    enum status status = STATUS_OK;
    release(s, s->values, s->inputs.n);
    release(s, s->results, s->n_outputs);
    for (size_t i = 0; i < s->inputs.n && !status; i++)
        status = feed_one(s, i, n, error);
    return status;
}

void *onnx_session_sequence(struct onnx_session *s)
{
    return s->buffers[s->inputs.sequence];
}

enum status onnx_session_run(struct onnx_session *s, struct error *error)
{
    release(s, s->results, s->n_outputs);
    return ort_status(&s->ort,
                      s->ort.run(s->session, NULL, s->input_names, s->values, s->inputs.n,
                                 (const char *const *)s->output_names, s->n_outputs, s->results),
                      "running", error);
}

enum status onnx_session_fetch(struct onnx_session *s, const void **values, size_t *n,
                               struct error *error)
{
    struct ort *ort = &s->ort;
    void *result = s->results[s->fetched], *shape = NULL, *data = NULL;
    const char *name = s->output_names[s->fetched];
    enum status status =
        ort_status(ort, ort->get_tensor_type_and_shape(result, &shape), name, error);
    if (!status)
        status = ort_status(ort, ort->get_tensor_shape_element_count(shape, n), name, error);
    if (shape)
        ort->release_tensor_info(shape);
    if (!status)
        status = ort_status(ort, ort->get_tensor_mutable_data(result, &data), name, error);
    *values = data;
    return status;
}

void onnx_session_close(struct onnx_session *s)
{
    if (s->session) {
        release(s, s->values, s->inputs.n);
        release(s, s->results, s->n_outputs);
        s->ort.release_session(s->session);
    }
    if (s->memory_info)
        s->ort.release_memory_info(s->memory_info);
    if (s->env)
        s->ort.release_env(s->env);
    for (size_t i = 0; i < ONNX_MAX_INPUTS; i++)
        free(s->buffers[i]);
    for (size_t i = 0; i < ONNX_MAX_OUTPUTS; i++)
        free(s->output_names[i]);
    onnx_inputs_free(&s->inputs);
    ort_close(&s->ort);
}
