// SPDX-License-Identifier: GPL-3.0-or-later
/* What a campaign survives, from the command line: being killed at any moment, a power cut, a full
 * disk; and what --resume refuses. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "profiler/device.h"
#include "records/energy_store.h"
#include "records/store.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* As [energy] windows has it in campaigns with energy. */
enum { N_WINDOWS = 4 };
#define ENERGY "[energy]\nmeter = constant:active=2W,wait=1W,idle=1W\nwindows = 4\n"

/* A campaign of a network that takes microseconds; about a thousand samples a second. */
static char *campaign(const char *folder, const char *name, const char *stop)
{
    char *text = text_format("[campaign]\nname = lab\nlengths = 2,5,9\nspacing = isolated:0.0005\n"
                             "[edge]\nengine = dnnl\nhidden = 8\ninput = 4\n[stop]\nci = 0\n"
                             "max_samples = 10000000\n%s",
                             stop);
    char *path = test_write(folder, name, text);
    free(text);
    return path;
}

/* Runs "rnnprof ARGUMENTS" and expects the exit status; `says` (or NULL) stands in its messages. */
static void run(int expected, const char *says, const char *format, ...)
{
    char *arguments, *err;
    va_list args;
    va_start(args, format);
    if (vasprintf(&arguments, format, args) < 0)
        fail_msg("no memory");
    va_end(args);
    char *command = text_format("%s/bin/rnnprof %s >/dev/null", test_build(), arguments);
    int rc = test_shell(command, NULL, &err);
    if (rc != expected || (says && !strstr(err, says)))
        fail_msg("%s: exit %d (expected %d), says: %s", command, rc, expected, err);
    free(arguments);
    free(command);
    free(err);
}

/* Starts "rnnprof run" in the background. */
static pid_t start(const char *ini, const char *db)
{
    char *program = text_format("%s/bin/rnnprof", test_build());
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        execl(program, program, "run", ini, "--db", db, "--resume", "-q", (char *)NULL);
        _exit(127);
    }
    free(program);
    return pid;
}

/* ---- what is stored */

struct content {
    struct sample *samples;
    size_t n, capacity;
    struct energy_window *windows;
    size_t n_windows;
};

static void content_free(struct content *content)
{
    free(content->samples);
    free(content->windows);
}

static enum status collect(void *user, const struct sample *sample, struct error *error)
{
    struct content *all = user;
    enum status status =
        array_reserve(&all->samples, all->n, &all->capacity, sizeof *all->samples, error);
    if (!status)
        all->samples[all->n++] = *sample;
    return status;
}

/* All samples in the order stored; none where there is no campaign yet. */
static struct content read_content(const char *db)
{
    struct content all = {0};
    struct store *store;
    struct campaign found;
    struct error error = {0};
    if (store_open(db, STORE_READ, &store, &error) != STATUS_OK) {
        /* killed before there was a file, or a schema in it */
        if (error.code != STATUS_NOT_FOUND && !strstr(error.text, "empty file"))
            fail_msg("%s", error.text);
        return all;
    }
    if (store_campaign_find(store, "lab", &found, NULL) == STATUS_OK) {
        if (store_samples_each(store, found.id, collect, &all, &error) != STATUS_OK ||
            store_windows(store, found.id, &all.windows, &all.n_windows, &error) != STATUS_OK)
            fail_msg("%s", error.text);
        campaign_free(&found);
    }
    store_close(store);
    return all;
}

static size_t count_stored(const char *db)
{
    struct content all = read_content(db);
    size_t n = all.n;
    content_free(&all);
    return n;
}

/* Every sample that was there is there, at the same place and unchanged but for its mark, and so is
 * every window. */
