// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/dnnl_plan_private.h"

enum status network_open(const struct engine_config *config, struct network *network,
                         struct error *error)
{
    *network = (struct network){.config = config};
    enum status status = compat_status(dnnl_engine_create(&network->engine, dnnl_cpu, 0),
                                       "creating its CPU engine", error);
    if (!status)
        status = compat_status(
            dnnl_stream_create(&network->stream, network->engine, dnnl_stream_default_flags),
            "creating a stream", error);
    for (uint32_t i = 0; i < config->layers && !status; i++) {
        struct weights *weights = &network->weights[i];
        struct compat_layer layer = {config->cell, config->bidirectional, 1,
                                     engine_config_layer_input(config, i), config->hidden};
        status = weights_create(config, i, weights, error);
        if (status)
            break;
        float *values[] = {weights->input, weights->recurrent, weights->bias};
        status =
            compat_status(compat_weights(network->engine, &layer, values, &network->memories[i]),
                          "describing weights", error);
    }
    return status;
}

void network_close(struct network *network)
{
    for (uint32_t i = 0; i < ENGINE_MAX_LAYERS; i++) {
        dnnl_memory_t memories[] = {network->memories[i].input, network->memories[i].recurrent,
                                    network->memories[i].bias};
        for (int k = 0; k < 3; k++) {
            if (memories[k])
                dnnl_memory_destroy(memories[k]);
        }
        weights_free(&network->weights[i]);
    }
    if (network->stream)
        dnnl_stream_destroy(network->stream);
    if (network->engine)
        dnnl_engine_destroy(network->engine);
    *network = (struct network){0};
}
