// SPDX-License-Identifier: GPL-3.0-or-later
/* Which files the store takes, which it refuses and leaves as they are, and how it brings its own
 * up to date. */
#include "records/test/fixture.h"

#include "base/clock.h"
#include "base/digest.h"

#include <sys/stat.h>

enum { NOBODY = 65534, OURS = 0x726e6e6d };

static const enum store_mode modes[] = {STORE_READ, STORE_WRITE, STORE_CREATE};

/* SHA-256 of a file's bytes; "" when it is not there. */
static void digest_of(const char *path, char text[DIGEST_TEXT_SIZE])
{
    struct digest digest;
    char block[4096];
    FILE *file = fopen(path, "rb");
    text[0] = '\0';
    if (!file)
        return;
    digest_start(&digest);
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;)
        digest_bytes(&digest, block, n);
    fclose(file);
    digest_finish(&digest, text);
}

static void write_bytes(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, n, file) != n || fclose(file) != 0)
        fail_msg("cannot write %s", path);
}

static void *read_bytes(const char *path, size_t *n)
{
    struct stat about;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &about) != 0)
        fail_msg("cannot read %s", path);
    *n = (size_t)about.st_size;
    char *bytes = malloc(*n + 1);
    assert_int_equal(fread(bytes, 1, *n, file), *n);
    fclose(file);
    return bytes;
}

/* A store with `n` samples at `path`, closed. */
static void make_full(const char *path, int n)
{
    struct made made = make_store(path);
    struct random random = {11};
    for (int i = 0; i < n; i++) {
        struct sample sample = draw_sample(made.edge_id, &random);
        assert_ok(store_samples_append(made.store, &sample, 1, &error));
    }
    store_close(made.store);
}

static void nothing_is_created_unasked(void **state)
{
    (void)state;
    char *folder = test_scratch("files"), *path = text_format("%s/none.db", folder);
    char *below = text_format("%s/no/such/folder.db", folder);
    struct store *store;
    assert_fails(STATUS_NOT_FOUND, path, "no such", store_open(path, STORE_READ, &store, &error));
    assert_fails(STATUS_NOT_FOUND, path, "no such", store_open(path, STORE_WRITE, &store, &error));
    assert_int_not_equal(access(path, F_OK), 0);
    assert_fails(STATUS_IO, below, "No such", store_open(below, STORE_CREATE, &store, &error));
    for (size_t m = 0; m < 3; m++) {
        assert_fails(STATUS_IO, folder, "folder", store_open(folder, modes[m], &store, &error));
        assert_fails(STATUS_IO, "/dev/null", "device",
                     store_open("/dev/null", modes[m], &store, &error));
        assert_fails(STATUS_INVALID, "''", "name", store_open("", modes[m], &store, &error));
        assert_fails(STATUS_INVALID, "':memory:'", "name",
                     store_open(":memory:", modes[m], &store, &error));
    }
    free(below);
    free(path);
    free(folder);
}

/* Files of others: refused in every mode with the path in the message, and left as they are. */
static const struct {
    const char *name, *sql, *text;
    enum status expected;
    const char *says;
    bool taken_for_writing; /* only reading refuses it */
} foreign[] = {
    {"table", "CREATE TABLE t (a)", NULL, STATUS_INVALID, "another program", false},
    {"id", "PRAGMA application_id = 77", NULL, STATUS_INVALID, "another program", false},
    {"id and table", "PRAGMA application_id = 77; CREATE TABLE sample (a)", NULL, STATUS_INVALID,
     "another program", false},
    {"version", "PRAGMA user_version = 6", NULL, STATUS_INVALID, "another program", false},
    {"dropped", "CREATE TABLE t (a); DROP TABLE t", NULL, STATUS_INVALID, "empty", true},
    {"newer", "PRAGMA application_id = 1919839853; PRAGMA user_version = 99", NULL,
     STATUS_UNSUPPORTED, "update", false},
    {"negative", "PRAGMA application_id = 1919839853; PRAGMA user_version = -1", NULL,
     STATUS_INVALID, "damaged", false},
    {"text", NULL, "length,time_s\n1,2\n", STATUS_INVALID, "not an rnnmap database", false},
    {"one byte", NULL, "S", STATUS_INVALID, "not an rnnmap database", false},
    {"magic only", NULL, "SQLite format 3", STATUS_INVALID, "not an rnnmap database", false},
    {"empty", NULL, "", STATUS_INVALID, "empty", true},
};

static void files_of_others_are_left_alone(void **state)
{
    (void)state;
    char *folder = test_scratch("files");
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        char *path = text_format("%s/%s", folder, foreign[i].name);
        char before[DIGEST_TEXT_SIZE], after[DIGEST_TEXT_SIZE];
        struct store *store;
        if (foreign[i].sql)
            raw_run(path, foreign[i].sql);
        else
            free(test_write(folder, foreign[i].name, foreign[i].text));
        digest_of(path, before);
        for (size_t m = 0; m < (foreign[i].taken_for_writing ? 1 : 3); m++) {
            assert_fails(foreign[i].expected, path, foreign[i].says,
                         store_open(path, modes[m], &store, &error));
            digest_of(path, after);
            assert_string_equal(after, before);
        }
        if (foreign[i].taken_for_writing) {
            assert_ok(store_open(path, STORE_WRITE, &store, &error));
            store_close(store);
            assert_ok(store_open(path, STORE_READ, &store, &error));
            store_close(store);
        }
        free(path);
    }
    free(folder);
}

