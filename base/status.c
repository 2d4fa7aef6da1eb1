// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A message is one line for a terminal: what hostile input put into it must not move the cursor. */
static void make_printable(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
}

enum status error_set(struct error *error, enum status code, const char *format, ...)
{
    if (error && error->code == STATUS_OK) {
        va_list args;
        error->code = code;
        va_start(args, format);
        vsnprintf(error->text, sizeof error->text, format, args);
        va_end(args);
        make_printable(error->text);
    }
    return code;
}

enum status error_set_errno(struct error *error, enum status code, int errnum, const char *format,
                            ...)
{
    if (error && error->code == STATUS_OK) {
        char what[ERROR_TEXT_SIZE / 2];
        va_list args;
        va_start(args, format);
        vsnprintf(what, sizeof what, format, args);
        va_end(args);
        error_set(error, code, "%s: %s", what, strerror(errnum));
    }
    return code;
}

void error_prefix(struct error *error, const char *format, ...)
{
    if (!error || error->code == STATUS_OK)
        return;
    char prefix[ERROR_TEXT_SIZE / 2];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    size_t used = strlen(prefix), kept = strlen(error->text), room = sizeof error->text - used - 3;
    kept = kept < room ? kept : room;
    memmove(error->text + used + 2, error->text, kept);
    memcpy(error->text, prefix, used);
    memcpy(error->text + used, ": ", 2);
    error->text[used + 2 + kept] = '\0';
    make_printable(error->text);
}

void error_clear(struct error *error)
{
    if (error) {
        error->code = STATUS_OK;
        error->text[0] = '\0';
    }
}

enum tool_exit status_exit(enum status code)
{
    switch (code) {
    case STATUS_OK:
        return TOOL_DONE;
    case STATUS_MISUSE:
        return TOOL_MISUSE;
    case STATUS_NOT_REACHED:
        return TOOL_NOT_REACHED;
    default:
        return TOOL_FAILED;
    }
}
