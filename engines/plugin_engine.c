// SPDX-License-Identifier: GPL-3.0-or-later
/* The engine that is a shared object of the user's: the binary interface of rnnmap_engine.h. */
#include "base/memory.h"
#include "engines/affinity_private.h"
#include "engines/engine_private.h"
#include "engines/rnnmap_engine.h"
#include "engines/seeded_private.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The functions of one object. */
struct plugin {
    int (*open)(const struct rnnmap_engine_config *, void **, struct rnnmap_engine_shape *, char *);
    int (*prepare)(void *, uint32_t, char *);
    int (*run)(void *, struct rnnmap_engine_run *, char *);
    void (*close)(void *);
};

static const struct {
    const char *name;
    size_t offset;
} symbols[] = {
    {"rnnmap_engine_open", offsetof(struct plugin, open)},
    {"rnnmap_engine_prepare", offsetof(struct plugin, prepare)},
    {"rnnmap_engine_run", offsetof(struct plugin, run)},
    {"rnnmap_engine_close", offsetof(struct plugin, close)},
};
enum { N_SYMBOLS = sizeof symbols / sizeof *symbols, MAX_OUTPUT = 1 << 28 };
_Static_assert(sizeof(struct plugin) == N_SYMBOLS * sizeof(void *), "every function has its name");

struct plugin_self {
    const struct engine_config *config;
    void *library;
    struct plugin plugin;
    void *theirs; /* what its open made; `opened` */
    bool opened;
    struct rnnmap_engine_shape shape;
    struct seeded seeded;
    struct rnnmap_engine_run run; /* of the current length; n = 0: none is current */
    void *input;                  /* room for n_input steps */
    uint32_t n_input;
    float *output; /* shape.output */
};

static void plugin_close(void *self)
{
    struct plugin_self *p = self;
    if (p->opened)
        p->plugin.close(p->theirs);
    if (p->library)
        dlclose(p->library);
    seeded_free(&p->seeded);
    free(p->input);
    free(p->output);
    free(p);
}

/* What a call of theirs came to. */
static enum status result(const struct plugin_self *p, const char *function, int returned,
                          char *words, struct error *error)
{
    if (returned == 0)
        return STATUS_OK;
    words[RNNMAP_ENGINE_ERROR_SIZE - 1] = '\0';
    for (char *at = words; *at; at++) {
        if ((unsigned char)*at < ' ')
            *at = ' ';
    }
    return error_set(error, STATUS_EXTERNAL, "%s: %s returned %d%s%s",
                     engine_file_name(p->config->library), function, returned, *words ? ": " : "",
                     words);
}

/* dlsym's way to say where a function is. */
static enum status find_symbol(const struct plugin_self *p, const char *name, void **symbol,
                               struct error *error)
{
    *symbol = dlsym(p->library, name);
    if (*symbol)
        return STATUS_OK;
    return error_set(error, STATUS_NOT_FOUND,
                     "%s does not define %s; a plug-in defines all that rnnmap_engine.h declares, "
                     "in C++ within extern \"C\"",
                     p->config->library, name);
}

static enum status load(struct plugin_self *p, struct error *error)
{
    void *symbol;
    p->library = dlopen(p->config->library, RTLD_NOW | RTLD_LOCAL);
    if (!p->library) {
        const char *why = dlerror();
        bool bare = !strchr(p->config->library, '/');
        return error_set(error, STATUS_NOT_FOUND, "library = %s cannot be loaded: %s%s",
                         p->config->library, why ? why : "unknown reason",
                         bare ? "; a name without a slash is looked for among the system's "
                                "libraries: did you mean one with ./ in front?"
                              : "");
    }
    enum status status = find_symbol(p, "rnnmap_engine_abi", &symbol, error);
    if (status)
        return status;
    uint32_t abi = *(const uint32_t *)symbol;
    if (abi != RNNMAP_ENGINE_ABI)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s was built for version %" PRIu32 " of rnnmap_engine.h, and this is "
                         "version %u: build it again with this one's header",
                         p->config->library, abi, RNNMAP_ENGINE_ABI);
    for (int i = 0; i < N_SYMBOLS && !status; i++) {
        status = find_symbol(p, symbols[i].name, &symbol, error);
        if (!status)
            memcpy((char *)&p->plugin + symbols[i].offset, &symbol, sizeof symbol);
    }
    return status;
}

static enum status check_shape(const struct plugin_self *p, struct error *error)
{
    const struct rnnmap_engine_shape *s = &p->shape;
    if (s->vocabulary <= INT32_MAX && s->input <= ENGINE_MAX_WIDTH && s->output <= MAX_OUTPUT)
        return STATUS_OK;
    return error_set(error, STATUS_EXTERNAL,
                     "%s: rnnmap_engine_open says vocabulary %" PRIu32 ", input %" PRIu32
                     ", output %" PRIu32 "; the most are %d, %d, %d",
                     engine_file_name(p->config->library), s->vocabulary, s->input, s->output,
                     INT32_MAX, ENGINE_MAX_WIDTH, MAX_OUTPUT);
}

