// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What tests of every room share: cmocka with its prerequisites, scratch folders, child processes.
 */
#ifndef BASE_TEST_SUPPORT_H
#define BASE_TEST_SUPPORT_H

/* cmocka wants these in this order */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Whether full counts are wanted (make check-long). */
bool test_long(void);

/* The folder of built things ("build", "build/asan"). */
const char *test_build(void);

/* A fresh folder under the build's, removed by nobody so that a failure can be looked at; freed by
 * the caller. */
char *test_scratch(const char *name);

/* Writes `text` to `folder`/`name`; the path, freed by the caller. */
char *test_write(const char *folder, const char *name, const char *text);

/* The whole file as a string; NULL when it cannot be read. Freed by the caller. */
char *test_read(const char *path);

/* Runs a shell command; what it wrote to standard output and standard error is returned in strings
 * that the caller frees (either address may be NULL). The exit status; -signal when killed. */
int test_shell(const char *command, char **out, char **err);

/* Starts a shell command in a process group of its own, waits until its standard output has a line
 * and returns that line (freed by the caller, NULL after 20 s); *pid is for test_stop. */
char *test_start(const char *command, pid_t *pid);

/* Ends what test_start started (SIGTERM, SIGKILL after 5 s) and returns as test_shell. */
int test_stop(pid_t pid);

/* A pseudo-terminal of so many columns to write to, closed by test_terminal_close; NULL where there
 * is none. */
FILE *test_terminal(unsigned short columns, int *master);

/* Closes both ends; what was written, at most 4 KiB, freed by the caller. */
char *test_terminal_close(FILE *terminal, int master);

/* |a - b| <= relative * max(|a|, |b|) + absolute, with both printed on failure. */
#define assert_close(a, b, relative, absolute) \
    test_assert_close((a), (b), (relative), (absolute), #a, __FILE__, __LINE__)
void test_assert_close(double a, double b, double relative, double absolute, const char *what,
                       const char *file, int line);

#endif
