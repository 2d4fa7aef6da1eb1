// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnprof link against a real server behind a real relay: what it records, what it survives. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"
#include "records/link_trace.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    char *folder, *trace, *direct, *url; /* url: through the relay */
    pid_t server, relay;
};

static char *start(const char *options, pid_t *pid)
{
    char *command = text_format("%s/bin/%s", test_build(), options);
    char *line = test_start(command, pid);
    if (!line || !strstr(line, "listening on "))
        fail_msg("%s: '%s'", command, line ? line : "");
    free(command);
    char *address = text_copy(line + strlen("listening on "));
    free(line);
    return address;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->folder = test_scratch("link_recorder");
    f->trace = text_format("%s/trace.csv", f->folder);
    f->direct = start("rnnserve --listen 127.0.0.1:0 "
                      "--model m=dnnl:cell=lstm,hidden=8,input=4,vocabulary=9",
                      &f->server);
    char *options = text_format("rnnlink -q --listen 127.0.0.1:0 --to %s --rtt 25 --up 8 --down 16",
                                f->direct + strlen("http://"));
    char *address = start(options, &f->relay);
    f->url = text_format("http://%s", address);
    free(address);
    free(options);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    test_stop(f->relay);
    test_stop(f->server);
    free(f->folder);
    free(f->trace);
    free(f->direct);
    free(f->url);
    free(f);
    return 0;
}

/* Runs "rnnprof link URL -o TRACE OPTIONS", expects the exit status; standard output, and in *err
 * (or NULL) standard error. */
static char *record(const struct fixture *f, const char *url, const char *options, int expected,
                    char **err)
{
    char *out, *said,
        *command =
            text_format("%s/bin/rnnprof link %s -o %s %s", test_build(), url, f->trace, options);
    int rc = test_shell(command, &out, &said);
    if (rc != expected)
        fail_msg("%s: exit %d (expected %d), says: %s%s", command, rc, expected, said, out);
    free(command);
    if (err)
        *err = said;
    else
        free(said);
    return out;
}

