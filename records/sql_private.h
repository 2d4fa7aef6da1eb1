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
    sqlite3_stmt *insert_sample; /* prepared once, for the batches */
};

/* An error from what SQLite said last: "PATH: doing WHAT: its words". */
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

/* Ends a transaction begun with sql_run("BEGIN IMMEDIATE"): commits when `status` is OK and rolls
 * back otherwise. Returns the first failure. */
enum status sql_end(struct store *store, enum status status, struct error *error);

#endif
