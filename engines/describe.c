// SPDX-License-Identifier: GPL-3.0-or-later
/* Configurations in words. */
#include "engines/engine_private.h"

#include "base/digest.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDENTITY_DIGITS = 16 };

char *engine_config_network(const struct engine_config *config)
{
    const struct engine_operations *operations;
    if (engine_find(config->engine, &operations, NULL))
        return text_copy(config->engine);
    return operations->network(config);
}

static char *describe_threads(uint32_t threads)
{
    if (threads == 0)
        return text_copy(", a thread per CPU");
    return text_format(", %" PRIu32 " thread%s", threads, threads == 1 ? "" : "s");
}

char *engine_config_describe(const struct engine_config *c)
{
    const struct engine_operations *operations;
    if (engine_find(c->engine, &operations, NULL))
        return text_copy(c->engine);
    char *subject = operations->subject(c), *text = NULL;
    char *threads =
        engine_takes(operations, "threads", NULL) ? describe_threads(c->threads) : text_copy("");
    if (subject && threads)
        text = text_format("%s %s%s%s%s%s%s", c->engine, subject, threads, c->cpu ? ", cpu " : "",
                           c->cpu ? c->cpu : "", c->isa ? ", isa " : "", c->isa ? c->isa : "");
    free(subject);
    free(threads);
    return text;
}

const char *engine_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *engine_file_identity(const char *path)
{
    struct digest digest;
    char text[DIGEST_TEXT_SIZE], *bytes = malloc(1 << 16);
    FILE *file = bytes ? fopen(path, "rb") : NULL;
    size_t n;
    digest_start(&digest);
    while (file && (n = fread(bytes, 1, 1 << 16, file)) > 0)
        digest_bytes(&digest, bytes, n);
    bool read = file && !ferror(file);
    digest_finish(&digest, text);
    if (file)
        fclose(file);
    free(bytes);
    return read ? text_format("%s sha256:%.*s", engine_file_name(path), IDENTITY_DIGITS, text)
                : text_format("%s unreadable", engine_file_name(path));
}
