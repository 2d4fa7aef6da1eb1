// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/child.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/spawn.h"
#include "base/words.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const double close_s = 1, term_s = 3;
static const int64_t tick_ns = 10000000;

static void close_end(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

static enum status run(struct child *child, char *const *words, struct error *error)
{
    struct spawned spawned;
    enum status status = spawn(words, child->who, SIGTERM, &spawned, error);
    if (status)
        return status;
    child->pid = spawned.pid;
    child->to = spawned.to;
    child->from = spawned.from;
    fcntl(child->from, F_SETFL, O_NONBLOCK);
    return STATUS_OK;
}

enum status child_start(const char *what, const char *command, struct child **child,
                        struct error *error)
{
    char **words = NULL;
    size_t n;
    struct child *made = calloc(1, sizeof *made);
    if (made) {
        made->who = text_format("%s '%s'", what, command);
        made->to = made->from = -1;
    }
    enum status status = made && made->who
                             ? words_split(command, &words, &n, error)
                             : error_set(error, STATUS_NO_MEMORY, "out of memory for a command");
    if (!status)
        status = run(made, words, error);
    words_free(words);
    if (status)
        child_stop(made);
    else
        *child = made;
    return status;
}

/* The next byte; EOF: none now, and `*ended`: there will be no more. */
static int take_byte(struct child *child, bool *ended)
{
    if (child->at == child->n_bytes) {
        ssize_t got = read(child->from, child->bytes, sizeof child->bytes);
        *ended = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
        child->at = 0;
        child->n_bytes = got > 0 ? (size_t)got : 0;
        if (got <= 0)
            return EOF;
    }
    return (unsigned char)child->bytes[child->at++];
}

bool child_line(struct child *child, bool *ended)
{
    int c;
    *ended = false;
    while ((c = take_byte(child, ended)) != EOF && c != '\n') {
        child->line[child->n_line++] = c < ' ' ? ' ' : (char)c;
        if (child->n_line == CHILD_LINE_SIZE - 1)
            break;
    }
    if (c == EOF)
        return false;
    while (child->n_line > 0 && child->line[child->n_line - 1] == ' ')
        child->n_line--;
    memcpy(child->whole, child->line, child->n_line);
    child->whole[child->n_line] = '\0';
    child->n_line = 0;
    return true;
}

void child_wait(struct child *child, int limit_ms)
{
    struct pollfd ready = {.fd = child->from, .events = POLLIN};
    poll(&ready, 1, limit_ms);
}

enum status child_put(struct child *child, const char *line, struct error *error)
{
    char *text = text_format("%s\n", line);
    if (!text)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a line to %s", child->who);
    size_t n = strlen(text);
    ssize_t put = write(child->to, text, n); /* a pipe takes that at once */
    free(text);
    return put == (ssize_t)n ? STATUS_OK
                             : child_say_ended(child, "before an order", child->whole, error);
}

bool child_gone(struct child *child, double limit_s)
{
    for (int64_t start_ns = clock_ns(); child->pid;) {
        pid_t got = waitpid(child->pid, &child->state, WNOHANG);
        if (got == child->pid || (got < 0 && errno == ECHILD))
            break;
        if ((double)(clock_ns() - start_ns) * 1e-9 > limit_s)
            return false;
        clock_sleep_ns(tick_ns);
    }
    return true;
}

enum status child_say_ended(struct child *child, const char *when, const char *said,
                            struct error *error)
{
    char how[48] = "closed its output";
    if (child->pid && child_gone(child, close_s)) {
        kill(-child->pid, SIGTERM); /* what it may have left behind */
        child->pid = 0;
    }
    if (!child->pid && WIFSIGNALED(child->state))
        snprintf(how, sizeof how, "was ended by signal %d", WTERMSIG(child->state));
    else if (!child->pid)
        snprintf(how, sizeof how, "ended with exit status %d", WEXITSTATUS(child->state));
    return error_set(error, STATUS_PROTOCOL, "%s %s %s%s%s%s", child->who, how, when,
                     said[0] ? "; it said '" : "", said, said[0] ? "'" : "");
}

void child_stop(struct child *child)
{
    if (!child)
        return;
    close_end(&child->to);
    if (child->pid) {
        bool gone = child_gone(child, close_s);
        kill(-child->pid, SIGTERM); /* the whole group: what it started, too */
        if (!gone)
            gone = child_gone(child, term_s);
        if (!gone) {
            kill(-child->pid, SIGKILL);
            waitpid(child->pid, &child->state, 0);
        }
    }
    close_end(&child->from);
    free(child->who);
    free(child);
}
