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
    char *engine; /* "dnnl", "onnx", "command", "plugin"; owned, as all strings */
    enum engine_cell cell;
    uint32_t hidden;     /* units per direction, 1..8192 */
    uint32_t input;      /* features per time step (embedding size with a vocabulary), 1..8192 */
    uint32_t layers;     /* 1..16 */
    bool bidirectional;  /* outputs of both directions are concatenated */
    uint32_t vocabulary; /* 0: the input is n*input floats; else n token numbers below this, looked
                            up in a table of vocabulary*input floats as part of the inference */
    uint32_t threads;    /* 0: as many as there are CPUs the calling thread may use. More threads
                            than CPUs are allowed and very slow: the workers spin while waiting */
    char *cpu;           /* CPUs to run on, as in taskset ("0", "2-3,5"); NULL: leave */
    char *isa;           /* use no instructions beyond this set: "sse41", "avx", "avx2", "avx512",
                            "avx512_vnni", "avx512_bf16"; NULL: no limit. A CPU without
                            the set runs the best it has below it */
    uint64_t seed;       /* of weights, embedding and input */
    char *model;         /* onnx: its file */
    char *library;       /* onnx: ONNX Runtime's, NULL: look for it; plugin: its shared object */
    char *provider;      /* onnx: execution provider; NULL: CPU */
    char *feed;          /* onnx: the input that takes the sequence; NULL: find out, as below */
    uint32_t axis;       /* onnx: of time in it */
    char *dims;          /* onnx: sizes of open dimensions, "NAME:SIZE NAME:n" */
    char *fill;          /* onnx: what further inputs hold, "INPUT:NUMBER INPUT:n" */
    char *fetch;         /* onnx: the output that is the answer; NULL: the first */
    char *argv;          /* command: the program and its arguments, as words_split takes them */
    char *options;       /* plugin: handed on as they are; NULL: none */
    double timeout_s;    /* command: for each answer */
    uint32_t restarts;   /* command: how often it may be started again in all */
    uint64_t given;      /* which keys were set; engine_config_set's own affair */
};

/* dnnl: LSTM, hidden 128, input 64, one layer, one thread, no cap, seed 1. STATUS_NO_MEMORY. */
enum status engine_config_defaults(struct engine_config *config, struct error *error);

/* Sets one key, named as the member above (the time-out is `timeout`), of a configuration filled
 * with engine_config_defaults. "" as a text other than engine means none. Which keys an engine
 * takes is in docs/engines.md and checked by engine_open, so that their order does not matter.
 * STATUS_NOT_FOUND: no such key.  STATUS_INVALID: not a value for it; the message names both.
 * Nothing changes then. */
enum status engine_config_set(struct engine_config *config, const char *key, const char *value,
                              struct error *error);

/* From "dnnl:cell=lstm,hidden=256,cpu=0,2": engine, then keys of engine_config_set for a
 * configuration filled with engine_config_defaults; a piece without '=' belongs to the value
 * before, and what follows `argv=` or `options=` is all theirs. STATUS_INVALID, STATUS_NOT_FOUND:
 * as engine_config_set; the keys before the wrong one are set. */
enum status engine_config_parse(struct engine_config *config, const char *spec,
                                struct error *error);

/* Every key that the engine takes and its value, a line each ("hidden = 128"), so that
 * engine_config_set of each line gives an equal configuration; to be freed; NULL when memory ran
 * out. What the engine finds out by itself (a model's input) is left out unless it was set. */
char *engine_config_write(const struct engine_config *config);

/* One line that names the network and how it runs ("dnnl lstm 64->128 x1, 1 thread, isa sse41");
 * to be freed; NULL when memory ran out. */
char *engine_config_describe(const struct engine_config *config);

/* The network alone, without how it is run: equal texts mean comparable outputs. Of a network in a
 * file, its digest is part of it. To be freed. */
char *engine_config_network(const struct engine_config *config);

void engine_config_free(struct engine_config *config);

struct engine;

