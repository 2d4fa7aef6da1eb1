// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Tables of text for people: columns as wide as they need to be, figures to the right.
 *
 * Life cycle: text_table_new with the column heads, text_table_cell for each cell in reading
 * order, text_table_print, text_table_free. A cell that does not fit into memory prints as "".
 */
#ifndef BASE_TEXTTABLE_H
#define BASE_TEXTTABLE_H

#include <stdio.h>

struct text_table;

/* `heads` are separated by '|'; one that starts with '<' is aligned left. NULL: no memory. */
struct text_table *text_table_new(const char *heads);

/* Adds the next cell. A NULL table is allowed and does nothing. */
void text_table_cell(struct text_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints the heads, a rule and the rows, each line after `indent` spaces. On a terminal that is too
 * narrow the last columns are left out, and a line says how many. */
void text_table_print(const struct text_table *table, FILE *out, int indent);

/* The same as an HTML <table>: heads in <thead>, figures to the right by the class "r". */
void text_table_print_html(const struct text_table *table, FILE *out);

void text_table_free(struct text_table *table);

#endif
