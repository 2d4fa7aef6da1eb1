// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/fields_private.h"

#include "base/memory.h"
#include "records/words_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fields {
    FILE *file;
    char *path;
    unsigned long line;
    int separator; /* EOF: none */
    bool inside;   /* a line that has begun */
    int errnum;    /* of reading; 0: none */
    size_t n, at;
    unsigned char buffer[65536]; /* also as far as a tab of the first line is looked for */
};

/* The byte that comes next, or EOF. */
static int peek(struct fields *fields)
{
    if (fields->at == fields->n) {
        fields->at = 0;
        fields->n = fread(fields->buffer, 1, sizeof fields->buffer, fields->file);
        if (fields->n == 0) {
            if (ferror(fields->file))
                fields->errnum = errno;
            return EOF;
        }
    }
    return fields->buffer[fields->at];
}

/* Takes it; a carriage return before a line feed is left out. */
static int take(struct fields *fields)
{
    int c = peek(fields);
    fields->at += c != EOF;
    if (c == '\r' && peek(fields) == '\n') {
        fields->at++;
        return '\n';
    }
    return c;
}

/* What lines are cut at, by the first of them. */
static int find_separator(const struct fields *fields)
{
    const unsigned char *end = memchr(fields->buffer, '\n', fields->n);
    size_t length = end ? (size_t)(end - fields->buffer) : fields->n;
    return memchr(fields->buffer, '\t', length) ? '\t' : ',';
}

enum status fields_open(const char *path, bool cut, struct fields **fields, struct error *error)
{
    static const unsigned char mark[] = {0xef, 0xbb, 0xbf}; /* some write it before UTF-8 text */
    struct fields *opened = calloc(1, sizeof *opened);
    if (!opened || !(opened->path = text_copy(path))) {
        free(opened);
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory for reading", path);
    }
    opened->line = 1;
    opened->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (!opened->file) {
        enum status status = error_set_errno(error, STATUS_IO, errno, "%s: cannot be opened", path);
        fields_close(opened);
        return status;
    }
    peek(opened);
    opened->separator = cut ? find_separator(opened) : EOF;
    if (opened->n >= sizeof mark && memcmp(opened->buffer, mark, sizeof mark) == 0)
        opened->at = sizeof mark;
    *fields = opened;
    return STATUS_OK;
}

/* A field as it comes in. */
struct intake {
    struct fields *fields;
    struct field *field;
    struct words words;
    size_t kept;
};

static enum status at_line(const struct fields *fields, unsigned long line, struct error *error,
                           const char *why)
{
    return error_set(error, STATUS_INVALID, "%s:%lu: %s", fields->path, line, why);
}

static enum status keep(struct intake *in, int c, struct error *error)
{
    struct fields *fields = in->fields;
    if (c == '\0')
        return at_line(fields, fields->line, error, "a NUL byte, so this is no text file");
    words_take(&in->words, (unsigned char)c);
    in->field->n_bytes++;
    bool blank = c == ' ' || c == '\t';
    if (in->kept == 0 && blank)
        return STATUS_OK;
    if (in->kept < FIELD_KEPT - 1)
        in->field->text[in->kept++] = (char)c;
    else
        in->field->cut = true;
    return STATUS_OK;
}

/* To the quote that ends the field. */
static enum status take_quoted(struct intake *in, struct error *error)
{
    struct fields *fields = in->fields;
    take(fields);
    for (;;) {
        int c = take(fields);
        if (c == EOF)
            return fields->errnum ? STATUS_OK /* told by the caller */
                                  : at_line(fields, in->field->line, error,
                                            "a field begins with a quote that does not end");
        if (c == '"' && peek(fields) != '"')
            break;
        if (c == '"')
            take(fields);
        fields->line += c == '\n';
        enum status status = keep(in, c, error);
        if (status)
            return status;
    }
    int c = peek(fields);
    if (c == '\r' || c == '\n' || c == fields->separator || c == EOF)
        return STATUS_OK;
    return at_line(fields, fields->line, error, "text behind the quote that ends a field");
}

enum status fields_next(struct fields *fields, struct field *field, bool *more, struct error *error)
{
    struct intake in = {.fields = fields, .field = field};
    enum status status = STATUS_OK;
    *more = fields->inside || peek(fields) != EOF;
    *field = (struct field){.line = fields->line};
    if (*more && fields->separator == ',' && peek(fields) == '"')
        status = take_quoted(&in, error);
    int c = EOF;
    while (*more && !status && (c = take(fields)) != EOF && c != '\n' && c != fields->separator)
        status = keep(&in, c, error);
    if (!status && fields->errnum)
        status =
            error_set_errno(error, STATUS_IO, fields->errnum, "%s: cannot be read", fields->path);
    while (in.kept > 0 && (field->text[in.kept - 1] == ' ' || field->text[in.kept - 1] == '\t'))
        in.kept--;
    field->text[in.kept] = '\0';
    field->n_words = words_end(&in.words);
    field->last = c == EOF || c != fields->separator;
    fields->inside = !field->last;
    fields->line += c == '\n';
    return status;
}

void fields_close(struct fields *fields)
{
    if (!fields)
        return;
    if (fields->file && fields->file != stdin)
        fclose(fields->file);
    free(fields->path);
    free(fields);
}
