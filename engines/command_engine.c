// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The engine that is a program of the user's, kept alive as a child: `RUN n` in, `OK [ns]` out
 * (docs/engines.md). A program that has lost the thread (silent, ended, talking of other things) is
 * ended and started again before the next inference, a bounded number of times. What a program does
 * at its start is never timed, nor is the first run of a length: each is run once before it counts.
 */
#include "base/clock.h"
#include "base/coprocess.h"
#include "base/memory.h"
#include "base/units.h"
#include "base/words.h"
#include "engines/affinity_private.h"
#include "engines/engine_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a program fails, as counted for the message that gives it up. */
enum trouble { TROUBLE_TIMEOUT, TROUBLE_ENDED, TROUBLE_BABBLE, N_TROUBLES };
static const char *const trouble_words[] = {
    [TROUBLE_TIMEOUT] = "silent", [TROUBLE_ENDED] = "ended", [TROUBLE_BABBLE] = "no answer"};
_Static_assert(sizeof trouble_words / sizeof *trouble_words == N_TROUBLES, "one each");

enum { MAX_CHATTER = 1000, MAX_NAME = 200, QUOTED = 80 };
static const int64_t patience_ns = 1000000000;

/* A device's time may be longer than ours by what its clock is off. */
static const double clock_tolerance = 0.05;
static const int64_t clock_tolerance_ns = 100000;

struct command_self {
    const struct engine_config *config;
    char **words;
    cpu_set_t cpus;
    struct coprocess *child; /* NULL: to be started */
    char *name;              /* what it calls itself */
    bool greeted;            /* it has answered since it was started */
    struct warmed warmed;
    uint32_t n; /* the current length; 0: none */
    uint32_t n_restarts;
    unsigned troubles[N_TROUBLES];
    int64_t device_ns;
};

static void command_close(void *self)
{
    struct command_self *c = self;
    coprocess_stop(c->child, patience_ns);
    words_free(c->words);
    free(c->name);
    free(c);
}

/* Starts the program on the CPUs that are its own; ours stay as they are. */
static enum status start(struct command_self *c, struct error *error)
{
    cpu_set_t before;
    enum status status = STATUS_OK;
    if (c->config->cpu) {
        if (sched_getaffinity(0, sizeof before, &before) != 0)
            return error_set(error, STATUS_UNSUPPORTED, "cpu=%s: sched_getaffinity failed",
                             c->config->cpu);
        status = affinity_bind(&c->cpus, error);
        if (status)
            error_prefix(error, "cpu=%s", c->config->cpu);
    }
    if (!status) {
        status = coprocess_start(c->words, &c->child, error);
        if (c->config->cpu)
            sched_setaffinity(0, sizeof before, &before);
    }
    c->greeted = false;
    c->warmed = (struct warmed){{0}};
    return status;
}

static enum status ask(struct command_self *c, uint32_t n, bool *refused, struct error *error);

static enum status command_open(const struct engine_config *config, void **self,
                                struct error *error)
{
    size_t n;
    if (!config->argv)
        return error_set(error, STATUS_INVALID,
                         "argv is missing: the program and its arguments, such as argv = "
                         "python3 my_network.py");
    struct command_self *c = calloc(1, sizeof *c);
    if (!c)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a program");
    c->config = config;
    c->device_ns = -1;
    enum status status = words_split(config->argv, &c->words, &n, error);
    if (!status && config->cpu)
        status = affinity_parse(config->cpu, &c->cpus, error);
    if (!status)
        status = start(c, error);
    if (!status) { /* shows that it works, and what it calls itself */
        bool refused = false;
        struct error why = {0};
        status = ask(c, 1, &refused, &why);
        status = refused ? STATUS_OK : status;
        if (status)
            error_set(error, status, "%s", why.text);
    }
    if (status)
        command_close(c);
    else
        *self = c;
    return status;
}

/* Gives the program up: what it says next would be no answer to what it is asked next. */
static enum status fail(struct command_self *c, enum status status)
{
    static const enum trouble kinds[] = {[-STATUS_TIMEOUT] = TROUBLE_TIMEOUT,
                                         [-STATUS_IO] = TROUBLE_ENDED,
                                         [-STATUS_PROTOCOL] = TROUBLE_BABBLE};
    coprocess_stop(c->child, 0);
    c->child = NULL;
    if (status != STATUS_INTERRUPTED)
        c->troubles[kinds[-status]]++;
    return status == STATUS_IO ? STATUS_EXTERNAL : status;
}

/* "READY [name]", before the first answer only. */
static enum status note_name(struct command_self *c, const char *name, struct error *error)
{
    char shortened[MAX_NAME];
    snprintf(shortened, sizeof shortened, "%s", name);
    return text_replace(&c->name, *shortened ? shortened : NULL, error);
}

/* The text behind a word of the protocol; NULL: the line starts with another one. */
static const char *behind(const char *line, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(line, word, n) != 0 || (line[n] != '\0' && line[n] != ' '))
        return NULL;
    return line + n + strspn(line + n, " ");
}

/* "OK" or "OK 123456". */
static enum status read_device_time(struct command_self *c, const char *text, int64_t elapsed_ns,
                                    struct error *error)
{
    uint64_t ns;
    struct error why = {0};
    if (!*text)
        return STATUS_OK;
    if (parse_u64(text, 1, INT64_MAX, &ns, &why))
        return error_set(error, STATUS_PROTOCOL,
                         "'%s' says 'OK %.*s', but its time is in whole ns: %.200s", c->words[0],
                         QUOTED, text, why.text);
    double limit_ns = (double)elapsed_ns * (1 + clock_tolerance) + (double)clock_tolerance_ns;
    if (c->greeted && (double)ns > limit_ns)
        return error_set(error, STATUS_PROTOCOL,
                         "'%s' says 'OK %.*s', so %.3g ms, but said so after %.3g ms; the time is "
                         "in ns",
                         c->words[0], QUOTED, text, (double)ns * 1e-6, (double)elapsed_ns * 1e-6);
    c->device_ns = (int64_t)ns;
    return STATUS_OK;
}

