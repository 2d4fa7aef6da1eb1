// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/dnnl_plan_private.h"

#include <stdlib.h>

/* The arguments of a layer's primitive. */
enum { SOURCE, TARGET, INPUT, RECURRENT, BIAS, SCRATCHPAD, N_ARGUMENTS };

static const int argument_ids[] = {
    [SOURCE] = DNNL_ARG_SRC_LAYER,    [TARGET] = DNNL_ARG_DST_LAYER,
    [INPUT] = DNNL_ARG_WEIGHTS_LAYER, [RECURRENT] = DNNL_ARG_WEIGHTS_ITER,
    [BIAS] = DNNL_ARG_BIAS,           [SCRATCHPAD] = DNNL_ARG_SCRATCHPAD,
};
_Static_assert(sizeof argument_ids / sizeof argument_ids[0] == N_ARGUMENTS, "one id an argument");

struct plan_layer {
    dnnl_primitive_t primitive;
    dnnl_memory_t memories[N_ARGUMENTS]; /* those that this layer owns; NULL: the network's */
    dnnl_exec_arg_t arguments[N_ARGUMENTS];
};

struct plan {
    uint32_t n, n_layers;
    size_t scratchpad_bytes;
    struct plan_layer layers[];
};

/* Copies values into the layout that the primitive asks for. */
static dnnl_status_t reorder(const struct network *network, dnnl_memory_t from,
                             compat_layout layout, dnnl_memory_t *to)
{
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t primitive = NULL;
    compat_layout from_layout;
    dnnl_status_t status = dnnl_memory_get_memory_desc(from, &from_layout);
    if (!status)
        status = dnnl_memory_create(to, layout, network->engine, DNNL_MEMORY_ALLOCATE);
    if (!status)
        status = dnnl_reorder_primitive_desc_create(&description, from_layout, network->engine,
                                                    layout, network->engine, NULL);
    if (!status)
        status = dnnl_primitive_create(&primitive, description);
    if (!status) {
        dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, *to}};
        status = dnnl_primitive_execute(primitive, network->stream, 2, arguments);
    }
    if (!status)
        status = dnnl_stream_wait(network->stream);
    if (primitive)
        dnnl_primitive_destroy(primitive);
    if (description)
        dnnl_primitive_desc_destroy(description);
    return status;
}

/* The memory of one argument: over a buffer that is bound later (`shared` is NULL), the network's,
 * or a copy of that in another layout. */
static dnnl_status_t make_argument(const struct network *network, struct plan_layer *layer,
                                   dnnl_primitive_desc_t description, int which,
                                   dnnl_memory_t shared)
{
    compat_layout wanted =
        dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md, argument_ids[which]);
    compat_layout plain;
    dnnl_memory_t *own = &layer->memories[which];
    dnnl_status_t status = dnnl_success;
    if (!shared) {
        status = dnnl_memory_create(own, wanted, network->engine, DNNL_MEMORY_NONE);
    } else {
        status = dnnl_memory_get_memory_desc(shared, &plain);
        if (!status && !dnnl_memory_desc_equal(plain, wanted))
            status = reorder(network, shared, wanted, own);
    }
    layer->arguments[which] = (dnnl_exec_arg_t){argument_ids[which], *own ? *own : shared};
    return status;
}

static dnnl_status_t make_layer(const struct network *network, uint32_t n, uint32_t which,
                                struct plan_layer *layer, size_t *scratchpad_bytes)
{
    const struct engine_config *config = network->config;
    const struct compat_weights *weights = &network->memories[which];
    const dnnl_memory_t shared[N_ARGUMENTS] = {
        [INPUT] = weights->input, [RECURRENT] = weights->recurrent, [BIAS] = weights->bias};
    struct compat_layer shape = {config->cell, config->bidirectional, n,
                                 engine_config_layer_input(config, which), config->hidden};
    dnnl_primitive_desc_t description = NULL;
    dnnl_status_t status =
        compat_describe(network->engine, &shape, network->any_weights, &description);
    if (status == dnnl_unimplemented && !network->any_weights)
        status = compat_describe(network->engine, &shape, true, &description);
    if (!status)
        status = dnnl_primitive_create(&layer->primitive, description);
    for (int i = 0; i < N_ARGUMENTS && !status; i++)
        status = make_argument(network, layer, description, i, shared[i]);
    if (!status)
        *scratchpad_bytes = dnnl_memory_desc_get_size(
            dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md, DNNL_ARG_SCRATCHPAD));
    if (description)
        dnnl_primitive_desc_destroy(description);
    return status;
}

