// SPDX-License-Identifier: 0BSD
/*
 * A recurrent network in portable C, as a plug-in: what firmware runs that has no library of vector
 * code for its processor. It is the network that engine=dnnl makes of the same keys and seed, and
 * answers alike, so that one can stand on the device and the other behind the endpoint.
 *
 *     cc -O3 -fPIC -shared -I/usr/local/include/rnnmap -o portable_network.so portable.c -lm
 *
 *     [edge]
 *     engine = plugin
 *     library = ./portable_network.so
 *     options = cell=lstm,hidden=128,input=64,layers=1,bidirectional=false,vocabulary=0
 *     seed = 1
 */
#include "rnnmap_engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 16 };

const uint32_t rnnmap_engine_abi = RNNMAP_ENGINE_ABI;

/* [direction][row][gate][unit]; gates of an LSTM i f c o, of a GRU u r o. */
struct layer {
    float *input, *recurrent, *bias;
    uint32_t n_rows; /* of `input`: features of a step */
};

struct network {
    uint32_t gates, hidden, input, layers, directions, vocabulary; /* gates 4: LSTM, 3: GRU */
    struct layer layer[MAX_LAYERS];
    float *embedding;    /* vocabulary*input */
    float *x, *y;        /* of all steps, in turn the input and the output of a layer */
    float *gate, *h, *c; /* of one step */
    uint32_t n_room;     /* steps that x and y have room for */
};

/* ---- the numbers of a seed: SplitMix64, a stream for the embedding and one for each layer */

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t stream(uint64_t seed, uint64_t which)
{
    uint64_t state = seed;
    state = next(&state) + which;
    return next(&state);
}

static float *numbers(uint64_t *state, float bound, size_t n)
{
    float *values = malloc((n + 1) * sizeof *values);
    for (size_t i = 0; values && i < n; i++)
        values[i] = bound * (float)(2 * ((double)(next(state) >> 11) * 0x1p-53) - 1);
    return values;
}

/* ---- making one */

static int take(const char *options, const char *key, uint32_t *value)
{
    const char *at = strstr(options, key);
    char *end;
    if (!at)
        return 1;
    at += strlen(key);
    if (strncmp(at, "true", 4) == 0 || strncmp(at, "false", 5) == 0) {
        *value = *at == 't';
        return 1;
    }
    unsigned long number = strtoul(at, &end, 10);
    *value = (uint32_t)number;
    return end > at && number <= 1u << 24 && (*end == ',' || *end == '\0');
}

static void network_free(struct network *net)
{
    for (uint32_t l = 0; l < MAX_LAYERS; l++) {
        free(net->layer[l].input);
        free(net->layer[l].recurrent);
        free(net->layer[l].bias);
    }
    free(net->embedding);
    free(net->x);
    free(net->y);
    free(net->gate);
    free(net->h);
    free(net->c);
    free(net);
}

static int make_layer(struct network *net, uint32_t l, uint64_t seed)
{
    struct layer *layer = &net->layer[l];
    size_t row = (size_t)net->gates * net->hidden, n_bias = net->directions * row;
    uint64_t state = stream(seed, 2 + l);
    float bound = 1 / sqrtf((float)net->hidden);
    layer->n_rows = l == 0 ? net->input : net->directions * net->hidden;
    layer->input = numbers(&state, bound, n_bias * layer->n_rows);
    layer->recurrent = numbers(&state, bound, n_bias * net->hidden);
    layer->bias = numbers(&state, bound, n_bias);
    return layer->input && layer->recurrent && layer->bias;
}

int rnnmap_engine_open(const struct rnnmap_engine_config *config, void **self,
                       struct rnnmap_engine_shape *shape, char *error)
{
    struct network *net = calloc(1, sizeof *net);
    if (!net)
        return -1;
    uint32_t two_ways = 0;
    net->gates = strstr(config->options, "cell=gru") ? 3 : 4;
    net->hidden = 128;
    net->input = 64;
    net->layers = 1;
    int read = take(config->options, "hidden=", &net->hidden) &
               take(config->options, "input=", &net->input) &
               take(config->options, "layers=", &net->layers) &
               take(config->options, "bidirectional=", &two_ways) &
               take(config->options, "vocabulary=", &net->vocabulary);
    net->directions = two_ways ? 2 : 1;
    if (!read || !net->hidden || net->hidden > 8192 || !net->input || net->input > 8192 ||
        !net->layers || net->layers > MAX_LAYERS) {
        snprintf(error, RNNMAP_ENGINE_ERROR_SIZE,
                 "options = '%.120s': cell=, hidden=, input=, "
                 "layers=, bidirectional=, vocabulary= as of engine dnnl",
                 config->options);
        network_free(net);
        return 1;
    }
    uint64_t state = stream(config->seed, 1);
    int made = 1;
    if (net->vocabulary)
        made = (net->embedding = numbers(&state, 1, (size_t)net->vocabulary * net->input)) != NULL;
    for (uint32_t l = 0; made && l < net->layers; l++)
        made = make_layer(net, l, config->seed);
    net->gate = malloc(net->gates * net->hidden * sizeof *net->gate);
    net->h = malloc(net->hidden * sizeof *net->h);
    net->c = malloc(net->hidden * sizeof *net->c);
    if (!made || !net->gate || !net->h || !net->c) {
        network_free(net);
        return -1;
    }
    shape->vocabulary = net->vocabulary;
    shape->input = net->input;
    shape->output = net->directions * net->hidden;
    *self = net;
    return 0;
}

