// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/gnuplot.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_INSTALLED = 127 };

enum status folder_make(const char *folder, struct error *error)
{
    char *path = text_copy(folder);
    if (!path)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a path");
    for (char *slash = path + 1; *path && slash; *slash++ = '/') {
        slash = strchr(slash, '/');
        if (!slash)
            break;
        *slash = '\0';
        mkdir(path, 0777);
    }
    struct stat info;
    enum status status = STATUS_OK;
    if (mkdir(path, 0777) != 0 && (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)))
        status = error_set_errno(error, STATUS_IO, errno, "%s: cannot be made a folder", folder);
    free(path);
    return status;
}

/* Quotes are doubled within quotes; line ends would end the string. */
void gnuplot_put_text(FILE *script, const char *text)
{
    fputc('\'', script);
    for (; *text; text++) {
        if (*text == '\'')
            fputc('\'', script);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, script);
    }
    fputc('\'', script);
}

static void run_child(const char *folder, const char *script, const int ends[2])
{
    if (chdir(folder) == 0) {
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        execlp("gnuplot", "gnuplot", script, (char *)NULL);
    }
    _exit(NOT_INSTALLED);
}

/* Reads until the child closes its end; keeps the start of it. */
static void read_words(int from, char *words, size_t size)
{
    size_t n = 0;
    char rest[512];
    for (;;) {
        ssize_t got =
            n + 1 < size ? read(from, words + n, size - 1 - n) : read(from, rest, sizeof rest);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        if (n + 1 < size)
            n += (size_t)got;
    }
    words[n] = '\0';
}

enum status gnuplot_run(const char *folder, const char *script, struct error *error)
{
    int ends[2], state = 0;
    char words[400];
    if (pipe(ends) != 0)
        return error_set_errno(error, STATUS_IO, errno, "no pipe for gnuplot");
    pid_t child = fork();
    if (child == 0)
        run_child(folder, script, ends);
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return error_set_errno(error, STATUS_IO, errno, "gnuplot cannot be started");
    }
    read_words(ends[0], words, sizeof words);
    close(ends[0]);
    while (waitpid(child, &state, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(state) && WEXITSTATUS(state) == NOT_INSTALLED)
        return error_set(error, STATUS_NOT_FOUND,
                         "plots need gnuplot (Debian: apt-get install gnuplot-nox)");
    if (!WIFEXITED(state) || WEXITSTATUS(state) != 0)
        return error_set(error, STATUS_EXTERNAL, "gnuplot failed on %s/%s: %s", folder, script,
                         words);
    return STATUS_OK;
}
