// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/store.h"

#include "base/clock.h"
#include "base/memory.h"
#include "records/schema_private.h"
#include "records/sql_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAIT_MS = 5000 };

/* The first column of a statement's only row. */
static enum status ask(struct store *store, const char *sql, int64_t *value, struct error *error)
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

/* Whose file this is: ours, empty, or somebody else's. To be called inside a transaction: another
 * process may be setting the file up. */
static enum status recognise(struct store *store, int64_t *version, struct error *error)
{
    int64_t application, n_tables;
    enum status status = ask(store, "PRAGMA application_id", &application, error);
    if (!status)
        status = ask(store, "PRAGMA user_version", version, error);
    if (!status)
        status = ask(store, "SELECT count(*) FROM sqlite_schema", &n_tables, error);
    if (status)
        return status;
    if (application != SCHEMA_APPLICATION_ID && (n_tables > 0 || application != 0 || *version != 0))
        return error_set(error, STATUS_INVALID,
                         "%s: another program's database, not one of rnnmap's", store->path);
    if (*version < 0)
        return error_set(error, STATUS_INVALID, "%s: damaged: schema version %lld", store->path,
                         (long long)*version);
    if (*version > SCHEMA_VERSION)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: schema version %lld is newer than this rnnmap's (%d): update rnnmap",
                         store->path, (long long)*version, SCHEMA_VERSION);
    return STATUS_OK;
}

static enum status migrate(struct store *store, struct error *error)
{
    int64_t version;
    enum status status = sql_begin(store, error);
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

/* Switching a new file to WAL needs it alone and, unlike other writes, does not wait by itself.
 * With FULL every transaction is on the disk when it ends, so that a power cut takes none of them.
 */
static enum status use_wal(struct store *store, struct error *error)
{
    static const char sql[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL";
    int64_t deadline = clock_ns() + WAIT_MS * INT64_C(1000000);
    while (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        if ((sqlite3_errcode(store->db) & 0xff) != SQLITE_BUSY || clock_ns() > deadline)
            return sql_error(store, error, "cannot be opened for writing");
        clock_sleep_ns(5000000);
    }
    return STATUS_OK;
}

static enum status set_up(struct store *store, enum store_mode mode, struct error *error)
{
    int64_t version;
    sqlite3_busy_timeout(store->db, WAIT_MS);
    enum status status = sql_run(store, "BEGIN", error);
    if (!status)
        status = recognise(store, &version, error);
    if (!status)
        status = sql_run(store, "COMMIT", error);
    if (!status && mode == STORE_READ && version < SCHEMA_VERSION)
        return error_set(error, version == 0 ? STATUS_INVALID : STATUS_UNSUPPORTED,
                         version == 0 ? "%s: an empty file, not an rnnmap database"
                                      : "%s: an older schema; open it once for writing "
                                        "(rnnprof, rnnfit) to bring it up to date",
                         store->path);
    if (!status && mode != STORE_READ)
        status = use_wal(store, error);
    if (!status)
        status = sql_run(store, "PRAGMA foreign_keys = ON", error);
    if (!status && mode != STORE_READ && version < SCHEMA_VERSION)
        status = migrate(store, error);
    return status;
}

static bool has_log(const char *path)
{
    static const char *const suffixes[] = {"-wal", "-journal"};
    bool found = false;
    for (int i = 0; i < 2; i++) {
        struct stat about;
        char *log = text_format("%s%s", path, suffixes[i]);
        found = found || (log && stat(log, &about) == 0 && about.st_size > 0);
        free(log);
    }
    return found;
}

/*
 * SQLite reads what is missing of a last page as zeros, and so takes a file of a few bytes for an
 * empty database and writes over it. A log may yet bring the rest of a page. Through SQLite's own
 * descriptor: closing another one would drop the locks this process has on the file.
 */
static enum status check_whole(struct store *store, struct error *error)
{
    unsigned char head[100] = {0};
    bool logged = has_log(store->path);
    sqlite3_file *file = NULL;
    struct stat about;
    if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        !file || !file->pMethods || stat(store->path, &about) != 0)
        return error_set(error, STATUS_IO, "%s: cannot be opened", store->path);
    if (about.st_size == 0 || logged)
        return STATUS_OK;
    int rc = file->pMethods->xRead(file, head, sizeof head, 0);
    if (rc == SQLITE_IOERR_SHORT_READ || memcmp(head, "SQLite format 3", 16) != 0)
        return error_set(error, STATUS_INVALID, "%s: not an rnnmap database", store->path);
    int page_size = head[16] << 8 | head[17];
    page_size = page_size == 1 ? 65536 : page_size;
    if (rc != SQLITE_OK || page_size < 512 || about.st_size % page_size != 0)
        return error_set(error, STATUS_INVALID,
                         "%s: damaged: %lld bytes are no whole number of pages; it was cut off",
                         store->path, (long long)about.st_size);
    return STATUS_OK;
}

/* Opens `name` (a path, or a URI for SQLite) as store->db and looks at what is in it. */
static enum status open_as(struct store *store, const char *name, enum store_mode mode, int flags,
                           struct error *error)
{
    static const int modes[] = {
        [STORE_READ] = SQLITE_OPEN_READONLY,
        [STORE_WRITE] = SQLITE_OPEN_READWRITE,
        [STORE_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
    };
    flags |= modes[mode] | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(name, &store->db, flags, NULL) != SQLITE_OK)
        return sql_error(store, error, "cannot be opened");
    if (mode != STORE_READ && sqlite3_db_readonly(store->db, "main") == 1)
        return error_set(error, STATUS_IO,
                         "%s: write-protected; copy it where you may write, or chmod u+w it",
                         store->path);
    enum status status = check_whole(store, error);
    return status ? status : set_up(store, mode, error);
}

/* "file:/absolute/path?immutable=1" with what a URI cannot hold as %XX. NULL: no memory. */
static char *immutable_uri(const char *path)
{
    char *uri = NULL, *absolute = realpath(path, NULL);
    size_t size;
    FILE *out = absolute ? open_memstream(&uri, &size) : NULL;
    if (out) {
        fputs("file:", out);
        for (const char *c = absolute; *c; c++)
            fprintf(out, isalnum((unsigned char)*c) || strchr("/._-", *c) ? "%c" : "%%%02X",
                    (unsigned char)*c);
        fputs("?immutable=1", out);
        fclose(out);
    }
    free(absolute);
    return uri;
}

/*
 * SQLite reads a database in WAL mode only where it may make its helper files, so not in a folder
 * that is write-protected (published results, read-only media). Without a log beside it the
 * file is whole by itself, and nobody has it open: it can be read as it is.
 */
static enum status open_protected(struct store *store, struct error *error)
{
    struct stat log;
    char *log_path = text_format("%s-wal", store->path), *uri = immutable_uri(store->path);
    enum status status;
    sqlite3_close(store->db);
    store->db = NULL;
    if (!log_path || !uri)
        status = error_set(error, STATUS_NO_MEMORY, "%s: out of memory", store->path);
    else if (stat(log_path, &log) == 0 && log.st_size > 0)
        status = error_set(error, STATUS_IO,
                           "%s: the samples in %s cannot be read in a folder that is "
                           "write-protected; copy both files where you may write",
                           store->path, log_path);
    else
        status = open_as(store, uri, STORE_READ, SQLITE_OPEN_URI, error);
    free(log_path);
    free(uri);
    return status;
}

/* Whether a file can be made there: SQLite's own message would be "no such file". */
static enum status check_folder(const char *path, struct error *error)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? text_format("%.*s", (int)(slash - path + 1), path) : text_copy(".");
    enum status status = STATUS_OK;
    if (!folder)
        status = error_set(error, STATUS_NO_MEMORY, "%s: out of memory", path);
    else if (access(folder, W_OK | X_OK) != 0)
        status = error_set_errno(error, STATUS_IO, errno, "%s: cannot be made there", path);
    free(folder);
    return status;
}

