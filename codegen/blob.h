// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A decision table as data, for products that get tables without being reflashed: the bytes that
 * runtime/rnnmap_table.h reads (docs/table-format.md). Equal facts give equal bytes.
 */
#ifndef CODEGEN_BLOB_H
#define CODEGEN_BLOB_H

#include "codegen/header.h"

#include <stddef.h>
#include <stdint.h>

/* Makes the blob of the table that header_write makes a header of; *bytes is freed by the caller.
 * STATUS_NO_MEMORY.
 * STATUS_UNSUPPORTED: more rows than a blob holds. */
enum status blob_make(const struct header_facts *facts, char **bytes, size_t *n,
                      struct error *error);

/* Whether a file begins as a blob does. */
bool blob_is(const void *bytes, size_t n);

/* The lines that header_write_origin put into the blob that `bytes` begin with: *text is freed by
 * the caller, *size is the blob's.
 * STATUS_FAILED: it is truncated, was edited or is no blob; the message begins with `path`. */
enum status blob_origin(const char *path, const uint8_t *bytes, size_t n, char **text, size_t *size,
                        struct error *error);

#endif
