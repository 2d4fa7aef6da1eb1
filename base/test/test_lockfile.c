// SPDX-License-Identifier: GPL-3.0-or-later
/* Locks: one process at a time, named to the others, gone with the process that held it. */
#include "base/lockfile.h"

#include "base/memory.h"
#include "base/test/support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Starts a process that locks `path` and holds it until it is ended. */
static pid_t start_holder(const char *path)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct lockfile *lock;
        if (lockfile_take(path, "the holder's name", &lock, NULL) == STATUS_OK &&
            write(ends[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return pid;
}

static void another_is_refused(void **state)
{
    (void)state;
    char *folder = test_scratch("lockfile");
    char *path = text_format("%s/a.db", folder), *lock_path = text_format("%s/a.db.lock", folder);
    char *link = text_format("%s/link.db", folder), *held, *pid_text;
    free(test_write(folder, "a.db", "x"));
    assert_int_equal(symlink("a.db", link), 0);
    pid_t holder = start_holder(path);
    pid_text = text_format("process %d", (int)holder);
    const char *const names[] = {path, link};
    for (int i = 0; i < 2; i++) { /* by both names of the same file */
        struct lockfile *lock;
        struct error error = {0};
        assert_int_equal(lockfile_take(names[i], "me", &lock, &error), STATUS_FAILED);
        assert_non_null(strstr(error.text, names[i]));
        assert_non_null(strstr(error.text, pid_text));
        assert_non_null(strstr(error.text, "the holder's name"));
    }
    /* killed, it leaves its file behind, which bars nobody */
    assert_int_equal(kill(holder, SIGKILL), 0);
    waitpid(holder, NULL, 0);
    assert_int_equal(access(lock_path, F_OK), 0);
    struct lockfile *lock;
    assert_int_equal(lockfile_take(path, "me", &lock, NULL), STATUS_OK);
    held = test_read(lock_path);
    assert_string_equal(held, "me\n");
    lockfile_release(lock);
    assert_int_equal(access(lock_path, F_OK), -1);
    lockfile_release(NULL);
    free(held);
    free(pid_text);
    free(link);
    free(lock_path);
    free(path);
    free(folder);
}

/* The lock is the process's own: a child that outlives it does not keep it. */
static void children_inherit_nothing(void **state)
{
    (void)state;
    char *folder = test_scratch("lockfile"), *path = text_format("%s/new.db", folder);
    int ends[2];
    pid_t grandchild = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct lockfile *lock;
        if (lockfile_take(path, "parent", &lock, NULL) != STATUS_OK)
            _exit(1);
        pid_t child = fork();
        if (child == 0) {
            pause();
            _exit(0);
        }
        _exit(write(ends[1], &child, sizeof child) == sizeof child ? 0 : 1);
    }
    assert_int_equal(read(ends[0], &grandchild, sizeof grandchild), sizeof grandchild);
    waitpid(pid, NULL, 0);
    struct lockfile *lock;
    assert_int_equal(lockfile_take(path, "next", &lock, NULL), STATUS_OK);
    lockfile_release(lock);
    kill(grandchild, SIGKILL);
    close(ends[0]);
    close(ends[1]);
    free(path);
    free(folder);
}

/* Processes that take and release as fast as they can: never two at once, whatever is removed. */
static void never_two_at_once(void **state)
{
    (void)state;
    enum { N_PROCESSES = 4, N_TURNS = 200 };
    char *folder = test_scratch("lockfile"), *path = text_format("%s/a.db", folder);
    char *inside = text_format("%s/inside", folder);
    pid_t pids[N_PROCESSES];
    for (int p = 0; p < N_PROCESSES; p++) {
        pids[p] = fork();
        if (pids[p] != 0)
            continue;
        for (int turn = 0; turn < N_TURNS;) {
            struct lockfile *lock;
            if (lockfile_take(path, "one of many", &lock, NULL) != STATUS_OK)
                continue;
            if (symlink("x", inside) != 0) /* fails where another one is inside */
                _exit(1);
            unlink(inside);
            lockfile_release(lock);
            turn++;
        }
        _exit(0);
    }
    for (int p = 0; p < N_PROCESSES; p++) {
        int result = -1;
        waitpid(pids[p], &result, 0);
        assert_int_equal(result, 0);
    }
    free(inside);
    free(path);
    free(folder);
}

static void where_none_can_be(void **state)
{
    (void)state;
    struct lockfile *lock;
    struct error error = {0};
    assert_int_equal(lockfile_take("/no/such/folder/a.db", "me", &lock, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "/no/such/folder/a.db"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_is_refused),
        cmocka_unit_test(children_inherit_nothing),
        cmocka_unit_test(never_two_at_once),
        cmocka_unit_test(where_none_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
