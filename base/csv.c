// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/csv.h"

#include "base/memory.h"
#include "base/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 64, MAX_LINE = 65536 };

struct csv {
    FILE *file;
    char *path;
    unsigned long line;
    char *header; /* the columns' names, cut in place */
    const char *names[MAX_COLUMNS];
    int n_columns;
    char *row;
    const char *fields[MAX_COLUMNS];
};

static enum status at_line(const struct csv *csv, struct error *error, const char *why)
{
    return error_set(error, STATUS_INVALID, "%s:%lu: %s", csv->path, csv->line, why);
}

/* Reads a line that holds something into csv->row; *more is false at the end of the file. */
static enum status read_line(struct csv *csv, bool *more, struct error *error)
{
    static const char mark[] = "\xef\xbb\xbf"; /* some write it before UTF-8 text */
    for (;;) {
        if (!fgets(csv->row, MAX_LINE, csv->file)) {
            *more = false;
            if (ferror(csv->file))
                return error_set_errno(error, STATUS_IO, errno, "%s: cannot be read", csv->path);
            return STATUS_OK;
        }
        csv->line++;
        if (csv->line == 1 && strncmp(csv->row, mark, strlen(mark)) == 0)
            memmove(csv->row, csv->row + strlen(mark), strlen(csv->row + strlen(mark)) + 1);
        size_t length = strlen(csv->row);
        if (length == MAX_LINE - 1 && csv->row[length - 1] != '\n')
            return at_line(csv, error, "line longer than 64 KiB");
        if ((length == 0 || csv->row[length - 1] != '\n') && !feof(csv->file))
            return at_line(csv, error, "a NUL byte, so this is no text file");
        while (length > 0 && (csv->row[length - 1] == '\n' || csv->row[length - 1] == '\r'))
            csv->row[--length] = '\0';
        if (length > 0 && csv->row[0] != '#') {
            *more = true;
            return STATUS_OK;
        }
    }
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        text[--length] = '\0';
    return text;
}

/* Cuts `line` at its commas; the number of fields, or -1 when there are too many. */
static int cut(char *line, const char **fields)
{
    int n = 0;
    for (char *next = line; next;) {
        char *field = next;
        next = strchr(field, ',');
        if (next)
            *next++ = '\0';
        if (n == MAX_COLUMNS)
            return -1;
        fields[n++] = trim(field);
    }
    return n;
}

static enum status read_header(struct csv *csv, struct error *error)
{
    bool more;
    enum status status = read_line(csv, &more, error);
    if (status)
        return status;
    if (!more)
        return error_set(error, STATUS_INVALID, "%s: no header line", csv->path);
    if (!(csv->header = text_copy(csv->row)))
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a header");
    csv->n_columns = cut(csv->header, csv->names);
    if (csv->n_columns < 0)
        return at_line(csv, error, "more than 64 columns");
    for (int i = 0; i < csv->n_columns; i++) {
        if (csv->names[i][0] == '\0')
            return at_line(csv, error, "a column without a name");
        if (csv_column(csv, csv->names[i]) != i)
            return error_set(error, STATUS_INVALID, "%s:%lu: column '%s' twice", csv->path,
                             csv->line, csv->names[i]);
    }
    return STATUS_OK;
}

enum status csv_open(const char *path, struct csv **csv, struct error *error)
{
    struct csv *opened = calloc(1, sizeof *opened);
    enum status status = STATUS_OK;
    if (!opened || !(opened->row = malloc(MAX_LINE)) || !(opened->path = text_copy(path))) {
        csv_close(opened);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a CSV reader");
    }
    opened->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (!opened->file)
        status = error_set_errno(error, STATUS_IO, errno, "%s: cannot be opened", path);
    else
        status = read_header(opened, error);
    if (status) {
        csv_close(opened);
        return status;
    }
    *csv = opened;
    return STATUS_OK;
}

int csv_column(const struct csv *csv, const char *name)
{
    for (int i = 0; i < csv->n_columns; i++) {
        if (strcmp(csv->names[i], name) == 0)
            return i;
    }
    return -1;
}

int csv_n_columns(const struct csv *csv)
{
    return csv->n_columns;
}

const char *csv_column_name(const struct csv *csv, int column)
{
    return csv->names[column];
}

enum status csv_require(const struct csv *csv, const char *name, int *column, struct error *error)
{
    *column = csv_column(csv, name);
    if (*column >= 0)
        return STATUS_OK;
    char known[512] = "";
    for (int i = 0; i < csv->n_columns; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? "," : "", csv->names[i]);
    }
    return error_set(error, STATUS_INVALID, "%s:%lu: no column '%s' (the header has %s)", csv->path,
                     csv->line, name, known);
}

enum status csv_next(struct csv *csv, bool *more, struct error *error)
{
    enum status status = read_line(csv, more, error);
    if (status || !*more)
        return status;
    int n = cut(csv->row, csv->fields);
    if (n != csv->n_columns)
        return error_set(error, STATUS_INVALID, "%s:%lu: %d fields where the header has %d",
                         csv->path, csv->line, n < 0 ? MAX_COLUMNS + 1 : n, csv->n_columns);
    return STATUS_OK;
}

const char *csv_text(const struct csv *csv, int column)
{
    return csv->fields[column];
}

enum status csv_error(const struct csv *csv, int column, struct error *error, const char *why)
{
    return error_set(error, STATUS_INVALID, "%s:%lu: %s: %s", csv->path, csv->line,
                     csv->names[column], why);
}

enum status csv_real(const struct csv *csv, int column, double *value, struct error *error)
{
    struct error why = {0};
    if (parse_real(csv->fields[column], value, &why))
        return csv_error(csv, column, error, why.text);
    return STATUS_OK;
}

enum status csv_u64(const struct csv *csv, int column, uint64_t min, uint64_t max, uint64_t *value,
                    struct error *error)
{
    struct error why = {0};
    if (parse_u64(csv->fields[column], min, max, value, &why))
        return csv_error(csv, column, error, why.text);
    return STATUS_OK;
}

void csv_close(struct csv *csv)
{
    if (!csv)
        return;
    if (csv->file && csv->file != stdin)
        fclose(csv->file);
    free(csv->header);
    free(csv->row);
    free(csv->path);
    free(csv);
}