static void assert_kept(struct content before, struct content after)
{
    assert_true(after.n >= before.n);
    for (size_t i = 0; i < before.n; i++) {
        after.samples[i].outlier = before.samples[i].outlier;
        assert_memory_equal(&before.samples[i], &after.samples[i], sizeof *before.samples);
    }
    assert_true(after.n_windows >= before.n_windows);
    for (size_t i = 0; i < before.n_windows; i++) {
        const struct energy_window *a = &before.windows[i], *b = &after.windows[i];
        assert_true(a->kind == b->kind && a->length == b->length && a->round == b->round &&
                    a->started_ms == b->started_ms && a->duration_ns == b->duration_ns);
    }
}

static int by_identity(const void *left, const void *right)
{
    const struct sample *a = left, *b = right;
    const int64_t ids[][2] = {
        {a->target_id, b->target_id},
        {a->round, b->round},
        {a->length, b->length},
        {a->link_rtt_ns, b->link_rtt_ns},
        {a->up_ps_per_byte, b->up_ps_per_byte},
        {a->down_ps_per_byte, b->down_ps_per_byte},
        {a->attempt, b->attempt},
    };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        if (ids[i][0] != ids[i][1])
            return ids[i][0] < ids[i][1] ? -1 : 1;
    }
    return 0;
}

/* No two samples of one target, round, length, link state and attempt. Reorders them. */
static void assert_none_doubled(struct content all)
{
    if (all.n > 0)
        qsort(all.samples, all.n, sizeof *all.samples, by_identity);
    for (size_t i = 1; i < all.n; i++) {
        const struct sample *s = &all.samples[i];
        if (by_identity(s - 1, s) == 0)
            fail_msg("twice: round %lld, length %u, attempt %u", (long long)s->round, s->length,
                     s->attempt);
    }
    size_t n_busy[10] = {0}; /* by length */
    for (size_t i = 0; i < all.n_windows; i++) {
        if (all.windows[i].kind != WINDOW_IDLE && ++n_busy[all.windows[i].length] > N_WINDOWS)
            fail_msg("more windows of length %u than asked for", all.windows[i].length);
    }
}

static void assert_intact(const char *db)
{
    char *out, *command = text_format("sqlite3 '%s' 'PRAGMA integrity_check; "
                                      "PRAGMA foreign_key_check'",
                                      db);
    int rc = test_shell(command, &out, NULL);
    if (rc != 0 || strcmp(out, "ok\n") != 0)
        fail_msg("%s: exit %d: %s", command, rc, out);
    free(out);
    free(command);
}

static bool has_sqlite(void)
{
    if (test_shell("command -v sqlite3", NULL, NULL) == 0)
        return true;
    print_message("[  SKIPPED ] no sqlite3 here to check the files with (scripts/setup --with "
                  "check)\n");
    return false;
}

/* ---- killed */

/* One run that is killed after a while: all that a reader saw in the file is still there. */
static size_t kill_one(const char *ini, const char *db, int64_t delay_ns)
{
    int state;
    pid_t pid = start(ini, db);
    clock_sleep_ns(delay_ns);
    struct content seen = read_content(db); /* while it is being written to */
    kill(pid, SIGKILL);
    waitpid(pid, &state, 0);
    assert_true(WIFSIGNALED(state) && WTERMSIG(state) == SIGKILL);
    struct content left = read_content(db);
    assert_kept(seen, left);
    size_t n = left.n;
    content_free(&seen);
    content_free(&left);
    return n;
}

/* What campaigns are killed: with times alone, with energy, with an endpoint and an interval to
 * reach, so that the sweep adapts. */
enum { PLAIN, ENERGETIC, ADAPTIVE, N_KINDS };

struct killed {
    char *endless[N_KINDS], *brief[N_KINDS]; /* campaign files */
    size_t n_samples, n_windows;             /* read back */
    size_t n_behind;                         /* kills behind samples of the same run */
};

/* Kills a run of the campaign in `db`, where `n_before` samples were stored, resumes it, and
 * returns how many are stored now. */