int rnnmap_engine_prepare(void *self, uint32_t n, char *error)
{
    struct network *net = self;
    uint32_t width = net->directions * net->hidden;
    (void)error;
    if (n <= net->n_room)
        return 0;
    free(net->x);
    free(net->y);
    if (width < net->input)
        width = net->input;
    net->x = malloc((size_t)n * width * sizeof *net->x);
    net->y = malloc((size_t)n * width * sizeof *net->y);
    net->n_room = net->x && net->y ? n : 0;
    return net->n_room ? 0 : -1;
}

/* ---- one inference */

static float squash(float x)
{
    return 1 / (1 + expf(-x));
}

/* to[n_columns] += from[n_rows] * matrix, whose rows are `stride` apart */
static void add_product(float *restrict to, const float *restrict from,
                        const float *restrict matrix, uint32_t n_rows, uint32_t n_columns,
                        uint32_t stride)
{
    for (uint32_t r = 0; r < n_rows; r++) {
        const float value = from[r], *row = matrix + (size_t)r * stride;
        for (uint32_t k = 0; k < n_columns; k++)
            to[k] += value * row[k];
    }
}

static void step_lstm(struct network *net, const float *recurrent)
{
    const uint32_t hidden = net->hidden;
    float *g = net->gate;
    add_product(g, net->h, recurrent, hidden, 4 * hidden, 4 * hidden);
    for (uint32_t j = 0; j < hidden; j++) {
        net->c[j] = squash(g[hidden + j]) * net->c[j] + squash(g[j]) * tanhf(g[2 * hidden + j]);
        net->h[j] = squash(g[3 * hidden + j]) * tanhf(net->c[j]);
    }
}

static void step_gru(struct network *net, const float *recurrent)
{
    const uint32_t hidden = net->hidden;
    float *g = net->gate;
    add_product(g, net->h, recurrent, hidden, 2 * hidden, 3 * hidden);
    for (uint32_t j = 0; j < hidden; j++)
        net->c[j] = squash(g[hidden + j]) * net->h[j];
    add_product(g + 2 * hidden, net->c, recurrent + 2 * hidden, hidden, hidden, 3 * hidden);
    for (uint32_t j = 0; j < hidden; j++) {
        float keep = squash(g[j]);
        net->h[j] = keep * net->h[j] + (1 - keep) * tanhf(g[2 * hidden + j]);
    }
}

static void run_direction(struct network *net, const struct layer *layer, uint32_t direction,
                          uint32_t n, const float *x, float *y)
{
    const uint32_t hidden = net->hidden, row = net->gates * hidden;
    const float *input = layer->input + (size_t)direction * layer->n_rows * row;
    const float *recurrent = layer->recurrent + (size_t)direction * hidden * row;
    const float *bias = layer->bias + (size_t)direction * row;
    memset(net->h, 0, hidden * sizeof *net->h);
    memset(net->c, 0, hidden * sizeof *net->c);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t t = direction ? n - 1 - i : i;
        memcpy(net->gate, bias, row * sizeof *net->gate);
        add_product(net->gate, x + (size_t)t * layer->n_rows, input, layer->n_rows, row, row);
        (net->gates == 4 ? step_lstm : step_gru)(net, recurrent);
        memcpy(y + ((size_t)t * net->directions + direction) * hidden, net->h,
               hidden * sizeof *net->h);
    }
}

int rnnmap_engine_run(void *self, struct rnnmap_engine_run *run, char *error)
{
    struct network *net = self;
    const float *x = run->features;
    float *from = net->x, *to = net->y;
    for (uint32_t i = 0; run->tokens && i < run->n; i++) {
        if (run->tokens[i] < 0 || (uint32_t)run->tokens[i] >= net->vocabulary) {
            snprintf(error, RNNMAP_ENGINE_ERROR_SIZE, "token %d is not in the vocabulary",
                     (int)run->tokens[i]);
            return 1;
        }
        memcpy(from + (size_t)i * net->input, net->embedding + (size_t)run->tokens[i] * net->input,
               net->input * sizeof *from);
        x = from;
    }
    for (uint32_t l = 0; l < net->layers; l++) {
        for (uint32_t d = 0; d < net->directions; d++)
            run_direction(net, &net->layer[l], d, run->n, x, to);
        float *other = from;
        x = from = to;
        to = other;
    }
    const uint32_t width = net->directions * net->hidden;
    memcpy(run->output, x + (size_t)(run->n - 1) * width, net->hidden * sizeof *x);
    if (net->directions == 2)
        memcpy(run->output + net->hidden, x + net->hidden, net->hidden * sizeof *x);
    return 0;
}

void rnnmap_engine_close(void *self)
{
    network_free(self);
}
