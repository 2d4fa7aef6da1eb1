// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/coprocess.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/spawn.h"
#include "base/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How often a wait looks whether a signal asked to stop: one may come just before the wait. */
enum { POLL_MS = 100 };
static const int64_t tick_ns = 2000000, end_ns = 1000000000;

struct coprocess {
    char *name;
    pid_t pid; /* the leader of its process group; 0: reaped */
    int state; /* of the reaped, as waitpid says */
    int to, from;
    char bytes[COPROCESS_LINE_SIZE]; /* that came: n_bytes, of which `at` were taken */
    size_t at, n_bytes;
    char line[COPROCESS_LINE_SIZE]; /* what has been taken of the next line */
    size_t n_line;
};

static void close_end(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

static enum status start(struct coprocess *child, char *const *words, struct error *error)
{
    struct spawned spawned;
    char *who = text_format("'%s'", words[0]);
    if (!who)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a program");
    enum status status = spawn(words, who, SIGKILL, &spawned, error);
    free(who);
    if (status)
        return status;
    child->pid = spawned.pid;
    child->to = spawned.to;
    child->from = spawned.from;
    fcntl(child->to, F_SETFL, O_NONBLOCK);
    fcntl(child->from, F_SETFL, O_NONBLOCK);
    return STATUS_OK;
}

enum status coprocess_start(char *const *words, struct coprocess **child, struct error *error)
{
    struct coprocess *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a program");
    made->to = made->from = -1;
    made->name = text_copy(words[0]);
    enum status status = made->name ? start(made, words, error)
                                    : error_set(error, STATUS_NO_MEMORY, "out of memory");
    if (status)
        coprocess_stop(made, 0);
    else
        *child = made;
    return status;
}

/* Whether the child has ended within that time. It is not reaped, so that its number stays its
 * group's. */
static bool ended_within(struct coprocess *child, int64_t limit_ns)
{
    for (int64_t start_ns = clock_ns();;) {
        siginfo_t info = {.si_pid = 0};
        int got = waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT);
        if ((got == 0 && info.si_pid == child->pid) || (got < 0 && errno == ECHILD))
            return true;
        if (clock_ns() - start_ns >= limit_ns)
            return false;
        clock_sleep_ns(tick_ns);
    }
}

/* Kills what is left of the group, and waits for the child. */
static void reap(struct coprocess *child)
{
    kill(-child->pid, SIGKILL);
    while (waitpid(child->pid, &child->state, 0) < 0 && errno == EINTR)
        ;
    child->pid = 0;
}

/* Says how the program ended; or that it closed its end of a pipe, if it is still there. */
static enum status say_ended(struct coprocess *child, const char *closed, struct error *error)
{
    if (child->pid && ended_within(child, end_ns))
        reap(child);
    const char *where = child->n_line ? " in the middle of a line" : "";
    if (child->pid)
        return error_set(error, STATUS_IO, "'%s' closed its %s%s", child->name, closed, where);
    if (WIFSIGNALED(child->state))
        return error_set(error, STATUS_IO, "'%s' was ended by signal %d (%s)%s", child->name,
                         WTERMSIG(child->state), strsignal(WTERMSIG(child->state)), where);
    return error_set(error, STATUS_IO, "'%s' ended with exit status %d%s", child->name,
                     WEXITSTATUS(child->state), where);
}

/* Waits until `end` is ready. STATUS_TIMEOUT, without a message: it is not. */
static enum status wait_for(int end, short events, int64_t deadline_ns, struct error *error)
{
    for (;;) {
        int64_t left_ns = deadline_ns - clock_ns();
        if (stop_asked())
            return error_set(error, STATUS_INTERRUPTED, "stopped by a signal");
        if (left_ns <= 0)
            return STATUS_TIMEOUT;
        struct pollfd ready = {.fd = end, .events = events};
        int64_t left_ms = left_ns / 1000000 + 1;
        if (poll(&ready, 1, left_ms < POLL_MS ? (int)left_ms : POLL_MS) > 0)
            return STATUS_OK;
    }
}

enum status coprocess_send(struct coprocess *child, const char *line, int64_t deadline_ns,
                           struct error *error)
{
    char bytes[COPROCESS_LINE_SIZE];
    size_t n = strlen(line), at = 0;
    if (n + 1 > sizeof bytes)
        return error_set(error, STATUS_INVALID, "a line of %zu bytes is too long", n);
    memcpy(bytes, line, n);
    bytes[n++] = '\n';
    while (at < n) {
        ssize_t put = write(child->to, bytes + at, n - at);
        if (put > 0) {
            at += (size_t)put;
            continue;
        }
        if (put < 0 && errno != EAGAIN && errno != EINTR)
            return say_ended(child, "input", error);
        enum status status = wait_for(child->to, POLLOUT, deadline_ns, error);
        if (status == STATUS_TIMEOUT)
            error_set(error, status, "'%s' takes nothing in", child->name);
        if (status)
            return status;
    }
    return STATUS_OK;
}

/* Gets more bytes, all others having been taken. STATUS_TIMEOUT: there are none now. */
static enum status get_bytes(struct coprocess *child, struct error *error)
{
    ssize_t got = read(child->from, child->bytes, sizeof child->bytes);
    child->at = 0;
    child->n_bytes = got > 0 ? (size_t)got : 0;
    if (got > 0)
        return STATUS_OK;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return STATUS_TIMEOUT;
    return say_ended(child, "output", error);
}

/* Takes bytes up to the end of a line; false when there are not that many yet, or too many. */
static bool take_line(struct coprocess *child)
{
    while (child->at < child->n_bytes && child->n_line < sizeof child->line) {
        char c = child->bytes[child->at++];
        if (c == '\n') {
            while (child->n_line > 0 && child->line[child->n_line - 1] == ' ')
                child->n_line--;
            child->line[child->n_line] = '\0';
            child->n_line = 0;
            return true;
        }
        child->line[child->n_line++] = (unsigned char)c < ' ' || c == 0x7f ? ' ' : c;
    }
    return false;
}

enum status coprocess_receive(struct coprocess *child, int64_t deadline_ns, const char **line,
                              struct error *error)
{
    enum status status;
    while (!take_line(child)) {
        if (child->n_line == sizeof child->line)
            return error_set(error, STATUS_PROTOCOL,
                             "'%s' has said %zu bytes without the end of a line", child->name,
                             child->n_line);
        status = get_bytes(child, error);
        if (status == STATUS_TIMEOUT)
            status = wait_for(child->from, POLLIN, deadline_ns, error);
        if (status == STATUS_TIMEOUT)
            error_set(error, status, "'%s' is silent%s", child->name,
                      child->n_line ? " in the middle of a line" : "");
        if (status)
            return status;
    }
    *line = child->line;
    return STATUS_OK;
}

bool coprocess_pending(struct coprocess *child)
{
    struct pollfd ready = {.fd = child->from, .events = POLLIN};
    return child->at < child->n_bytes || child->n_line > 0 || poll(&ready, 1, 0) > 0;
}

void coprocess_stop(struct coprocess *child, int64_t patience_ns)
{
    if (!child)
        return;
    close_end(&child->to);
    if (child->pid && patience_ns > 0 && !ended_within(child, patience_ns)) {
        kill(-child->pid, SIGTERM); /* the whole group: what it started, too */
        ended_within(child, patience_ns);
    }
    if (child->pid)
        reap(child);
    close_end(&child->from);
    free(child->name);
    free(child);
}
