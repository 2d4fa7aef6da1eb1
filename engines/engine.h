// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * An engine runs one inference of an input of n time steps: the thing whose time is measured.
 *
 * Life cycle: engine_open with a configuration; for each length engine_prepare (builds whatever
 * that length needs, outside any timed region) and engine_run (the timed part: from the input in
 * memory to the output in memory); engine_close.
 *
 * Thread rule: all calls for one engine come from one thread at a time, not always the same one.
 * engine_prepare and engine_run set the number of worker threads for the thread that calls them;
 * engine_open and engine_prepare bind it and its workers to the configuration's CPUs (where it
 * names any), for good: the binding outlives the engine. Engines are independent of each other
 * except for the instruction-set cap, which is one a process.
 */
#ifndef ENGINES_ENGINE_H
#define ENGINES_ENGINE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum engine_cell { ENGINE_LSTM, ENGINE_GRU };

/* What to run. Filled with engine_config_defaults, then engine_config_set per key. */
struct engine_config {
    char *engine; /* "dnnl"; owned */
    enum engine_cell cell;
    uint32_t hidden;     /* units per direction, 1..8192 */
    uint32_t input;      /* features per time step (embedding size with a vocabulary), 1..8192 */
    uint32_t layers;     /* 1..16 */
    bool bidirectional;  /* outputs of both directions are concatenated */
    uint32_t vocabulary; /* 0: the input is n*input floats; else n token numbers below this, looked
                            up in a table of vocabulary*input floats as part of the inference */
    uint32_t threads;    /* 0: as many as there are CPUs the calling thread may use. More threads
                            than CPUs are allowed and very slow: the workers spin while waiting */
    char *cpu;           /* CPUs to run on, as in taskset ("0", "2-3,5"); NULL: leave; owned */
    char *isa;           /* use no instructions beyond this set: "sse41", "avx", "avx2", "avx512",
                            "avx512_vnni", "avx512_bf16"; NULL: no limit; owned. A CPU without
                            the set runs the best it has below it */
    uint64_t seed;       /* of weights, embedding and input */
};

/* LSTM, hidden 128, input 64, one layer, one thread, no cap, seed 1. STATUS_NO_MEMORY. */
enum status engine_config_defaults(struct engine_config *config, struct error *error);

/* Sets one key (engine cell hidden input layers bidirectional vocabulary threads cpu isa seed) of a
 * configuration filled with engine_config_defaults. "" as cpu or isa means none.
 * STATUS_NOT_FOUND: no such key.  STATUS_INVALID: not a value for it; the message names both.
 * Nothing changes then. */
enum status engine_config_set(struct engine_config *config, const char *key, const char *value,
                              struct error *error);

/* From "dnnl:cell=lstm,hidden=256,cpu=0,2": engine, then keys of engine_config_set for a
 * configuration filled with engine_config_defaults; a piece without '=' belongs to the value
 * before. STATUS_INVALID, STATUS_NOT_FOUND: as engine_config_set; the keys before the wrong one are
 * set. */
enum status engine_config_parse(struct engine_config *config, const char *spec,
                                struct error *error);

/* One line that names the network and how it runs ("dnnl lstm 64->128 x1, 1 thread, isa sse41");
 * to be freed; NULL when memory ran out. */
char *engine_config_describe(const struct engine_config *config);

/* The network alone, without how it is run: equal texts mean comparable outputs. To be freed. */
char *engine_config_network(const struct engine_config *config);

void engine_config_free(struct engine_config *config);

struct engine;

/* Prepares the network: weights from the seed, thread count, affinity, cap. The same seed and
 * network get the same weights whatever the threads, CPUs and cap.
 * STATUS_NOT_FOUND: no such engine.  STATUS_UNSUPPORTED: this machine or this process cannot do
 * what the configuration asks (a cap on other CPUs than x86, a second cap in one process, a CPU
 * that is not there).  STATUS_EXTERNAL: the library failed.  STATUS_NO_MEMORY. The configuration is
 * copied. */
enum status engine_open(const struct engine_config *config, struct engine **engine,
                        struct error *error);

/* Builds what length n needs (n >= 1) and makes it the current length; its input is filled from
 * the seed (the input of a shorter length is the beginning of that of a longer one) and the output
 * poisoned with NaN. Bounded memory: the least recently used lengths are forgotten.
 * STATUS_INVALID: n is 0.  STATUS_NO_MEMORY, STATUS_EXTERNAL: no length is current any more. */
enum status engine_prepare(struct engine *engine, uint32_t n, struct error *error);

/* The input of the current length, to be written to before engine_run if other than the seeded
 * one is wanted: n*input floats (row-major, time first), or n token numbers with a vocabulary.
 * The pointer that does not apply is NULL; both are before the first engine_prepare. Valid until
 * the next engine_prepare. */
struct engine_input {
    float *features;
    int32_t *tokens;
};
struct engine_input engine_input(struct engine *engine);

/* Runs one inference of the current length.
 * STATUS_INVALID: no length is current, or a token is not in the vocabulary.
 * STATUS_EXTERNAL: the library failed. */
enum status engine_run(struct engine *engine, struct error *error);

/* After engine_run: the network's answer for the whole sequence, the last layer's final hidden
 * state, *n_values = hidden*(1+bidirectional) floats (forward after the last step, then backward
 * after the first). NaN before engine_run. Valid until the next engine_prepare. */
const float *engine_output(const struct engine *engine, size_t *n_values);

/* After engine_run: the last layer's outputs at every time step, n*n_values floats, row-major. */
const float *engine_sequence(const struct engine *engine, size_t *n_values);

const struct engine_config *engine_configuration(const struct engine *engine);

/* Names and versions of the libraries behind the engines ("oneDNN 2.6.3"), as built against;
 * constant. */
const char *engine_library_version(void);

void engine_close(struct engine *engine);

#endif