/* Opens, scans, asks for models and writes. Whatever comes back must name the path; what is
 * asserted besides is that nothing crashes or hangs. The number of samples that came back; -1:
 * refused. */
static int64_t use(const char *path)
{
    struct store *store;
    struct error error = {0};
    struct collected all = {0};
    struct model_set set;
    enum status status = store_open(path, STORE_WRITE, &store, &error);
    if (status) {
        assert_true(status == STATUS_INVALID || status == STATUS_UNSUPPORTED ||
                    status == STATUS_IO);
        assert_non_null(strstr(error.text, path));
        return -1;
    }
    status = store_samples_each(store, 1, collect, &all, &error);
    if (!status) {
        status = store_models_get(store, 1, STATISTIC_MEAN, &set, &error);
        if (!status)
            model_set_free(&set);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (status)
        assert_non_null(strstr(error.text, path));
    struct sample sample = sample_unknown();
    struct error why = {0};
    sample.target_id = 1;
    sample.length = 1;
    if (store_samples_append(store, &sample, 1, &why))
        assert_non_null(strstr(why.text, path));
    store_close(store);
    free(all.samples);
    return status ? -1 : (int64_t)all.n;
}

static void damage_is_an_error(void **state)
{
    (void)state;
    enum { N = 300 };
    char *folder = test_scratch("files"), *good = text_format("%s/good.db", folder);
    char *path = text_format("%s/bad.db", folder);
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    make_full(good, N);
    size_t n;
    unsigned char *bytes = read_bytes(good, &n), *bad = malloc(n);
    struct store *store;
    for (int i = 0; i < (test_long() ? 400 : 40); i++) { /* truncated anywhere */
        size_t kept = 1 + (size_t)(random_u64(&random) % (n - 1));
        write_bytes(path, bytes, kept);
        assert_fails(STATUS_INVALID, path, "", store_open(path, STORE_READ, &store, &error));
        assert_int_equal(use(path), -1);
    }
    for (int i = 0; i < (test_long() ? 400 : 40); i++) { /* noise, with and without a header */
        size_t kept = i % 2 ? 100 : 0;
        memcpy(bad, bytes, kept);
        for (size_t k = kept; k < n; k++)
            bad[k] = (unsigned char)random_u64(&random);
        write_bytes(path, bad, n);
        assert_int_equal(use(path), -1);
    }
    for (int i = 0; i < (test_long() ? 2000 : 200); i++) { /* a few wrong bytes */
        memcpy(bad, bytes, n);
        for (int k = 0; k < 1 + i % 20; k++)
            bad[random_u64(&random) % n] = (unsigned char)random_u64(&random);
        write_bytes(path, bad, n);
        use(path);
    }
    write_bytes(path, bytes, n);
    assert_int_equal(use(path), N);
    free(bad);
    free(bytes);
    free(path);
    free(good);
    free(folder);
}

/* Files that carry our marks without our tables, or rows that we never write. */
static void damaged_rows_are_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *says;
    } damages[] = {
        {"DROP TABLE sample", "no such table"},
        {"ALTER TABLE sample DROP COLUMN rtt_ns", "no such column"},
        {"UPDATE sample SET length = 0", "length 0"},
        {"UPDATE sample SET length = 4294967297", "length 4294967297"},
        {"UPDATE sample SET time_ns = -5", "-5 ns"},
        {"UPDATE sample SET attempt = -1", "attempt -1"},
        {"UPDATE sample SET failure = 'sloth'", "'sloth'"},
    };
    char *folder = test_scratch("files");
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        char *path = text_format("%s/%zu.db", folder, i);
        struct store *store;
        struct collected all = {0};
        make_full(path, 3);
        raw_run(path, damages[i].sql);
        assert_ok(store_open(path, STORE_READ, &store, &error));
        assert_fails(STATUS_INVALID, path, damages[i].says,
                     store_samples_each(store, 1, collect, &all, &error));
        store_close(store);
        free(all.samples);
        free(path);
    }
    free(folder);
}

