// SPDX-License-Identifier: GPL-3.0-or-later
/* Plug-ins with one thing wrong or unusual each: compiled by test_plugin_engine.c with -D flags. */
#include "rnnmap_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef ABI
#define ABI RNNMAP_ENGINE_ABI
#endif
#ifndef VOCABULARY
#define VOCABULARY 0
#endif
#ifndef INPUT
#define INPUT 3
#endif
#ifndef OUTPUT
#define OUTPUT 2
#endif
#ifndef OPEN
#define OPEN 0
#endif
#ifndef PREPARE
#define PREPARE 0
#endif
#ifndef RUN
#define RUN 0
#endif

#ifndef NO_ABI
const uint32_t rnnmap_engine_abi = ABI;
#endif

struct self {
    uint32_t threads, prepared;
    uint64_t seed;
};

int rnnmap_engine_open(const struct rnnmap_engine_config *config, void **self,
                       struct rnnmap_engine_shape *shape, char *error)
{
    struct self *made = OPEN ? NULL : malloc(sizeof *made);
    if (!made) {
        snprintf(error, RNNMAP_ENGINE_ERROR_SIZE, "no such\nmodel: '%s'", config->options);
        return OPEN;
    }
    made->threads = config->threads;
    made->seed = config->seed;
    made->prepared = 0;
    *self = made;
    shape->vocabulary = VOCABULARY;
    shape->input = INPUT;
    shape->output = OUTPUT;
    return 0;
}

#ifndef NO_PREPARE
int rnnmap_engine_prepare(void *self, uint32_t n, char *error)
{
    (void)error;
    ((struct self *)self)->prepared = n;
    return n > 50 ? 7 : PREPARE;
}
#endif

int rnnmap_engine_run(void *self, struct rnnmap_engine_run *run, char *error)
{
    struct self *s = self;
    if (RUN) { /* words without an end */
        memset(error, 'w', RNNMAP_ENGINE_ERROR_SIZE);
        return RUN;
    }
    if (run->n != s->prepared)
        return 99;
#ifdef DEVICE_NS
    run->device_ns = DEVICE_NS;
#endif
#ifndef LAZY
    double sum = 0;
    for (uint32_t i = 0; run->tokens && i < run->n; i++)
        sum += run->tokens[i];
    for (uint32_t i = 0; run->features && i < run->n * INPUT; i++)
        sum += (double)run->features[i];
    if (OUTPUT >= 2) {
        run->output[0] = (float)sum;
        run->output[1] = (float)(s->threads * 1000 + s->seed);
    }
#endif
    return 0;
}

void rnnmap_engine_close(void *self)
{
    free(self);
}
