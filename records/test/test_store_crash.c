// SPDX-License-Identifier: GPL-3.0-or-later
/* What the store survives: being killed at any moment, several writers at once, a full disk. */
#include "records/test/fixture.h"

#include "base/clock.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>

static int n_syncs; /* how often SQLite has waited for the disk; called by it in place of libc's */
int fdatasync(int file)
{
    n_syncs++;
    return (int)syscall(SYS_fdatasync, file);
}

enum { BATCH_MAX = 60 };

/* A batch that can be told whole: all its samples carry its number and its size. */
static size_t fill_batch(struct sample *batch, int64_t target_id, int64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        batch[i] = sample_unknown();
        batch[i].target_id = target_id;
        batch[i].round = number;
        batch[i].length = (uint32_t)size;
        batch[i].attempt = (uint32_t)i;
        batch[i].time_ns = 1000 + (int64_t)i;
    }
    return size;
}

/* Batches in the file of which not every sample is there, once. */
static int64_t n_partial(const char *path)
{
    return raw_integer(path, "SELECT count(*) FROM (SELECT count(*) n, count(DISTINCT attempt) d, "
                             "min(length) low, max(length) high FROM sample GROUP BY target_id, "
                             "round HAVING n <> high OR low <> high OR d <> n)");
}

/* ---- killed */

struct writer {
    const char *path;
    int64_t first; /* number of its first batch */
    uint64_t seed;
    int report; /* where each number goes once its batch is stored */
};

/* Opens (makes, the first time), and appends until it is killed. */
static int write_for_ever(void *user)
{
    const struct writer *writer = user;
    struct random random = {writer->seed};
    struct error error = {0};
    struct store *store;
    struct campaign campaign = {.name = "one"};
    struct target target = {.name = "edge"};
    struct sample batch[BATCH_MAX];
    enum status status = store_open(writer->path, STORE_CREATE, &store, &error);
    if (!status && store_campaign_find(store, "one", &campaign, NULL) != STATUS_OK)
        status = store_campaign_add(store, &campaign, &error);
    if (!status)
        status = store_target_add(store, campaign.id, &target, &error);
    for (int64_t number = writer->first; !status; number++) {
        size_t n = fill_batch(batch, target.id, number, 1 + random_below(&random, BATCH_MAX));
        status = store_samples_append(store, batch, n, &error);
        if (!status && write(writer->report, &number, sizeof number) != sizeof number)
            break;
    }
    return child_failed("writer", &error);
}

/* Starts a writer, kills it after `delay_ns`. The last batch it reported, or `first` - 1. */
static int64_t kill_a_writer(const char *path, int64_t first, int64_t delay_ns, uint64_t seed)
{
    int ends[2], state = 0;
    int64_t last = first - 1, number;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct writer writer = {path, first, seed, ends[1]};
        close(ends[0]);
        _exit(write_for_ever(&writer));
    }
    close(ends[1]);
    clock_sleep_ns(delay_ns);
    kill(pid, SIGKILL);
    while (read(ends[0], &number, sizeof number) == sizeof number) {
        assert_int_equal(number, last + 1);
        last = number;
    }
    close(ends[0]);
    waitpid(pid, &state, 0);
    assert_true(WIFSIGNALED(state) && WTERMSIG(state) == SIGKILL);
    return last;
}

