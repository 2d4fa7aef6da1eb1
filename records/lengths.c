// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/lengths.h"

#include "base/memory.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_length(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        text[--length] = '\0';
    return text;
}

/* "FROM[:TO[:STEP]]" cut at its colons. */
static enum status parse_range(char *part, uint64_t range[3], struct error *error)
{
    int n = 0;
    for (char *next = part; next; n++) {
        char *number = next;
        next = strchr(number, ':');
        if (next)
            *next++ = '\0';
        if (n == 3)
            return error_set(error, STATUS_INVALID, "more than FROM:TO:STEP");
        enum status status = parse_u64(trim(number), 1, LENGTH_MAX, &range[n], error);
        if (status)
            return status;
    }
    range[1] = n > 1 ? range[1] : range[0];
    range[2] = n > 2 ? range[2] : 1;
    if (range[1] < range[0])
        return error_set(error, STATUS_INVALID, "the range ends before it starts");
    return STATUS_OK;
}

static enum status add_range(uint32_t **lengths, size_t *n, size_t *capacity,
                             const uint64_t range[3], struct error *error)
{
    if ((range[1] - range[0]) / range[2] >= LENGTHS_MAX - *n)
        return error_set(error, STATUS_INVALID, "more than %d lengths", LENGTHS_MAX);
    for (uint64_t length = range[0]; length <= range[1]; length += range[2]) {
        enum status status = array_reserve(lengths, *n, capacity, sizeof **lengths, error);
        if (status)
            return status;
        (*lengths)[(*n)++] = (uint32_t)length;
    }
    return STATUS_OK;
}

enum status lengths_parse(const char *text, uint32_t **lengths, size_t *n, struct error *error)
{
    char *copy = text_copy(text);
    uint32_t *list = NULL;
    size_t count = 0, capacity = 0;
    enum status status = STATUS_OK;
    if (!copy)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for lengths");
    for (char *next = copy; !status && next;) {
        char *part = next, shown[64];
        next = strchr(part, ',');
        if (next)
            *next++ = '\0';
        snprintf(shown, sizeof shown, "%s", part);
        uint64_t range[3] = {0};
        struct error why = {0};
        status = parse_range(part, range, &why);
        if (!status)
            status = add_range(&list, &count, &capacity, range, &why);
        if (status)
            error_set(error, status,
                      "lengths '%s': %s (wanted: N or FROM:TO[:STEP], separated "
                      "by commas)",
                      shown, why.text);
    }
    free(copy);
    if (status) {
        free(list);
        return status;
    }
    qsort(list, count, sizeof *list, by_length);
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        if (distinct == 0 || list[distinct - 1] != list[i])
            list[distinct++] = list[i];
    }
    *lengths = list;
    *n = distinct;
    return STATUS_OK;
}
