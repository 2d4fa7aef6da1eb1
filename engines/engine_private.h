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
    const char *library; /* name and version */
    enum status (*open)(const struct engine_config *config, void **self, struct error *error);
    enum status (*prepare)(void *self, uint32_t n, struct error *error);
    struct engine_input (*input)(void *self);
    enum status (*run)(void *self, struct error *error);
    const float *(*output)(const void *self, size_t *n_values);
    const float *(*sequence)(const void *self, size_t *n_values);
    void (*close)(void *self);
};

extern const struct engine_operations engine_dnnl;

/* A deep copy into `to`, which holds nothing yet. STATUS_NO_MEMORY: it still holds nothing. */
enum status engine_config_copy(const struct engine_config *from, struct engine_config *to,
                               struct error *error);

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