enum status plan_create(const struct network *network, uint32_t n, struct plan **plan,
                        struct error *error)
{
    uint32_t n_layers = network->config->layers;
    struct plan *p = calloc(1, sizeof *p + n_layers * sizeof p->layers[0]);
    if (!p)
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    p->n = n;
    p->n_layers = n_layers;
    for (uint32_t i = 0; i < n_layers; i++) {
        size_t bytes = 0;
        enum status status =
            compat_status(make_layer(network, n, i, &p->layers[i], &bytes), "a layer", error);
        if (status) {
            error_prefix(error, "length %u, layer %u", n, i + 1);
            plan_free(p);
            return status;
        }
        if (bytes > p->scratchpad_bytes)
            p->scratchpad_bytes = bytes;
    }
    *plan = p;
    return STATUS_OK;
}

size_t plan_scratchpad_bytes(const struct plan *plan)
{
    return plan->scratchpad_bytes;
}

enum status plan_bind(struct plan *plan, const struct plan_buffers *buffers, struct error *error)
{
    float *source = buffers->input;
    for (uint32_t i = 0; i < plan->n_layers; i++) {
        dnnl_memory_t *memories = plan->layers[i].memories;
        float *target = buffers->outputs[i % 2];
        dnnl_status_t status = dnnl_memory_set_data_handle(memories[SOURCE], source);
        if (!status)
            status = dnnl_memory_set_data_handle(memories[TARGET], target);
        if (!status)
            status = dnnl_memory_set_data_handle(memories[SCRATCHPAD], buffers->scratchpad);
        if (status)
            return compat_status(status, "binding buffers", error);
        source = target;
    }
    return STATUS_OK;
}

enum status plan_run(const struct plan *plan, dnnl_stream_t stream, struct error *error)
{
    dnnl_status_t status = dnnl_success;
    for (uint32_t i = 0; i < plan->n_layers && !status; i++)
        status = dnnl_primitive_execute(plan->layers[i].primitive, stream, N_ARGUMENTS,
                                        plan->layers[i].arguments);
    if (!status)
        status = dnnl_stream_wait(stream);
    return compat_status(status, "running", error);
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    for (uint32_t i = 0; i < plan->n_layers; i++) {
        if (plan->layers[i].primitive)
            dnnl_primitive_destroy(plan->layers[i].primitive);
        for (int k = 0; k < N_ARGUMENTS; k++) {
            if (plan->layers[i].memories[k])
                dnnl_memory_destroy(plan->layers[i].memories[k]);
        }
    }
    free(plan);
}

enum status plan_cache_get(struct plan_cache *cache, const struct network *network, uint32_t n,
                           struct plan **plan, struct error *error)
{
    int oldest = 0;
    cache->now++;
    for (int i = 0; i < PLAN_CACHE_SIZE; i++) {
        if (cache->slots[i].plan && cache->slots[i].plan->n == n) {
            cache->slots[i].used = cache->now;
            *plan = cache->slots[i].plan;
            return STATUS_OK;
        }
        if (cache->slots[i].used < cache->slots[oldest].used)
            oldest = i;
    }
    struct plan *made;
    enum status status = plan_create(network, n, &made, error);
    if (status)
        return status;
    plan_free(cache->slots[oldest].plan);
    cache->slots[oldest].plan = *plan = made;
    cache->slots[oldest].used = cache->now;
    return STATUS_OK;
}

void plan_cache_clear(struct plan_cache *cache)
{
    for (int i = 0; i < PLAN_CACHE_SIZE; i++)
        plan_free(cache->slots[i].plan);
    *cache = (struct plan_cache){0};
}
