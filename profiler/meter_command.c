// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * command: a program that reads a meter outside of this machine (a lab meter, a sensor behind a
 * serial line) and says "t_ns power_uw" for each of its readings, in a clock of its own. Its clock
 * is aligned by markers: we say "mark N", it answers "mark N t_ns" as soon as it can. The answer
 * was given somewhere between our two moments, so the offset of the clocks is known within half the
 * round trip; the shortest of several counts, and markers go on while it runs, as clocks drift.
 *
 * Power is integrated here by the trapezoid rule, so that no line is lost however seldom the meter
 * is read: it counts energy up to its latest line.
 */
#include "profiler/meter_private.h"

#include "base/clock.h"
#include "base/stop.h"
#include "base/units.h"
#include "profiler/child.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_MARKS = 5, POLL_MS = 100 };
static const int64_t timeout_ns = 5000000000;       /* for an answer, and between lines */
static const int64_t mark_interval_ns = 5000000000; /* between markers while it runs */
static const int64_t drift_ns = 60000000000;        /* after so long any marker is better */

struct command {
    struct child *child;
    int64_t marks; /* sent */
    int64_t mark_sent_ns;
    bool mark_open; /* sent, and not answered yet */
    bool aligned;
    int64_t offset_ns, doubt_ns; /* its clock less ours, +- doubt */
    int64_t aligned_ns;          /* when */
    bool has_line;
    int64_t line_ns;   /* of the last line, in its clock */
    double power_uw;   /* of the last line */
    double energy_uj;  /* up to there */
    int64_t came_ns;   /* when it came, in ours */
    int64_t told_ns;   /* the last moment that was told; never goes back */
    double started_uj; /* the energy at the first reading */
    bool started;
};

static enum status say_timeout(const struct command *command, const char *what, struct error *error)
{
    return error_set(error, STATUS_TIMEOUT, "%s %s within %.3g s; the last that it said is '%s'",
                     command->child->who, what, (double)timeout_ns * 1e-9, command->child->whole);
}

static enum status send_mark(struct command *command, struct error *error)
{
    char line[48];
    snprintf(line, sizeof line, "mark %" PRId64, ++command->marks);
    command->mark_sent_ns = clock_ns();
    command->mark_open = true;
    return child_put(command->child, line, error);
}

/* Takes the answer to a marker; one to an earlier marker came too late to tell anything. */
static void take_mark(struct command *command, int64_t number, int64_t theirs_ns)
{
    int64_t now_ns = clock_ns(), half_ns = (now_ns - command->mark_sent_ns + 1) / 2;
    if (!command->mark_open || number != command->marks)
        return;
    command->mark_open = false;
    /* a marker with a longer way says less, until the clocks may have drifted further than that */
    if (command->aligned && half_ns > command->doubt_ns && now_ns - command->aligned_ns < drift_ns)
        return;
    command->offset_ns = theirs_ns - (command->mark_sent_ns + half_ns);
    command->doubt_ns = half_ns;
    command->aligned_ns = now_ns;
    command->aligned = true;
}

static enum status take_power(struct command *command, int64_t t_ns, double power_uw,
                              struct error *error)
{
    const char *who = command->child->who;
    int64_t step_ns = t_ns - command->line_ns;
    bool goes_on = command->has_line;
    command->has_line = false; /* after an error the next line starts anew */
    enum status status = power_check(who, power_uw, error);
    if (!status && goes_on && step_ns <= 0)
        status = error_set(error, STATUS_PROTOCOL,
                           "%s: its time does not go on: %" PRId64 " comes after %" PRId64, who,
                           t_ns, command->line_ns);
    if (!status && goes_on && step_ns > timeout_ns)
        status = error_set(error, STATUS_PROTOCOL,
                           "%s: %.3g s lie between two of its lines; more than %.3g s are a gap",
                           who, (double)step_ns * 1e-9, (double)timeout_ns * 1e-9);
    if (status)
        return status;
    if (goes_on)
        command->energy_uj += (power_uw + command->power_uw) / 2 * ((double)step_ns * 1e-9);
    command->has_line = true;
    command->line_ns = t_ns;
    command->power_uw = power_uw;
    command->came_ns = clock_ns();
    return STATUS_OK;
}

/* An integer and, behind one blank, the rest. */
static bool take_integer(const char *text, int64_t *value, const char **rest)
{
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    *rest = end;
    return end != text && !errno;
}

/* "N t_ns" behind "mark ". */
static bool take_answer(struct command *command, const char *text)
{
    int64_t number, theirs_ns;
    if (!take_integer(text, &number, &text) || *text != ' ' ||
        !take_integer(text + 1, &theirs_ns, &text) || *text)
        return false;
    take_mark(command, number, theirs_ns);
    return true;
}

