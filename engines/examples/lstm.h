// SPDX-License-Identifier: 0BSD
/* An LSTM of one layer in plain C, for the examples: stands for the network that you have. */
#ifndef LSTM_H
#define LSTM_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

struct lstm {
    uint32_t input, hidden;
    float
        *weights; /* [4 * hidden][input + hidden + 1]: gates i f c o, the last column is the bias */
    float *h, *c, *gates; /* [hidden], [hidden], [4 * hidden] */
};

static float lstm_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(*state >> 32) / 2147483648.0f;
}

static void lstm_free(struct lstm *lstm)
{
    free(lstm->weights);
    free(lstm->h);
    free(lstm->c);
    free(lstm->gates);
}

/* 0, or -1 without memory. */
static int lstm_make(struct lstm *lstm, uint32_t input, uint32_t hidden, uint64_t seed)
{
    size_t n = (size_t)4 * hidden * (input + hidden + 1);
    float bound = 1 / sqrtf((float)hidden);
    lstm->input = input;
    lstm->hidden = hidden;
    lstm->weights = malloc(n * sizeof *lstm->weights);
    lstm->h = malloc(hidden * sizeof *lstm->h);
    lstm->c = malloc(hidden * sizeof *lstm->c);
    lstm->gates = malloc((size_t)4 * hidden * sizeof *lstm->gates);
    if (!lstm->weights || !lstm->h || !lstm->c || !lstm->gates) {
        lstm_free(lstm);
        return -1;
    }
    for (size_t i = 0; i < n; i++)
        lstm->weights[i] = bound * lstm_random(&seed);
    return 0;
}

static float lstm_logistic(float x)
{
    return 1 / (1 + expf(-x));
}

/* Runs n steps of x[n * input] from a state of zeros; the final hidden state is in lstm->h. */
static void lstm_run(struct lstm *lstm, uint32_t n, const float *x)
{
    uint32_t hidden = lstm->hidden, input = lstm->input;
    for (uint32_t j = 0; j < hidden; j++)
        lstm->h[j] = lstm->c[j] = 0;
    for (uint32_t t = 0; t < n; t++, x += input) {
        const float *w = lstm->weights;
        for (uint32_t k = 0; k < 4 * hidden; k++) {
            float sum = 0;
            for (uint32_t i = 0; i < input; i++)
                sum += *w++ * x[i];
            for (uint32_t i = 0; i < hidden; i++)
                sum += *w++ * lstm->h[i];
            lstm->gates[k] = sum + *w++;
        }
        for (uint32_t j = 0; j < hidden; j++) {
            const float *g = lstm->gates + j;
            lstm->c[j] =
                lstm_logistic(g[hidden]) * lstm->c[j] + lstm_logistic(g[0]) * tanhf(g[2 * hidden]);
            lstm->h[j] = lstm_logistic(g[3 * hidden]) * tanhf(lstm->c[j]);
        }
    }
}

#endif
