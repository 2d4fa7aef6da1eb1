// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Comma-separated figures with a header line: no quoting, because figures need none. Lines that
 * are empty or start with '#' are skipped, as is a byte order mark. Every error names file:line.
 *
 * Life cycle: csv_open, csv_column for each column wanted, csv_next until it says there is no more,
 * csv_close. One thread at a time.
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct csv;

/* Opens `path` ("-": standard input) and reads its header.
 * STATUS_IO: it cannot be read.  STATUS_INVALID: no header, or a column named twice. */
enum status csv_open(const char *path, struct csv **csv, struct error *error);

/* The index of a column, or -1. */
int csv_column(const struct csv *csv, const char *name);

int csv_n_columns(const struct csv *csv);
const char *csv_column_name(const struct csv *csv, int column);

/* As csv_column, but a missing column is STATUS_INVALID, with the names that are there. */
enum status csv_require(const struct csv *csv, const char *name, int *column, struct error *error);

/* Reads the next row. *more is false at the end.
 * STATUS_INVALID: the number of fields is not the header's, or the line is over 64 KiB. */
enum status csv_next(struct csv *csv, bool *more, struct error *error);

/* The field of the current row: valid until the next csv_next. "" where empty. */
const char *csv_text(const struct csv *csv, int column);

/* The field as a finite number, or as an integer in min .. max. STATUS_INVALID: it is not. */
enum status csv_real(const struct csv *csv, int column, double *value, struct error *error);
enum status csv_u64(const struct csv *csv, int column, uint64_t min, uint64_t max, uint64_t *value,
                    struct error *error);

/* Sets an error about the current row that names file:line and the column. */
enum status csv_error(const struct csv *csv, int column, struct error *error, const char *why);

void csv_close(struct csv *csv);

#endif
