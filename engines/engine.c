// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/engine_private.h"

#include <stdlib.h>
#include <string.h>

static const struct engine_operations *const engines[] = {
    &engine_dnnl,
};
enum { N_ENGINES = sizeof engines / sizeof engines[0] };

struct engine {
    const struct engine_operations *operations;
    struct engine_config config;
    void *self;
};

static enum status find_engine(const char *name, const struct engine_operations **found,
                               struct error *error)
{
    char names[128] = "";
    for (int i = 0; i < N_ENGINES; i++) {
        if (strcmp(engines[i]->name, name) == 0) {
            *found = engines[i];
            return STATUS_OK;
        }
        strncat(names, i > 0 ? ", " : "", sizeof names - strlen(names) - 1);
        strncat(names, engines[i]->name, sizeof names - strlen(names) - 1);
    }
    return error_set(error, STATUS_NOT_FOUND, "no engine '%s' in this build; there is: %s", name,
                     names);
}

enum status engine_open(const struct engine_config *config, struct engine **engine,
                        struct error *error)
{
    const struct engine_operations *operations;
    enum status status = find_engine(config->engine, &operations, error);
    if (status)
        return status;
    struct engine *e = calloc(1, sizeof *e);
    if (!e)
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    e->operations = operations;
    status = engine_config_copy(config, &e->config, error);
    if (status)
        goto fail;
    status = operations->open(&e->config, &e->self, error);
    if (status)
        goto fail;
    *engine = e;
    return STATUS_OK;
fail:
    error_prefix(error, "engine %s", operations->name);
    engine_close(e);
    return status;
}

enum status engine_prepare(struct engine *engine, uint32_t n, struct error *error)
{
    return engine->operations->prepare(engine->self, n, error);
}

struct engine_input engine_input(struct engine *engine)
{
    return engine->operations->input(engine->self);
}

enum status engine_run(struct engine *engine, struct error *error)
{
    return engine->operations->run(engine->self, error);
}

const float *engine_output(const struct engine *engine, size_t *n_values)
{
    return engine->operations->output(engine->self, n_values);
}

const float *engine_sequence(const struct engine *engine, size_t *n_values)
{
    return engine->operations->sequence(engine->self, n_values);
}

const struct engine_config *engine_configuration(const struct engine *engine)
{
    return &engine->config;
}

const char *engine_library_version(void)
{
    /* with a second library behind the engines, this becomes their list */
    _Static_assert(N_ENGINES == 1, "name every library");
    return engine_dnnl.library;
}

void engine_close(struct engine *engine)
{
    if (!engine)
        return;
    if (engine->self)
        engine->operations->close(engine->self);
    engine_config_free(&engine->config);
    free(engine);
}
