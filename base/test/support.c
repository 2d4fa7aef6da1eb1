// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

bool test_long(void)
{
    return getenv("RNNMAP_LONG") != NULL;
}

const char *test_build(void)
{
    const char *build = getenv("BUILD");
    return build ? build : "build";
}

char *test_scratch(const char *name)
{
    char *parent = text_format("%s/scratch", test_build());
    char *folder = text_format("%s/%s.XXXXXX", parent, name);
    mkdir(parent, 0777);
    if (!folder || !mkdtemp(folder))
        fail_msg("no scratch folder %s", folder);
    free(parent);
    return folder;
}

char *test_write(const char *folder, const char *name, const char *text)
{
    char *path = text_format("%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        fail_msg("cannot write %s", path);
    return path;
}

static char *read_stream(FILE *file)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    for (int c; (c = fgetc(file)) != EOF;)
        fputc(c, memory);
    fclose(memory);
    return text;
}

char *test_read(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    char *text = read_stream(file);
    fclose(file);
    return text;
}

static int exit_of(int state)
{
    return WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
}

int test_shell(const char *command, char **out, char **err)
{
    FILE *files[2] = {tmpfile(), tmpfile()};
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fileno(files[0]), 1);
        dup2(fileno(files[1]), 2);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    int state = 0;
    waitpid(pid, &state, 0);
    char **to[2] = {out, err};
    for (int i = 0; i < 2; i++) {
        rewind(files[i]);
        if (to[i])
            *to[i] = read_stream(files[i]);
        fclose(files[i]);
    }
    return exit_of(state);
}

char *test_start(const char *command, pid_t *pid)
{
    int ends[2];
    if (pipe(ends) != 0)
        fail_msg("no pipe");
    char *with_exec = text_format("exec %s", command);
    fflush(NULL);
    *pid = fork();
    if (*pid == 0) {
        setpgid(0, 0);
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl("/bin/sh", "sh", "-c", with_exec, (char *)NULL);
        _exit(127);
    }
    free(with_exec);
    close(ends[1]);
    char line[512];
    size_t n = 0;
    int64_t deadline = clock_ns() + 20000000000;
    bool whole = false;
    while (!whole && n < sizeof line - 1 && clock_ns() < deadline) {
        struct pollfd ready = {.fd = ends[0], .events = POLLIN};
        if (poll(&ready, 1, 100) <= 0)
            continue;
        if (read(ends[0], line + n, 1) != 1)
            break;
        whole = line[n++] == '\n';
    }
    line[n] = '\0';
    /* ends[0] stays open, so that the child can go on writing */
    line[strcspn(line, "\n")] = '\0';
    return whole ? text_copy(line) : NULL;
}

int test_stop(pid_t pid)
{
    int state = 0;
    kill(pid, SIGTERM);
    for (int i = 0; i < 500; i++) {
        if (waitpid(pid, &state, WNOHANG) == pid)
            return exit_of(state);
        clock_sleep_ns(10000000);
    }
    kill(-pid, SIGKILL);
    waitpid(pid, &state, 0);
    return exit_of(state);
}

FILE *test_terminal(unsigned short columns, int *master)
{
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    if (*master < 0 || grantpt(*master) != 0 || unlockpt(*master) != 0 ||
        ioctl(*master, TIOCSWINSZ, &size) != 0)
        return NULL;
    return fopen(ptsname(*master), "w");
}

char *test_terminal_close(FILE *terminal, int master)
{
    enum { LIMIT = 4096 }; /* what a pseudo-terminal holds for its reader */
    char *text = calloc(1, LIMIT + 1);
    ssize_t got;
    fclose(terminal);
    for (size_t n = 0; n < LIMIT && (got = read(master, text + n, LIMIT - n)) > 0;)
        n += (size_t)got;
    close(master);
    return text;
}

void test_assert_close(double a, double b, double relative, double absolute, const char *what,
                       const char *file, int line)
{
    double bound = relative * fmax(fabs(a), fabs(b)) + absolute;
    if (!(fabs(a - b) <= bound)) {
        print_error("%s: %.17g, expected %.17g (differs by %.3g, bound %.3g)\n", what, a, b,
                    fabs(a - b), bound);
        _fail(file, line);
    }
}