static size_t kill_and_resume(struct killed *killed, int kind, const char *db, int64_t delay_ns,
                              size_t n_before)
{
    size_t n = kill_one(killed->endless[kind], db, delay_ns);
    assert_intact(db);
    struct content before = read_content(db);
    assert_int_equal(before.n, n);
    run(3, NULL, "run %s --db %s --resume -q", killed->brief[kind], db);
    struct content after = read_content(db);
    assert_true(after.n > before.n);
    assert_kept(before, after);
    assert_none_doubled(after);
    assert_intact(db);
    killed->n_samples += after.n;
    killed->n_windows += after.n_windows;
    killed->n_behind += n > n_before;
    n = after.n;
    content_free(&before);
    content_free(&after);
    return n;
}

static void killed_at_any_moment(void **state)
{
    (void)state;
    if (!has_sqlite())
        skip();
    enum { A_FILE = 7 }; /* kills of one file: it is killed while it is made, too */
    char *folder = test_scratch("resume"), *db = NULL;
    pid_t server;
    char *command = text_format("%s/bin/rnnserve --listen 127.0.0.1:0 --model "
                                "lab=dnnl:hidden=8,input=4",
                                test_build());
    char *line = test_start(command, &server);
    assert_non_null(line);
    char *cloud = text_format("ci = 0.01%%\n[cloud]\nurl = %s\n", line + strlen("listening on "));
    const char *const extra[N_KINDS] = {"", ENERGY, cloud};
    struct killed killed = {.n_samples = 0};
    for (int k = 0; k < N_KINDS; k++) {
        char *name = text_format("%d.ini", k), *brief = text_format("brief%d.ini", k);
        char *stop[] = {text_format("max_time = 1h\n%s", extra[k]),
                        text_format("max_time = 20ms\n%s", extra[k])};
        killed.endless[k] = campaign(folder, name, stop[0]);
        killed.brief[k] = campaign(folder, brief, stop[1]);
        free(name);
        free(brief);
        free(stop[0]);
        free(stop[1]);
    }
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    size_t n_stored = 0;
    for (int i = 0; i < (test_long() ? 200 : 20); i++) {
        if (i % A_FILE == 0) {
            free(db);
            db = text_format("%s/%d.db", folder, i);
            n_stored = 0;
        }
        /* one in two dies while it opens what it needs, most likely; samples are written once a
         * second */
        int64_t most_ns = i % 2 == 0 ? 100000000 : 2200000000;
        n_stored = kill_and_resume(&killed, i / A_FILE % N_KINDS, db,
                                   (int64_t)random_below(&random, (uint64_t)most_ns), n_stored);
    }
    print_message("%zu samples and %zu windows read back; %zu kills behind samples of the same "
                  "run\n",
                  killed.n_samples, killed.n_windows, killed.n_behind);
    assert_true(killed.n_windows > 0);
    test_stop(server);
    for (int k = 0; k < N_KINDS; k++) {
        free(killed.endless[k]);
        free(killed.brief[k]);
    }
    free(cloud);
    free(line);
    free(command);
    free(db);
    free(folder);
}

/* ---- a power cut */

/* What a disk without power may hold: the log up to anywhere, its last part written or not. */
static void cut_log(const char *log, struct random *random)
{
    struct stat about;
    if (stat(log, &about) != 0 || about.st_size == 0)
        return;
    off_t size = (off_t)random_below(random, (uint64_t)about.st_size);
    assert_int_equal(truncate(log, size), 0);
    if (random_below(random, 2)) /* the file has its length, but the end is not there yet */
        assert_int_equal(truncate(log, about.st_size), 0);
}

/* Copies of a campaign at work, with the log cut short: the samples up to some transaction are
 * there, and --resume goes on behind them. */
