// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/sql_private.h"

#include "base/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum status sql_error(struct store *store, struct error *error, const char *what)
{
    int code = sqlite3_errcode(store->db) & 0xff, errnum = 0;
    const char *words = sqlite3_errmsg(store->db);
    if (code == SQLITE_CANTOPEN || code == SQLITE_IOERR)
        errnum = sqlite3_system_errno(store->db);
    if (errnum == ENOSPC)
        code = SQLITE_FULL;
    switch (code) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_ERROR: /* our statements are constant: a table or column of ours is missing */
        return error_set(error, STATUS_INVALID, "%s: not an rnnmap database, or damaged (%s)",
                         store->path, words);
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return error_set(error, STATUS_INVALID, "%s: %s: %s", store->path, what, words);
    case SQLITE_BUSY:
        return error_set(error, STATUS_IO,
                         "%s: %s: another process is writing to it; try again when it is done",
                         store->path, what);
    case SQLITE_READONLY:
        return error_set(error, STATUS_IO,
                         "%s: %s: it or its folder is write-protected; copy it where you may write",
                         store->path, what);
    case SQLITE_FULL:
        return error_set(error, STATUS_IO,
                         "%s: %s: the disk is full; make room, everything stored before is safe",
                         store->path, what);
    case SQLITE_NOMEM:
        return error_set(error, STATUS_NO_MEMORY, "%s: %s: out of memory", store->path, what);
    default:
        return error_set(error, STATUS_IO, "%s: %s: %s%s%s", store->path, what, words,
                         errnum ? ": " : "", errnum ? strerror(errnum) : "");
    }
}

enum status sql_run(struct store *store, const char *sql, struct error *error)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return sql_error(store, error, "cannot be accessed");
    return STATUS_OK;
}

static int bind_all(sqlite3_stmt *statement, const char *format, va_list args)
{
    int rc = SQLITE_OK;
    for (int i = 1; *format && rc == SQLITE_OK; format++, i++) {
        const char *text;
        switch (*format) {
        case 'i':
            rc = sqlite3_bind_int64(statement, i, va_arg(args, int64_t));
            break;
        case 'd':
            rc = sqlite3_bind_double(statement, i, va_arg(args, double));
            break;
        default:
            text = va_arg(args, const char *);
            rc = sqlite3_bind_text(statement, i, text, -1, SQLITE_STATIC);
        }
    }
    return rc;
}

static enum status prepare(struct store *store, sqlite3_stmt **statement, struct error *error,
                           const char *sql, const char *format, va_list args)
{
    *statement = NULL;
    if (sqlite3_prepare_v2(store->db, sql, -1, statement, NULL) != SQLITE_OK ||
        bind_all(*statement, format, args) != SQLITE_OK) {
        enum status status = sql_error(store, error, "cannot be accessed");
        sqlite3_finalize(*statement);
        *statement = NULL;
        return status;
    }
    return STATUS_OK;
}

enum status sql_prepare(struct store *store, sqlite3_stmt **statement, struct error *error,
                        const char *sql, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    enum status status = prepare(store, statement, error, sql, format, args);
    va_end(args);
    return status;
}

enum status sql_do(struct store *store, struct error *error, const char *sql, const char *format,
                   ...)
{
    sqlite3_stmt *statement;
    va_list args;
    va_start(args, format);
    enum status status = prepare(store, &statement, error, sql, format, args);
    va_end(args);
    bool more = true;
    while (!status && more)
        status = sql_next(store, statement, &more, error);
    sqlite3_finalize(statement);
    return status;
}

enum status sql_next(struct store *store, sqlite3_stmt *statement, bool *more, struct error *error)
{
    int rc = sqlite3_step(statement);
    *more = rc == SQLITE_ROW;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return sql_error(store, error, "cannot be read or written");
    return STATUS_OK;
}

char *sql_text(sqlite3_stmt *statement, int column)
{
    return text_copy((const char *)sqlite3_column_text(statement, column));
}

int64_t sql_unknown(sqlite3_stmt *statement, int column)
{
    /* found once, asked twice: allowed where one thread uses the connection, as here */
    sqlite3_value *value = sqlite3_column_value(statement, column);
    return sqlite3_value_type(value) == SQLITE_NULL ? -1 : sqlite3_value_int64(value);
}

double sql_unknown_real(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? -1
               : sqlite3_column_double(statement, column);
}

enum status sql_begin(struct store *store, struct error *error)
{
    enum status status =
        sql_run(store, store->depth == 0 ? "BEGIN IMMEDIATE" : "SAVEPOINT inner_part", error);
    if (!status)
        store->depth++;
    return status;
}

enum status sql_end(struct store *store, enum status status, struct error *error)
{
    bool inner = --store->depth > 0;
    if (!status)
        status = sql_run(store, inner ? "RELEASE inner_part" : "COMMIT", error);
    /* A full disk makes SQLite roll back the whole by itself. */
    if (status && !sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, inner ? "ROLLBACK TO inner_part; RELEASE inner_part" : "ROLLBACK",
                     NULL, NULL, NULL);
    return status;
}
