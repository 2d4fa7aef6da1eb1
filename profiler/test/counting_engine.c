// SPDX-License-Identifier: GPL-3.0-or-later
/* An engine whose library counts its time steps and runs as software-defined events of PAPI. */
#include "rnnmap_engine.h"

#include <sde_lib.h>

const uint32_t rnnmap_engine_abi = RNNMAP_ENGINE_ABI;

static void *steps;
static long long runs;

int rnnmap_engine_open(const struct rnnmap_engine_config *config, void **self,
                       struct rnnmap_engine_shape *shape, char *error)
{
    papi_handle_t library = papi_sde_init("counting_engine");
    (void)config;
    (void)shape;
    (void)error;
    papi_sde_create_counter(library, "STEPS", PAPI_SDE_DELTA, &steps);
    papi_sde_register_counter(library, "RUNS", PAPI_SDE_RO | PAPI_SDE_DELTA, PAPI_SDE_long_long,
                              &runs);
    *self = &runs;
    return 0;
}

int rnnmap_engine_prepare(void *self, uint32_t n, char *error)
{
    (void)self;
    (void)error;
    papi_sde_inc_counter(steps, 1000 * n); /* not timed, not to be counted */
    return 0;
}

int rnnmap_engine_run(void *self, struct rnnmap_engine_run *run, char *error)
{
    (void)self;
    (void)error;
    papi_sde_inc_counter(steps, run->n);
    runs++;
    return 0;
}

void rnnmap_engine_close(void *self)
{
    (void)self;
}
