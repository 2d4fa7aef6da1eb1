// SPDX-License-Identifier: GPL-3.0-or-later
/* The program that varies the link, as a shell script that behaves and as several that do not. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/stop.h"
#include "profiler/linkcontrol.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const struct link_state slow = {.rtt_s = 0.05, .up_bit_s = 2e6, .down_bit_s = INFINITY};
static const struct link_state fast = {.rtt_s = 0.0005, .up_bit_s = 1e7, .down_bit_s = 12.5e6};

static struct linkcontrol *start(const char *command, double timeout_s)
{
    struct linkcontrol *control = NULL;
    struct error error = {0};
    if (linkcontrol_start(command, timeout_s, &control, &error))
        fail_msg("%s: %s", command, error.text);
    return control;
}

static void assert_no_children(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void orders_and_answers(void **state)
{
    (void)state;
    char *folder = test_scratch("linkcontrol");
    char *script = test_write(folder, "link 1.sh",
                              "echo listening on 127.0.0.1:1\necho 'okay, here we go'\n"
                              "while read -r line; do\n  echo \"$line\" >>\"$1\"\n"
                              "  echo working on it\n  echo ok \"$line\"\n  echo ok twice\ndone\n"
                              "echo end >>\"$1\"\n");
    char *command = text_format("sh '%s' \"%s/orders\"", script, folder);
    char *orders = text_format("%s/orders", folder);
    struct linkcontrol *control = start(command, 20);
    for (int i = 0; i < 3; i++) {
        struct error error = {0};
        if (linkcontrol_set(control, i % 2 ? &fast : &slow, &error))
            fail_msg("%s", error.text);
    }
    assert_int_equal(linkcontrol_check(control, NULL), STATUS_OK);
    linkcontrol_stop(control);
    char *text = test_read(orders);
    assert_string_equal(text, "set rtt=50ms up=2 down=unlimited\nset rtt=0.5ms up=10 down=12.5\n"
                              "set rtt=50ms up=2 down=unlimited\nend\n");
    assert_no_children();
    free(text);
    free(orders);
    free(command);
    free(script);
    free(folder);
}

/* One clear error each, which names the command. */
static void programs_that_do_not_obey(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        enum status status;
        const char *says;
    } cases[] = {
        {"read l; echo error: no such device", STATUS_FAILED,
         "refuses 'set rtt=50ms up=2 down=unlimited': no such device"},
        {"echo booting; sleep 60", STATUS_TIMEOUT, "within 0.3 s"},
        {"echo booting; sleep 60", STATUS_TIMEOUT, "the last that it said is 'booting'"},
        {"read l; echo oh no; exit 3", STATUS_PROTOCOL,
         "ended with exit status 3 without an answer; it said 'oh no'"},
        {"kill -9 $$", STATUS_PROTOCOL, "was ended by signal 9"},
        {"exec yes", STATUS_PROTOCOL, "more than 1000 other lines, the last: 'y'"},
        {"exec cat /dev/zero", STATUS_PROTOCOL, "more than 1000 other lines, the last: ''"},
        {"read l; exec >&-; sleep 60", STATUS_PROTOCOL, "closed its output"},
    };
    char *folder = test_scratch("linkcontrol");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *script = test_write(folder, "bad.sh", cases[i].script);
        char *command = text_format("sh %s", script);
        struct linkcontrol *control = start(command, 0.3);
        struct error error = {0};
        assert_int_equal(linkcontrol_set(control, &slow, &error), cases[i].status);
        if (!strstr(error.text, cases[i].says) || !strstr(error.text, command))
            fail_msg("'%s': '%s' does not say '%s'", cases[i].script, error.text, cases[i].says);
        linkcontrol_stop(control);
        assert_no_children();
        free(command);
        free(script);
    }
    free(folder);
}

static void what_cannot_be_started(void **state)
{
    (void)state;
    struct linkcontrol *control = NULL;
    struct error error = {0};
    assert_int_equal(linkcontrol_start("no-such-program-here -x", 1, &control, &error), STATUS_IO);
    assert_non_null(
        strstr(error.text, "'no-such-program-here -x' cannot be started: No such file"));
    assert_int_equal(linkcontrol_start("'open", 1, &control, NULL), STATUS_INVALID);
    assert_null(control);
    assert_no_children();
}

static void a_death_between_orders_is_noticed(void **state)
{
    (void)state;
    struct linkcontrol *control = start("sh -c 'read l; echo ok; exit 7'", 20);
    struct error error = {0};
    assert_int_equal(linkcontrol_set(control, &slow, NULL), STATUS_OK);
    for (int i = 0; i < 2000 && linkcontrol_check(control, &error) == STATUS_OK; i++)
        clock_sleep_ns(5000000);
    assert_non_null(strstr(error.text, "ended with exit status 7 during the campaign"));
    assert_int_equal(linkcontrol_set(control, &slow, NULL), STATUS_PROTOCOL);
    linkcontrol_stop(control);
    assert_no_children();
}

/* Neither a closed input nor SIGTERM impresses it, and it has a child of its own. */
static void a_stubborn_program_is_killed(void **state)
{
    (void)state;
    char *folder = test_scratch("linkcontrol");
    char *script =
        test_write(folder, "stubborn.sh",
                   "trap '' TERM\nsleep 120 &\necho $! >\"$1\"\nread l\necho ok\nwhile :; do\n"
                   "  sleep 120\ndone\n");
    char *pid_path = text_format("%s/pid", folder);
    char *command = text_format("sh %s %s", script, pid_path);
    struct linkcontrol *control = start(command, 20);
    assert_int_equal(linkcontrol_set(control, &fast, NULL), STATUS_OK);
    int64_t start_ns = clock_ns();
    linkcontrol_stop(control);
    double took_s = (double)(clock_ns() - start_ns) * 1e-9;
    assert_true(took_s > 3.5 && took_s < 30);
    assert_no_children();
    char *text = test_read(pid_path);
    for (int i = 0; i < 400 && kill((pid_t)atoi(text), 0) == 0; i++)
        clock_sleep_ns(5000000); /* whoever adopted it reaps it */
    assert_int_equal(kill((pid_t)atoi(text), 0), -1);
    free(text);
    free(command);
    free(pid_path);
    free(script);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_and_answers),
        cmocka_unit_test(programs_that_do_not_obey),
        cmocka_unit_test(what_cannot_be_started),
        cmocka_unit_test(a_death_between_orders_is_noticed),
        cmocka_unit_test(a_stubborn_program_is_killed),
    };
    stop_catch();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