static void killed_at_any_moment(void **state)
{
    (void)state;
    char *folder = test_scratch("crash"), *path = NULL;
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    int64_t n_stored = 0, n_all = 0, n_before_any = 0, n_unreported = 0;
    for (int i = 0; i < (test_long() ? 200 : 20); i++) {
        if (i % 20 == 0) { /* a new file now and then: checking it takes longer as it grows */
            free(path);
            path = text_format("%s/%d.db", folder, i);
            n_stored = 0;
        }
        /* every fourth dies while it opens the file, most likely */
        int64_t most_ns = i % 4 == 0 ? 4000000 : 60000000;
        int64_t delay_ns = (int64_t)random_below(&random, (uint64_t)most_ns);
        int64_t last = kill_a_writer(path, n_stored, delay_ns, random_u64(&random));
        struct store *store;
        struct campaign campaign;
        int64_t found = 0;
        struct error why = {0};
        n_before_any += last < n_stored;
        enum status opened = store_open(path, STORE_READ, &store, &why);
        if (opened) { /* killed before there was a schema */
            assert_int_equal(last, -1);
            assert_true(opened == STATUS_INVALID || opened == STATUS_NOT_FOUND);
            continue;
        }
        if (store_campaign_find(store, "one", &campaign, NULL) == STATUS_OK) {
            assert_ok(store_rounds(store, campaign.id, &found, &error));
            campaign_free(&campaign);
        }
        store_close(store);
        /* all that was reported, and at most the batch in flight besides */
        assert_true(found == last + 1 || found == last + 2);
        assert_int_equal(raw_integer(path, "SELECT count(DISTINCT round) FROM sample"), found);
        assert_int_equal(n_partial(path), 0);
        assert_true(integrity_ok(path));
        n_unreported += found == last + 2;
        n_all += found - n_stored;
        n_stored = found;
    }
    print_message("%lld batches stored; %lld kills before a batch, %lld between storing and "
                  "reporting\n",
                  (long long)n_all, (long long)n_before_any, (long long)n_unreported);
    assert_true(n_all > 0);
    free(path);
    free(folder);
}

/* A power cut takes what the disk has not been waited for: every batch is. */
static void each_batch_is_on_the_disk(void **state)
{
    (void)state;
    char *folder = test_scratch("crash"), *path = text_format("%s/a.db", folder);
    struct made made = make_store(path);
    struct sample batch[BATCH_MAX];
    for (int64_t i = 0; i < 5; i++) {
        n_syncs = 0;
        assert_ok(
            store_samples_append(made.store, batch, fill_batch(batch, made.edge_id, i, 5), &error));
        assert_true(n_syncs > 0);
    }
    store_close(made.store);
    free(path);
    free(folder);
}

/* ---- at once */

struct crowd {
    const char *path;
    int number, n_batches;
};

/* Everything a tool does, from making the file on. */
static int write_some(void *user)
{
    const struct crowd *crowd = user;
    struct error error = {0};
    struct store *store = NULL;
    struct sample batch[BATCH_MAX];
    char name[16];
    snprintf(name, sizeof name, "c%d", crowd->number);
    struct campaign campaign = {.name = name};
    struct target target = {.name = "edge"};
    enum status status = store_open(crowd->path, STORE_CREATE, &store, &error);
    if (!status)
        status = store_campaign_add(store, &campaign, &error);
    if (!status)
        status = store_target_add(store, campaign.id, &target, &error);
    for (int64_t i = 0; !status && i < crowd->n_batches; i++)
        status = store_samples_append(store, batch, fill_batch(batch, target.id, i, 10), &error);
    store_close(store);
    return status ? child_failed(name, &error) : CHILD_OK;
}

/* Several processes make the same file and write to it: they take turns, and nothing is lost. */
static void writers_take_turns(void **state)
{
    (void)state;
    enum { N_WRITERS = 6, N_BATCHES = 20 };
    char *folder = test_scratch("crash");
    for (int i = 0; i < (test_long() ? 60 : 12); i++) {
        char *path = text_format("%s/%d.db", folder, i);
        pid_t pids[N_WRITERS];
        int gate[2]; /* opens for all when the parent closes it */
        assert_int_equal(pipe(gate), 0);
        fflush(NULL);
        for (int w = 0; w < N_WRITERS; w++) {
            pids[w] = fork();
            if (pids[w] == 0) {
                struct crowd crowd = {path, w, N_BATCHES};
                char byte;
                close(gate[1]);
                int result = read(gate[0], &byte, 1) == 0 ? write_some(&crowd) : CHILD_FAILED;
                fflush(NULL);
                _exit(result);
            }
        }
        close(gate[0]);
        close(gate[1]);
        for (int w = 0; w < N_WRITERS; w++) {
            int result = -1;
            waitpid(pids[w], &result, 0);
            assert_int_equal(result, 0);
        }
        assert_int_equal(raw_integer(path, "SELECT count(*) FROM sample"),
                         N_WRITERS * N_BATCHES * 10);
        assert_int_equal(n_partial(path), 0);
        assert_true(integrity_ok(path));
        free(path);
    }
    free(folder);
}

struct holder {
    const char *path;
    int64_t hold_ns;
    int ready;
};