static void old_files_are_brought_up(void **state)
{
    (void)state;
    char *folder = test_scratch("files"), *path = text_format("%s/old.db", folder);
    char *clash = text_format("%s/clash.db", folder);
    struct store *store;
    raw_run(path, "PRAGMA application_id = 1919839853");
    assert_fails(STATUS_INVALID, path, "empty", store_open(path, STORE_READ, &store, &error));
    assert_int_equal(raw_integer(path, "PRAGMA user_version"), 0);
    for (int i = 0; i < 3; i++) { /* the steps run once: a second CREATE TABLE would fail */
        assert_ok(store_open(path, STORE_WRITE, &store, &error));
        store_close(store);
        assert_int_equal(raw_integer(path, "PRAGMA user_version"), 6);
    }
    assert_ok(store_open(path, STORE_READ, &store, &error));
    store_close(store);
    /* a step that fails leaves nothing behind: not even the tables before the one that clashes */
    raw_run(clash, "PRAGMA application_id = 1919839853; CREATE TABLE sample (a)");
    assert_fails(STATUS_INVALID, clash, "sample", store_open(clash, STORE_WRITE, &store, &error));
    assert_int_equal(raw_integer(clash, "SELECT count(*) FROM sqlite_schema"), 1);
    assert_int_equal(raw_integer(clash, "PRAGMA user_version"), 0);
    free(clash);
    free(path);
    free(folder);
}

/* ---- without the rights to write */

struct rights {
    const char *folder, *path;
    enum store_mode mode;
    enum status expected;
    const char *says;
    size_t n_samples;
};

/* Whoever runs the tests, nobody in particular opens the store. */
static int open_as_nobody(void *user)
{
    const struct rights *rights = user;
    struct store *store;
    struct error error = {0};
    struct collected all = {0};
    if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        return CHILD_SKIPPED;
    if (access(rights->folder, X_OK) != 0)
        return CHILD_SKIPPED;
    enum status status = store_open(rights->path, rights->mode, &store, &error);
    if (status != rights->expected || (status && !strstr(error.text, rights->path)) ||
        !strstr(error.text, rights->says))
        return child_failed(rights->says, &error);
    if (status)
        return CHILD_OK;
    if (store_samples_each(store, 1, collect, &all, &error) || all.n != rights->n_samples)
        return child_failed("samples", &error);
    store_close(store);
    free(all.samples);
    return CHILD_OK;
}

static void assert_as_nobody(struct rights rights)
{
    int result = in_child(open_as_nobody, &rights);
    if (result == CHILD_SKIPPED) {
        chmod(rights.folder, 0755);
        print_message("[  SKIPPED ] write protection: no other user may look into %s here\n",
                      rights.folder);
        skip();
    }
    assert_int_equal(result, CHILD_OK);
}

static void protected_files_can_be_read(void **state)
{
    (void)state;
    char *folder = test_scratch("files"), *path = text_format("%s/a %%20?#.db", folder);
    char *fresh = text_format("%s/fresh.db", folder), *log = text_format("%s-wal", path);
    char *kept = text_format("%s/kept", folder), *kept_log = text_format("%s/kept-wal", folder);
    char *memory = text_format("%s-shm", path);
    make_full(path, 3);
    /* a log left over, as by a killed process: copied while the store is open */
    struct made made = make_store(fresh);
    struct sample sample = sample_unknown();
    size_t n;
    sample.target_id = made.edge_id;
    sample.length = 1;
    assert_ok(store_samples_append(made.store, &sample, 1, &error));
    char *copy = text_format("cp '%s' '%s' && cp '%s-wal' '%s'", fresh, kept, fresh, kept_log);
    assert_int_equal(test_shell(copy, NULL, NULL), 0);
    store_close(made.store);
    free(read_bytes(kept_log, &n));
    assert_true(n > 0);
    chmod(path, 0444);
    chmod(kept, 0444);
    chmod(kept_log, 0444);

    chmod(folder, 0777); /* the file is protected, its folder is not */
    assert_as_nobody((struct rights){folder, path, STORE_READ, STATUS_OK, "", 3});
    unlink(log);
    unlink(memory);
    assert_as_nobody((struct rights){folder, path, STORE_WRITE, STATUS_IO, "write-protected", 0});
    assert_as_nobody((struct rights){folder, path, STORE_CREATE, STATUS_IO, "write-protected", 0});
    assert_as_nobody((struct rights){folder, kept, STORE_READ, STATUS_OK, "", 1});
    char *shared = text_format("%s-shm", kept);
    unlink(shared);

    chmod(folder, 0555); /* the folder is */
    assert_as_nobody((struct rights){folder, path, STORE_READ, STATUS_OK, "", 3});
    assert_as_nobody((struct rights){folder, kept, STORE_READ, STATUS_IO, "copy both", 0});
    char *made_here = text_format("%s/new.db", folder);
    assert_as_nobody((struct rights){folder, made_here, STORE_CREATE, STATUS_IO, "Permission", 0});
    chmod(path, 0666);
    assert_as_nobody((struct rights){folder, path, STORE_WRITE, STATUS_IO, "", 0});
    chmod(path, 0);
    assert_as_nobody((struct rights){folder, path, STORE_READ, STATUS_IO, "Permission", 0});
    chmod(path, 0644);
    chmod(folder, 0755);
    char *all[] = {made_here, shared, copy, memory, kept_log, kept, log, fresh, path, folder};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_created_unasked),
        cmocka_unit_test(files_of_others_are_left_alone),
        cmocka_unit_test(damage_is_an_error),
        cmocka_unit_test(damaged_rows_are_an_error),
        cmocka_unit_test(old_files_are_brought_up),
        cmocka_unit_test(protected_files_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
