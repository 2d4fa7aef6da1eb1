// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/access_private.h"

#include "base/memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SECRET = 16384 };

static const char in_variable[] = "env:", in_file[] = "file:";

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

static enum status read_variable(const char *name, char **secret, struct error *error)
{
    const char *value = getenv(name);
    if (!value)
        return error_set(error, STATUS_NOT_FOUND, "the environment has no variable %s: set it",
                         name);
    *secret = text_copy(value);
    return *secret ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for a secret");
}

static enum status read_file(const char *path, char **secret, struct error *error)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return error_set_errno(error, STATUS_IO, errno, "%s: cannot be opened", path);
    char *bytes = calloc(1, MAX_SECRET + 2);
    enum status status = STATUS_OK;
    if (bytes)
        setvbuf(file, NULL, _IONBF, 0); /* no copy of it is left in a buffer */
    size_t n = bytes ? fread(bytes, 1, MAX_SECRET + 1, file) : 0;
    if (!bytes)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for a secret");
    else if (ferror(file))
        status = error_set_errno(error, STATUS_IO, errno, "%s: cannot be read", path);
    else if (n > MAX_SECRET || strlen(bytes) != n)
        status = error_set(error, STATUS_INVALID, "%s: holds no token or password but %s", path,
                           n > MAX_SECRET ? "too much for one" : "bytes of another kind");
    fclose(file);
    if (status)
        free(bytes);
    else
        *secret = bytes;
    return status;
}

static void trim(char *text)
{
    size_t from = strspn(text, " \t\r\n"), n = strlen(text);
    while (n > from && strchr(" \t\r\n", text[n - 1]))
        n--;
    memmove(text, text + from, n - from);
    text[n - from] = '\0';
}

/* Whether it can stand in a header's line: no control characters. */
static bool is_one_line(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 127)
            return false;
    }
    return true;
}

/* Reads what `source` names, and notes that it is secret. */
static enum status read_secret(struct access *access, const char *source, const char **secret,
                               struct error *error)
{
    char *text = NULL;
    enum status status = starts_with(source, in_variable)
                             ? read_variable(source + strlen(in_variable), &text, error)
                             : read_file(source + strlen(in_file), &text, error);
    if (status)
        return status;
    trim(text);
    if (!*text || !is_one_line(text)) {
        status = error_set(error, STATUS_INVALID, "%s %s", source,
                           *text ? "is more than one line" : "is empty");
        wipe(text);
        return status;
    }
    access->secrets[access->n_secrets++] = text;
    *secret = text;
    return STATUS_OK;
}

static enum status add_line(struct access *access, int n_name, const char *name, const char *before,
                            const char *value, struct error *error)
{
    char *line = text_format("%.*s: %s%s", n_name, name, before, value);
    if (!line)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a header");
    access->lines[access->n_lines++] = line;
    return STATUS_OK;
}

/* One line "NAME: VALUE" of the configuration, VALUE a secret's source or itself. */
static enum status add_header(struct access *access, const char *header, size_t n,
                              struct error *error)
{
    char *line = text_format("%.*s", (int)n, header);
    if (!line)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a header");
    int n_name = (int)strcspn(line, ":");
    const char *value = line + n_name + 1;
    value += strspn(value, " \t");
    enum status status = STATUS_OK;
    if (starts_with(value, in_variable) || starts_with(value, in_file))
        status = read_secret(access, value, &value, error);
    if (!status)
        status = add_line(access, n_name, line, "", value, error);
    else
        error_prefix(error, "header %.*s", n_name, line);
    free(line);
    return status;
}

static enum status add_headers(struct access *access, const char *headers, struct error *error)
{
    enum status status = STATUS_OK;
    while (!status && headers && *headers) {
        size_t n = strcspn(headers, "\n");
        if (access->n_lines == ACCESS_MAX_HEADERS)
            return error_set(error, STATUS_INVALID, "more than %d headers", ACCESS_MAX_HEADERS);
        status = add_header(access, headers, n, error);
        headers += n + (headers[n] == '\n');
    }
    return status;
}

static enum status add_token(struct access *access, const char *source, struct error *error)
{
    static const char name[] = "Authorization";
    const char *token;
    enum status status = read_secret(access, source, &token, error);
    if (status)
        error_prefix(error, "token");
    return status ? status : add_line(access, (int)strlen(name), name, "Bearer ", token, error);
}

enum status access_open(const struct client_config *config, struct access *access,
                        struct error *error)
{
    enum status status = add_headers(access, config->headers, error);
    if (!status && config->token)
        status = add_token(access, config->token, error);
    if (!status && config->key_password) {
        const char *password = NULL;
        status = read_secret(access, config->key_password, &password, error);
        if (status)
            error_prefix(error, "key_password");
        access->key_password = text_copy(password);
        if (!status && !access->key_password)
            status = error_set(error, STATUS_NO_MEMORY, "out of memory for a secret");
    }
    if (status)
        access_close(access);
    return status;
}

void access_mask(const struct access *access, char *text)
{
    for (size_t i = 0; text && i < access->n_secrets; i++) {
        size_t n = strlen(access->secrets[i]);
        for (char *at = text; (at = strstr(at, access->secrets[i])); at += n)
            memset(at, '*', n);
    }
}

void access_close(struct access *access)
{
    for (size_t i = 0; i < access->n_lines; i++)
        wipe(access->lines[i]);
    for (size_t i = 0; i < access->n_secrets; i++)
        wipe(access->secrets[i]);
    wipe(access->key_password);
    *access = (struct access){0};
}
