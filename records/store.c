// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/store.h"

#include "base/memory.h"
#include "base/tool.h"
#include "records/schema_private.h"
#include "records/sql_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum status pragma(struct store *store, const char *sql, int64_t *value, struct error *error)
{
    sqlite3_stmt *statement;
    bool more = false;
    enum status status = sql_prepare(store, &statement, error, sql, "");
    if (!status)
        status = sql_next(store, statement, &more, error);
    *value = more ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return status;
}

/* Whose file this is: ours, empty, or somebody else's. */
static enum status recognise(struct store *store, int64_t *version, struct error *error)
{
    int64_t application, n_tables;
    enum status status = pragma(store, "PRAGMA application_id", &application, error);
    if (!status)
        status = pragma(store, "PRAGMA user_version", version, error);
    if (!status)
        status = pragma(store, "SELECT count(*) FROM sqlite_schema", &n_tables, error);
    if (status)
        return status;
    if (application != SCHEMA_APPLICATION_ID && (n_tables > 0 || application != 0 || *version != 0))
        return error_set(error, STATUS_INVALID,
                         "%s: another program's database, not one of rnnmap's", store->path);
    if (*version > SCHEMA_VERSION)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: schema version %lld is newer than this rnnmap's (%d): update rnnmap",
                         store->path, (long long)*version, SCHEMA_VERSION);
    return STATUS_OK;
}

static enum status migrate(struct store *store, struct error *error)
{
    int64_t version;
    enum status status = sql_run(store, "BEGIN IMMEDIATE", error);
    if (status)
        return status;
    status = recognise(store, &version, error); /* again, now that nobody else can write */
    for (; !status && version < SCHEMA_VERSION; version++)
        status = sql_run(store, schema_steps[version], error);
    if (!status) {
        char marks[96];
        snprintf(marks, sizeof marks, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                 SCHEMA_APPLICATION_ID, SCHEMA_VERSION);
        status = sql_run(store, marks, error);
    }
    return sql_end(store, status, error);
}

static enum status set_up(struct store *store, enum store_mode mode, struct error *error)
{
    int64_t version;
    sqlite3_busy_timeout(store->db, 5000);
    enum status status = recognise(store, &version, error);
    if (!status && mode == STORE_READ && version < SCHEMA_VERSION)
        return error_set(error, version == 0 ? STATUS_INVALID : STATUS_UNSUPPORTED,
                         version == 0 ? "%s: an empty file, not an rnnmap database"
                                      : "%s: an older schema; open it once for writing "
                                        "(rnnprof, rnnfit) to bring it up to date",
                         store->path);
    if (!status && mode != STORE_READ)
        status = sql_run(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", error);
    if (!status)
        status = sql_run(store, "PRAGMA foreign_keys = ON", error);
    if (!status && mode != STORE_READ && version < SCHEMA_VERSION)
        status = migrate(store, error);
    return status;
}

enum status store_open(const char *path, enum store_mode mode, struct store **store,
                       struct error *error)
{
    if (mode != STORE_CREATE && access(path, F_OK) != 0)
        return error_set(error, STATUS_NOT_FOUND, "%s: no such database", path);
    struct store *opened = calloc(1, sizeof *opened);
    if (!opened || !(opened->path = text_copy(path))) {
        free(opened);
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory", path);
    }
    static const int flags[] = {
        [STORE_READ] = SQLITE_OPEN_READONLY,
        [STORE_WRITE] = SQLITE_OPEN_READWRITE,
        [STORE_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
    };
    enum status status;
    if (sqlite3_open_v2(path, &opened->db, flags[mode] | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        status = sql_error(opened, error, "cannot be opened");
    else
        status = set_up(opened, mode, error);
    if (status) {
        store_close(opened);
        return status;
    }
    *store = opened;
    return STATUS_OK;
}

const char *store_path(const struct store *store)
{
    return store->path;
}

const char *store_library_version(void)
{
    return "SQLite " SQLITE_VERSION;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    sqlite3_finalize(store->insert_sample);
    sqlite3_close(store->db);
    free(store->path);
    free(store);
}
