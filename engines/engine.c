// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/engine_private.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static const struct engine_operations *const engines[] = {
    &engine_dnnl,
    &engine_onnx,
    &engine_command,
    &engine_plugin,
};
enum { N_ENGINES = sizeof engines / sizeof engines[0] };

struct engine {
    const struct engine_operations *operations;
    struct engine_config config;
    void *self;
};

enum status engine_find(const char *name, const struct engine_operations **found,
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

const char *engine_name(size_t i)
{
    return i < N_ENGINES ? engines[i]->name : NULL;
}

enum status engine_probe(const struct engine_config *config, char **version, struct error *error)
{
    const struct engine_operations *operations;
    enum status status = engine_find(config->engine, &operations, error);
    if (status)
        return status;
    if (operations->probe)
        return operations->probe(config, version, error);
    *version = text_copy(operations->library ? operations->library : "");
    return *version ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory");
}

enum status engine_open(const struct engine_config *config, struct engine **engine,
                        struct error *error)
{
    const struct engine_operations *operations;
    enum status status = engine_config_check(config, error);
    if (!status)
        status = engine_find(config->engine, &operations, error);
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

struct engine_shape engine_shape(const struct engine *engine)
{
    return engine->operations->shape(engine->self);
}

char *engine_describe(const struct engine *engine)
{
    const struct engine_operations *operations = engine->operations;
    char *text = engine_config_describe(&engine->config);
    const char *version = operations->version ? operations->version(engine->self) : NULL;
    if (!text || !version)
        return text;
    char *whole = text_format("%s, %s", text, version);
    free(text);
    return whole;
}

enum status engine_prepare(struct engine *engine, uint32_t n, struct error *error)
{
    if (n == 0)
        return error_set(error, STATUS_INVALID, "an input of length 0; lengths start at 1");
    return engine->operations->prepare(engine->self, n, error);
}

struct engine_input engine_input(struct engine *engine)
{
    return engine->operations->input ? engine->operations->input(engine->self)
                                     : (struct engine_input){0};
}

enum status engine_run(struct engine *engine, struct error *error)
{
    return engine->operations->run(engine->self, error);
}

int64_t engine_device_ns(const struct engine *engine)
{
    return engine->operations->device_ns ? engine->operations->device_ns(engine->self) : -1;
}

const float *engine_output(const struct engine *engine, size_t *n_values)
{
    *n_values = 0;
    return engine->operations->output ? engine->operations->output(engine->self, n_values) : NULL;
}

const float *engine_sequence(const struct engine *engine, size_t *n_values)
{
    *n_values = 0;
    return engine->operations->sequence ? engine->operations->sequence(engine->self, n_values)
                                        : NULL;
}

const struct engine_config *engine_configuration(const struct engine *engine)
{
    return &engine->config;
}

const char *engine_library_version(void)
{
    return engine_dnnl.library; /* the one library that the tools are linked with */
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