static void a_power_cut(void **state)
{
    (void)state;
    if (!has_sqlite())
        skip();
    char *folder = test_scratch("resume"), *db = text_format("%s/a.db", folder);
    char *endless = campaign(folder, "endless.ini", "max_time = 1h\n");
    char *brief = campaign(folder, "brief.ini", "max_time = 20ms\n");
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    size_t whole = kill_one(endless, db, 2500000000);
    struct content all = read_content(db);
    size_t n_shorter = 0;
    assert_true(whole > 0);
    for (int i = 0; i < (test_long() ? 100 : 10); i++) {
        char *copy = text_format("%s/%d.db", folder, i), *log = text_format("%s-wal", copy);
        char *command = text_format("cp %s %s && cp %s-wal %s", db, copy, db, log);
        assert_int_equal(test_shell(command, NULL, NULL), 0);
        cut_log(log, &random);
        struct content left = read_content(copy);
        assert_kept(left, all); /* the first ones of all */
        n_shorter += left.n < whole;
        run(3, "not reached", "run %s --db %s --resume -q", brief, copy);
        struct content after = read_content(copy);
        assert_true(after.n > left.n);
        assert_kept(left, after);
        assert_none_doubled(after);
        assert_intact(copy);
        content_free(&left);
        content_free(&after);
        free(command);
        free(log);
        free(copy);
    }
    assert_true(n_shorter > 0);
    content_free(&all);
    free(endless);
    free(brief);
    free(db);
    free(folder);
}

/* ---- a full disk */

/* In a process of its own, which alone sees the small disk. */
static int on_a_small_disk(const char *folder)
{
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("small", folder, "tmpfs", 0, "size=600k") != 0)
        return 77;
    char *ini = campaign(folder, "a.ini", "max_time = 60s\n");
    char *brief = campaign(folder, "brief.ini", "max_time = 20ms\n");
    char *db = text_format("%s/a.db", folder);
    run(1, "stopped, --resume goes on: ", "run %s --db %s -q", ini, db);
    struct content before = read_content(db);
    assert_true(before.n > 100);
    assert_intact(db);
    run(1, "the disk is full", "run %s --db %s -q --resume", ini, db);
    struct content again = read_content(db);
    assert_kept(before, again);
    assert_int_equal(mount("small", folder, "tmpfs", MS_REMOUNT, "size=4m"), 0);
    run(3, "not reached", "run %s --db %s -q --resume", brief, db);
    struct content after = read_content(db);
    assert_true(after.n > again.n);
    assert_kept(again, after);
    assert_none_doubled(after);
    assert_intact(db);
    /* full from the start: nothing comes of it, and what is there says so */
    char *fill = text_format("cat /dev/zero >%s/zeros", folder);
    test_shell(fill, NULL, NULL);
    run(1, "the disk is full", "run %s --db %s/new.db -q", ini, folder);
    return 0;
}

static void a_full_disk(void **state)
{
    (void)state;
    if (!has_sqlite())
        skip();
    char *folder = test_scratch("resume");
    int result = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(on_a_small_disk(folder));
    waitpid(pid, &result, 0);
    free(folder);
    if (WIFEXITED(result) && WEXITSTATUS(result) == 77) {
        print_message("[  SKIPPED ] a full disk: no right to mount a small file system here (needs "
                      "root)\n");
        skip();
    }
    assert_int_equal(result, 0);
}

/* ---- refused */

static void two_at_once(void **state)
{
    (void)state;
    char *folder = test_scratch("resume"), *db = text_format("%s/a.db", folder);
    char *ini = campaign(folder, "a.ini", "max_time = 1h\n");
    char *csv = test_write(folder, "a.csv", "length,time_s\n1,0.1\n");
    pid_t pid = start(ini, db);
    char *who = text_format("process %d is at work on it (rnnprof run, campaign lab)", (int)pid);
    for (int i = 0; i < 500 && count_stored(db) == 0; i++)
        clock_sleep_ns(10000000);
    run(1, who, "run %s --db %s --resume", ini, db);
    run(1, who, "import %s --db %s --campaign other", csv, db);
    run(0, NULL, "show --db %s", db); /* who only reads is never kept waiting */
    run(0, NULL, "list --db %s", db);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    run(0, NULL, "import %s --db %s --campaign other", csv, db);
    free(who);
    free(csv);
    free(ini);
    free(db);
    free(folder);
}

