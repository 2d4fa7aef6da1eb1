// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/client_config.h"

#include "base/memory.h"
#include "base/units.h"
#include "endpoint/inputs_private.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum key_kind {
    KEY_TEXT,
    KEY_PATH,
    KEY_METHOD,
    KEY_SOURCE,
    KEY_HEADERS,
    KEY_INPUTS,
    KEY_TIME,
    KEY_WORD,
    KEY_U32
};

static const struct key {
    const char *name;
    enum key_kind kind;
    size_t offset;
    bool may_change;      /* from run to run of one campaign */
    const char *words[2]; /* of KEY_WORD: for false and for true */
} keys[] = {
#define AT(member) .offset = offsetof(struct client_config, member)
    {"url", KEY_TEXT, AT(url)},
    {"model", KEY_TEXT, AT(model)},
    {"version", KEY_TEXT, AT(version)},
    {"tensors", KEY_WORD, AT(binary), .words = {"json", "binary"}},
    {"connection", KEY_WORD, AT(new_connections), .words = {"keep", "new"}},
    {"http", KEY_WORD, AT(http2), .words = {"1.1", "2"}},
    {"vocabulary", KEY_U32, AT(vocabulary)},
    {"input", KEY_INPUTS, AT(inputs)},
    {"path", KEY_PATH, AT(path)},
    {"method", KEY_METHOD, AT(method)},
    {"body", KEY_TEXT, AT(body)},
    {"content_type", KEY_TEXT, AT(content_type)},
    {"probe", KEY_PATH, AT(probe)},
    {"timeout", KEY_TIME, AT(timeout_s), .may_change = true},
    {"token", KEY_SOURCE, AT(token), .may_change = true},
    {"header", KEY_HEADERS, AT(headers), .may_change = true},
    {"ca", KEY_TEXT, AT(ca), .may_change = true},
    {"certificate", KEY_TEXT, AT(certificate), .may_change = true},
    {"key", KEY_TEXT, AT(key), .may_change = true},
    {"key_password", KEY_SOURCE, AT(key_password), .may_change = true},
#undef AT
};
enum { N_KEYS = sizeof keys / sizeof keys[0] };

