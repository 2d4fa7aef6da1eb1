// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnlink as a command: its options, what it prints, how it ends. */
#include "testbed/test/relayed.h"

#include <math.h>

static void test_misuse(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        int status;
        const char *message; /* a part of its only line */
    } rows[] = {
        {"", 2, "--listen is missing"},
        {"--listen 127.0.0.1:0 --rtt 1", 2, "--to is missing"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9", 2, "--rtt is missing"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt -1", 2, "--rtt"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 20parsec", 2, "--rtt"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 2h", 2, "--rtt: more than 60 s"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 --up 0", 2, "--up: less than 1 kbit/s"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 --down 1bit/s", 2, "--down: less than"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 --down fast", 2, "--down"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --link fixed:1 --trace x.csv", 2, "only one of"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --trace no-such.csv --up 1", 1, "no-such.csv"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --trace Makefile", 1, "--trace: "},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --model Makefile", 1, "--model: "},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --model -", 2, "only a trace can come from a pipe"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --model /dev/null", 2, "only a trace can come"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --model /no/such", 1, "/no/such: cannot be opened"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --link rtt=1ms,up=2", 2, "add --down RATE"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 --once", 2, "--once: fixed:1ms has no end"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 --pace fast", 2, "--pace"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 --jitter -1", 2, "--jitter"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 --jitter 2h", 2, "--jitter: more than"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 --outages 5s", 2, "is not EVERY,FOR"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 --outages 5s,0", 2, "less than 1 ms"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 --outages 5s,x", 2, "--outages: "},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --trace - --control -", 2, "cannot be both"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 --log -", 2, "--log: a file"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 --log no/such/folder", 1, "no/such/folder"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 --connections 0", 2, "--connections"},
        {"--listen 127.0.0.1 --to 127.0.0.1:9 --rtt 1", 2, "'127.0.0.1' is not ADDR:PORT"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:0 --rtt 1", 2, "port"},
        {"--listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1 more", 2, "'more'"},
        {"--listen 127.0.0.1:0 --to no-such-host.invalid:9 --rtt 1", 1, "cannot be resolved"},
        {"--listen 192.0.2.1:9 --to 127.0.0.1:9 --rtt 1", 1, "cannot listen on 192.0.2.1:9"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *out, *err;
        char *command = text_format("timeout 10 %s/bin/rnnlink %s", test_build(), rows[i].options);
        int status = test_shell(command, &out, &err);
        if (status != rows[i].status || out[0] || !strstr(err, rows[i].message) ||
            strchr(err, '\n') != err + strlen(err) - 1)
            fail_msg("rnnlink %s: %d, '%s', '%s'", rows[i].options, status, out, err);
        free(command);
        free(out);
        free(err);
    }
}

static void test_address_in_use(void **state)
{
    (void)state;
    int port;
    int fd = peer_listen(&port);
    char *err, *command = text_format("%s/bin/rnnlink --listen 127.0.0.1:%d --to 127.0.0.1:9 "
                                      "--rtt 1",
                                      test_build(), port);
    assert_int_equal(test_shell(command, NULL, &err), 1);
    assert_non_null(strstr(err, "cannot listen on 127.0.0.1"));
    assert_non_null(strstr(err, "in use"));
    free(err);
    free(command);
    close(fd);
}

/* Runs it with its output in files, pings through it and ends it with a signal. Returns its exit
 * status; what it printed is freed by the caller. */
