// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/engine_private.h"

#include "base/memory.h"
#include "base/units.h"
#include "base/words.h"
#include "engines/affinity_private.h"
#include "engines/isa_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 1024, MAX_RESTARTS = 1000000, MAX_AXIS = 7 };

static const char *const cells[] = {[ENGINE_LSTM] = "lstm", [ENGINE_GRU] = "gru"};
enum { N_CELLS = sizeof cells / sizeof cells[0] };

const char *engine_cell_name(enum engine_cell cell)
{
    return cells[cell];
}

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

static enum status check_words(const char *text, struct error *error)
{
    char **words;
    size_t n;
    enum status status = words_split(text, &words, &n, error);
    if (!status)
        words_free(words);
    return status;
}

static enum status parse_timeout(const char *text, double *timeout_s, struct error *error)
{
    double value;
    enum status status = parse_quantity(text, DIMENSION_TIME, &value, error);
    if (!status && !(value > 0 && value < 1e6))
        status = error_set(error, STATUS_INVALID, "'%s' is no time to wait", text);
    if (!status)
        *timeout_s = value;
    return status;
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

enum key_kind { KEY_TEXT, KEY_CELL, KEY_FLAG, KEY_U32, KEY_U64, KEY_TIME };

static const struct key {
    const char *name;
    enum key_kind kind;
    bool optional; /* a text that may be none */
    bool rest;     /* in a spec its value is all that follows */
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
    {"model", KEY_TEXT, .optional = true, AT(model)},
    {"library", KEY_TEXT, .optional = true, AT(library)},
    {"provider", KEY_TEXT, .optional = true, AT(provider)},
    {"feed", KEY_TEXT, .optional = true, AT(feed)},
    {"axis", KEY_U32, .max = MAX_AXIS, AT(axis)},
    {"dims", KEY_TEXT, .optional = true, AT(dims)},
    {"fill", KEY_TEXT, .optional = true, AT(fill)},
    {"fetch", KEY_TEXT, .optional = true, AT(fetch)},
    {"argv", KEY_TEXT, .optional = true, .rest = true, AT(argv), .check = check_words},
    {"options", KEY_TEXT, .optional = true, .rest = true, AT(options)},
    {"timeout", KEY_TIME, AT(timeout_s)},
    {"restarts", KEY_U32, AT(restarts), .max = MAX_RESTARTS},
#undef AT
};
enum { N_KEYS = sizeof keys / sizeof keys[0] };
_Static_assert(N_KEYS <= 64, "a bit each in `given`");

/* NULL: no such key. */
static const struct key *find_key(const char *name)
{
    for (int i = 0; i < N_KEYS; i++) {
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

static bool is_given(const struct engine_config *config, const struct key *key)
{
    return (config->given >> (key - keys) & 1) != 0;
}

bool engine_config_given(const struct engine_config *config, const char *key)
{
    return is_given(config, find_key(key));
}

static enum status set_text(const struct key *key, char **to, const char *value,
                            struct error *error)
{
    if (key->optional && *value == '\0')
        return text_replace(to, NULL, error);
    enum status status = key->check ? key->check(value, error) : STATUS_OK;
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
    case KEY_TIME:
        return parse_timeout(value, to, error);
    }
    return STATUS_FAILED;
}

enum status engine_config_set(struct engine_config *config, const char *key, const char *value,
                              struct error *error)
{
    const struct key *found = find_key(key);
    char names[256] = "";
    if (found) {
        enum status status = set_value(found, config, value, error);
        if (status)
            error_prefix(error, "%s", key);
        else
            config->given |= (uint64_t)1 << (found - keys);
        return status;
    }
    for (size_t i = 0, used = 0; i < N_KEYS && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                                 keys[i].name);
    return error_set(error, STATUS_NOT_FOUND, "no engine has a key '%s'; there are: %s", key,
                     names);
}

enum status engine_config_defaults(struct engine_config *config, struct error *error)
{
    *config = (struct engine_config){.cell = ENGINE_LSTM,
                                     .hidden = 128,
                                     .input = 64,
                                     .layers = 1,
                                     .threads = 1,
                                     .seed = 1,
                                     .timeout_s = 60,
                                     .restarts = 10};
    return text_replace(&config->engine, "dnnl", error);
}

bool engine_takes(const struct engine_operations *operations, const char *key, bool *own_default)
{
    size_t n = strlen(key);
    for (const char *at = operations->keys; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        bool own = at[length - 1] == '?';
        if (length - own == n && memcmp(at, key, n) == 0) {
            if (own_default)
                *own_default = own;
            return true;
        }
        at += length;
    }
    return false;
}

enum status engine_config_check(const struct engine_config *config, struct error *error)
{
    const struct engine_operations *operations;
    enum status status = engine_find(config->engine, &operations, error);
    for (int i = 1; i < N_KEYS && !status; i++) { /* 0 is the engine itself */
        char names[256] = "";
        if (!is_given(config, &keys[i]) || engine_takes(operations, keys[i].name, NULL))
            continue;
        for (int k = 1; k < N_KEYS; k++) {
            if (engine_takes(operations, keys[k].name, NULL)) {
                strncat(names, *names ? ", " : "", sizeof names - strlen(names) - 1);
                strncat(names, keys[k].name, sizeof names - strlen(names) - 1);
            }
        }
        status = error_set(error, STATUS_INVALID, "engine %s takes no key '%s', only: %s",
                           operations->name, keys[i].name, names);
    }
    return status;
}

/* Cuts "KEY=VALUE" off the front of `rest`; a value reaches to the comma before the next '=', or to
 * the end. */
static enum status next_pair(char **rest, char **key, char **value, struct error *error)
{
    char *equals = strchr(*rest, '=');
    if (!equals || equals == *rest || memchr(*rest, ',', (size_t)(equals - *rest)))
        return error_set(error, STATUS_INVALID, "'%s' does not start with KEY=VALUE", *rest);
    *equals = '\0';
    *key = *rest;
    *value = equals + 1;
    char *next = strchr(*value, '=');
    const struct key *known = find_key(*key);
    *rest = NULL;
    if (next && !(known && known->rest)) {
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
    bool whole = true;
    for (int i = 0; i < N_KEYS; i++) {
        if (keys[i].kind != KEY_TEXT)
            continue;
        char *text = *(char *const *)((const char *)from + keys[i].offset);
        char **to_text = (char **)((char *)&copy + keys[i].offset);
        *to_text = text_copy(text);
        whole = whole && (!text || *to_text);
    }
    if (!whole) {
        engine_config_free(&copy);
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    *to = copy;
    return STATUS_OK;
}

static void write_value(const struct key *key, const struct engine_config *config, FILE *out)
{
    const void *from = (const char *)config + key->offset;
    switch (key->kind) {
    case KEY_TEXT:
        fputs(*(char *const *)from, out);
        break;
    case KEY_CELL:
        fputs(engine_cell_name(*(const enum engine_cell *)from), out);
        break;
    case KEY_FLAG:
        fputs(*(const bool *)from ? "true" : "false", out);
        break;
    case KEY_U32:
        fprintf(out, "%" PRIu32, *(const uint32_t *)from);
        break;
    case KEY_U64:
        fprintf(out, "%" PRIu64, *(const uint64_t *)from);
        break;
    case KEY_TIME:
        fprintf(out, "%.9gs", *(const double *)from);
        break;
    }
}

char *engine_config_write(const struct engine_config *config)
{
    const struct engine_operations *operations = NULL;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    engine_find(config->engine, &operations, NULL); /* of an unknown one: what was set */
    for (int i = 0; i < N_KEYS; i++) {
        const struct key *key = &keys[i];
        bool own_default = false;
        bool taken = i == 0 || (operations && engine_takes(operations, key->name, &own_default));
        bool absent =
            key->kind == KEY_TEXT && !*(char *const *)((const char *)config + key->offset);
        if (absent || !(is_given(config, key) || (taken && !own_default)))
            continue;
        fprintf(out, "%s = ", key->name);
        write_value(key, config, out);
        fputc('\n', out);
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

void engine_config_free(struct engine_config *config)
{
    for (int i = 0; i < N_KEYS; i++) {
        if (keys[i].kind == KEY_TEXT)
            text_replace((char **)((char *)config + keys[i].offset), NULL, NULL);
    }
}
