// SPDX-License-Identifier: GPL-3.0-or-later
/* Campaigns whose link varies: behind a real relay, and with programs that fail on the way. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char network[] = "cell=lstm,hidden=32,input=16,vocabulary=50,seed=3";

struct fixture {
    char *folder, *url, *db, *pid_file;
    pid_t server;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->folder = test_scratch("link_campaign");
    char *command = text_format("%s/bin/rnnserve --listen 127.0.0.1:0 --model m=dnnl:%s,threads=1",
                                test_build(), network);
    char *line = test_start(command, &f->server);
    assert_non_null(line);
    f->url = text_copy(line + strlen("listening on "));
    f->db = text_format("%s/campaign.db", f->folder);
    f->pid_file = text_format("%s/pid", f->folder);
    free(command);
    free(line);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(test_stop(f->server), 0);
    free(f->folder);
    free(f->url);
    free(f->db);
    free(f->pid_file);
    free(f);
    return 0;
}

/* A port of 127.0.0.1 that nobody listens on. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        fail_msg("no free port");
    close(fd);
    return ntohs(address.sin_port);
}

/* A campaign whose link is a script in the folder; it notes its process id. */
static char *campaign(const struct fixture *f, const char *url, const char *script,
                      const char *states, const char *stop)
{
    char *text = text_format("echo $$ >%s\n%s", f->pid_file, script);
    free(test_write(f->folder, "link.sh", text));
    free(text);
    text = text_format("[campaign]\nname = lab\nlengths = 4,16\n"
                       "[edge]\nengine = dnnl\ncell = lstm\nhidden = 32\ninput = 16\n"
                       "vocabulary = 50\nseed = 3\nthreads = 1\n"
                       "[cloud]\nurl = %s\nmodel = m\ntimeout = 5s\n"
                       "[link]\ncommand = sh %s/link.sh\nstates = %s\n[stop]\n%s",
                       url, f->folder, states, stop);
    char *path = test_write(f->folder, "campaign.ini", text);
    free(text);
    return path;
}

static char *relay_script(const struct fixture *f, int port)
{
    return text_format("exec %s/bin/rnnlink -q --listen 127.0.0.1:%d --to %s --rtt 0 --control -\n",
                       test_build(), port, f->url + strlen("http://"));
}

static const char obeys[] = "while read -r order; do echo ok; done\n";

/* Runs "rnnprof ARGUMENTS", expects the exit status and returns standard error. */
static char *run(const char *arguments, int expected)
{
    char *err, *command = text_format("%s/bin/rnnprof %s", test_build(), arguments);
    int rc = test_shell(command, NULL, &err);
    if (rc != expected)
        fail_msg("%s: exit %d (expected %d), says: %s", command, rc, expected, err);
    free(command);
    return err;
}

static void run_saying(const struct fixture *f, const char *ini, const char *more, int expected,
                       const char *says)
{
    char *arguments = text_format("run %s --db %s %s", ini, f->db, more);
    char *err = run(arguments, expected);
    if (!strstr(err, says))
        fail_msg("'%s' does not say '%s'", err, says);
    free(arguments);
    free(err);
}

static json_t *shown(const struct fixture *f)
{
    char *out, *command = text_format("%s/bin/rnnprof show --db %s --json", test_build(), f->db);
    assert_int_equal(test_shell(command, &out, NULL), 0);
    json_t *document = json_loads(out, 0, NULL);
    assert_non_null(document);
    free(command);
    free(out);
    return document;
}

