// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/texttable.h"

#include "base/html.h"
#include "base/memory.h"
#include "base/terminal.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 24 };

struct text_table {
    size_t n_columns, n_cells, capacity;
    bool left[MAX_COLUMNS];
    size_t width[MAX_COLUMNS];
    char **cells; /* the heads first, row-major */
};

/* Columns on the screen: bytes that start a UTF-8 character. */
static size_t display_width(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void append(struct text_table *table, char *text)
{
    size_t column = table->n_cells % table->n_columns;
    if (array_reserve(&table->cells, table->n_cells, &table->capacity, sizeof *table->cells,
                      NULL)) {
        free(text);
        return;
    }
    table->cells[table->n_cells++] = text;
    size_t width = text ? display_width(text) : 0;
    if (width > table->width[column])
        table->width[column] = width;
}

struct text_table *text_table_new(const char *heads)
{
    struct text_table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->n_columns = 1;
    for (const char *c = heads; *c; c++)
        table->n_columns += *c == '|' && table->n_columns < MAX_COLUMNS;
    for (size_t i = 0; i < table->n_columns; i++) {
        size_t length = strcspn(heads, "|");
        table->left[i] = *heads == '<';
        append(table, text_format("%.*s", (int)(length - table->left[i]), heads + table->left[i]));
        heads += length + (heads[length] == '|');
    }
    return table;
}

void text_table_cell(struct text_table *table, const char *format, ...)
{
    if (!table)
        return;
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    append(table, text);
}

static void print_row(const struct text_table *table, size_t first, size_t n_shown, FILE *out,
                      int indent)
{
    int pending = indent; /* spaces are written only before text, so that no line ends in them */
    for (size_t c = 0; c < n_shown && first + c < table->n_cells; c++) {
        const char *text = table->cells[first + c] ? table->cells[first + c] : "";
        int pad = (int)(table->width[c] - display_width(text));
        pending += table->left[c] ? 0 : pad;
        if (*text) {
            fprintf(out, "%*s%s", pending, "", text);
            pending = 0;
        }
        pending += (table->left[c] ? pad : 0) + 2;
    }
    fputc('\n', out);
}

/* How many columns, from the left, fit the terminal behind `out`; all where there is none. */
static size_t columns_that_fit(const struct text_table *table, FILE *out, int indent)
{
    size_t room = (size_t)terminal_width(out), used = (size_t)indent, n = 0;
    while (n < table->n_columns && (room == 0 || n < 2 || used + table->width[n] <= room))
        used += table->width[n++] + 2;
    return n;
}

void text_table_print(const struct text_table *table, FILE *out, int indent)
{
    if (!table)
        return;
    size_t n_shown = columns_that_fit(table, out, indent);
    for (size_t first = 0; first < table->n_cells; first += table->n_columns) {
        print_row(table, first, n_shown, out, indent);
        if (first > 0)
            continue;
        fprintf(out, "%*s", indent, "");
        for (size_t c = 0; c < n_shown; c++) {
            for (size_t i = 0; i < table->width[c]; i++)
                fputc('-', out);
            fputs(c + 1 < n_shown ? "  " : "\n", out);
        }
    }
    if (n_shown < table->n_columns)
        fprintf(out, "%*s(%zu more column%s in a wider terminal)\n", indent, "",
                table->n_columns - n_shown, table->n_columns - n_shown > 1 ? "s" : "");
}

void text_table_print_html(const struct text_table *table, FILE *out)
{
    if (!table)
        return;
    fputs("<table>\n", out);
    for (size_t first = 0; first < table->n_cells; first += table->n_columns) {
        const char *tag = first == 0 ? "th" : "td";
        fputs(first == 0 ? "<thead><tr>" : "<tr>", out);
        for (size_t c = 0; c < table->n_columns && first + c < table->n_cells; c++) {
            fprintf(out, "<%s%s>", tag, table->left[c] ? "" : " class=\"r\"");
            html_put_text(out, table->cells[first + c] ? table->cells[first + c] : "");
            fprintf(out, "</%s>", tag);
        }
        fputs(first == 0 ? "</tr></thead>\n<tbody>\n" : "</tr>\n", out);
    }
    fputs("</tbody>\n</table>\n", out);
}

void text_table_free(struct text_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->n_cells; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table);
}