/* Whether it is the second of the two words. */
static enum status set_word(bool *second, const char *const words[2], const char *value,
                            struct error *error)
{
    for (int i = 0; i < 2; i++) {
        if (strcmp(value, words[i]) == 0) {
            *second = i == 1;
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_INVALID, "'%s' is neither %s nor %s", value, words[0], words[1]);
}

static enum status set_u32(uint32_t *to, const char *value, struct error *error)
{
    uint64_t number;
    enum status status = parse_u64(value, 0, INT32_MAX, &number, error);
    if (!status)
        *to = (uint32_t)number;
    return status;
}

static enum status set_path(char **to, const char *value, struct error *error)
{
    bool plain = *value == '/';
    for (const char *at = value; *at; at++)
        plain = plain && *at > ' ' && *at < 127 && *at != '#';
    if (*value && !plain)
        return error_set(error, STATUS_INVALID,
                         "'%s' is not a path: it starts with '/' and has no blanks, no '#' and "
                         "nothing beyond ASCII (write %%20)",
                         value);
    return text_replace(to, *value ? value : NULL, error);
}

static enum status set_method(char **to, const char *value, struct error *error)
{
    size_t n = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (value[n] || n > 16)
        return error_set(error, STATUS_INVALID, "'%s' is not a method such as POST, PUT or GET",
                         value);
    return text_replace(to, *value ? value : NULL, error);
}

/* What is no source may be the secret itself: no message repeats it. */
static enum status set_source(char **to, const char *value, struct error *error)
{
    bool in_variable = strncmp(value, "env:", 4) == 0 && value[4];
    bool in_file = strncmp(value, "file:", 5) == 0 && value[5];
    if (!in_variable && !in_file && *value)
        return error_set(error, STATUS_INVALID,
                         "say where it is, for this file is stored with the samples: env:VARIABLE "
                         "or file:PATH");
    return text_replace(to, *value ? value : NULL, error);
}

/* The characters of a header's name (RFC 9110, section 5.6.2). */
static const char token_characters[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* Those that the client writes itself. */
static const char *const own_headers[] = {
    "Content-Type", "Content-Length", "Transfer-Encoding", "Inference-Header-Content-Length",
    "Expect",       "Connection",
};

/* Adds a line to those that are there. */
static enum status add_line(char **to, const char *line, struct error *error)
{
    char *longer = text_format("%s%s%s", *to ? *to : "", *to ? "\n" : "", line);
    if (!longer)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a line");
    free(*to);
    *to = longer;
    return STATUS_OK;
}

/* Nothing takes all away. */
static enum status set_input(char **to, const char *value, struct error *error)
{
    if (!*value)
        return text_replace(to, NULL, error);
    enum status status = inputs_check_line(value, error);
    return status ? status : add_line(to, value, error);
}

/* Likewise. */
static enum status set_header(char **to, const char *value, struct error *error)
{
    size_t n_name = strspn(value, token_characters);
    if (!*value)
        return text_replace(to, NULL, error);
    if (n_name == 0 || value[n_name] != ':' || !value[n_name + 1 + strspn(value + n_name + 1, " ")])
        return error_set(error, STATUS_INVALID,
                         "wanted is NAME: VALUE, VALUE the header's or "
                         "where it is (env:VARIABLE, file:PATH)");
    for (size_t i = 0; i < sizeof own_headers / sizeof *own_headers; i++) {
        if (strlen(own_headers[i]) == n_name && strncasecmp(own_headers[i], value, n_name) == 0)
            return error_set(error, STATUS_INVALID, "%s is the client's own to write",
                             own_headers[i]);
    }
    return add_line(to, value, error);
}

static enum status set_value(const struct key *key, struct client_config *config, const char *value,
                             struct error *error)
{
    void *to = (char *)config + key->offset;
    switch (key->kind) {
    case KEY_TEXT:
        return text_replace(to, *value ? value : NULL, error);
    case KEY_PATH:
        return set_path(to, value, error);
    case KEY_METHOD:
        return set_method(to, value, error);
    case KEY_SOURCE:
        return set_source(to, value, error);
    case KEY_HEADERS:
        return set_header(to, value, error);
    case KEY_INPUTS:
        return set_input(to, value, error);
    case KEY_TIME:
        return parse_quantity(value, DIMENSION_TIME, to, error);
    case KEY_WORD:
        return set_word(to, key->words, value, error);
    case KEY_U32:
        return set_u32(to, value, error);
    }
    return STATUS_FAILED;
}

/* "url, model and timeout". */
static void list_keys(char *text, size_t size)
{
    for (size_t i = 0, used = 0; i < N_KEYS && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i == 0            ? ""
                                 : i + 1 == N_KEYS ? " and "
                                                   : ", ",
                                 keys[i].name);
}

enum status client_config_set(struct client_config *config, const char *key, const char *value,
                              struct error *error)
{
    char known[512] = "";
    for (int i = 0; i < N_KEYS; i++) {
        if (strcmp(keys[i].name, key) == 0)
            return set_value(&keys[i], config, value, error);
    }
    list_keys(known, sizeof known);
    return error_set(error, STATUS_NOT_FOUND, "an endpoint has the keys %s", known);
}

static void write_lines(const char *name, const char *lines, FILE *out)
{
    while (lines && *lines) {
        int n = (int)strcspn(lines, "\n");
        fprintf(out, "%s = %.*s\n", name, n, lines);
        lines += n + (lines[n] == '\n');
    }
}

static void write_value(const struct key *key, const void *value, FILE *out)
{
    switch (key->kind) {
    case KEY_TEXT:
    case KEY_PATH:
    case KEY_METHOD:
    case KEY_SOURCE:
    case KEY_HEADERS:
    case KEY_INPUTS:
        write_lines(key->name, *(char *const *)value, out);
        break;
    case KEY_TIME:
        if (*(const double *)value > 0)
            fprintf(out, "%s = %.9gs\n", key->name, *(const double *)value);
        break;
    case KEY_WORD:
        fprintf(out, "%s = %s\n", key->name, key->words[*(const bool *)value]);
        break;
    case KEY_U32:
        if (*(const uint32_t *)value > 0)
            fprintf(out, "%s = %" PRIu32 "\n", key->name, *(const uint32_t *)value);
        break;
    }
}

void client_config_write(const struct client_config *config, enum client_config_part part,
                         FILE *out)
{
    for (int i = 0; i < N_KEYS; i++) {
        if (part == CLIENT_CONFIG_WHOLE || !keys[i].may_change)
            write_value(&keys[i], (const char *)config + keys[i].offset, out);
    }
}

void client_config_free(struct client_config *config)
{
    for (int i = 0; i < N_KEYS; i++) {
        if (keys[i].kind < KEY_TIME) /* the kinds before are texts */
            free(*(char **)((char *)config + keys[i].offset));
    }
    *config = (struct client_config){0};
}
