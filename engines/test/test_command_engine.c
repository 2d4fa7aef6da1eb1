// SPDX-License-Identifier: GPL-3.0-or-later
/* The command engine with real programs: the example, and shell scripts of every bad kind. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"
#include "engines/affinity_private.h"
#include "engines/engine.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A script that answers; $i counts what it was asked since its start, $starts its starts. */
static const char answering[] = "echo x >>starts; starts=$(wc -l <starts); echo $$ >pid; i=0\n"
                                "while read -r word n; do\n"
                                "i=$((i + 1))\n"
                                "%s\n"
                                "echo OK\n"
                                "done\n";

static char *folder; /* of the running test's script */

static enum status open_words(const char *argv, const char *timeout, const char *restarts,
                              struct engine **engine, struct error *error)
{
    struct engine_config config;
    assert_int_equal(engine_config_defaults(&config, NULL), STATUS_OK);
    assert_int_equal(engine_config_set(&config, "engine", "command", NULL), STATUS_OK);
    assert_int_equal(engine_config_set(&config, "argv", argv, NULL), STATUS_OK);
    assert_int_equal(engine_config_set(&config, "timeout", timeout, NULL), STATUS_OK);
    assert_int_equal(engine_config_set(&config, "restarts", restarts, NULL), STATUS_OK);
    enum status status = engine_open(&config, engine, error);
    engine_config_free(&config);
    return status;
}

/* Opens a script whose loop has `body` in it, in a folder of its own. */
static enum status open_script(const char *body, const char *timeout, const char *restarts,
                               struct engine **engine, struct error *error)
{
    folder = test_scratch("command");
    char *loop = text_format(answering, body);
    char *text = text_format("cd %s || exit 9\n%s", folder, loop);
    char *path = test_write(folder, "program.sh", text);
    char *argv = text_format("sh %s", path);
    enum status status = open_words(argv, timeout, restarts, engine, error);
    free(loop);
    free(text);
    free(path);
    free(argv);
    return status;
}

static int count_starts(void)
{
    char *path = text_format("%s/starts", folder), *text = test_read(path);
    int n = 0;
    for (const char *at = text; at && *at; at++)
        n += *at == '\n';
    free(path);
    free(text);
    return n;
}

static pid_t read_pid(void)
{
    char *path = text_format("%s/pid", folder), *text = test_read(path);
    pid_t pid = text ? (pid_t)atol(text) : 0;
    free(path);
    free(text);
    return pid;
}

static bool gone_within_s(pid_t pid, int seconds)
{
    for (int i = 0; i < 100 * seconds; i++) {
        if (kill(pid, 0) != 0 && errno == ESRCH)
            return true;
        clock_sleep_ns(10000000);
    }
    return false;
}

static void close_script(struct engine *engine)
{
    engine_close(engine);
    free(folder);
    folder = NULL;
}

static void must(enum status status, const struct error *error)
{
    if (status)
        fail_msg("status %d: %s", status, error->text);
}

static void test_example(void **state)
{
    (void)state;
    struct engine *engine = NULL;
    struct error error = {0};
    char *argv = text_format("%s/examples/engine_command 48", test_build());
    size_t n_values = 1;
    must(open_words(argv, "60s", "0", &engine, &error), &error);
    char *text = engine_describe(engine);
    char *expected = text_format("command %s, LSTM of 48 units in plain C", argv);
    assert_string_equal(text, expected);
    struct engine_shape shape = engine_shape(engine);
    assert_true(shape.vocabulary == 0 && shape.input == 0 && shape.output == 0);
    int64_t times[2];
    static const uint32_t lengths[] = {10, 1000};
    for (int i = 0; i < 2; i++) {
        must(engine_prepare(engine, lengths[i], &error), &error);
        int64_t start_ns = clock_ns();
        must(engine_run(engine, &error), &error);
        times[i] = engine_device_ns(engine);
        assert_true(times[i] > 0 && times[i] <= clock_ns() - start_ns);
    }
    assert_true(times[1] > 20 * times[0]);
    assert_null(engine_input(engine).features);
    assert_null(engine_output(engine, &n_values));
    assert_int_equal(n_values, 0);
    assert_int_equal(engine_prepare(engine, 200000, &error), STATUS_EXTERNAL);
    assert_non_null(strstr(error.text, "says: lengths are 1 to 100000, at 'RUN 200000'"));
    error_clear(&error);
    must(engine_prepare(engine, 5, &error), &error); /* which was no reason to end it */
    engine_close(engine);
    free(argv);
    free(text);
    free(expected);
}

