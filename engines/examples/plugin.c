// SPDX-License-Identifier: 0BSD
/*
 * An engine as a plug-in. Build and use:
 *
 *     cc -O2 -fPIC -shared -I/usr/local/include/rnnmap -o my_engine.so plugin.c -lm
 *
 *     [edge]
 *     engine = plugin
 *     library = ./my_engine.so
 *     options = 256                    units of this example's LSTM
 */
#include "lstm.h"
#include "rnnmap_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT = 32, MAX_HIDDEN = 4096 };

const uint32_t rnnmap_engine_abi = RNNMAP_ENGINE_ABI;

int rnnmap_engine_open(const struct rnnmap_engine_config *config, void **self,
                       struct rnnmap_engine_shape *shape, char *error)
{
    char *end;
    unsigned long hidden = *config->options ? strtoul(config->options, &end, 10) : 64;
    if (*config->options && (*end || hidden < 1 || hidden > MAX_HIDDEN)) {
        snprintf(error, RNNMAP_ENGINE_ERROR_SIZE, "options = '%.40s': units, 1 to %d",
                 config->options, MAX_HIDDEN);
        return 1;
    }
    struct lstm *lstm = malloc(sizeof *lstm);
    if (!lstm || lstm_make(lstm, INPUT, (uint32_t)hidden, config->seed)) {
        free(lstm);
        return -1; /* no words: rnnmap says what returned -1 */
    }
    shape->input = lstm->input;
    shape->output = lstm->hidden;
    *self = lstm;
    return 0;
}

int rnnmap_engine_prepare(void *self, uint32_t n, char *error)
{
    (void)self; /* nothing here depends on the length */
    (void)n;
    (void)error;
    return 0;
}

int rnnmap_engine_run(void *self, struct rnnmap_engine_run *run, char *error)
{
    struct lstm *lstm = self;
    (void)error;
    lstm_run(lstm, run->n, run->features);
    memcpy(run->output, lstm->h, lstm->hidden * sizeof *run->output);
    return 0;
}

void rnnmap_engine_close(void *self)
{
    lstm_free(self);
    free(self);
}