/* Lines before the clocks are aligned cannot be placed in time. */
static enum status take_line(struct command *command, struct error *error)
{
    static const char mark[] = "mark ";
    const char *line = command->child->whole, *rest;
    int64_t t_ns;
    double power_uw;
    if (line[0] == '\0' || line[0] == '#')
        return STATUS_OK;
    if (strncmp(line, mark, strlen(mark)) == 0 && take_answer(command, line + strlen(mark)))
        return STATUS_OK;
    if (take_integer(line, &t_ns, &rest) && *rest == ' ' &&
        parse_real(rest + 1, &power_uw, NULL) == STATUS_OK)
        return command->aligned ? take_power(command, t_ns, power_uw, error) : STATUS_OK;
    return error_set(error, STATUS_PROTOCOL,
                     "%s is to say 't_ns power_uw' or 'mark N t_ns' (docs/meters.md), but says "
                     "'%s'",
                     command->child->who, line);
}

/* Takes what it has said by now. */
static enum status take_lines(struct command *command, struct error *error)
{
    bool ended = false;
    enum status status = STATUS_OK;
    while (!status && child_line(command->child, &ended))
        status = take_line(command, error);
    if (!status && ended)
        status = child_say_ended(command->child, "while it was to measure", command->child->whole,
                                 error);
    return status;
}

static enum status check_silence(struct command *command, struct error *error)
{
    int64_t now_ns = clock_ns();
    if (command->mark_open && now_ns - command->mark_sent_ns > timeout_ns)
        return say_timeout(command, "has not answered 'mark N' with 'mark N t_ns'", error);
    if (command->aligned && now_ns - command->came_ns > timeout_ns)
        return say_timeout(command, "has said no line 't_ns power_uw'", error);
    return STATUS_OK;
}

/* Aligns the clocks and waits for the first line. */
static enum status begin(struct command *command, struct error *error)
{
    enum status status = STATUS_OK;
    while (!status &&
           !(command->has_line && command->marks >= FIRST_MARKS && !command->mark_open)) {
        if (stop_asked())
            return error_set(error, STATUS_INTERRUPTED, "stopped by a signal");
        if (!command->mark_open && command->marks < FIRST_MARKS) {
            status = send_mark(command, error);
            command->came_ns = command->mark_sent_ns;
        }
        if (!status)
            status = take_lines(command, error);
        if (!status)
            status = check_silence(command, error);
        if (!status && command->mark_open)
            child_wait(command->child, POLL_MS);
        else if (!status && !command->has_line)
            child_wait(command->child, POLL_MS);
    }
    return status;
}

static enum status command_read(void *self, struct meter_reading *reading, struct error *error)
{
    struct command *command = self;
    enum status status = take_lines(command, error);
    if (!status)
        status = check_silence(command, error);
    if (!status && !command->mark_open && clock_ns() - command->mark_sent_ns > mark_interval_ns)
        status = send_mark(command, error);
    if (!status && !command->has_line)
        status = say_timeout(command, "has said no good line since a bad one", error);
    if (status)
        return status;
    if (!command->started)
        command->started_uj = command->energy_uj;
    command->started = true;
    int64_t t_ns = command->line_ns - command->offset_ns;
    command->told_ns = t_ns > command->told_ns ? t_ns : command->told_ns;
    *reading = (struct meter_reading){.t_ns = command->told_ns,
                                      .doubt_ns = command->doubt_ns,
                                      .value = command->energy_uj - command->started_uj};
    return STATUS_OK;
}

static void command_close(void *self)
{
    struct command *command = self;
    child_stop(command->child);
    free(command);
}

static const struct meter_operations of_command = {.read = command_read, .close = command_close};

enum status command_open(const char *argument, const char *root, struct meter *meter,
                         struct error *error)
{
    (void)root;
    if (!argument)
        return error_set(error, STATUS_INVALID,
                         "command: which program? Such as command:python3 my-meter.py");
    struct command *command = calloc(1, sizeof *command);
    if (!command)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a meter");
    meter->operations = &of_command;
    meter->self = command;
    enum status status = child_start("meter command", argument, &command->child, error);
    if (!status)
        status = begin(command, error);
    /* at the supply, as a lab meter is; who has it elsewhere says so in front */
    meter->info.scope = SCOPE_BOARD;
    meter->info.radio = true;
    meter->info.counts = true;
    meter->info.dated = true;
    return status ? status : meter_describe(meter, "command", "command", argument, error);
}