static void test_no_device_time(void **state)
{
    (void)state;
    struct engine *engine = NULL;
    struct error error = {0};
    must(open_script("[ $i = 1 ] && echo loading && echo READY", "20s", "0", &engine, &error),
         &error);
    must(engine_prepare(engine, 3, &error), &error);
    must(engine_run(engine, &error), &error);
    assert_int_equal(engine_device_ns(engine), -1);
    assert_int_equal(count_starts(), 1);
    assert_int_equal(getpgid(read_pid()), read_pid());
    close_script(engine);
}

/* What goes wrong at the third RUN of the first start (after one at the opening and one to warm
 * up), what is made of it, and that the next start is used as if nothing had been. */
static const struct {
    const char *name, *body;
    enum status status;
    const char *message;
} failures[] = {
    {"silent", "sleep 100", STATUS_TIMEOUT, "'sh' is silent for 0.5 s (timeout), at 'RUN 7'"},
    {"slow", "sleep 2", STATUS_TIMEOUT, "is silent"},
    {"ends", "exit 3", STATUS_EXTERNAL, "'sh' ended with exit status 3, at 'RUN 7'"},
    {"killed", "kill -9 $$", STATUS_EXTERNAL, "was ended by signal 9"},
    {"closes", "exec >&-; sleep 100", STATUS_EXTERNAL, "closed its output"},
    {"babble", "echo hello", STATUS_PROTOCOL, "says 'hello' where 'OK'"},
    {"empty", "echo", STATUS_PROTOCOL, "says '' where 'OK'"},
    {"binary", "head -c 300 /dev/zero; echo", STATUS_PROTOCOL, "where 'OK'"},
    {"endless", "exec yes", STATUS_PROTOCOL, "says 'y' where 'OK'"},
    {"partial", "printf 'OK 12'; sleep 100", STATUS_TIMEOUT, "in the middle of a line"},
    {"partial end", "printf 'OK 12'; exit 0", STATUS_EXTERNAL,
     "exit status 0 in the middle of a line"},
    {"huge line", "head -c 1000000 /dev/zero | tr '\\0' x", STATUS_PROTOCOL,
     "without the end of a line"},
    {"no number", "echo OK fast; continue", STATUS_PROTOCOL, "'OK fast', but its time is in whole"},
    {"fraction", "echo OK 1.5; continue", STATUS_PROTOCOL, "'OK 1.5'"},
    {"negative", "echo OK -5; continue", STATUS_PROTOCOL, "'OK -5'"},
    {"zero", "echo OK 0; continue", STATUS_PROTOCOL, "'OK 0'"},
    {"too much", "echo OK 99000000000; continue", STATUS_PROTOCOL, "so 9.9e+04 ms, but said so"},
    {"overflow", "echo OK 99999999999999999999; continue", STATUS_PROTOCOL, "'OK 9999999"},
    {"OKAY", "echo OKAY; continue", STATUS_PROTOCOL, "'OKAY'"},
};

static void test_failures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        struct engine *engine = NULL;
        struct error error = {0};
        char *body = text_format("if [ $starts$i = 13 ]; then %s\nfi\n", failures[i].body);
        must(open_script(body, "0.5s", "1", &engine, &error), &error);
        must(engine_prepare(engine, 7, &error), &error);
        enum status status = engine_run(engine, &error);
        if (status != failures[i].status || !strstr(error.text, failures[i].message))
            fail_msg("%s: status %d, '%s'", failures[i].name, status, error.text);
        error_clear(&error);
        assert_int_equal(engine_run(engine, NULL), STATUS_INVALID); /* nothing is prepared */
        must(engine_prepare(engine, 7, &error), &error);
        must(engine_run(engine, &error), &error);
        assert_int_equal(count_starts(), 2);
        close_script(engine);
        free(body);
    }
}

