// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/weights_private.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>

/* Streams of their own, so that one more layer or a longer input changes no other number. */
enum stream { STREAM_INPUT, STREAM_EMBEDDING, STREAM_LAYERS };

static struct random stream(const struct engine_config *config, uint64_t which)
{
    struct random random = {config->seed};
    random.state = random_u64(&random) + which;
    random.state = random_u64(&random);
    return random;
}

static void fill(struct random *random, float bound, size_t n, float *values)
{
    for (size_t i = 0; i < n; i++)
        values[i] = bound * (float)(2 * random_uniform(random) - 1);
}

uint32_t weights_n_gates(enum engine_cell cell)
{
    static const uint32_t n_gates[] = {[ENGINE_LSTM] = 4, [ENGINE_GRU] = 3};
    return n_gates[cell];
}

enum status weights_create(const struct engine_config *config, uint32_t layer,
                           struct weights *weights, struct error *error)
{
    size_t row = (size_t)weights_n_gates(config->cell) * config->hidden;
    size_t n_bias = (config->bidirectional ? 2 : 1) * row;
    size_t n_input = n_bias * engine_config_layer_input(config, layer);
    size_t n_recurrent = n_bias * config->hidden;
    *weights = (struct weights){.input = malloc(n_input * sizeof(float)),
                                .recurrent = malloc(n_recurrent * sizeof(float)),
                                .bias = malloc(n_bias * sizeof(float))};
    if (!weights->input || !weights->recurrent || !weights->bias) {
        weights_free(weights);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for the weights of layer %u",
                         layer + 1);
    }
    struct random random = stream(config, STREAM_LAYERS + layer);
    float bound = 1 / sqrtf((float)config->hidden);
    fill(&random, bound, n_input, weights->input);
    fill(&random, bound, n_recurrent, weights->recurrent);
    fill(&random, bound, n_bias, weights->bias);
    return STATUS_OK;
}

void weights_free(struct weights *weights)
{
    free(weights->input);
    free(weights->recurrent);
    free(weights->bias);
    *weights = (struct weights){0};
}

float *weights_embedding(const struct engine_config *config)
{
    size_t n = (size_t)config->vocabulary * config->input;
    float *embedding = malloc(n * sizeof *embedding);
    struct random random = stream(config, STREAM_EMBEDDING);
    if (embedding)
        fill(&random, 1, n, embedding);
    return embedding;
}

void weights_features(const struct engine_config *config, uint32_t n, float *features)
{
    struct random random = stream(config, STREAM_INPUT);
    fill(&random, 1, (size_t)n * config->input, features);
}

void weights_tokens(const struct engine_config *config, uint32_t n, int32_t *tokens)
{
    struct random random = stream(config, STREAM_INPUT);
    for (uint32_t i = 0; i < n; i++)
        tokens[i] = (int32_t)random_below(&random, config->vocabulary);
}
