// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/linkcontrol.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/words.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_SIZE = 512, MAX_LINES = 1000, POLL_MS = 100 };
static const int64_t close_ns = 1000000000, term_ns = 3000000000, check_ns = 100000000,
                     tick_ns = 10000000;

struct linkcontrol {
    char *command;
    double timeout_s;
    pid_t child; /* the leader of its process group; 0: none, or reaped */
    int state;   /* of the child that was reaped, as waitpid says */
    int to, from;
    char bytes[4096]; /* that came, taken up to `at` */
    size_t at, n_bytes;
    char line[LINE_SIZE]; /* what has come of the next line */
    size_t n_line;
    char last[LINE_SIZE]; /* the last line that was passed over, for messages */
};

static void close_end(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

/* Becomes the program; says why not into `trouble`, which closes by itself when it works. */
static void become(char **words, int in, int out, int trouble)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_DFL); /* that we ignore it would be inherited */
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
        execvp(words[0], words);
    int why = errno;
    ssize_t told = write(trouble, &why, sizeof why);
    _exit(told < 0);
}

static enum status spawn(struct linkcontrol *control, char **words, struct error *error)
{
    int ends[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}}, why = 0; /* its input, its output, trouble */
    for (int i = 0; i < 3 && !why; i++)
        why = pipe2(ends[i], O_CLOEXEC) != 0 ? errno : 0;
    if (!why) {
        control->child = fork();
        if (control->child == 0)
            become(words, ends[0][0], ends[1][1], ends[2][1]);
        why = control->child < 0 ? errno : 0;
    }
    close_end(&ends[0][0]);
    close_end(&ends[1][1]);
    close_end(&ends[2][1]);
    if (!why && read(ends[2][0], &why, sizeof why) == (ssize_t)sizeof why) {
        waitpid(control->child, &control->state, 0);
        control->child = 0;
    }
    close_end(&ends[2][0]);
    control->to = ends[0][1];
    control->from = ends[1][0];
    if (control->child < 0)
        control->child = 0;
    if (why)
        return error_set_errno(error, STATUS_IO, why, "[link] command '%s' cannot be started",
                               control->command);
    setpgid(control->child, control->child); /* both do it: whoever comes first */
    fcntl(control->from, F_SETFL, O_NONBLOCK);
    return STATUS_OK;
}

enum status linkcontrol_start(const char *command, double timeout_s, struct linkcontrol **control,
                              struct error *error)
{
    char **words = NULL;
    size_t n;
    struct linkcontrol *made = calloc(1, sizeof *made);
    if (made) {
        *made = (struct linkcontrol){
            .command = text_copy(command), .timeout_s = timeout_s, .to = -1, .from = -1};
    }
    enum status status = made && made->command
                             ? words_split(command, &words, &n, error)
                             : error_set(error, STATUS_NO_MEMORY, "out of memory for a command");
    if (!status)
        status = spawn(made, words, error);
    words_free(words);
    if (status)
        linkcontrol_stop(made);
    else
        *control = made;
    return status;
}

/* The next byte; EOF: none now, and `*ended`: there will be no more. */
static int take_byte(struct linkcontrol *control, bool *ended)
{
    if (control->at == control->n_bytes) {
        ssize_t got = read(control->from, control->bytes, sizeof control->bytes);
        *ended = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
        control->at = 0;
        control->n_bytes = got > 0 ? (size_t)got : 0;
        if (got <= 0)
            return EOF;
    }
    return (unsigned char)control->bytes[control->at++];
}

/* Takes bytes up to the end of a line, or as many as a line may have; false when there are not that
 * many yet. `*ended`: there will be no more. */
static bool take_line(struct linkcontrol *control, bool *ended)
{
    int c;
    while ((c = take_byte(control, ended)) != EOF && c != '\n') {
        control->line[control->n_line++] = c < ' ' ? ' ' : (char)c;
        if (control->n_line == LINE_SIZE - 1)
            break;
    }
    if (c == EOF)
        return false;
    while (control->n_line > 0 && control->line[control->n_line - 1] == ' ')
        control->n_line--;
    control->line[control->n_line] = '\0';
    control->n_line = 0;
    return true;
}

/* Whether the child has gone within that time. */
static bool gone_within(struct linkcontrol *control, int64_t limit_ns)
{
    for (int64_t start_ns = clock_ns();;) {
        pid_t got = waitpid(control->child, &control->state, WNOHANG);
        if (got == control->child || (got < 0 && errno == ECHILD))
            return true;
        if (clock_ns() - start_ns > limit_ns)
            return false;
        clock_sleep_ns(tick_ns);
    }
}

