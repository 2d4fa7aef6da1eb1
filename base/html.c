// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/html.h"

#include <stdarg.h>
#include <stdlib.h>

void html_put_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
        }
    }
}

void html_put(FILE *out, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) >= 0) {
        html_put_text(out, text);
        free(text);
    }
    va_end(args);
}
