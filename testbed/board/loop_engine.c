// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A plug-in engine of the board whose inference of length n is n * `options` instructions long, and
 * the few of the call. With two threads or more a worker does half of them, and the measuring
 * thread waits for it.
 */
#include "rnnmap_engine.h"

#include <pthread.h>
#include <stdlib.h>

const uint32_t rnnmap_engine_abi = RNNMAP_ENGINE_ABI;

struct loop {
    uint64_t instructions_per_step;
    pthread_t worker;
    pthread_barrier_t begin, end;
    uint64_t half; /* the worker's turns; 0: it is to end */
    int has_worker;
};

/* Two instructions a turn. */
static void turn(uint64_t turns)
{
#ifdef __aarch64__
    if (turns > 0)
        __asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(turns) : : "cc");
#else
    (void)turns; /* its instructions are known for that processor only */
#endif
}

static void *work(void *given)
{
    struct loop *loop = given;
    for (;;) {
        pthread_barrier_wait(&loop->begin);
        if (loop->half == 0)
            return NULL;
        turn(loop->half);
        pthread_barrier_wait(&loop->end);
    }
}

int rnnmap_engine_open(const struct rnnmap_engine_config *config, void **self,
                       struct rnnmap_engine_shape *shape, char *error)
{
    struct loop *loop = calloc(1, sizeof *loop);
    (void)shape;
    (void)error;
    if (!loop)
        return 1;
    loop->instructions_per_step = strtoull(config->options, NULL, 10);
    pthread_barrier_init(&loop->begin, NULL, 2);
    pthread_barrier_init(&loop->end, NULL, 2);
    if (config->threads > 1)
        loop->has_worker = pthread_create(&loop->worker, NULL, work, loop) == 0;
    *self = loop;
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
    struct loop *loop = self;
    uint64_t turns = run->n * loop->instructions_per_step / 2;
    (void)error;
    if (!loop->has_worker) {
        turn(turns);
        return 0;
    }
    loop->half = turns / 2;
    pthread_barrier_wait(&loop->begin);
    turn(turns - turns / 2);
    pthread_barrier_wait(&loop->end);
    return 0;
}

void rnnmap_engine_close(void *self)
{
    struct loop *loop = self;
    loop->half = 0;
    if (loop->has_worker) {
        pthread_barrier_wait(&loop->begin);
        pthread_join(loop->worker, NULL);
    }
    pthread_barrier_destroy(&loop->begin);
    pthread_barrier_destroy(&loop->end);
    free(loop);
}
