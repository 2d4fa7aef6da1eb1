// SPDX-License-Identifier: GPL-3.0-or-later
/* Meters that must be told of: a program of one's own, and watts from a data sheet. */
#include "base/clock.h"
#include "profiler/test/meter_tree.h"

#include <math.h>
#include <signal.h>

/* Runs Python as a meter: `now()` is a clock that is `ahead` ns ahead of the machine's, lines of
 * input come through `marks()`, and `say(t, p)` says a reading. */
static char *program(const char *body)
{
    char *folder = test_scratch("command");
    char *text = text_format("import os, select, sys, time\n"
                             "def now():\n"
                             "    return time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) + 10**15\n"
                             "def marks(answer=True):\n"
                             "    while select.select([0], [], [], 0)[0]:\n"
                             "        line = sys.stdin.readline()\n"
                             "        if not line: sys.exit(0)\n"
                             "        if answer: print(line.strip(), now(), flush=True)\n"
                             "def say(t, p):\n"
                             "    print(t, p, flush=True)\n"
                             "%s\n",
                             body);
    char *path = test_write(folder, "meter.py", text);
    char *spec = text_format("command:python3 -u %s", path);
    free(path);
    free(text);
    free(folder);
    return spec;
}

/* 2 W and 4 W in turns of 50 ms by its own clock: 3 W in the mean over whole turns. */
static const char square[] = "while True:\n"
                             "    marks()\n"
                             "    t = now()\n"
                             "    say(t, 4e6 if t // 50000000 % 2 else 2e6)\n"
                             "    time.sleep(0.001)\n";

static void a_program_counts_energy_in_our_time(void **state)
{
    char *spec = program(square);
    struct meter_reading first, last;
    struct error error = {0};
    (void)state;
    struct meter *meter = tree_open("", spec);
    assert_true(meter_info(meter)->counts);
    assert_int_equal(meter_info(meter)->scope, SCOPE_BOARD);
    assert_true(meter_info(meter)->radio);
    assert_int_equal(meter_read(meter, &first, &error), STATUS_OK);
    assert_close(first.value, 0, 0, 0);
    clock_sleep_ns(1000000000);
    assert_int_equal(meter_read(meter, &last, &error), STATUS_OK);
    int64_t now_ns = clock_ns();
    double seconds = (double)(last.t_ns - first.t_ns) * 1e-9;
    /* a turn more or less, and a line at each change */
    assert_close(last.value, 3e6 * seconds, 0, 2e6 * 0.05 + 2e6 * 0.02);
    /* the line was said a moment ago, by our clock, within what it says of its doubt */
    assert_true(last.t_ns - last.doubt_ns <= now_ns);
    assert_true(now_ns - last.t_ns < 500000000);
    assert_true(last.doubt_ns > 0 && last.doubt_ns < 500000000);
    meter_close(meter);
    free(spec);
}

/* The program in docs/meters.md, fed as by a serial port: 5 V and 0.4 A. */
static void the_documented_program_works(void **state)
{
    char *folder = test_scratch("command"), *page = test_read("docs/meters.md"), *line;
    struct meter_reading first, last;
    pid_t feeder;
    (void)state;
    assert_non_null(page);
    char *text = strstr(page, "```python\n") + strlen("```python\n");
    *strstr(text, "```") = '\0';
    char *path = test_write(folder, "read-meter.py", text);
    char *port = text_format("%s/port", folder);
    assert_int_equal(mkfifo(port, 0600), 0);
    char *feed =
        text_format("sh -c 'echo ready; exec >%s; while echo 5.0 0.4; do sleep 0.01; done'", port);
    line = test_start(feed, &feeder);
    char *spec = text_format("command:python3 %s %s", path, port);
    struct meter *meter = tree_open("", spec);
    assert_int_equal(meter_read(meter, &first, NULL), STATUS_OK);
    clock_sleep_ns(300000000);
    assert_int_equal(meter_read(meter, &last, NULL), STATUS_OK);
    assert_true(last.t_ns > first.t_ns);
    /* the lines' own times make the energy; aligning them moves only where it stands */
    assert_close(last.value, 2e6 * (double)(last.t_ns - first.t_ns) * 1e-9, 1e-6,
                 2e-3 * (double)(first.doubt_ns + last.doubt_ns));
    meter_close(meter);
    test_stop(feeder);
    free(spec);
    free(line);
    free(feed);
    free(port);
    free(path);
    free(page);
    free(folder);
}