static int ping_and_end(const char *options, int number, char **out, char **err)
{
    int port, link_port = 0, state = 0;
    pid_t server = peer_serve(peer_echo, &port);
    char *folder = test_scratch("rnnlink");
    char *command = text_format("exec %s/bin/rnnlink --listen 127.0.0.1:0 --to 127.0.0.1:%d %s "
                                "2>%s/err >%s/out",
                                test_build(), port, options, folder, folder);
    char *out_path = text_format("%s/out", folder), *err_path = text_format("%s/err", folder);
    pid_t link = fork();
    if (link == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    /* the line must come although standard output is no terminal */
    for (int i = 0; i < 1000 && link_port == 0; i++) {
        char *text = test_read(out_path);
        if (text && strchr(text, '\n'))
            sscanf(text, "listening on 127.0.0.1:%d\n", &link_port);
        free(text);
        clock_sleep_ns(5000000);
    }
    assert_true(link_port > 0);
    int fd = peer_connect(link_port);
    for (int i = 0; i < 3; i++)
        peer_ping(fd);
    close(fd);
    kill(link, number);
    waitpid(link, &state, 0);
    *out = test_read(out_path);
    *err = test_read(err_path);
    peer_end(server);
    free(command);
    free(out_path);
    free(err_path);
    free(folder);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

static size_t n_lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void test_ready_line_and_report(void **state)
{
    (void)state;
    char *out, *err;
    assert_int_equal(ping_and_end("--rtt 4", SIGTERM, &out, &err), 0);
    assert_int_equal(n_lines(out), 1);
    assert_non_null(strstr(err, "1 connections, at most 1 at once; 0 refused"));
    assert_non_null(strstr(err, "1 handshakes charged to first bytes, 4.00 ms each"));
    assert_non_null(strstr(err, "imposed p50"));
    free(out);
    free(err);

    assert_int_equal(ping_and_end("--rtt 4 -q", SIGINT, &out, &err), 0);
    assert_int_equal(n_lines(out), 1);
    assert_string_equal(err, "");
    free(out);
    free(err);
}

/* The number after `key`, which comes after `from` ("" : from the start). */
static double number_after(const char *text, const char *from, const char *key)
{
    const char *at = strstr(text, from);
    at = at ? strstr(at, key) : NULL;
    if (!at)
        fail_msg("no %s %s in %s", from, key, text);
    return strtod(at + strlen(key), NULL);
}

static void test_json(void **state)
{
    (void)state;
    char *out, *err;
    assert_int_equal(ping_and_end("--rtt 4 --up 8 --json", SIGTERM, &out, &err), 0);
    assert_int_equal(n_lines(out), 2); /* the ready line, then the document */
    assert_string_equal(err, "");
    const char *document = strchr(out, '\n') + 1;
    assert_ptr_equal(strstr(document, "{\"schema\":\"rnnmap.link/1\","), document);
    assert_non_null(strstr(document, "\"up_bit_s\":8000000,\"down_bit_s\":null}"));
    assert_close(number_after(document, "\"link\"", "\"rtt_s\":"), 0.004, 1e-9, 0);
    assert_close(number_after(document, "", "\"connections\":"), 1, 0, 0);
    assert_close(number_after(document, "", "\"handshakes_s\":"), 0.004, 1e-9, 0);
    assert_non_null(strstr(document, "\"source\":\"fixed:4ms,8,unlimited\""));
    assert_close(number_after(document, "\"played\"", "\"requests\":"), 3, 0, 0);
    assert_close(number_after(document, "\"played\"", "\"changes\":"), 0, 0, 0);
    assert_close(number_after(document, "\"played\"", "\"p95\":"), 0.004, 1.0 / 64, 0);
    assert_close(number_after(document, "\"up\":", "\"bytes\":"), 3, 0, 0);
    assert_close(number_after(document, "\"down\":", "\"bytes\":"), 3, 0, 0);
    assert_close(number_after(document, "\"up\":", "\"asked_s\":{\"p50\":"), 0.002001, 0.02, 0);
    double imposed = number_after(document, "\"up\":", "\"imposed_s\":{\"p50\":");
    assert_true(imposed > 0.00195 && imposed < 0.02);
    free(out);
    free(err);
}

/* Outages are in the report, by the share that their means give. */
static void test_outages(void **state)
{
    (void)state;
    int port;
    pid_t server = peer_serve(peer_echo, &port);
    struct relayed link = relayed_start(port, "--rtt 1 --outages 10ms,30ms");
    int fd = peer_connect(link.port);
    double least_ms = INFINITY, most_ms = 0;
    for (int64_t start = clock_ns(); peer_seconds(start) < 1;) {
        double took_ms = (double)peer_ping(fd) * 1e-6;
        least_ms = fmin(least_ms, took_ms);
        most_ms = fmax(most_ms, took_ms);
    }
    close(fd);
    char *err = relayed_stop(&link);
    print_message("pings of 1 ms took %.2f to %.2f ms\n", least_ms, most_ms);
    assert_true(least_ms > 0.7 && most_ms > 30); /* some wait for the end of an outage */
    double share = strtod(strstr(err, " requests, ") + 11, NULL);
    assert_close(share, 75, 0, 25); /* about 25 of each kind */
    free(err);
    peer_end(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_address_in_use),
        cmocka_unit_test(test_ready_line_and_report),
        cmocka_unit_test(test_json),
        cmocka_unit_test_teardown(test_outages, relayed_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