/* Waits for the answer. Before its first one a program may say what it likes. */
static enum status wait_for_answer(struct command_self *c, int64_t start_ns, int64_t deadline_ns,
                                   bool *refused, struct error *error)
{
    const char *line, *text;
    for (int n_chatter = 0;; n_chatter++) {
        enum status status = coprocess_receive(c->child, deadline_ns, &line, error);
        if (status)
            return status;
        if ((text = behind(line, "OK")) != NULL)
            return read_device_time(c, text, clock_ns() - start_ns, error);
        *refused = (text = behind(line, "ERROR")) != NULL;
        if (*refused)
            return error_set(error, STATUS_EXTERNAL, "'%s' says: %s", c->words[0],
                             *text ? text : "ERROR");
        if (c->greeted || n_chatter == MAX_CHATTER)
            return error_set(error, STATUS_PROTOCOL,
                             "'%s' says '%.*s' where 'OK', 'OK NANOSECONDS' or 'ERROR WHY' is due",
                             c->words[0], QUOTED, line);
        if ((text = behind(line, "READY")) != NULL)
            status = note_name(c, text, error);
        if (status)
            return status;
    }
}

/* Before an order: what the program says now would pass for the answer. */
static enum status check_silence(struct command_self *c, struct error *error)
{
    const char *said = NULL;
    struct error why = {0};
    if (!c->greeted || !coprocess_pending(c->child))
        return STATUS_OK;
    if (coprocess_receive(c->child, clock_ns(), &said, &why) == STATUS_IO)
        return error_set(error, STATUS_IO, "%s", why.text);
    return error_set(error, STATUS_PROTOCOL, "'%s' says '%.*s' without being asked", c->words[0],
                     QUOTED, said ? said : "...");
}

/* One RUN to its answer. *refused: that is an ERROR, and the program is as good as before. */
static enum status ask(struct command_self *c, uint32_t n, bool *refused, struct error *error)
{
    char line[32];
    struct error why = {0};
    c->device_ns = -1;
    *refused = false;
    snprintf(line, sizeof line, "RUN %" PRIu32, n);
    enum status status = check_silence(c, &why);
    int64_t start_ns = clock_ns();
    int64_t deadline_ns = start_ns + (int64_t)(c->config->timeout_s * 1e9);
    if (!status)
        status = coprocess_send(c->child, line, deadline_ns, &why);
    if (!status)
        status = wait_for_answer(c, start_ns, deadline_ns, refused, &why);
    c->greeted = c->greeted || !status || *refused;
    if (!status)
        return STATUS_OK;
    if (status == STATUS_TIMEOUT)
        error_set(error, status, "%s for %.9g s (timeout), at '%s'", why.text, c->config->timeout_s,
                  line);
    else
        error_set(error, status, "%s, at '%s'", why.text, line);
    return *refused || status == STATUS_NO_MEMORY ? status : fail(c, status);
}

static enum status restart(struct command_self *c, struct error *error)
{
    char counts[96] = "";
    if (c->n_restarts < c->config->restarts) {
        c->n_restarts++;
        return start(c, error);
    }
    for (int i = 0; i < N_TROUBLES; i++) {
        size_t used = strlen(counts);
        if (c->troubles[i])
            snprintf(counts + used, sizeof counts - used, "%s%s %u times", used ? ", " : "",
                     trouble_words[i], c->troubles[i]);
    }
    return error_set(error, STATUS_EXTERNAL,
                     "'%s' is given up after %" PRIu32 " restarts (%s); restarts = N allows more",
                     c->words[0], c->n_restarts, counts);
}

static enum status command_prepare(void *self, uint32_t n, struct error *error)
{
    struct command_self *c = self;
    bool refused;
    c->n = 0;
    enum status status = c->child ? STATUS_OK : restart(c, error);
    if (!status && warmed_first(&c->warmed, n))
        status = ask(c, n, &refused, error);
    if (!status)
        c->n = n;
    return status;
}

static enum status command_run(void *self, struct error *error)
{
    struct command_self *c = self;
    bool refused;
    if (c->n == 0 || !c->child)
        return error_set(error, STATUS_INVALID, "no length is prepared");
    return ask(c, c->n, &refused, error);
}

static int64_t command_device_ns(const void *self)
{
    const struct command_self *c = self;
    return c->device_ns;
}

static const char *command_version(const void *self)
{
    const struct command_self *c = self;
    return c->name;
}

static struct engine_shape command_shape(const void *self)
{
    (void)self;
    return (struct engine_shape){0};
}

static char *command_subject(const struct engine_config *config)
{
    return text_copy(config->argv ? config->argv : "(no argv)");
}

static char *command_network(const struct engine_config *config)
{
    return text_format("command %s", config->argv ? config->argv : "(no argv)");
}

const struct engine_operations engine_command = {
    .name = "command",
    .keys = "cpu argv timeout restarts",
    .subject = command_subject,
    .network = command_network,
    .open = command_open,
    .shape = command_shape,
    .version = command_version,
    .prepare = command_prepare,
    .run = command_run,
    .device_ns = command_device_ns,
    .close = command_close,
};
