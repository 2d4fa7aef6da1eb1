// SPDX-License-Identifier: GPL-3.0-or-later
/* Sequences one by one: texts whose words are counted, columns of lengths, columns of texts. */
#include "records/length_files_private.h"

#include "base/memory.h"
#include "base/units.h"
#include "records/fields_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What comes before FILE, and what is done with it. */
struct manner {
    const char *prefix;
    bool column; /* NAME@ follows */
    bool words;  /* a field is a text; else it is a length */
};

static const struct manner manners[] = {
    {"text:", .column = false, .words = true},
    {"words:", .column = true, .words = true},
    {"column:", .column = true, .words = false},
};

/* A table being read. */
struct table {
    const struct manner *manner;
    char *name; /* of the column; owned */
    const char *path;
    struct fields *fields;
    size_t column;    /* from 0 */
    size_t n_columns; /* of the first line */
    struct bars *bars;
};

static enum status at_line(const struct table *table, unsigned long line, struct error *error,
                           const char *why)
{
    return error_set(error, STATUS_INVALID, "%s:%lu: %s", table->path, line, why);
}

/* Splits the source; *manner is NULL where it has no prefix. */
static enum status parse_source(const char *source, struct table *table, struct error *error)
{
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++) {
        if (strncmp(source, manners[i].prefix, strlen(manners[i].prefix)) == 0)
            table->manner = &manners[i];
    }
    if (!table->manner)
        return STATUS_OK;
    table->path = source + strlen(table->manner->prefix);
    if (table->manner->column) {
        const char *at = strchr(table->path, '@');
        if (!at || at == table->path)
            return error_set(error, STATUS_MISUSE,
                             "'%s' names no column: %sNAME@FILE, or a number for NAME where the "
                             "file has no header",
                             source, table->manner->prefix);
        if (!(table->name = text_format("%.*s", (int)(at - table->path), table->path)))
            return error_set(error, STATUS_NO_MEMORY, "out of memory for a column's name");
        table->path = at + 1;
    }
    if (table->path[0] == '\0')
        return error_set(error, STATUS_MISUSE, "'%s' names no file", source);
    return STATUS_OK;
}

/* What stands for nothing in a table: an empty line, and a comment among figures. */
static bool passed_over(const struct table *table, const struct field *first)
{
    if (!table->manner->column)
        return false;
    return (first->last && first->n_bytes == 0) || (!table->manner->words && first->text[0] == '#');
}

/* The first field of the next line that is not passed over. */
static enum status begin_line(struct table *table, struct field *field, bool *more,
                              struct error *error)
{
    enum status status = fields_next(table->fields, field, more, error);
    while (!status && *more && passed_over(table, field)) {
        bool inside = true;
        while (!status && !field->last)
            status = fields_next(table->fields, field, &inside, error);
        if (!status)
            status = fields_next(table->fields, field, more, error);
    }
    return status;
}

/* The header line: which column has the name. */
static enum status read_header(struct table *table, struct error *error)
{
    struct field field;
    char known[512] = "";
    bool more, found = false;
    enum status status = begin_line(table, &field, &more, error);
    if (!status && !more)
        status = error_set(error, STATUS_INVALID, "%s: no header line", table->path);
    while (!status) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", field.text);
        if (!field.cut && strcmp(field.text, table->name) == 0) {
            if (found)
                return error_set(error, STATUS_INVALID, "%s:%lu: column '%s' twice", table->path,
                                 field.line, table->name);
            found = true;
            table->column = table->n_columns;
        }
        table->n_columns++;
        if (field.last)
            break;
        status = fields_next(table->fields, &field, &more, error);
    }
    if (!status && !found)
        status = error_set(error, STATUS_INVALID, "%s:%lu: no column '%s' (the header has %s)",
                           table->path, field.line, table->name, known);
    return status;
}

/* Where the column is: the only field of a text, a number, or a name of the header. */
static enum status find_column(struct table *table, struct error *error)
{
    uint64_t number = 1;
    if (table->name && parse_u64(table->name, 1, UINT32_MAX, &number, NULL) != STATUS_OK)
        return read_header(table, error);
    table->column = (size_t)number - 1;
    return STATUS_OK;
}

static enum status add_sequence(struct table *table, const struct field *field, struct error *error)
{
    uint64_t length = field->n_words;
    struct error why = {0};
    if (!table->manner->words) {
        if (field->cut || parse_u64(field->text, 0, LENGTH_MAX, &length, &why))
            return error_set(error, STATUS_INVALID, "%s:%lu: column %s: %s", table->path,
                             field->line, table->name, field->cut ? "no length" : why.text);
    } else if (length > LENGTH_MAX) {
        return at_line(table, field->line, error, "more words than a length may have");
    }
    if (length == 0) {
        table->bars->n_empty++;
        return STATUS_OK;
    }
    enum status status = bars_add(table->bars, length, 1, &why);
    return status == STATUS_INVALID ? at_line(table, field->line, error, why.text)
           : status                 ? error_set(error, status, "%s: %s", table->path, why.text)
                                    : STATUS_OK;
}

/* Reads a line; *more is false when there is none. */
static enum status read_line(struct table *table, bool *more, struct error *error)
{
    struct field field;
    enum status status = begin_line(table, &field, more, error);
    if (status || !*more)
        return status;
    unsigned long line = field.line;
    size_t n = 0;
    for (bool inside;; status = fields_next(table->fields, &field, &inside, error)) {
        if (!status && n == table->column)
            status = add_sequence(table, &field, error);
        if (status)
            return status;
        n++;
        if (field.last)
            break;
    }
    if (table->n_columns == 0)
        table->n_columns = n;
    if (n != table->n_columns)
        return error_set(error, STATUS_INVALID, "%s:%lu: %zu fields where the first line has %zu",
                         table->path, line, n, table->n_columns);
    if (n <= table->column)
        return error_set(error, STATUS_INVALID, "%s:%lu: no column %s, only %zu", table->path, line,
                         table->name, n);
    return STATUS_OK;
}

enum status bars_read_sequences(const char *source, bool *known, struct bars *bars,
                                struct error *error)
{
    struct table table = {.bars = bars};
    bool more = true;
    enum status status = parse_source(source, &table, error);
    *known = status || table.manner;
    if (!status && *known)
        status = fields_open(table.path, table.manner->column, &table.fields, error);
    if (!status && *known)
        status = find_column(&table, error);
    while (!status && *known && more)
        status = read_line(&table, &more, error);
    fields_close(table.fields);
    free(table.name);
    return status;
}