/* Prepares the network: weights from the seed, thread count, affinity, cap; or loads it. The same
 * seed and network get the same weights whatever the threads, CPUs and cap.
 * STATUS_NOT_FOUND: no such engine, file or library.  STATUS_INVALID: a key that the engine does
 * not take, or lacks.  STATUS_UNSUPPORTED: this machine or this process cannot do what the
 * configuration asks (a cap on other CPUs than x86, a second cap in one process, a CPU that is not
 * there), or a library is of another version.  STATUS_IO: a program cannot be started.
 * STATUS_EXTERNAL: the library failed.  STATUS_NO_MEMORY. The configuration is copied. */
enum status engine_open(const struct engine_config *config, struct engine **engine,
                        struct error *error);

/* What an engine takes in and gives back: constant from engine_open on. */
struct engine_shape {
    uint32_t vocabulary; /* > 0: it takes n token numbers below this */
    uint32_t input;      /* else > 0: it takes n*input floats; both 0: it takes no input of ours */
    uint32_t output;     /* values of engine_output; 0: none, or a number known after each run */
};
struct engine_shape engine_shape(const struct engine *engine);

/* As engine_config_describe, with the version of what runs it where that is known only now
 * ("onnx imdb.onnx, 1 thread, ONNX Runtime 1.14.0"); to be freed; NULL when memory ran out. */
char *engine_describe(const struct engine *engine);

/* Builds what length n needs (n >= 1), warms up what is new, and makes it the current length; its
 * input is filled from the seed (the input of a shorter length is the beginning of that of a longer
 * one) and the output poisoned with NaN. Bounded memory: the least recently used lengths are
 * forgotten.
 * STATUS_INVALID: n is 0, or a length that the network does not take.  STATUS_NO_MEMORY,
 * STATUS_EXTERNAL, and from a program what engine_run returns: no length is current any more. */
enum status engine_prepare(struct engine *engine, uint32_t n, struct error *error);

/* The input of the current length, to be written to before engine_run if other than the seeded
 * one is wanted: n*input floats (row-major, time first), or n token numbers with a vocabulary.
 * The pointer that does not apply is NULL; both are before the first engine_prepare, and of an
 * engine that takes no input of ours. Valid until the next engine_prepare. */
struct engine_input {
    float *features;
    int32_t *tokens;
};
struct engine_input engine_input(struct engine *engine);

/* Runs one inference of the current length.
 * STATUS_INVALID: no length is current, or a token is not in the vocabulary.
 * STATUS_EXTERNAL: the library or plug-in failed, or the program said that it did or ended.
 * STATUS_TIMEOUT: the program did not answer in time.  STATUS_PROTOCOL: its answer is none.
 * STATUS_INTERRUPTED: a signal asked us to stop meanwhile. */
enum status engine_run(struct engine *engine, struct error *error);

/* After engine_run: what the device itself says that the inference took, in ns; -1: it does not
 * say. Where it does (a program in front of a device that is slow to reach), that is the
 * inference's time, and what engine_run took is not. */
int64_t engine_device_ns(const struct engine *engine);

/* After engine_run: the network's answer for the whole sequence, *n_values floats. Of dnnl: the
 * last layer's final hidden state, hidden*(1+bidirectional) (forward after the last step, then
 * backward after the first). NaN before engine_run. NULL and 0: the engine gives none. Valid until
 * the next engine_prepare or engine_run. */
const float *engine_output(const struct engine *engine, size_t *n_values);

/* After engine_run: the last layer's outputs at every time step, n*n_values floats, row-major; NULL
 * and 0 of engines other than dnnl. */
const float *engine_sequence(const struct engine *engine, size_t *n_values);

const struct engine_config *engine_configuration(const struct engine *engine);

/* Names and versions of the libraries behind the engines ("oneDNN 2.6.3"), as built against;
 * constant. */
const char *engine_library_version(void);

/* The name of engine `i` from 0, in the order of preference; NULL behind the last. */
const char *engine_name(size_t i);

/* Whether an engine could run on this machine with what `config` (of that engine, else defaults)
 * says: *version is what would run it ("oneDNN 2.6.3", "" where nothing is needed), to be freed.
 * STATUS_NOT_FOUND and others: it could not; the message says why and what to do. */
enum status engine_probe(const struct engine_config *config, char **version, struct error *error);

void engine_close(struct engine *engine);

#endif
