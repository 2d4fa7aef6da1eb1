// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One HTML page that needs nothing else: no script, style, font or picture from elsewhere; and it
 * reads on a phone. Tables and commands that are wider than it scroll in a box of their own.
 *
 * Life cycle: webpage_begin, what is put (or written between: whole elements), webpage_end. Errors
 * of writing stay with the stream. Thread rule: no state.
 */
#ifndef BASE_WEBPAGE_H
#define BASE_WEBPAGE_H

#include "base/texttable.h"

#include <stddef.h>
#include <stdio.h>

/* `title` for the browser, `heading` for people. */
void webpage_begin(FILE *out, const char *title, const char *heading);
void webpage_end(FILE *out);

/* A heading below the page's. */
void webpage_section(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Lines of text as paragraphs. webpage_lines_begin returns where to write them (NULL: no memory),
 * webpage_lines_end puts each that is not empty as a paragraph of the class "found" (larger),
 * "note" (smaller) or "warn" (marked); a line that begins with WARNING is always marked.
 */
struct webpage_lines {
    char *text;
    size_t size;
    FILE *memory;
};
FILE *webpage_lines_begin(struct webpage_lines *lines);
void webpage_lines_end(struct webpage_lines *lines, const char *class, FILE *out);

/* One paragraph. */
void webpage_paragraph(FILE *out, const char *class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A table, which is freed. */
void webpage_table(struct text_table *table, FILE *out);

/* A command to type. */
void webpage_command(FILE *out, const char *command);

/* Names with what they stand for, between webpage_facts_begin and webpage_facts_end. */
void webpage_facts_begin(FILE *out);
void webpage_fact(FILE *out, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void webpage_facts_end(FILE *out);

#endif
