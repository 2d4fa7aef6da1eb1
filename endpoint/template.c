// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/template_private.h"

#include "base/memory.h"
#include "base/random.h"
#include "endpoint/client_private.h"
#include "endpoint/message_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BODY_FILE = 1 << 20 };

static const char in_file[] = "file:";

bool template_wanted(const struct client_config *config)
{
    return config->path != NULL;
}

static enum status read_file(const char *path, char **text, struct error *error)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return error_set_errno(error, STATUS_IO, errno, "body: %s: cannot be opened", path);
    char *bytes = calloc(1, MAX_BODY_FILE + 2);
    size_t n = bytes ? fread(bytes, 1, MAX_BODY_FILE + 1, file) : 0;
    enum status status = STATUS_OK;
    if (!bytes)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for a body");
    else if (ferror(file))
        status = error_set_errno(error, STATUS_IO, errno, "body: %s: cannot be read", path);
    else if (n > MAX_BODY_FILE || strlen(bytes) != n)
        status = error_set(error, STATUS_INVALID, "body: %s: %s", path,
                           n > MAX_BODY_FILE ? "over 1 MiB" : "a NUL byte, so this is no text");
    fclose(file);
    if (status)
        free(bytes);
    else
        *text = bytes;
    return status;
}

enum status template_open(const struct client_config *config, struct template *made,
                          struct error *error)
{
    int n;
    const char *method = config->method ? config->method : config->body ? "POST" : "GET";
    enum status status = http_check_url(config->url, &n, error);
    if (!status && strcmp(method, "GET") == 0 && config->body)
        status =
            error_set(error, STATUS_INVALID, "method = GET has no body: leave one of them out");
    if (!status && config->body && strncmp(config->body, in_file, strlen(in_file)) == 0)
        status = read_file(config->body + strlen(in_file), &made->body, error);
    else if (!status)
        status = text_replace(&made->body, config->body, error);
    if (!status) {
        made->url = text_format("%.*s%s", n, config->url, config->path);
        made->method = text_copy(method);
        if (!made->url || !made->method)
            status = error_set(error, STATUS_NO_MEMORY, "out of memory for a request");
    }
    if (status)
        template_close(made);
    return status;
}

/* ---- what stands for what */

struct filling {
    uint32_t n, vocabulary;
    struct random random;
};

static enum status put_n(struct filling *filling, struct message_text *text, struct error *error)
{
    char digits[16];
    int n = snprintf(digits, sizeof digits, "%" PRIu32, filling->n);
    return message_put(text, digits, (size_t)n, error);
}

static enum status put_series(struct filling *filling, const char *between, const char *before,
                              struct message_text *text, struct error *error)
{
    char word[16];
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < filling->n && !status; i++) {
        int n = snprintf(word, sizeof word, "%s%s%u", i ? between : "", before,
                         (unsigned)random_below(&filling->random, filling->vocabulary));
        status = message_put(text, word, (size_t)n, error);
    }
    return status;
}

static enum status put_tokens(struct filling *filling, struct message_text *text,
                              struct error *error)
{
    return put_series(filling, ",", "", text, error);
}

static enum status put_words(struct filling *filling, struct message_text *text,
                             struct error *error)
{
    return put_series(filling, " ", "w", text, error);
}

static const struct {
    const char *name;
    enum status (*put)(struct filling *filling, struct message_text *text, struct error *error);
} marks[] = {{"{n}", put_n}, {"{tokens}", put_tokens}, {"{words}", put_words}};
enum { N_MARKS = sizeof marks / sizeof *marks };

static enum status expand(const char *raw, struct filling *filling, size_t max_bytes,
                          struct message_text *text, struct error *error)
{
    enum status status = STATUS_OK;
    text->n = text->n_binary = 0;
    while (*raw && !status) {
        size_t plain = strcspn(raw, "{"), m = 0;
        status = message_put(text, raw, plain, error);
        raw += plain;
        while (m < N_MARKS && strncmp(raw, marks[m].name, strlen(marks[m].name)) != 0)
            m++;
        if (!status && m < N_MARKS) {
            status = marks[m].put(filling, text, error);
            raw += strlen(marks[m].name);
        } else if (!status && *raw) {
            status = message_put(text, raw++, 1, error);
        }
        if (!status && text->n > max_bytes)
            status =
                error_set(error, STATUS_INVALID, "a request of length %" PRIu32 " has over %zu MiB",
                          filling->n, max_bytes >> 20);
    }
    return status;
}

enum status template_make(struct template *made, uint32_t n, uint64_t seed, uint32_t vocabulary,
                          size_t max_bytes, struct error *error)
{
    struct filling filling = {.n = n, .vocabulary = vocabulary, .random = {.state = seed}};
    if (n > max_bytes / 2) /* "0," */
        return error_set(error, STATUS_INVALID, "%" PRIu32 " steps are too many for a request", n);
    enum status status = expand(made->url, &filling, max_bytes, &made->sent_url, error);
    if (!status)
        status = message_put(&made->sent_url, "", 1, error);
    filling.random.state = seed;
    return status
               ? status
               : expand(made->body ? made->body : "", &filling, max_bytes, &made->sent_body, error);
}

void template_close(struct template *made)
{
    free(made->url);
    free(made->method);
    free(made->body);
    message_text_free(&made->sent_url);
    message_text_free(&made->sent_body);
    *made = (struct template){0};
}
