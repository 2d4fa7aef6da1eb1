// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * rnnlink as a child process of a test. Tests that start one have relayed_teardown as their
 * teardown, so that none stays behind a test that fails.
 */
#ifndef TESTBED_TEST_RELAYED_H
#define TESTBED_TEST_RELAYED_H

#include "base/memory.h"
#include "base/test/support.h"
#include "testbed/test/peers.h"

struct relayed {
    pid_t pid;
    int port;
    char *err; /* path of what it said on standard error */
};

/* The processes that run; 0: none. */
enum { RELAYED_MOST = 64 };
static pid_t relayed_running[RELAYED_MOST];

static inline void relayed_replace(pid_t from, pid_t to)
{
    for (int i = 0; i < RELAYED_MOST; i++) {
        if (relayed_running[i] == from) {
            relayed_running[i] = to;
            return;
        }
    }
}

/* Is to be ended by relayed_teardown, or not any more. */
static inline void relayed_remember(pid_t pid)
{
    relayed_replace(0, pid);
}

static inline void relayed_forget(pid_t pid)
{
    relayed_replace(pid, 0);
}

/* Starts it towards a port of 127.0.0.1; `options` as on a command line. */
static inline struct relayed relayed_start(int to, const char *options)
{
    struct relayed relayed = {0};
    char *folder = test_scratch("relayed");
    relayed.err = text_format("%s/err", folder);
    char *command = text_format("%s/bin/rnnlink --listen 127.0.0.1:0 --to 127.0.0.1:%d %s 2>%s",
                                test_build(), to, options, relayed.err);
    char *line = test_start(command, &relayed.pid);
    if (!line || sscanf(line, "listening on 127.0.0.1:%d", &relayed.port) != 1)
        fail_msg("'%s' said '%s'", command, line ? line : "nothing");
    relayed_remember(relayed.pid);
    free(line);
    free(command);
    free(folder);
    return relayed;
}

/* Stops it, which it must survive until then; what it said on standard error, freed by the
 * caller. */
static inline char *relayed_stop(struct relayed *relayed)
{
    int exit_status = test_stop(relayed->pid);
    relayed_forget(relayed->pid);
    char *err = test_read(relayed->err);
    if (exit_status != 0)
        fail_msg("rnnlink ended with %d: %s", exit_status, err);
    free(relayed->err);
    return err;
}

static inline int relayed_teardown(void **state)
{
    (void)state;
    for (int i = 0; i < RELAYED_MOST; i++) {
        if (relayed_running[i])
            test_stop(relayed_running[i]);
        relayed_running[i] = 0;
    }
    return 0;
}

/* Stops it and prints what it imposed. */
static inline void relayed_stop_and_tell(struct relayed *relayed)
{
    char *err = relayed_stop(relayed);
    print_message("%s", err);
    free(err);
}

/* What took `took` should have taken `asked`, to `bound`. Nothing excuses that it was faster; a
 * busy machine excuses that it was slower, up to three times. */
static inline void assert_took(double took, double asked, double bound)
{
    if (took >= asked - bound && took <= asked + bound)
        return;
    if (took < asked || took > 3 * asked || !peer_machine_is_busy())
        fail_msg("took %g, not %g to %g", took, asked, bound);
}

static inline double peer_seconds(int64_t since_ns)
{
    return (double)(clock_ns() - since_ns) * 1e-9;
}

#endif