static void claims_stand_in_front_of_a_program(void **state)
{
    char *spec = program(square), *whole = text_format("scope=rail radio=no %s", spec);
    (void)state;
    struct meter *meter = tree_open("", whole);
    assert_int_equal(meter_info(meter)->scope, SCOPE_RAIL);
    assert_false(meter_info(meter)->radio);
    meter_close(meter);
    free(whole);
    free(spec);
}

static void broken_programs_are_no_meters(void **state)
{
    static const struct {
        const char *body;
        enum status status;
        const char *why;
    } cases[] = {
        /* a marker that never comes */
        {"while True:\n    marks(False)\n    say(now(), 1e6)\n    time.sleep(0.01)\n",
         STATUS_TIMEOUT, "has not answered 'mark N'"},
        {"while True:\n    marks()\n    time.sleep(0.01)\n", STATUS_TIMEOUT,
         "no line 't_ns power_uw'"},
        {"print('hello', flush=True)\ntime.sleep(60)\n", STATUS_PROTOCOL, "says 'hello'"},
        {"while True:\n    marks()\n    say(now(), 'high')\n    time.sleep(0.01)\n",
         STATUS_PROTOCOL, "high'"},
        {"while True:\n    marks()\n    say(now(), -3)\n    time.sleep(0.01)\n", STATUS_INVALID,
         "negative"},
        {"while True:\n    marks()\n    say(now(), 4294967295000)\n    time.sleep(0.01)\n",
         STATUS_INVALID, "without a value"},
        {"while True:\n    marks()\n    say(now(), 4294967295)\n    time.sleep(0.01)\n",
         STATUS_INVALID, "without a value"},
        {"while True:\n    marks()\n    say(now(), 'nan')\n    time.sleep(0.01)\n", STATUS_PROTOCOL,
         "nan'"},
        {"t = now()\nwhile True:\n    marks()\n    t -= 1000\n    say(t, 1e6)\n"
         "    time.sleep(0.01)\n",
         STATUS_PROTOCOL, "its time does not go on"},
        {"sys.exit(3)\n", STATUS_PROTOCOL, "exit status 3"},
        {"while True:\n    for line in sys.stdin: print('mark 1 later', flush=True)\n",
         STATUS_PROTOCOL, "says 'mark 1 later'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *spec = program(cases[i].body);
        struct meter *meter = NULL;
        struct error error = {0};
        enum status status = meter_open(spec, "", &meter, &error);
        struct meter_reading reading;
        /* what is wrong with its lines may be seen when it is opened or soon after */
        for (int k = 0; !status && k < 1000; k++) {
            clock_sleep_ns(10000000);
            status = meter_read(meter, &reading, &error);
        }
        if (status != cases[i].status || !strstr(error.text, cases[i].why))
            fail_msg("case %zu: %d '%s' instead of '%s'", i, status, error.text, cases[i].why);
        meter_close(meter);
        free(spec);
    }
    tree_refuses("", "command:", STATUS_INVALID, "which program?");
    tree_refuses("", "command:/no/such/program", STATUS_IO, "cannot be started");
    tree_refuses("", "command:'open", STATUS_INVALID, "not closed");
}

static void a_program_that_ends_ends_the_reading(void **state)
{
    char *spec = program("for i in range(50):\n    marks()\n    say(now(), 1e6)\n"
                         "    time.sleep(0.02)\n");
    struct meter_reading reading;
    struct error error = {0};
    enum status status = STATUS_OK;
    (void)state;
    struct meter *meter = tree_open("", spec);
    for (int i = 0; !status && i < 1000; i++) {
        clock_sleep_ns(10000000);
        status = meter_read(meter, &reading, &error);
    }
    assert_int_equal(status, STATUS_PROTOCOL);
    assert_non_null(strstr(error.text, "ended with exit status 0"));
    meter_close(meter);
    free(spec);
}

/* One line that is no good takes its neighbourhood with it, not what comes later. */
static void a_bad_line_is_left_out(void **state)
{
    char *spec = program("n = 0\nwhile True:\n    marks()\n    n += 1\n"
                         "    say(now(), -1 if n == 60 else 1e6)\n    time.sleep(0.01)\n");
    struct meter_reading first, last = {.value = 0};
    struct error error = {0};
    int n_bad = 0;
    (void)state;
    struct meter *meter = tree_open("", spec);
    assert_int_equal(meter_read(meter, &first, &error), STATUS_OK);
    for (int i = 0; i < 150; i++) {
        clock_sleep_ns(10000000);
        error_clear(&error);
        n_bad += meter_read(meter, &last, &error) != STATUS_OK;
    }
    double seconds = (double)(last.t_ns - first.t_ns) * 1e-9;
    assert_true(n_bad >= 1 && n_bad <= 3);
    assert_true(last.value < 1e6 * seconds - 1);
    assert_true(last.value > 0.5e6 * seconds);
    meter_close(meter);
    free(spec);
}

static void a_constant_charges_by_what_goes_on(void **state)
{
    static const double power_w[N_ACTIVITIES] = {
        [ACTIVITY_IDLE] = 1.5, [ACTIVITY_RUN] = 4, [ACTIVITY_OFFLOAD] = 2.75};
    (void)state;
    struct meter *meter = tree_open("", "constant:active=4W,wait=2W,idle=1500mW,radio=0.75");
    const struct meter_info *info = meter_info(meter);
    assert_int_equal(info->provenance, PROVENANCE_MODELLED);
    assert_int_equal(info->scope, SCOPE_BOARD);
    assert_true(info->radio && info->counts);
    for (enum meter_activity activity = 0; activity < N_ACTIVITIES; activity++) {
        struct meter_reading from, to;
        meter_note(meter, activity);
        assert_int_equal(meter_read(meter, &from, NULL), STATUS_OK);
        clock_sleep_ns(20000000);
        assert_int_equal(meter_read(meter, &to, NULL), STATUS_OK);
        assert_close(to.value - from.value,
                     power_w[activity] * 1e6 * (double)(to.t_ns - from.t_ns) * 1e-9, 1e-9, 1e-6);
    }
    meter_close(meter);
}

/* A change between two readings is charged to the moment. */
static void a_constant_splits_at_the_change(void **state)
{
    struct meter_reading from, to;
    (void)state;
    struct meter *meter = tree_open("", "constant:radio=1W");
    assert_int_equal(meter_info(meter)->scope, SCOPE_RAIL);
    assert_true(meter_info(meter)->radio);
    meter_read(meter, &from, NULL);
    clock_sleep_ns(20000000);
    int64_t before_ns = clock_ns();
    meter_note(meter, ACTIVITY_OFFLOAD);
    int64_t after_ns = clock_ns();
    clock_sleep_ns(20000000);
    meter_read(meter, &to, NULL);
    assert_true(to.value <= 1e-3 * (double)(to.t_ns - before_ns) + 1);
    assert_true(to.value >= 1e-3 * (double)(to.t_ns - after_ns) - 1);
    meter_close(meter);
}

static void constants_are_given_whole(void **state)
{
    static const struct {
        const char *spec, *why;
    } cases[] = {
        {"constant", "how much?"},
        {"constant:active=4W", "wants active, wait and idle"},
        {"constant:active=4W,wait=1W,radio=1W", "wants active, wait and idle"},
        {"constant:active=4W,active=3W", "twice"},
        {"constant:active=-4W", "active"},
        {"constant:active=4V", "active"},
        {"constant:sleep=4W", "'sleep' is none of"},
        {"constant:4W", "'4W' is none of"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        tree_refuses("", cases[i].spec, STATUS_INVALID, cases[i].why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_counts_energy_in_our_time),
        cmocka_unit_test(the_documented_program_works),
        cmocka_unit_test(claims_stand_in_front_of_a_program),
        cmocka_unit_test(broken_programs_are_no_meters),
        cmocka_unit_test(a_program_that_ends_ends_the_reading),
        cmocka_unit_test(a_bad_line_is_left_out),
        cmocka_unit_test(a_constant_charges_by_what_goes_on),
        cmocka_unit_test(a_constant_splits_at_the_change),
        cmocka_unit_test(constants_are_given_whole),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