/* Refuses what SQLite would take for something else than what it is. */
static enum status check_path(const char *path, enum store_mode mode, struct error *error)
{
    struct stat about;
    if (path[0] == '\0' || strcmp(path, ":memory:") == 0)
        return error_set(error, STATUS_INVALID, "'%s' is not the name of a database file", path);
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
        return error_set(error, STATUS_IO, "%s: a folder or device, not a database file", path);
    if (access(path, F_OK) == 0)
        return STATUS_OK;
    if (errno != ENOENT)
        return error_set_errno(error, STATUS_IO, errno, "%s: cannot be opened", path);
    if (mode != STORE_CREATE)
        return error_set(error, STATUS_NOT_FOUND, "%s: no such database", path);
    return check_folder(path, error);
}

enum status store_open(const char *path, enum store_mode mode, struct store **store,
                       struct error *error)
{
    enum status status = check_path(path, mode, error);
    if (status)
        return status;
    struct store *opened = calloc(1, sizeof *opened);
    if (!opened || !(opened->path = text_copy(path))) {
        free(opened);
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory", path);
    }
    struct error why = {0};
    status = open_as(opened, path, mode, 0, &why);
    int code = opened->db ? sqlite3_errcode(opened->db) & 0xff : SQLITE_NOMEM;
    if (status == STATUS_IO && mode == STORE_READ &&
        (code == SQLITE_CANTOPEN || code == SQLITE_READONLY)) {
        error_clear(&why);
        status = open_protected(opened, &why);
    }
    if (status) {
        store_close(opened);
        return error_set(error, status, "%s", why.text);
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
    sqlite3_finalize(store->insert_counter);
    sqlite3_close(store->db);
    free(store->path);
    free(store);
}
