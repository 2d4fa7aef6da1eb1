// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SQLite with the project's errors: statements that bind from a format and messages that name the
 * file. Shared by the files that make up the store.
 */
#ifndef RECORDS_SQL_PRIVATE_H
#define RECORDS_SQL_PRIVATE_H

#include "records/store.h"

#include <sqlite3.h>

struct store {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *insert_sample, *insert_counter; /* prepared once, for the batches */
    int depth;                                    /* of sql_begin; 0: no transaction */
};

/*
 * An error from what SQLite said last: "PATH: WHAT: its words". Returns its status.
 * STATUS_INVALID: the file is not ours or damaged, or a value breaks a rule of the schema.
 * STATUS_NO_MEMORY.  STATUS_IO: all else (a full disk, another writer, a write-protected file).
 */
enum status sql_error(struct store *store, struct error *error, const char *what);

/* Runs statements that return nothing. */
enum status sql_run(struct store *store, const char *sql, struct error *error);

/*
 * Prepares one statement and binds its parameters in order as `format` says: i int64_t, d double,
 * t const char * (NULL: NULL; must live until the statement is done).
 */
enum status sql_prepare(struct store *store, sqlite3_stmt **statement, struct error *error,
                        const char *sql, const char *format, ...);

/* Prepares, binds, steps to the end and finalizes. */
enum status sql_do(struct store *store, struct error *error, const char *sql, const char *format,
                   ...);

/* Steps to the next row; *more is false at the end. */
enum status sql_next(struct store *store, sqlite3_stmt *statement, bool *more, struct error *error);

/* A column's text in memory of its own; NULL for NULL (or no memory). */
char *sql_text(sqlite3_stmt *statement, int column);

/* A column's integer, or -1 for NULL. */
int64_t sql_unknown(sqlite3_stmt *statement, int column);

/* A column's real, or -1 for NULL. */
double sql_unknown_real(sqlite3_stmt *statement, int column);

/*
 * Begins a transaction that writes, waiting up to five seconds for another writer. Inside another
 * one it is a savepoint, so that functions that are atomic by themselves make up a larger whole.
 * After STATUS_OK, sql_end must follow.
 */
enum status sql_begin(struct store *store, struct error *error);

/* Ends what sql_begin began: keeps what was written when `status` is OK, else undoes it. Returns
 * the first failure. */
enum status sql_end(struct store *store, enum status status, struct error *error);

#endif
