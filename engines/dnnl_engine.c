// SPDX-License-Identifier: GPL-3.0-or-later
/* The engine on oneDNN: one recurrent primitive per layer, chained. */
#include "engines/affinity_private.h"
#include "engines/dnnl_cap_private.h"
#include "engines/dnnl_plan_private.h"
#include "engines/seeded_private.h"

#include "base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(x)    #x
#define VERSION(x) TEXT(x)

struct buffer {
    void *data;
    size_t size; /* bytes */
};

struct dnnl_self {
    const struct engine_config *config;
    struct network network;
    struct plan_cache plans;
    float *embedding; /* vocabulary*input; NULL without one */
    bool bound;       /* to `cpus` */
    cpu_set_t cpus;
    uint32_t n_threads;
    struct plan *plan; /* of the current length; NULL: none is current */
    uint32_t n;
    struct buffer tokens, input, outputs[2], scratchpad; /* shared by all lengths, never shrunk */
    struct seeded seeded;
    float *output; /* width */
};

enum { ALIGNMENT = 64 };

/* Makes room; what was in there is lost. */
static enum status buffer_reserve(struct buffer *buffer, size_t size, struct error *error)
{
    if (size <= buffer->size && buffer->data)
        return STATUS_OK;
    size_t half_more = buffer->size + buffer->size / 2;
    size_t rounded = ((size > half_more ? size : half_more) / ALIGNMENT + 1) * ALIGNMENT;
    free(buffer->data);
    buffer->data = aligned_alloc(ALIGNMENT, rounded);
    buffer->size = buffer->data ? rounded : 0;
    if (!buffer->data)
        return error_set(error, STATUS_NO_MEMORY, "out of memory (%zu bytes)", rounded);
    return STATUS_OK;
}

static void poison(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = NAN;
}

static void dnnl_engine_close(void *self)
{
    struct dnnl_self *d = self;
    plan_cache_clear(&d->plans);
    network_close(&d->network);
    free(d->embedding);
    free(d->tokens.data);
    free(d->input.data);
    seeded_free(&d->seeded);
    free(d->outputs[0].data);
    free(d->outputs[1].data);
    free(d->scratchpad.data);
    free(d->output);
    free(d);
}

/* Binds the calling thread, before it starts workers, and counts what it may use. */
static enum status set_up_threads(struct dnnl_self *d, struct error *error)
{
    if (d->config->cpu) {
        enum status status = affinity_parse(d->config->cpu, &d->cpus, error);
        if (!status)
            status = affinity_bind(&d->cpus, error);
        if (status) {
            error_prefix(error, "cpu=%s", d->config->cpu);
            return status;
        }
        d->bound = true;
    }
    d->n_threads = d->config->threads ? d->config->threads : affinity_n_cpus();
    return STATUS_OK;
}

static enum status dnnl_engine_open(const struct engine_config *config, void **self,
                                    struct error *error)
{
    enum status status = dnnl_cap_settle(config->isa, error);
    if (status)
        return status;
    struct dnnl_self *d = calloc(1, sizeof *d);
    if (!d)
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    d->config = config;
    d->seeded = (struct seeded){
        .seed = config->seed, .vocabulary = config->vocabulary, .input = config->input};
    status = set_up_threads(d, error);
    if (status)
        goto fail;
    d->output = malloc(engine_config_width(config) * sizeof *d->output);
    if (config->vocabulary)
        d->embedding = weights_embedding(config);
    if (!d->output || (config->vocabulary && !d->embedding)) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for a vocabulary of %u",
                           config->vocabulary);
        goto fail;
    }
    status = network_open(config, &d->network, error);
    if (status)
        goto fail;
    *self = d;
    return STATUS_OK;
fail:
    dnnl_engine_close(d);
    return status;
}

static enum status reserve_buffers(struct dnnl_self *d, uint32_t n, size_t scratchpad_bytes,
                                   struct error *error)
{
    size_t width = engine_config_width(d->config);
    const struct {
        struct buffer *buffer;
        size_t size;
    } wanted[] = {
        {&d->tokens, d->config->vocabulary ? n * sizeof(int32_t) : 0},
        {&d->input, n * sizeof(float) * d->config->input},
        {&d->outputs[0], n * sizeof(float) * width},
        {&d->outputs[1], d->config->layers > 1 ? n * sizeof(float) * width : 0},
        {&d->scratchpad, scratchpad_bytes},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0] && !status; i++)
        status = buffer_reserve(wanted[i].buffer, wanted[i].size, error);
    return status;
}

/* The last layer's outputs at every step. */
static float *sequence_of(const struct dnnl_self *d)
{
    return d->outputs[(d->config->layers - 1) % 2].data;
}

