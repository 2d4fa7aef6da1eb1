// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What an engine is to the rest of the room: a row of functions. A new engine is a file that
 * defines such a row and one line in engine.c.
 */
#ifndef ENGINES_ENGINE_PRIVATE_H
#define ENGINES_ENGINE_PRIVATE_H

#include "engines/engine.h"

enum { ENGINE_MAX_LAYERS = 16, ENGINE_MAX_WIDTH = 8192 };

/* Each function has the contract of its public namesake; `self` is what `open` made. */
struct engine_operations {
    const char *name;
    const char *keys;    /* that it takes besides `engine`, separated by blanks; with a '?' behind
                            one, its default is the engine's affair and not that of the others */
    const char *library; /* name and version of what the tools are linked with; NULL: nothing */
    /* What it runs, in few words; to be freed, NULL: no memory. */
    char *(*subject)(const struct engine_config *config);
    /* The same so that equal texts mean comparable outputs. */
    char *(*network)(const struct engine_config *config);
    /* Finds out whether the engine could run here, and with which library; *version to be freed. */
    enum status (*probe)(const struct engine_config *config, char **version, struct error *error);
    enum status (*open)(const struct engine_config *config, void **self, struct error *error);
    struct engine_shape (*shape)(const void *self);
    const char *(*version)(const void *self); /* NULL, or gives NULL: nothing to add */
    enum status (*prepare)(void *self, uint32_t n, struct error *error);
    struct engine_input (*input)(void *self); /* NULL: it makes its own */
    enum status (*run)(void *self, struct error *error);
    int64_t (*device_ns)(const void *self);                       /* NULL: never known */
    const float *(*output)(const void *self, size_t *n_values);   /* NULL: none */
    const float *(*sequence)(const void *self, size_t *n_values); /* NULL: none */
    void (*close)(void *self);
};

extern const struct engine_operations engine_dnnl, engine_onnx, engine_command, engine_plugin;

/* The engine of that name. STATUS_NOT_FOUND: there is none; the message lists those there are. */
enum status engine_find(const char *name, const struct engine_operations **found,
                        struct error *error);

/* Whether the engine takes the key; *own_default (may be NULL): its default is its own affair. */
bool engine_takes(const struct engine_operations *operations, const char *key, bool *own_default);

const char *engine_cell_name(enum engine_cell cell);

/* Whether the key, which there is, was set. */
bool engine_config_given(const struct engine_config *config, const char *key);

/* STATUS_INVALID: a key was set that the engine does not take; the message names those it does.
 * STATUS_NOT_FOUND: no such engine. */
enum status engine_config_check(const struct engine_config *config, struct error *error);

/* A deep copy into `to`, which holds nothing yet. STATUS_NO_MEMORY: it still holds nothing. */
enum status engine_config_copy(const struct engine_config *from, struct engine_config *to,
                               struct error *error);

/* Which lengths have been run since something was new. Bounded: of two lengths that share a slot
 * the earlier one is forgotten, and warmed up once more. */
enum { WARMED_SLOTS = 1024 };
struct warmed {
    uint32_t lengths[WARMED_SLOTS]; /* 0: none */
};

/* Whether it is the length's first time; it is noted. */
static inline bool warmed_first(struct warmed *warmed, uint32_t n)
{
    uint32_t *slot = &warmed->lengths[n % WARMED_SLOTS];
    bool first = *slot != n;
    *slot = n;
    return first;
}

/* "NAME sha256:0123456789abcdef" of a file, its folder left out, with "unreadable" in place of the
 * digest where it is; to be freed; NULL: no memory. */
char *engine_file_identity(const char *path);

/* The part of a path behind its last slash. */
const char *engine_file_name(const char *path);

/* Values per time step that a layer puts out. */
static inline uint32_t engine_config_width(const struct engine_config *config)
{
    return config->bidirectional ? 2 * config->hidden : config->hidden;
}

/* Values per time step that layer `layer` (from 0) takes in. */
static inline uint32_t engine_config_layer_input(const struct engine_config *config, uint32_t layer)
{
    return layer == 0 ? config->input : engine_config_width(config);
}

#endif