static double number(json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static json_t *parse(char *out)
{
    json_t *document = json_loads(out, 0, NULL);
    if (!document)
        fail_msg("not JSON: %s", out);
    free(out);
    return document;
}

static struct link_trace read_trace(const struct fixture *f)
{
    struct link_trace trace;
    struct error error = {0};
    if (link_trace_read(f->trace, &trace, &error))
        fail_msg("%s", error.text);
    return trace;
}

static void what_the_link_was_set_to(void **state)
{
    struct fixture *f = *state;
    json_t *document = parse(record(
        f, f->url, "--for 4s --interval 50ms --bandwidth 500ms --size 100kB --json", 0, NULL));
    json_t *rtt = json_object_get(document, "rtt_s");
    assert_true(number(rtt, "n") >= 10 && number(rtt, "n") <= 80);
    assert_true(number(rtt, "p5") > 0.0249 && number(rtt, "p50") < 0.031);
    assert_close(number(json_object_get(document, "up_bit_s"), "p50"), 8e6, 0.25, 0);
    assert_close(number(json_object_get(document, "down_bit_s"), "p50"), 16e6, 0.25, 0);
    assert_int_equal(number(document, "failed"), 0);
    json_decref(document);

    struct link_trace trace = read_trace(f);
    assert_true(trace.columns[COLUMN_RTT].n >= 10);
    assert_true(trace.columns[COLUMN_UP].n >= 3);
    link_trace_free(&trace);
    char *fit =
        text_format("%s/bin/rnnlink --fit %s -o %s/model.link", test_build(), f->trace, f->folder);
    assert_int_equal(test_shell(fit, NULL, NULL), 0);
    free(fit);
}

/* The times are those of the grid, whatever the answers take. */
static void the_loop_is_open(void **state)
{
    struct fixture *f = *state;
    free(record(f, f->url, "--for 2s --interval 40ms", 0, NULL));
    struct link_trace trace = read_trace(f);
    const struct trace_series *rtt = &trace.columns[COLUMN_RTT];
    size_t n_on_grid = 0;
    for (size_t i = 0; i < rtt->n; i++) {
        double slots = rtt->t_s[i] / 0.04;
        n_on_grid += slots - (double)(long)(slots + 0.02) < 0.25;
    }
    assert_true(rtt->n <= 50);
    assert_true(n_on_grid * 2 > rtt->n); /* late ones are late, not moved on */
    link_trace_free(&trace);
}

static void killed_and_resumed(void **state)
{
    struct fixture *f = *state;
    char *command =
        text_format("%s/bin/rnnprof link %s -o %s --for 1h --interval 20ms -q & pid=$!; "
                    "sleep 1.5; kill -9 $pid; wait $pid",
                    test_build(), f->direct, f->trace);
    assert_int_equal(test_shell(command, NULL, NULL), 128 + SIGKILL);
    struct link_trace before = read_trace(f);
    assert_true(before.columns[COLUMN_RTT].n >= 10);
    char *text = test_read(f->trace), *cut = text_format("%s99.1,2", text);
    free(test_write(f->folder, "trace.csv", cut)); /* as if the disk had been full */

    char *err;
    free(record(f, f->direct, "--for 4s --interval 20ms", 1, &err));
    assert_non_null(strstr(err, "--resume goes on"));
    free(err);
    double wanted_s = before.duration_s + 0.5;
    char *options = text_format("--for %.3fs --interval 20ms --resume --json", wanted_s);
    json_t *document = parse(record(f, f->direct, options, 0, NULL));
    struct link_trace after = read_trace(f);
    assert_true(number(document, "probes_now") >= 2);
    assert_int_equal(number(document, "rows"), after.n_rows);
    assert_int_equal(after.n_rows, (double)before.n_rows + number(document, "probes_now"));
    assert_true(after.duration_s < wanted_s + 0.1); /* the pause is left out */
    char *now = test_read(f->trace);
    assert_memory_equal(now, text, strlen(text)); /* nothing lost, the stump gone */
    assert_non_null(strstr(now, "\n# goes on after a pause"));
    assert_null(strstr(now, "99.1"));
    json_decref(document);

    document = parse(record(f, f->direct, options, 0, NULL)); /* long enough: nothing to do */
    assert_int_equal(number(document, "probes_now"), 0);
    json_decref(document);
    link_trace_free(&before);
    link_trace_free(&after);
    free(command);
    free(text);
    free(cut);
    free(now);
    free(options);
}

static void a_signal_ends_it_with_a_summary(void **state)
{
    struct fixture *f = *state;
    char *out, *command = text_format("%s/bin/rnnprof link %s -o %s --for 1h --interval 20ms "
                                      "& pid=$!; sleep 1.5; kill -INT $pid; wait $pid",
                                      test_build(), f->direct, f->trace);
    assert_int_equal(test_shell(command, &out, NULL), 3);
    assert_non_null(strstr(out, "probes in"));
    assert_non_null(strstr(out, "round trip"));
    assert_non_null(strstr(out, " |"));
    free(out);
    free(command);
}

static void no_server_no_file(void **state)
{
    struct fixture *f = *state;
    char *err;
    free(record(f, "http://127.0.0.1:1", "--for 1s", 1, &err));
    assert_non_null(strstr(err, "http://127.0.0.1:1/v2/health/live"));
    assert_null(test_read(f->trace));
    free(err);
    free(record(f, "127.0.0.1", "--for 1s", 1, &err));
    assert_non_null(strstr(err, "is not a server's URL"));
    free(err);
    static const char *const misuses[] = {"-o -",     "--for 0",          "--interval 0",
                                          "--size 3", "--bandwidth 10ms", "--for soon"};
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++)
        free(record(f, f->direct, misuses[i], 2, NULL));
    assert_null(test_read(f->trace));
}

/* An outage is a time of rows without values, not an end. */
static void a_server_that_goes_away(void **state)
{
    struct fixture *f = *state;
    char *err,
        *command = text_format("(sleep 1.2; kill -9 %d) & %s/bin/rnnprof link %s -o %s --for 3s "
                               "--interval 50ms --timeout 200ms --plot %s/plot",
                               (int)f->server, test_build(), f->direct, f->trace, f->folder);
    char *out;
    int rc = test_shell(command, &out, &err);
    if (rc != 0 && !strstr(err, "gnuplot-nox"))
        fail_msg("exit %d: %s%s", rc, err, out);
    assert_non_null(strstr(err, "failed now: connect "));
    assert_non_null(strstr(err, "there has been no answer since "));
    assert_non_null(strstr(out, "x"));
    struct link_trace trace = read_trace(f);
    assert_true(trace.columns[COLUMN_RTT].n >= 5);
    assert_true(trace.n_rows > trace.columns[COLUMN_RTT].n + 5);
    char *svg = text_format("%s/plot/link.svg", f->folder), *drawn = test_read(svg);
    assert_true(rc != 0 || (drawn && strstr(drawn, "no answer")));
    link_trace_free(&trace);
    free(svg);
    free(drawn);
    free(err);
    free(out);
    free(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_the_link_was_set_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_loop_is_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(killed_and_resumed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_signal_ends_it_with_a_summary, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_server_no_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_that_goes_away, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