/* An answer too many is found before the next order, not taken for its answer. */
static void test_talks_out_of_turn(void **state)
{
    (void)state;
    struct engine *engine = NULL;
    struct error error = {0};
    must(open_script("[ $starts$i = 13 ] && echo OK 5", "20s", "1", &engine, &error), &error);
    must(engine_prepare(engine, 7, &error), &error);
    must(engine_run(engine, &error), &error);
    clock_sleep_ns(200000000);
    assert_int_equal(engine_run(engine, &error), STATUS_PROTOCOL);
    assert_non_null(strstr(error.text, "without being asked"));
    close_script(engine);
}

static void test_error_keeps_it(void **state)
{
    (void)state;
    struct engine *engine = NULL;
    struct error error = {0};
    must(open_script("[ $i = 3 ] && echo ERROR out of cheese && continue", "20s", "0", &engine,
                     &error),
         &error);
    must(engine_prepare(engine, 7, &error), &error);
    assert_int_equal(engine_run(engine, &error), STATUS_EXTERNAL);
    assert_non_null(strstr(error.text, "'sh' says: out of cheese, at 'RUN 7'"));
    error_clear(&error);
    must(engine_prepare(engine, 7, &error), &error);
    must(engine_run(engine, &error), &error);
    assert_int_equal(count_starts(), 1);
    close_script(engine);
}

static void test_restarts_are_bounded(void **state)
{
    (void)state;
    struct engine *engine = NULL;
    struct error error = {0};
    must(open_script("[ $i = 2 ] && { [ $starts = 2 ] && echo hm; exit 1; }", "20s", "3", &engine,
                     &error),
         &error);
    for (int i = 0; i < 8; i++) {
        error_clear(&error);
        assert_int_not_equal(engine_prepare(engine, 7, &error) || engine_run(engine, &error), 0);
    }
    assert_non_null(
        strstr(error.text, "'sh' is given up after 3 restarts (ended 3 times, no answer 1 times)"));
    assert_int_equal(count_starts(), 4);
    close_script(engine);
}

