// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/linkcontrol.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/stop.h"
#include "profiler/child.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINES = 1000, POLL_MS = 100 };
static const double check_s = 0.1;

struct linkcontrol {
    struct child *child;
    double timeout_s;
    char last[CHILD_LINE_SIZE]; /* the last line that was passed over, for messages */
};

enum status linkcontrol_start(const char *command, double timeout_s, struct linkcontrol **control,
                              struct error *error)
{
    struct linkcontrol *made = calloc(1, sizeof *made);
    enum status status = made ? child_start("[link] command", command, &made->child, error)
                              : error_set(error, STATUS_NO_MEMORY, "out of memory for a command");
    if (status) {
        free(made);
        return status;
    }
    made->timeout_s = timeout_s;
    *control = made;
    return STATUS_OK;
}

enum status linkcontrol_check(struct linkcontrol *control, struct error *error)
{
    if (control->child->pid && !child_gone(control->child, check_s))
        return STATUS_OK;
    return child_say_ended(control->child, "during the campaign", control->last, error);
}

/* Passes over one line that is no answer; too many are an error. */
static enum status pass_over(struct linkcontrol *control, const char *order, int *n_lines,
                             struct error *error)
{
    memcpy(control->last, control->child->whole, CHILD_LINE_SIZE);
    if (++*n_lines < MAX_LINES)
        return STATUS_OK;
    return error_set(error, STATUS_PROTOCOL,
                     "%s is to answer '%s' with 'ok' or 'error: WHY', but says "
                     "more than %d other lines, the last: '%s'",
                     control->child->who, order, MAX_LINES, control->last);
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
        if (!child_line(control->child, &ended)) {
            if (ended)
                return child_say_ended(control->child, "without an answer", control->last, error);
            child_wait(control->child, POLL_MS);
            continue;
        }
        const char *line = control->child->whole;
        if (strncmp(line, "ok", 2) == 0 && (line[2] == '\0' || line[2] == ' '))
            return STATUS_OK;
        if (strncmp(line, trouble, strlen(trouble)) == 0) {
            line += strlen(trouble);
            return error_set(error, STATUS_FAILED, "%s refuses '%s': %s", control->child->who,
                             order, line + strspn(line, " "));
        }
        status = pass_over(control, order, &n_lines, error);
    }
    if (status)
        return status;
    return error_set(error, STATUS_TIMEOUT,
                     "%s has not answered '%s' within %g s with 'ok' or 'error: "
                     "WHY'; the last that it said is '%s'",
                     control->child->who, order, control->timeout_s, control->last);
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
    while (!status && child_line(control->child, &ended)) /* what it said meanwhile is no answer */
        status = pass_over(control, order, &n_lines, error);
    if (!status)
        status = child_put(control->child, order, error);
    return status ? status : wait_for_answer(control, order, n_lines, error);
}

void linkcontrol_stop(struct linkcontrol *control)
{
    if (!control)
        return;
    child_stop(control->child);
    free(control);
}