static enum status dnnl_engine_prepare(void *self, uint32_t n, struct error *error)
{
    struct dnnl_self *d = self;
    struct plan *plan;
    d->plan = NULL;
    if (d->bound) {
        enum status status = affinity_bind(&d->cpus, error);
        if (status)
            return status;
        affinity_bind_workers(&d->cpus, d->n_threads);
    }
    omp_set_num_threads((int)d->n_threads);
    enum status status = plan_cache_get(&d->plans, &d->network, n, &plan, error);
    if (!status)
        status = reserve_buffers(d, n, plan_scratchpad_bytes(plan), error);
    if (status)
        return status;
    struct plan_buffers buffers = {
        d->input.data, {d->outputs[0].data, d->outputs[1].data}, d->scratchpad.data};
    status = plan_bind(plan, &buffers, error);
    if (!status)
        status = seeded_copy(&d->seeded, n, d->embedding ? d->tokens.data : d->input.data, error);
    if (status)
        return status;
    poison(sequence_of(d), (size_t)n * engine_config_width(d->config));
    poison(d->output, engine_config_width(d->config));
    d->plan = plan;
    d->n = n;
    return STATUS_OK;
}

static struct engine_input dnnl_engine_input(void *self)
{
    struct dnnl_self *d = self;
    if (!d->plan)
        return (struct engine_input){0};
    if (d->embedding)
        return (struct engine_input){.tokens = d->tokens.data};
    return (struct engine_input){.features = d->input.data};
}

static enum status look_up(const struct dnnl_self *d, struct error *error)
{
    const int32_t *tokens = d->tokens.data;
    float *to = d->input.data;
    size_t width = d->config->input;
    for (uint32_t i = 0; i < d->n; i++) {
        if (tokens[i] < 0 || (uint32_t)tokens[i] >= d->config->vocabulary)
            return error_set(error, STATUS_INVALID,
                             "token %d at step %u is not in the vocabulary (0..%u)", tokens[i], i,
                             d->config->vocabulary - 1);
        memcpy(to + i * width, d->embedding + (uint32_t)tokens[i] * width, width * sizeof *to);
    }
    return STATUS_OK;
}

static enum status dnnl_engine_run(void *self, struct error *error)
{
    struct dnnl_self *d = self;
    if (!d->plan)
        return error_set(error, STATUS_INVALID, "no length is prepared");
    omp_set_num_threads((int)d->n_threads);
    if (d->embedding) {
        enum status status = look_up(d, error);
        if (status)
            return status;
    }
    enum status status = plan_run(d->plan, d->network.stream, error);
    if (status)
        return status;
    size_t hidden = d->config->hidden, width = engine_config_width(d->config);
    const float *sequence = sequence_of(d);
    memcpy(d->output, sequence + (d->n - 1) * width, hidden * sizeof *d->output);
    if (d->config->bidirectional)
        memcpy(d->output + hidden, sequence + hidden, hidden * sizeof *d->output);
    return STATUS_OK;
}

static const float *dnnl_engine_output(const void *self, size_t *n_values)
{
    const struct dnnl_self *d = self;
    *n_values = engine_config_width(d->config);
    return d->output;
}

static const float *dnnl_engine_sequence(const void *self, size_t *n_values)
{
    const struct dnnl_self *d = self;
    *n_values = engine_config_width(d->config);
    return sequence_of(d);
}

static struct engine_shape dnnl_engine_shape(const void *self)
{
    const struct dnnl_self *d = self;
    return (struct engine_shape){d->config->vocabulary, d->config->input,
                                 engine_config_width(d->config)};
}

/* "lstm 64->128 x2 bidirectional, vocabulary 5000" */
static char *dnnl_engine_subject(const struct engine_config *c)
{
    char *words =
        c->vocabulary ? text_format(", vocabulary %" PRIu32, c->vocabulary) : text_copy("");
    char *text = words ? text_format("%s %" PRIu32 "->%" PRIu32 " x%" PRIu32 "%s%s",
                                     engine_cell_name(c->cell), c->input, c->hidden, c->layers,
                                     c->bidirectional ? " bidirectional" : "", words)
                       : NULL;
    free(words);
    return text;
}

static char *dnnl_engine_network(const struct engine_config *config)
{
    char *shape = dnnl_engine_subject(config);
    char *text = shape ? text_format("%s, seed %" PRIu64, shape, config->seed) : NULL;
    free(shape);
    return text;
}

const struct engine_operations engine_dnnl = {
    .name = "dnnl",
    .keys = "cell hidden input layers bidirectional vocabulary threads cpu isa seed",
    .subject = dnnl_engine_subject,
    .network = dnnl_engine_network,
    .shape = dnnl_engine_shape,
    .library = "oneDNN " VERSION(DNNL_VERSION_MAJOR) "." VERSION(DNNL_VERSION_MINOR) "." VERSION(
        DNNL_VERSION_PATCH),
    .open = dnnl_engine_open,
    .prepare = dnnl_engine_prepare,
    .input = dnnl_engine_input,
    .run = dnnl_engine_run,
    .output = dnnl_engine_output,
    .sequence = dnnl_engine_sequence,
    .close = dnnl_engine_close,
};