/* Says how the program ended, if it did within `limit_ns`; else that its output is closed. */
static enum status say_ended(struct linkcontrol *control, const char *when, struct error *error)
{
    char how[48] = "closed its output";
    if (control->child && gone_within(control, close_ns)) {
        kill(-control->child, SIGTERM); /* what it may have left behind */
        control->child = 0;
    }
    if (!control->child && WIFSIGNALED(control->state))
        snprintf(how, sizeof how, "was ended by signal %d", WTERMSIG(control->state));
    else if (!control->child)
        snprintf(how, sizeof how, "ended with exit status %d", WEXITSTATUS(control->state));
    return error_set(error, STATUS_PROTOCOL, "[link] command '%s' %s %s%s%s%s", control->command,
                     how, when, control->last[0] ? "; it said '" : "", control->last,
                     control->last[0] ? "'" : "");
}

enum status linkcontrol_check(struct linkcontrol *control, struct error *error)
{
    if (control->child && !gone_within(control, check_ns))
        return STATUS_OK;
    return say_ended(control, "during the campaign", error);
}

/* Passes over one line that is no answer; too many are an error. */
static enum status pass_over(struct linkcontrol *control, const char *order, int *n_lines,
                             struct error *error)
{
    memcpy(control->last, control->line, LINE_SIZE);
    if (++*n_lines < MAX_LINES)
        return STATUS_OK;
    return error_set(error, STATUS_PROTOCOL,
                     "[link] command '%s' is to answer '%s' with 'ok' or 'error: WHY', but says "
                     "more than %d other lines, the last: '%s'",
                     control->command, order, MAX_LINES, control->last);
}

static enum status wait_for_answer(struct linkcontrol *control, const char *order, int n_lines,
                                   struct error *error)
{
    static const char trouble[] = "error:";
    int64_t deadline_ns = clock_ns() + (int64_t)(control->timeout_s * 1e9);
    enum status status = STATUS_OK;
    bool ended = false;
    while (!status && clock_ns() < deadline_ns) {
        if (stop_asked())
            return error_set(error, STATUS_INTERRUPTED, "stopped by a signal");
        if (!take_line(control, &ended)) {
            struct pollfd ready = {.fd = control->from, .events = POLLIN};
            if (ended)
                return say_ended(control, "without an answer", error);
            poll(&ready, 1, POLL_MS);
            continue;
        }
        const char *line = control->line;
        if (strncmp(line, "ok", 2) == 0 && (line[2] == '\0' || line[2] == ' '))
            return STATUS_OK;
        if (strncmp(line, trouble, strlen(trouble)) == 0) {
            line += strlen(trouble);
            return error_set(error, STATUS_FAILED, "[link] command '%s' refuses '%s': %s",
                             control->command, order, line + strspn(line, " "));
        }
        status = pass_over(control, order, &n_lines, error);
    }
    if (status)
        return status;
    return error_set(error, STATUS_TIMEOUT,
                     "[link] command '%s' has not answered '%s' within %g s with 'ok' or 'error: "
                     "WHY'; the last that it said is '%s'",
                     control->command, order, control->timeout_s, control->last);
}

static void order_rate(char *order, size_t size, const char *name, double bit_s)
{
    size_t used = strlen(order);
    if (isinf(bit_s))
        snprintf(order + used, size - used, " %s=unlimited", name);
    else
        snprintf(order + used, size - used, " %s=%.9g", name, bit_s * 1e-6);
}

enum status linkcontrol_set(struct linkcontrol *control, const struct link_state *state,
                            struct error *error)
{
    char order[128];
    bool ended = false;
    int n_lines = 0;
    enum status status = STATUS_OK;
    snprintf(order, sizeof order, "set rtt=%.9gms", state->rtt_s * 1e3);
    order_rate(order, sizeof order, "up", state->up_bit_s);
    order_rate(order, sizeof order, "down", state->down_bit_s);
    while (!status && take_line(control, &ended)) /* what it said meanwhile answers nothing */
        status = pass_over(control, order, &n_lines, error);
    size_t n = strlen(order);
    order[n] = '\n';
    ssize_t put = status ? 0 : write(control->to, order, n + 1); /* a pipe takes that at once */
    order[n] = '\0';
    if (!status && put != (ssize_t)(n + 1))
        return say_ended(control, "before an order", error);
    return status ? status : wait_for_answer(control, order, n_lines, error);
}

void linkcontrol_stop(struct linkcontrol *control)
{
    if (!control)
        return;
    close_end(&control->to);
    if (control->child) {
        bool gone = gone_within(control, close_ns);
        kill(-control->child, SIGTERM); /* the whole group: what it started, too */
        if (!gone)
            gone = gone_within(control, term_ns);
        if (!gone) {
            kill(-control->child, SIGKILL);
            waitpid(control->child, &control->state, 0);
        }
    }
    close_end(&control->from);
    free(control->command);
    free(control);
}