/* The fingerprint that is stored with the campaign, changed as if the board had been another one.
 */
static void set_device(const char *db, const char *from, const char *to)
{
    struct store *store;
    struct campaign found;
    assert_int_equal(store_open(db, STORE_WRITE, &store, NULL), STATUS_OK);
    assert_int_equal(store_campaign_find(store, "lab", &found, NULL), STATUS_OK);
    char *place = strstr(found.device, from);
    assert_non_null(place);
    char *text = text_format("%.*s%s%s", (int)(place - found.device), found.device, to,
                             place + strlen(from));
    assert_int_equal(store_campaign_device(store, found.id, text, NULL), STATUS_OK);
    free(text);
    campaign_free(&found);
    store_close(store);
}

static void another_device(void **state)
{
    (void)state;
    char *folder = test_scratch("resume"), *db = text_format("%s/a.db", folder), *shown;
    char *brief = campaign(folder, "brief.ini", "max_time = 20ms\n");
    char *show = text_format("%s/bin/rnnprof show --db %s --json", test_build(), db);
    run(3, NULL, "run %s --db %s -q", brief, db);
    set_device(db, "\"machine\":\"", "\"machine\":\"pdp");
    run(1, "machine 'pdp", "run %s --db %s -q --resume", brief, db);
    run(1, "--force", "run %s --db %s -q --resume", brief, db);
    run(2, "--force is for --resume", "run %s --db %s -q --force", brief, db);
    struct content before = read_content(db);
    run(3, "not reached", "run %s --db %s -q --resume --force", brief, db);
    run(3, "not reached", "run %s --db %s -q --resume", brief, db); /* known by now */
    struct content after = read_content(db);
    assert_kept(before, after);
    assert_int_equal(test_shell(show, &shown, NULL), 0);
    char *since =
        text_format("\"since_round_%lld\"", (long long)before.samples[before.n - 1].round + 1);
    assert_non_null(strstr(shown, "\"machine\": \"pdp"));
    assert_non_null(strstr(shown, since));
    free(since);
    free(shown);
    content_free(&before);
    content_free(&after);
    free(show);
    free(brief);
    free(db);
    free(folder);
}

static void changes_are_named(void **state)
{
    (void)state;
    static const char first[] =
        "{\"cpu\":\"a\",\"governor\":null,\"libraries\":[\"x 1\"],\"old\":1}";
    static const char second[] =
        "{\"cpu\":\"a\",\"governor\":\"powersave\",\"libraries\":[\"x 2\"],\"new\":2}";
    assert_null(device_changes(first, first));
    char *changes = device_changes(first, second);
    assert_string_equal(changes,
                        "governor 'null', now 'powersave'; libraries '[\"x 1\"]', now '[\"x 2\"]'");
    free(changes);
    assert_null(device_changes(NULL, second)); /* an old file that does not say */
    char *noted = device_note_change(first, second, 7);
    assert_null(device_changes(noted, second));
    changes = device_changes(noted, first); /* and back again */
    assert_string_equal(changes,
                        "governor 'powersave', now 'null'; libraries '[\"x 2\"]', now '[\"x 1\"]'");
    char *back = device_note_change(noted, first, 7); /* nothing was measured in between */
    assert_null(device_changes(back, first));
    free(back);
    free(changes);
    free(noted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_any_moment), cmocka_unit_test(a_power_cut),
        cmocka_unit_test(a_full_disk),          cmocka_unit_test(two_at_once),
        cmocka_unit_test(another_device),       cmocka_unit_test(changes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