static int hold_the_lock(void *user)
{
    const struct holder *holder = user;
    sqlite3 *db;
    if (sqlite3_open(holder->path, &db) != SQLITE_OK ||
        sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
        write(holder->ready, "", 1) != 1)
        return CHILD_FAILED;
    clock_sleep_ns(holder->hold_ns);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(db);
    return CHILD_OK;
}

/* An append that meets a writer waits; one that meets it for over five seconds says so. */
static void an_append_waits_its_turn(void **state)
{
    (void)state;
    char *folder = test_scratch("crash"), *path = text_format("%s/a.db", folder);
    struct made made = make_store(path);
    for (int i = 0; i < (test_long() ? 2 : 1); i++) {
        bool too_long = i == 1;
        int ends[2], result;
        char byte;
        struct sample batch[5];
        assert_int_equal(pipe(ends), 0);
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
            struct holder holder = {path, too_long ? INT64_C(8000000000) : 300000000, ends[1]};
            _exit(hold_the_lock(&holder));
        }
        assert_int_equal(read(ends[0], &byte, 1), 1);
        fill_batch(batch, made.edge_id, i, 5);
        if (too_long) {
            struct collected all = {0};
            assert_ok(store_samples_each(made.store, made.campaign_id, collect, &all, &error));
            assert_int_equal(all.n, 5); /* reading does not wait */
            free(all.samples);
            assert_fails(STATUS_IO, path, "another process",
                         store_samples_append(made.store, batch, 5, &error));
        }
        waitpid(pid, &result, too_long ? 0 : WNOHANG);
        assert_ok(store_samples_append(made.store, batch, 5, &error));
        if (!too_long)
            waitpid(pid, &result, 0);
        close(ends[0]);
        close(ends[1]);
    }
    store_close(made.store);
    assert_int_equal(n_partial(path), 0);
    free(path);
    free(folder);
}

/* ---- full disk */

/* Fills a disk of 1 MiB, batch by batch, until the store says it is full. */
static int fill_the_disk(void *user)
{
    const char *folder = user;
    char path[512];
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("small", folder, "tmpfs", 0, "size=1m") != 0)
        return CHILD_SKIPPED;
    snprintf(path, sizeof path, "%s/a.db", folder);
    struct made made = make_store(path);
    struct sample batch[BATCH_MAX];
    struct error error = {0};
    struct collected all = {0};
    enum status status = STATUS_OK;
    int64_t n_stored = 0;
    for (; !status && n_stored < 1000; n_stored += !status)
        status = store_samples_append(made.store, batch,
                                      fill_batch(batch, made.edge_id, n_stored, BATCH_MAX), &error);
    if (status != STATUS_IO || !strstr(error.text, "full") || !strstr(error.text, path))
        return child_failed("not the message of a full disk", &error);
    fprintf(stderr, "%lld batches, then: %s\n", (long long)n_stored, error.text);
    /* the store that failed still reads, and so does the next one */
    for (int i = 0; i < 2; i++) {
        error_clear(&error);
        all.n = 0;
        if (i == 1)
            status = store_open(path, STORE_READ, &made.store, &error);
        if (store_samples_each(made.store, made.campaign_id, collect, &all, &error) ||
            all.n != (size_t)n_stored * BATCH_MAX)
            return child_failed("earlier samples are lost", &error);
        store_close(made.store);
    }
    free(all.samples);
    if (!integrity_ok(path) || n_partial(path) != 0)
        return child_failed("not intact", NULL);
    /* with room again it goes on */
    error_clear(&error);
    if (mount("small", folder, "tmpfs", MS_REMOUNT, "size=2m") != 0 ||
        store_open(path, STORE_WRITE, &made.store, &error) ||
        store_samples_append(made.store, batch, BATCH_MAX, &error))
        return child_failed("does not go on", &error);
    store_close(made.store);
    return CHILD_OK;
}

static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    char *folder = test_scratch("crash");
    int result = in_child(fill_the_disk, folder);
    free(folder);
    if (result == CHILD_SKIPPED) {
        print_message("[  SKIPPED ] full disk: no right to mount a small file system here\n");
        skip();
    }
    assert_int_equal(result, CHILD_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_any_moment),    cmocka_unit_test(each_batch_is_on_the_disk),
        cmocka_unit_test(writers_take_turns),      cmocka_unit_test(an_append_waits_its_turn),
        cmocka_unit_test(a_full_disk_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
