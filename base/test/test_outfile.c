// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/memory.h"
#include "base/outfile.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *scratch;

static int make_scratch(void **state)
{
    (void)state;
    scratch = test_scratch("outfile");
    return 0;
}

static int drop_scratch(void **state)
{
    (void)state;
    free(scratch);
    return 0;
}

static int n_files(void)
{
    int n = 0;
    DIR *folder = opendir(scratch);
    for (struct dirent *entry; (entry = readdir(folder));)
        n += entry->d_name[0] != '.';
    closedir(folder);
    return n;
}

static void assert_holds(const char *path, const char *expected)
{
    char *text = test_read(path);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void whole_or_not_at_all(void **state)
{
    (void)state;
    char *path = test_write(scratch, "out.csv", "old");
    int before = n_files();
    struct outfile file;
    struct error error = {0};
    assert_int_equal(outfile_open(&file, path, &error), STATUS_OK);
    fputs("new", file.stream);
    fflush(file.stream);
    assert_holds(path, "old"); /* a reader sees the old file until the new one is whole */
    assert_int_equal(outfile_commit(&file, &error), STATUS_OK);
    outfile_abandon(&file); /* does nothing after a commit */
    assert_holds(path, "new");
    assert_int_equal(outfile_open(&file, path, &error), STATUS_OK);
    fputs("half", file.stream);
    outfile_abandon(&file);
    assert_holds(path, "new");
    assert_int_equal(n_files(), before);
    free(path);
}

static void folder_is_missing(void **state)
{
    (void)state;
    struct outfile file;
    struct error error = {0};
    assert_int_equal(outfile_open(&file, "/nonexistent/out.csv", &error), STATUS_IO);
    assert_string_equal(error.text,
                        "/nonexistent/out.csv: cannot be written: No such file or directory");
    outfile_abandon(&file);
    error_clear(&error);
    assert_int_equal(outfile_open(&file, scratch, &error), STATUS_IO); /* a folder */
    assert_non_null(strstr(error.text, "Is a directory"));
}

/* As root, renaming onto /dev/null would replace the device by a file for the whole machine: tried
 * with a pipe, so that a failure does no such harm. */
static void devices_stay(void **state)
{
    (void)state;
    char *pipe_path = text_format("%s/pipe", scratch);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    char *command = text_format("timeout 5 cat %s", pipe_path), *read = NULL;
    pid_t pid = fork();
    if (pid == 0) {
        struct outfile file;
        if (outfile_open(&file, pipe_path, NULL) || fputs("through", file.stream) < 0)
            _exit(1);
        _exit(outfile_commit(&file, NULL) != STATUS_OK);
    }
    assert_int_equal(test_shell(command, &read, NULL), 0);
    assert_string_equal(read, "through");
    int writer;
    assert_int_equal(waitpid(pid, &writer, 0), pid);
    assert_int_equal(writer, 0);
    struct stat there;
    assert_int_equal(stat(pipe_path, &there), 0);
    assert_true(S_ISFIFO(there.st_mode));
    free(read);
    free(command);
    free(pipe_path);
}

static void links_stay(void **state)
{
    (void)state;
    char *path = test_write(scratch, "target", "old"), *link = text_format("%s/link", scratch);
    assert_int_equal(symlink("target", link), 0);
    struct outfile file;
    assert_int_equal(outfile_open(&file, link, NULL), STATUS_OK);
    fputs("new", file.stream);
    assert_int_equal(outfile_commit(&file, NULL), STATUS_OK);
    struct stat there;
    assert_int_equal(lstat(link, &there), 0);
    assert_true(S_ISLNK(there.st_mode));
    assert_holds(path, "new");
    free(link);
    free(path);
}

/* A disk that is full shows as a write that fails: here as a limit on the size of files. */
static void full_disk(void **state)
{
    (void)state;
    char *path = test_write(scratch, "full.csv", "old");
    int before = n_files();
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
        struct outfile file;
        struct error error = {0};
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || outfile_open(&file, path, &error))
            _exit(1);
        for (int i = 0; i < 10000; i++)
            fputs("new", file.stream);
        if (outfile_commit(&file, &error) != STATUS_IO)
            _exit(2);
        _exit(strstr(error.text, "full.csv: cannot be written: File too large") ? 0 : 3);
    }
    int writer;
    assert_int_equal(waitpid(pid, &writer, 0), pid);
    assert_int_equal(writer, 0);
    assert_holds(path, "old");
    assert_int_equal(n_files(), before);
    free(path);
}

static void standard_output(void **state)
{
    (void)state;
    struct outfile file;
    assert_int_equal(outfile_open(&file, "-", NULL), STATUS_OK);
    assert_ptr_equal(file.stream, stdout);
    assert_int_equal(outfile_commit(&file, NULL), STATUS_OK);
    assert_int_equal(outfile_open(&file, "-", NULL), STATUS_OK);
    outfile_abandon(&file);
    assert_true(fputs("standard output is still open\n", stdout) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_or_not_at_all), cmocka_unit_test(folder_is_missing),
        cmocka_unit_test(devices_stay),        cmocka_unit_test(links_stay),
        cmocka_unit_test(full_disk),           cmocka_unit_test(standard_output),
    };
    return cmocka_run_group_tests(tests, make_scratch, drop_scratch);
}