static void test_bad_starts(void **state)
{
    (void)state;
    static const struct {
        const char *argv;
        enum status status;
        const char *message;
    } rows[] = {
        {"/no/such/program x", STATUS_IO, "'/no/such/program' cannot be started: No such file"},
        {"/", STATUS_IO, "'/' cannot be started"},
        {"false", STATUS_EXTERNAL, "'false' ended with exit status 1"},
        {"sleep 100", STATUS_TIMEOUT, "'sleep' is silent for 0.3 s"},
        {"yes", STATUS_PROTOCOL, "'yes' says 'y' where"},
        {"cat /dev/zero", STATUS_PROTOCOL, "without the end of a line"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct engine *engine = NULL;
        struct error error = {0};
        enum status status = open_words(rows[i].argv, "0.3s", "5", &engine, &error);
        if (status != rows[i].status || !strstr(error.text, rows[i].message))
            fail_msg("'%s': status %d, '%s'", rows[i].argv, status, error.text);
    }
    struct engine_config config;
    struct engine *engine = NULL;
    struct error error = {0};
    assert_int_equal(engine_config_defaults(&config, NULL), STATUS_OK);
    assert_int_equal(engine_config_set(&config, "engine", "command", NULL), STATUS_OK);
    assert_int_equal(engine_open(&config, &engine, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "argv is missing"));
    engine_config_free(&config);
}

/* A program that neither reads on nor minds SIGTERM, and has a child of its own. */
static void test_stubborn_is_ended(void **state)
{
    (void)state;
    struct engine *engine = NULL;
    struct error error = {0};
    must(open_script("if [ $i = 2 ]; then trap '' TERM; sleep 300 & echo $! >grandchild; echo OK\n"
                     "while :; do sleep 1; done; fi",
                     "20s", "0", &engine, &error),
         &error);
    must(engine_prepare(engine, 7, &error), &error);
    pid_t pid = read_pid();
    char *path = text_format("%s/grandchild", folder), *text = test_read(path);
    pid_t grandchild = (pid_t)atol(text);
    assert_true(pid > 0 && grandchild > 0 && kill(pid, 0) == 0 && kill(grandchild, 0) == 0);
    close_script(engine);
    assert_true(gone_within_s(pid, 5));
    assert_true(gone_within_s(grandchild, 5));
    free(path);
    free(text);
}

/* Whatever ends us, the program does not stay, even one that does not see its input's end. */
static void test_dies_with_us(void **state)
{
    (void)state;
    struct engine *engine = NULL;
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    folder = NULL;
    pid_t us = fork();
    if (us == 0) {
        if (open_script("trap '' HUP TERM PIPE; echo OK; while :; do sleep 1; done", "20s", "0",
                        &engine, NULL))
            _exit(1);
        pid_t pid = read_pid();
        if (write(ends[1], &pid, sizeof pid) == (ssize_t)sizeof pid)
            kill(getpid(), SIGKILL);
        _exit(2);
    }
    pid_t pid = 0;
    assert_int_equal(read(ends[0], &pid, sizeof pid), sizeof pid);
    assert_int_equal(waitpid(us, &status, 0), us);
    assert_true(pid > 0 && gone_within_s(pid, 10));
    close(ends[0]);
    close(ends[1]);
}

/* Nor does a program inherit which signals we block; a shell would not show it. */
static void test_blocked_signals(void **state)
{
    (void)state;
    struct engine *engine = NULL;
    struct error error = {0};
    sigset_t blocked;
    char *argv = text_format("%s/examples/engine_command", test_build());
    char *path = text_format("/proc/self/task/%d/children", (int)getpid());
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    must(open_words(argv, "60s", "0", &engine, &error), &error);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    char *children = test_read(path);
    assert_non_null(children);
    free(path);
    path = text_format("/proc/%ld/status", atol(children));
    char *text = test_read(path);
    assert_non_null(strstr(text, "SigBlk:\t0000000000000000"));
    engine_close(engine);
    free(argv);
    free(path);
    free(children);
    free(text);
}

/* The CPUs are the program's, ours stay; nor does it inherit what we ignore and have open. */
static void test_its_surroundings(void **state)
{
    (void)state;
    cpu_set_t before, after;
    struct engine_config config;
    struct engine *engine = NULL;
    struct error error = {0};
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    unsigned cpu = 0;
    while (!CPU_ISSET(cpu, &before))
        cpu++;
    folder = test_scratch("command");
    char *text = text_format("grep -E 'Cpus_allowed_list|SigIgn' /proc/self/status >%s/me\n"
                             "ls /proc/self/fd >%s/open\n"
                             "while read -r x; do echo OK; done\n",
                             folder, folder);
    char *path = test_write(folder, "program.sh", text);
    char *argv = text_format("sh %s", path), *cpus = text_format("%u", cpu);
    assert_int_equal(engine_config_defaults(&config, NULL), STATUS_OK);
    assert_int_equal(engine_config_set(&config, "engine", "command", NULL), STATUS_OK);
    assert_int_equal(engine_config_set(&config, "argv", argv, NULL), STATUS_OK);
    assert_int_equal(engine_config_set(&config, "cpu", cpus, NULL), STATUS_OK);
    must(engine_open(&config, &engine, &error), &error);
    free(text);
    free(path);
    path = text_format("%s/me", folder);
    text = test_read(path);
    char *line = text_format("Cpus_allowed_list:\t%u\n", cpu);
    assert_non_null(strstr(text, line));
    assert_int_equal(strtoull(strstr(text, "SigIgn:") + 7, NULL, 16) >> (SIGPIPE - 1) & 1, 0);
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&before, &after));
    free(text);
    free(path);
    path = text_format("%s/open", folder);
    text = test_read(path);
    assert_string_equal(text, "0\n1\n2\n3\n"); /* 3 is how ls reads the folder */
    engine_config_free(&config);
    free(line);
    free(text);
    free(path);
    free(argv);
    free(cpus);
    close_script(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),         cmocka_unit_test(test_no_device_time),
        cmocka_unit_test(test_failures),        cmocka_unit_test(test_talks_out_of_turn),
        cmocka_unit_test(test_error_keeps_it),  cmocka_unit_test(test_restarts_are_bounded),
        cmocka_unit_test(test_bad_starts),      cmocka_unit_test(test_stubborn_is_ended),
        cmocka_unit_test(test_dies_with_us),    cmocka_unit_test(test_its_surroundings),
        cmocka_unit_test(test_blocked_signals),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("command engine", tests, NULL, NULL);
}
