// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status array_reserve(void *array, size_t n, size_t *capacity, size_t size, struct error *error)
{
    if (n < *capacity)
        return STATUS_OK;
    size_t wanted = *capacity + *capacity / 2 + 16;
    void *old, *grown = NULL;
    memcpy(&old, array, sizeof old);
    if (wanted <= SIZE_MAX / size)
        grown = realloc(old, wanted * size);
    if (!grown)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu elements", wanted);
    memcpy(array, &grown, sizeof grown);
    *capacity = wanted;
    return STATUS_OK;
}

char *text_copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

enum status text_replace(char **to, const char *text, struct error *error)
{
    char *copy = text_copy(text);
    if (text && !copy)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a string");
    free(*to);
    *to = copy;
    return STATUS_OK;
}

char *text_format(const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return text;
}
