// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Text cut into lines and fields, read byte by byte: a field may be megabytes long, only its first
 * bytes are kept, and its words are counted on the way.
 *
 * Life cycle: fields_open, fields_next until the file ends, fields_close.
 */
#ifndef RECORDS_FIELDS_PRIVATE_H
#define RECORDS_FIELDS_PRIVATE_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { FIELD_KEPT = 128 };

struct field {
    char text[FIELD_KEPT]; /* its beginning, without the blanks and quotes around it */
    bool cut;              /* whether there was more */
    uint64_t n_words;
    uint64_t n_bytes;   /* as they stand in the file, quotes included */
    bool last;          /* of its line */
    unsigned long line; /* where it begins, from 1 */
};

struct fields;

/*
 * Opens `path` ("-": standard input). `cut`: lines are cut into fields at tabs when the first line
 * holds one, else at commas; there a field that begins with '"' goes on to the next single '"',
 * and '""' in it stands for one. Without `cut` a line is one field.
 * STATUS_IO: it cannot be read.  STATUS_NO_MEMORY.
 */
enum status fields_open(const char *path, bool cut, struct fields **fields, struct error *error);

/* The next field; *more is false at the end of the file. A byte order mark is left out.
 * STATUS_IO.  STATUS_INVALID: a NUL byte, a quote that does not end, or text behind it. */
enum status fields_next(struct fields *fields, struct field *field, bool *more,
                        struct error *error);

void fields_close(struct fields *fields);

#endif
