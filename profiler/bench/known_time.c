// SPDX-License-Identifier: GPL-3.0-or-later
/* A plug-in engine whose inference takes exactly `options` nanoseconds; 0: it does nothing. */
#include "base/clock.h"
#include "engines/rnnmap_engine.h"

#include <stdlib.h>

const uint32_t rnnmap_engine_abi = RNNMAP_ENGINE_ABI;

int rnnmap_engine_open(const struct rnnmap_engine_config *config, void **self,
                       struct rnnmap_engine_shape *shape, char *error)
{
    int64_t *spin_ns = malloc(sizeof *spin_ns);
    (void)shape;
    (void)error;
    if (!spin_ns)
        return 1;
    *spin_ns = atoll(config->options);
    *self = spin_ns;
    return 0;
}

int rnnmap_engine_prepare(void *self, uint32_t n, char *error)
{
    (void)self;
    (void)n;
    (void)error;
    return 0;
}

int rnnmap_engine_run(void *self, struct rnnmap_engine_run *run, char *error)
{
    int64_t spin_ns = *(const int64_t *)self;
    (void)run;
    (void)error;
    if (spin_ns <= 0)
        return 0;
    for (int64_t began_ns = clock_ns(); clock_ns() - began_ns < spin_ns;)
        ;
    return 0;
}

void rnnmap_engine_close(void *self)
{
    free(self);
}
