// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Plans: all oneDNN objects that one length needs, built outside the timed part; and a cache of
 * them. A plan owns no arrays: it is bound to the network's buffers when its length becomes
 * current.
 */
#ifndef ENGINES_DNNL_PLAN_PRIVATE_H
#define ENGINES_DNNL_PLAN_PRIVATE_H

#include "engines/dnnl_compat_private.h"
#include "engines/weights_private.h"

/* What all lengths share. */
struct network {
    const struct engine_config *config;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    struct weights weights[ENGINE_MAX_LAYERS];
    struct compat_weights memories[ENGINE_MAX_LAYERS]; /* over the weights */
    bool any_weights; /* let oneDNN lay them out, and reorder, even where it takes them as they are:
                         slower with oneDNN 2.6, so only tests set it */
};

/* Weights, stream and memories for a configuration, which must outlive the network.
 * STATUS_NO_MEMORY, STATUS_EXTERNAL: to be closed all the same. */
enum status network_open(const struct engine_config *config, struct network *network,
                         struct error *error);
void network_close(struct network *network);

struct plan;

/* The arrays that a plan runs on. */
struct plan_buffers {
    float *input;      /* n*input */
    float *outputs[2]; /* layers write to them in turn, from 0: n*hidden*(1+bidirectional) each */
    void *scratchpad;  /* plan_scratchpad_bytes */
};

/* To be called with the number of threads that it will run with set. */
enum status plan_create(const struct network *network, uint32_t n, struct plan **plan,
                        struct error *error);
size_t plan_scratchpad_bytes(const struct plan *plan);
enum status plan_bind(struct plan *plan, const struct plan_buffers *buffers, struct error *error);
enum status plan_run(const struct plan *plan, dnnl_stream_t stream, struct error *error);
void plan_free(struct plan *plan);

/*
 * At most this many plans are kept. A plan is a few small objects per layer (and a copy of its
 * weights where oneDNN refuses their plain layout). The code generated for it, about 100 KiB a
 * layer, lives in oneDNN's own cache of 1024 primitives (DNNL_PRIMITIVE_CACHE_CAPACITY), so that
 * making a forgotten plan again takes tens of microseconds, a new one some hundreds.
 */
enum { PLAN_CACHE_SIZE = 64 };

struct plan_cache {
    struct {
        struct plan *plan;
        uint64_t used; /* when it was last asked for */
    } slots[PLAN_CACHE_SIZE];
    uint64_t now;
};

/* The plan for length n, from the cache or new in place of the least recently used one. It belongs
 * to the cache and is valid until the next call. */
enum status plan_cache_get(struct plan_cache *cache, const struct network *network, uint32_t n,
                           struct plan **plan, struct error *error);
void plan_cache_clear(struct plan_cache *cache);

#endif
