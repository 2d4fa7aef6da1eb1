// SPDX-License-Identifier: 0BSD
/*
 * rnnmap_engine.h: what a shared object has to define to be an engine of rnnmap
 * (engine = plugin, library = ./my_engine.so): one constant and four functions. C99 or C++.
 *
 *     const uint32_t rnnmap_engine_abi = RNNMAP_ENGINE_ABI;
 *
 * Build: cc -O2 -fPIC -shared -o my_engine.so my_engine.c
 *
 * Life cycle: rnnmap_engine_open, any number of prepare and run, rnnmap_engine_close; all from one
 * thread at a time, not always the same one. Several engines may be open at once, so keep all that
 * changes in `self`.
 *
 * Every function that returns an int returns 0 when all went well; any other number is a failure,
 * and `error` (at most RNNMAP_ENGINE_ERROR_SIZE bytes with its NUL; empty at first) may say why. A
 * failed run is counted and stored as a failed sample; the next one is prepared anew. Do not exit
 * or abort: that would end the campaign.
 */
#ifndef RNNMAP_ENGINE_H
#define RNNMAP_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#if defined _WIN32
#define RNNMAP_ENGINE_EXPORT
#else
#define RNNMAP_ENGINE_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever anything below changes; an object built for another version is refused. */
#define RNNMAP_ENGINE_ABI        1u
#define RNNMAP_ENGINE_ERROR_SIZE 512

extern RNNMAP_ENGINE_EXPORT const uint32_t rnnmap_engine_abi;

/* What the campaign file says; the strings live until rnnmap_engine_close. */
struct rnnmap_engine_config {
    const char *options; /* `options =`, as it stands there; "" without one */
    uint64_t seed;       /* `seed =` */
    uint32_t threads;    /* `threads =`; 0: as many as there are CPUs */
};

/* What the network takes in and gives back; all 0 at first. */
struct rnnmap_engine_shape {
    uint32_t vocabulary; /* > 0: n token numbers below this */
    uint32_t input;      /* else > 0: n * input floats; both 0: nothing that rnnmap has to give */
    uint32_t output;     /* floats given back, whatever n is; may be 0 */
};

/* One inference. The arrays are rnnmap's. */
struct rnnmap_engine_run {
    uint32_t n;            /* time steps, as prepared */
    const int32_t *tokens; /* n, with a vocabulary; else NULL */
    const float *features; /* n * input, row-major, time first; else NULL */
    float *output;         /* shape.output, to be filled */
    int64_t device_ns; /* -1 at first. Set it where the device itself tells how long it took: that
                          is the sample's time then, and not what the call took */
};

/* Makes an engine: loads the network, fills `shape`, sets *self. After a failure nothing is left
 * and close is not called. */
RNNMAP_ENGINE_EXPORT int rnnmap_engine_open(const struct rnnmap_engine_config *config, void **self,
                                            struct rnnmap_engine_shape *shape, char *error);

/* Builds what length n (from 1) needs, and warms up; never timed. Called before each run, also of
 * the length at hand, so it should be quick when there is nothing to do. */
RNNMAP_ENGINE_EXPORT int rnnmap_engine_prepare(void *self, uint32_t n, char *error);

/* The timed part: from the input in memory to the output in memory. */
RNNMAP_ENGINE_EXPORT int rnnmap_engine_run(void *self, struct rnnmap_engine_run *run, char *error);

RNNMAP_ENGINE_EXPORT void rnnmap_engine_close(void *self);

#ifdef __cplusplus
}
#endif

#endif
