// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/engine_private.h"

#include "base/memory.h"
#include "base/units.h"
#include "engines/affinity_private.h"
#include "engines/isa_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 1024 };

static const char *const cells[] = {[ENGINE_LSTM] = "lstm", [ENGINE_GRU] = "gru"};
enum { N_CELLS = sizeof cells / sizeof cells[0] };

static enum status check_name(const char *text, struct error *error)
{
    if (*text != '\0' && !strpbrk(text, "=:, \t"))
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "'%s' is not an engine's name (such as dnnl)", text);
}

static enum status check_cpus(const char *text, struct error *error)
{
    cpu_set_t cpus;
    return affinity_parse(text, &cpus, error);
}

static enum status check_isa(const char *text, struct error *error)
{
    enum isa isa;
    return isa_parse(text, &isa, error);
}

static enum status parse_cell(const char *text, enum engine_cell *cell, struct error *error)
{
    for (int i = 0; i < N_CELLS; i++) {
        if (strcmp(cells[i], text) == 0) {
            *cell = (enum engine_cell)i;
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_INVALID, "'%s' is not a cell; there are: lstm, gru", text);
}

enum key_kind { KEY_TEXT, KEY_CELL, KEY_FLAG, KEY_U32, KEY_U64 };

static const struct key {
    const char *name;
    enum key_kind kind;
    bool optional; /* a text that may be none */
    size_t offset;
    uint64_t min, max;
    enum status (*check)(const char *text, struct error *error);
} keys[] = {
#define AT(member) .offset = offsetof(struct engine_config, member)
    {"engine", KEY_TEXT, AT(engine), .check = check_name},
    {"cell", KEY_CELL, AT(cell)},
    {"hidden", KEY_U32, AT(hidden), .min = 1, .max = ENGINE_MAX_WIDTH},
    {"input", KEY_U32, AT(input), .min = 1, .max = ENGINE_MAX_WIDTH},
    {"layers", KEY_U32, AT(layers), .min = 1, .max = ENGINE_MAX_LAYERS},
    {"bidirectional", KEY_FLAG, AT(bidirectional)},
    {"vocabulary", KEY_U32, AT(vocabulary), .max = INT32_MAX},
    {"threads", KEY_U32, AT(threads), .max = MAX_THREADS},
    {"cpu", KEY_TEXT, .optional = true, AT(cpu), .check = check_cpus},
    {"isa", KEY_TEXT, .optional = true, AT(isa), .check = check_isa},
    {"seed", KEY_U64, AT(seed), .max = UINT64_MAX},
#undef AT
};
enum { N_KEYS = sizeof keys / sizeof keys[0] };

static enum status set_text(const struct key *key, char **to, const char *value,
                            struct error *error)
{
    if (key->optional && *value == '\0')
        return text_replace(to, NULL, error);
    enum status status = key->check(value, error);
    return status ? status : text_replace(to, value, error);
}

static enum status set_value(const struct key *key, struct engine_config *config, const char *value,
                             struct error *error)
{
    void *to = (char *)config + key->offset;
    uint64_t number;
    int truth;
    enum status status;
    switch (key->kind) {
    case KEY_TEXT:
        return set_text(key, to, value, error);
    case KEY_CELL:
        return parse_cell(value, to, error);
    case KEY_FLAG:
        status = parse_flag(value, &truth, error);
        if (!status)
            *(bool *)to = truth != 0;
        return status;
    case KEY_U32:
        status = parse_u64(value, key->min, key->max, &number, error);
        if (!status)
            *(uint32_t *)to = (uint32_t)number;
        return status;
    case KEY_U64:
        return parse_u64(value, key->min, key->max, to, error);
    }
    return STATUS_FAILED;
}

enum status engine_config_set(struct engine_config *config, const char *key, const char *value,
                              struct error *error)
{
    for (int i = 0; i < N_KEYS; i++) {
        if (strcmp(keys[i].name, key) != 0)
            continue;
        enum status status = set_value(&keys[i], config, value, error);
        if (status)
            error_prefix(error, "%s", key);
        return status;
    }
    return error_set(error, STATUS_NOT_FOUND,
                     "no engine has a key '%s'; there are: engine, cell, hidden, input, layers, "
                     "bidirectional, vocabulary, threads, cpu, isa, seed",
                     key);
}

enum status engine_config_defaults(struct engine_config *config, struct error *error)
{
    *config = (struct engine_config){
        .cell = ENGINE_LSTM, .hidden = 128, .input = 64, .layers = 1, .threads = 1, .seed = 1};
    return text_replace(&config->engine, "dnnl", error);
}

/* Cuts "KEY=VALUE" off the front of `rest`; a value reaches to the comma before the next '='. */
static enum status next_pair(char **rest, char **key, char **value, struct error *error)
{
    char *equals = strchr(*rest, '=');
    if (!equals || equals == *rest || memchr(*rest, ',', (size_t)(equals - *rest)))
        return error_set(error, STATUS_INVALID, "'%s' does not start with KEY=VALUE", *rest);
    *equals = '\0';
    *key = *rest;
    *value = equals + 1;
    char *next = strchr(*value, '=');
    *rest = NULL;
    if (next) {
        *next = '\0';
        char *comma = strrchr(*value, ',');
        *next = '=';
        if (!comma)
            return error_set(error, STATUS_INVALID, "'%s=%s' holds two '='", *key, *value);
        *comma = '\0';
        *rest = comma + 1;
    }
    return STATUS_OK;
}

enum status engine_config_parse(struct engine_config *config, const char *spec, struct error *error)
{
    char *copy = text_copy(spec);
    if (!copy)
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    char *rest = strchr(copy, ':');
    if (rest)
        *rest++ = '\0';
    enum status status = engine_config_set(config, "engine", copy, error);
    while (!status && rest) {
        char *key = NULL, *value = NULL;
        status = next_pair(&rest, &key, &value, error);
        if (!status)
            status = engine_config_set(config, key, value, error);
    }
    if (status)
        error_prefix(error, "'%s'", spec);
    free(copy);
    return status;
}

enum status engine_config_copy(const struct engine_config *from, struct engine_config *to,
                               struct error *error)
{
    struct engine_config copy = *from;
    copy.engine = text_copy(from->engine);
    copy.cpu = text_copy(from->cpu);
    copy.isa = text_copy(from->isa);
    if (!copy.engine || (from->cpu && !copy.cpu) || (from->isa && !copy.isa)) {
        engine_config_free(&copy);
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    *to = copy;
    return STATUS_OK;
}

/* "lstm 64->128 x2 bidirectional, vocabulary 5000"; to be freed. */
static char *describe_shape(const struct engine_config *c)
{
    char *words =
        c->vocabulary ? text_format(", vocabulary %" PRIu32, c->vocabulary) : text_copy("");
    char *text = words ? text_format("%s %" PRIu32 "->%" PRIu32 " x%" PRIu32 "%s%s", cells[c->cell],
                                     c->input, c->hidden, c->layers,
                                     c->bidirectional ? " bidirectional" : "", words)
                       : NULL;
    free(words);
    return text;
}

char *engine_config_network(const struct engine_config *config)
{
    char *shape = describe_shape(config);
    char *text = shape ? text_format("%s, seed %" PRIu64, shape, config->seed) : NULL;
    free(shape);
    return text;
}

char *engine_config_describe(const struct engine_config *c)
{
    char *shape = describe_shape(c);
    char *threads =
        c->threads ? text_format("%" PRIu32 " thread%s", c->threads, c->threads == 1 ? "" : "s")
                   : text_copy("a thread per CPU");
    char *text = NULL;
    if (shape && threads)
        text = text_format("%s %s, %s%s%s%s%s", c->engine, shape, threads, c->cpu ? ", cpu " : "",
                           c->cpu ? c->cpu : "", c->isa ? ", isa " : "", c->isa ? c->isa : "");
    free(shape);
    free(threads);
    return text;
}

void engine_config_free(struct engine_config *config)
{
    free(config->engine);
    free(config->cpu);
    free(config->isa);
    config->engine = config->cpu = config->isa = NULL;
}
