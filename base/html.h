// SPDX-License-Identifier: GPL-3.0-or-later
/* Text in HTML and SVG. */
#ifndef BASE_HTML_H
#define BASE_HTML_H

#include <stdio.h>

/* Writes `text` (UTF-8) so that it reads as it is, in content and in quoted attributes; control
 * characters become blanks. */
void html_put_text(FILE *out, const char *text);

/* The same of a formatted text. */
void html_put(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