static double number(json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* The program that the last campaign started is gone. */
static void assert_program_ended(const struct fixture *f)
{
    char *text = test_read(f->pid_file);
    assert_non_null(text);
    assert_int_equal(kill((pid_t)atoi(text), 0), -1);
    assert_int_equal(errno, ESRCH);
    free(text);
}

/* Each state has its samples, and its round trip. Their bandwidths differ, so that a probe which
 * was held up on a busy machine is not taken for one of a longer link. */
static void check_states(const struct fixture *f, int per_length)
{
    static const struct {
        double rtt_s, up_bit_s, down_bit_s; /* 0: unlimited */
    } states[] = {{5e-3, 10e6, 50e6}, {20e-3, 12e6, 50e6}, {40e-3, 2e6, 0}};
    json_t *document = shown(f), *links = json_object_get(document, "links");
    assert_int_equal(json_array_size(links), 3);
    for (size_t i = 0; i < 3; i++) {
        json_t *link = json_array_get(links, i), *lengths = json_object_get(link, "lengths");
        assert_close(number(link, "rtt_s"), states[i].rtt_s, 1e-12, 0);
        assert_close(number(link, "up_bit_s"), states[i].up_bit_s, 0, 0);
        assert_close(number(link, "down_bit_s"), states[i].down_bit_s, 0, 0);
        assert_int_equal(number(link, "n"), 2 * per_length);
        double median_s = number(link, "rtt_median_s");
        assert_true(median_s > 0.98 * states[i].rtt_s && median_s < states[i].rtt_s + 15e-3);
        assert_int_equal(json_array_size(lengths), 2);
        assert_true(number(json_array_get(lengths, 0), "mean_s") > 0.98 * states[i].rtt_s);
    }
    json_t *rows = json_object_get(document, "lengths"); /* two of the edge, two of the cloud */
    assert_int_equal(json_array_size(rows), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(number(json_array_get(rows, i), "n"), i < 2 ? per_length : 3 * per_length);
    json_decref(document);
}

static void a_real_link_in_three_states(void **state)
{
    struct fixture *f = *state;
    int port = free_port();
    char *script = relay_script(f, port), *url = text_format("http://127.0.0.1:%d", port);
    static const char states[] = "5ms/10/50 20ms/12/50 40ms/2";
    char *ini = campaign(f, url, script, states, "ci = 0\nmax_samples = 8\n");
    char *arguments = text_format("run %s --db %s", ini, f->db);
    char *err = run(arguments, 0);
    if (test_long() && strstr(err, "warning"))
        fail_msg("says: %s", err);
    assert_program_ended(f);
    check_states(f, 8);

    char *more = campaign(f, url, script, states, "ci = 0\nmax_samples = 11\n");
    run_saying(f, more, "--resume", 0, "link: 5ms/10/50, 20ms/12/50, 40ms/2/unlimited");
    check_states(f, 11);
    run_saying(f, more, "--resume", 0, "campaign lab");
    check_states(f, 11); /* all is settled: each state has been recognised */
    run_saying(f, more, "--resume --only edge", 0, "campaign lab"); /* and needs no link */
    free(arguments);
    free(err);
    free(more);
    free(ini);
    free(url);
    free(script);
}

/* With a connection for each request: twice the round trip, and the connecting is stored. */
static void new_connections_take_two_round_trips(void **state)
{
    struct fixture *f = *state;
    int port = free_port();
    char *script = relay_script(f, port);
    char *url = text_format("http://127.0.0.1:%d\nconnection = new\ntensors = binary", port);
    char *ini = campaign(f, url, script, "30ms", "ci = 0\nmax_samples = 6\n");
    run_saying(f, ini, "", 0, "link: 30ms/unlimited/unlimited");
    json_t *document = shown(f), *link = json_array_get(json_object_get(document, "links"), 0);
    json_t *length = json_array_get(json_object_get(link, "lengths"), 0);
    assert_true(number(link, "rtt_median_s") < 0.05);
    assert_true(number(length, "mean_s") > 0.059);
    json_decref(document);
    assert_program_ended(f);
    free(ini);
    free(url);
    free(script);
}

static void a_link_that_is_not_on_the_way(void **state)
{
    struct fixture *f = *state;
    char *ini = campaign(f, f->url, obeys, "60ms/10/50 90ms/10/50", "ci = 0\nmax_samples = 9\n");
    char *arguments = text_format("run %s --db %s", ini, f->db), *err = run(arguments, 0);
    const char *first = strstr(err, "warning: tiny requests to cloud");
    assert_non_null(first);
    assert_non_null(strstr(first, "0 ms: does its url lead over this link"));
    assert_null(strstr(first + 1, "warning"));
    free(arguments);
    free(err);
    free(ini);
}

static uint64_t n_samples(const struct fixture *f)
{
    json_t *document = shown(f), *rows = json_object_get(document, "lengths");
    double n = 0;
    for (size_t i = 0; i < json_array_size(rows); i++)
        n += number(json_array_get(rows, i), "n");
    json_decref(document);
    return (uint64_t)n;
}

static void programs_that_fail_on_the_way(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *script, *says;
    } cases[] = {
        {"for i in 1 2 3 4 5 6 7; do read -r order; echo ok; done; exit 4\n",
         "link.sh' ended with exit status 4"},
        {"for i in 1 2 3 4 5 6 7; do read -r order; echo ok; done\nread -r order\n"
         "echo error: cable cut; cat >/dev/null\n",
         "refuses 'set rtt="},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *ini = campaign(f, f->url, cases[i].script, "0ms/10/50 0ms/20/50",
                             "ci = 0\nmax_samples = 100000\n");
        unlink(f->db);
        run_saying(f, ini, "", 1, cases[i].says);
        assert_true(n_samples(f) >= 10);
        assert_program_ended(f);
        free(ini);
    }
}

/* The relay goes while requests are on the way: the cause is named, not its effect. */
static void a_relay_that_dies(void **state)
{
    struct fixture *f = *state;
    int port = free_port();
    char *url = text_format("http://127.0.0.1:%d", port);
    char *relay = relay_script(f, port);
    char *script = text_format("exec timeout 2 %s", relay + strlen("exec "));
    char *ini = campaign(f, url, script, "1ms/10/50", "ci = 0\nmax_samples = 100000\n");
    run_saying(f, ini, "", 1, "link.sh' ended with exit status 124 during the campaign");
    assert_true(n_samples(f) >= 10);
    assert_program_ended(f);
    free(ini);
    free(script);
    free(relay);
    free(url);
}

static void signals_end_the_program_too(void **state)
{
    struct fixture *f = *state;
    static const int signals[] = {SIGINT, SIGKILL};
    static const char does_not_mind[] = "while read -r order; do echo ok; done; exec sleep 300\n";
    for (int i = 0; i < 2; i++) {
        char *ini = campaign(f, f->url, i == 0 ? obeys : does_not_mind, "0ms/10/50 0ms/20/50",
                             "ci = 0\nmax_samples = 1000000\n");
        unlink(f->db);
        char *command = text_format("%s/bin/rnnprof run %s --db %s -q 2>/dev/null & pid=$!; "
                                    "sleep 2; kill -%d $pid; wait $pid",
                                    test_build(), ini, f->db, signals[i]);
        assert_int_equal(test_shell(command, NULL, NULL), i == 0 ? 3 : 128 + SIGKILL);
        char *text = test_read(f->pid_file);
        for (int k = 0; k < 1000 && kill((pid_t)atoi(text), 0) == 0; k++)
            clock_sleep_ns(5000000); /* whoever adopted it reaps it */
        assert_program_ended(f);
        assert_true(n_samples(f) > 50);
        free(text);
        free(command);
        free(ini);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_real_link_in_three_states, set_up, tear_down),
        cmocka_unit_test_setup_teardown(new_connections_take_two_round_trips, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_that_is_not_on_the_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(programs_that_fail_on_the_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_relay_that_dies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signals_end_the_program_too, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