static enum status set_up(struct plugin_self *p, struct error *error)
{
    const struct engine_config *config = p->config;
    cpu_set_t cpus;
    char words[RNNMAP_ENGINE_ERROR_SIZE] = "";
    enum status status = load(p, error);
    if (!status && config->cpu) {
        status = affinity_parse(config->cpu, &cpus, error);
        if (!status)
            status = affinity_bind(&cpus, error);
        if (status)
            error_prefix(error, "cpu=%s", config->cpu);
    }
    if (status)
        return status;
    const struct rnnmap_engine_config theirs = {config->options ? config->options : "",
                                                config->seed, config->threads};
    status = result(p, "rnnmap_engine_open", p->plugin.open(&theirs, &p->theirs, &p->shape, words),
                    words, error);
    if (status)
        return status;
    p->opened = true;
    status = check_shape(p, error);
    if (status)
        return status;
    p->seeded = (struct seeded){
        .seed = config->seed, .vocabulary = p->shape.vocabulary, .input = p->shape.input};
    p->output = malloc((p->shape.output + 1) * sizeof *p->output);
    return p->output ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory");
}

static enum status plugin_open(const struct engine_config *config, void **self, struct error *error)
{
    if (!config->library)
        return error_set(error, STATUS_INVALID,
                         "library is missing: the shared object that is the engine, such as "
                         "library = ./my_engine.so");
    struct plugin_self *p = calloc(1, sizeof *p);
    if (!p)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a plug-in");
    p->config = config;
    enum status status = set_up(p, error);
    if (status)
        plugin_close(p);
    else
        *self = p;
    return status;
}

static enum status reserve_input(struct plugin_self *p, uint32_t n, struct error *error)
{
    size_t step = seeded_step(&p->seeded);
    if (n <= p->n_input || step == 0)
        return STATUS_OK;
    free(p->input);
    p->n_input = 0;
    p->input = malloc(n * step);
    if (!p->input)
        return error_set(error, STATUS_NO_MEMORY, "out of memory (%zu bytes)", n * step);
    p->n_input = n;
    return STATUS_OK;
}

static enum status plugin_prepare(void *self, uint32_t n, struct error *error)
{
    struct plugin_self *p = self;
    char words[RNNMAP_ENGINE_ERROR_SIZE] = "";
    p->run = (struct rnnmap_engine_run){0};
    enum status status = reserve_input(p, n, error);
    if (!status)
        status = seeded_copy(&p->seeded, n, p->input, error);
    if (!status)
        status = result(p, "rnnmap_engine_prepare", p->plugin.prepare(p->theirs, n, words), words,
                        error);
    if (status)
        return status;
    for (uint32_t i = 0; i < p->shape.output; i++)
        p->output[i] = NAN;
    p->run = (struct rnnmap_engine_run){
        .n = n,
        .tokens = p->shape.vocabulary ? p->input : NULL,
        .features = !p->shape.vocabulary && p->shape.input ? p->input : NULL,
        .output = p->output,
        .device_ns = -1,
    };
    return STATUS_OK;
}

static struct engine_input plugin_input(void *self)
{
    struct plugin_self *p = self;
    struct engine_input input = {0};
    if (p->run.tokens)
        input.tokens = p->input;
    if (p->run.features)
        input.features = p->input;
    return input;
}

static enum status plugin_run(void *self, struct error *error)
{
    struct plugin_self *p = self;
    char words[RNNMAP_ENGINE_ERROR_SIZE];
    words[0] = '\0';
    if (p->run.n == 0)
        return error_set(error, STATUS_INVALID, "no length is prepared");
    struct rnnmap_engine_run run = p->run; /* theirs to write to */
    int returned = p->plugin.run(p->theirs, &run, words);
    p->run.device_ns = run.device_ns;
    return result(p, "rnnmap_engine_run", returned, words, error);
}

static int64_t plugin_device_ns(const void *self)
{
    const struct plugin_self *p = self;
    return p->run.device_ns > 0 ? p->run.device_ns : -1;
}

static const float *plugin_output(const void *self, size_t *n_values)
{
    const struct plugin_self *p = self;
    *n_values = p->shape.output;
    return p->shape.output ? p->output : NULL;
}

static struct engine_shape plugin_shape(const void *self)
{
    const struct plugin_self *p = self;
    return (struct engine_shape){p->shape.vocabulary, p->shape.vocabulary ? 0 : p->shape.input,
                                 p->shape.output};
}

static char *with_options(const struct engine_config *config, char *what)
{
    char *text = what ? text_format("%s%s%s", what, config->options ? ", options " : "",
                                    config->options ? config->options : "")
                      : NULL;
    free(what);
    return text;
}

static char *plugin_subject(const struct engine_config *config)
{
    return with_options(config,
                        text_copy(config->library ? engine_file_name(config->library) : "(none)"));
}

static char *plugin_network(const struct engine_config *config)
{
    char *file = with_options(config, engine_file_identity(config->library ? config->library : ""));
    char *text = file ? text_format("plugin %s, seed %" PRIu64, file, config->seed) : NULL;
    free(file);
    return text;
}

const struct engine_operations engine_plugin = {
    .name = "plugin",
    .keys = "library options threads cpu seed",
    .subject = plugin_subject,
    .network = plugin_network,
    .open = plugin_open,
    .shape = plugin_shape,
    .prepare = plugin_prepare,
    .input = plugin_input,
    .run = plugin_run,
    .device_ns = plugin_device_ns,
    .output = plugin_output,
    .close = plugin_close,
};
