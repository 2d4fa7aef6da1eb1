// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnserve as somebody runs it: workers and the queue, limits on connections, what a monitor is
 * told, and the end. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"
#include "endpoint/test/wire.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct running {
    pid_t pid;
    int port;
};

/* An inference of the model "slow" that takes a while on any machine. */
enum { SLOW_LENGTH = 6000 };

static struct running start(const char *options)
{
    struct running server;
    char *command = text_format("%s/bin/rnnserve --listen 127.0.0.1:0 --model "
                                "slow=dnnl:hidden=512,input=8,vocabulary=9 --model "
                                "t=dnnl:hidden=8,input=4,vocabulary=10 %s",
                                test_build(), options);
    char *line = test_start(command, &server.pid);
    if (!line)
        fail_msg("%s does not start", command);
    server.port = wire_port_of(line);
    free(command);
    free(line);
    return server;
}

/* A connection on which an inference of `n` tokens was asked for. */
static int ask(int port, const char *model, size_t n)
{
    char *body = malloc(2 * n + 200);
    size_t used = (size_t)sprintf(
        body,
        "{\"inputs\":[{\"name\":\"input\",\"datatype\":\"INT64\",\"shape\":[1,%zu],\"data\":[0", n);
    for (size_t i = 1; i < n; i++)
        used += (size_t)sprintf(body + used, ",%zu", i % 9);
    used += (size_t)sprintf(body + used, "]}]}");
    char *head = text_format("POST /v2/models/%s/infer HTTP/1.1\r\nHost: x\r\nContent-Length: "
                             "%zu\r\n\r\n",
                             model, used);
    int fd = wire_connect(port);
    assert_true(wire_send(fd, head, strlen(head)) && wire_send(fd, body, used));
    free(head);
    free(body);
    return fd;
}

/* The status of the answer on a connection, which is closed; `word` must be in it. */
static int status_on(int fd, const char *word)
{
    char *answer = wire_read_answer(fd, 60);
    int status = strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : -1;
    if (!strstr(answer, word))
        fail_msg("no '%s' in '%s'", word, answer);
    close(fd);
    free(answer);
    return status;
}

static char *get_metrics(int port)
{
    char *answer = wire_ask(port, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0 ||
        !strstr(answer, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
        fail_msg("'%s'", answer);
    char *text = text_copy(strstr(answer, "\r\n\r\n") + 4);
    free(answer);
    return text;
}

/* A sample of the metrics, by its name and labels as they are written. */
static double metric(int port, const char *name)
{
    char *text = get_metrics(port), *line = text_format("\n%s ", name);
    const char *at = strstr(text, line);
    if (!at)
        fail_msg("no %s in '%s'", name, text);
    double value = strtod(at + strlen(line), NULL);
    free(line);
    free(text);
    return value;
}

static void wait_for(int port, const char *name, double value)
{
    double got = metric(port, name);
    for (int i = 0; i < 1000 && got != value; i++) {
        clock_sleep_ns(5000000);
        got = metric(port, name);
    }
    if (got != value)
        fail_msg("%s is %g, not %g", name, got, value);
}

static void stop(struct running server)
{
    assert_int_equal(waitpid(server.pid, NULL, WNOHANG), 0);
    assert_int_equal(test_stop(server.pid), 0);
}

/* One runs, two wait, further ones are told to come again, and all else is answered. */
static void test_queue(void **state)
{
    struct running server = start("--max-queue 2");
    int fds[3];
    (void)state;
    for (int i = 0; i < 3; i++) {
        fds[i] = ask(server.port, "slow", SLOW_LENGTH);
        wait_for(server.port, i ? "rnnserve_queue_length" : "rnnserve_inferences_in_flight",
                 i ? i : 1);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(status_on(ask(server.port, "t", 3), "\r\nRetry-After: 1\r\n"), 503);
    assert_true(metric(server.port, "rnnserve_failures_total{kind=\"queue_full\"}") == 3);
    assert_true(metric(server.port, "rnnserve_requests_in_flight") == 4);
    for (int i = 0; i < 3; i++)
        assert_int_equal(status_on(fds[i], "\"outputs\""), 200);
    assert_int_equal(status_on(ask(server.port, "t", 3), "\"outputs\""), 200);
    assert_true(metric(server.port, "rnnserve_queue_length") == 0);
    assert_true(metric(server.port, "rnnserve_answers_total{code=\"503\"}") == 3);
    assert_true(
        metric(server.port, "rnnserve_inferences_total{model=\"slow\",outcome=\"success\"}") == 3);
    stop(server);
}

/* So many at a time as there are workers, and equal answers from each. */
static void test_workers(void **state)
{
    struct running server = start("--workers 3");
    char *answers[3];
    int fds[4];
    (void)state;
    for (int i = 0; i < 4; i++)
        fds[i] = ask(server.port, "slow", SLOW_LENGTH);
    wait_for(server.port, "rnnserve_inferences_in_flight", 3);
    assert_true(metric(server.port, "rnnserve_queue_length") == 1);
    for (int i = 0; i < 3; i++) {
        answers[i] = wire_read_answer(fds[i], 60);
        close(fds[i]);
        assert_non_null(strstr(answers[i], "\"outputs\""));
        assert_string_equal(strstr(answers[i], "\"outputs\""), strstr(answers[0], "\"outputs\""));
    }
    assert_int_equal(status_on(fds[3], "\"outputs\""), 200);
    for (int i = 0; i < 3; i++)
        free(answers[i]);
    stop(server);
}

static int connect_from(const char *address, int port)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, address, &from.sin_addr);
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        fail_msg("cannot connect from %s", address);
    return fd;
}

static int status_of(int fd, const char *word)
{
    static const char request[] = "GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_true(wire_send(fd, request, strlen(request)));
    return status_on(fd, word);
}

/* An address that has all its connections is refused more, others are not. */
static void test_connections_of_one_address(void **state)
{
    struct running server = start("--max-per-address 3 --max-connections 5");
    int fds[5];
    (void)state;
    for (int i = 0; i < 5; i++) {
        fds[i] = connect_from(i < 3 ? "127.0.0.2" : "127.0.0.3", server.port);
        clock_sleep_ns(20000000);
    }
    assert_int_equal(status_of(connect_from("127.0.0.4", server.port), "too many connections;"),
                     503);
    close(fds[4]);
    clock_sleep_ns(50000000);
    assert_int_equal(status_of(connect_from("127.0.0.2", server.port), "from this address"), 503);
    assert_int_equal(status_of(connect_from("127.0.0.4", server.port), "keep-alive"), 200);
    close(fds[0]);
    clock_sleep_ns(50000000);
    assert_int_equal(status_of(connect_from("127.0.0.2", server.port), "keep-alive"), 200);
    for (int i = 1; i < 4; i++)
        close(fds[i]);
    stop(server);
}

/* ---- the text format of Prometheus ---- */

struct family {
    char name[128], type[16];
    double last_bucket, last_le, count;
};

/* A name of a metric or label at `at`; behind it. */
static const char *skip_name(const char *at)
{
    if (!isalpha((unsigned char)*at) && *at != '_')
        fail_msg("no name at '%.40s'", at);
    while (isalnum((unsigned char)*at) || *at == '_')
        at++;
    return at;
}

/* "{a="b",c="d"}" at `at`, or nothing; behind it. *le is the label of that name. */
static const char *skip_labels(const char *at, double *le)
{
    if (*at != '{')
        return at;
    do {
        const char *name = at + 1;
        at = skip_name(name);
        if (strncmp(at, "=\"", 2) != 0)
            fail_msg("no value at '%.40s'", at);
        if (strncmp(name, "le=", 3) == 0)
            *le = strtod(at + 2, NULL);
        for (at += 2; *at != '"'; at++) {
            if (*at == '\\' && !strchr("\\\"n", *++at))
                fail_msg("an escape that is none at '%.40s'", at);
            assert_true(*at != '\n' && *at);
        }
        at++;
    } while (*at == ',');
    if (*at != '}')
        fail_msg("labels do not end at '%.40s'", at);
    return at + 1;
}

static void check_bucket(struct family *family, double le, double value)
{
    if (le <= family->last_le) /* the next model's */
        family->last_bucket = 0;
    if (value < family->last_bucket)
        fail_msg("a bucket of %s goes down", family->name);
    family->last_le = le;
    family->last_bucket = value;
}

/* One sample of the family, "NAME{LABELS} VALUE". */
static void check_sample(struct family *family, const char *line)
{
    static const char *const parts[] = {"_bucket", "_sum", "_count"};
    double le = -1;
    char *end;
    size_t n = strlen(family->name);
    const char *behind = skip_name(line), *part = line + n;
    bool histogram = strcmp(family->type, "histogram") == 0;
    if (strncmp(line, family->name, n) != 0)
        fail_msg("'%s' is not of %s", line, family->name);
    bool fits = !histogram && part == behind;
    for (int i = 0; histogram && i < 3; i++)
        fits = fits || ((size_t)(behind - part) == strlen(parts[i]) &&
                        strncmp(part, parts[i], strlen(parts[i])) == 0);
    const char *at = skip_labels(behind, &le);
    double value = strtod(at, &end);
    if (!fits || *at != ' ' || end == at || *end || !(value >= 0))
        fail_msg("'%s' is no sample of the %s %s", line, family->type, family->name);
    if (histogram && strncmp(part, "_bucket", 7) == 0)
        check_bucket(family, le, value);
    else if (histogram && strncmp(part, "_count", 6) == 0 &&
             (value != family->last_bucket || !(family->last_le > 1e300)))
        fail_msg("the last bucket of %s is %g up to %g, its count %g", family->name,
                 family->last_bucket, family->last_le, value);
}

/* Each family once, HELP and TYPE first, then its samples. */
static size_t check_format(char *text)
{
    struct family family = {0};
    char *rest = NULL, seen[8192] = "\n";
    size_t n_samples = 0;
    assert_int_equal(text[strlen(text) - 1], '\n');
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char name[128], tail[8];
        if (sscanf(line, "# HELP %127s %7s", name, tail) == 2) {
            char *word = text_format("\n%s\n", name);
            if (strstr(seen, word))
                fail_msg("%s is there twice", name);
            strcat(seen, word);
            free(word);
            assert_int_equal(*skip_name(name), '\0');
            family = (struct family){0};
            snprintf(family.name, sizeof family.name, "%s", name);
        } else if (sscanf(line, "# TYPE %127s %15s", name, family.type) == 2) {
            assert_string_equal(name, family.name);
            bool total = strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0;
            assert_int_equal(total, strcmp(family.type, "counter") == 0);
            assert_true(strstr("counter gauge histogram", family.type));
        } else {
            check_sample(&family, line);
            n_samples++;
        }
    }
    return n_samples;
}

static void test_metrics(void **state)
{
    struct running server = start("--model 'odd\\name=dnnl:hidden=8' --max-queue 9");
    (void)state;
    for (size_t n = 1; n < 40; n++)
        assert_int_equal(status_on(ask(server.port, "t", 1 + n % 3), "\"outputs\""), 200);
    assert_int_equal(status_on(ask(server.port, "nosuch", 1), "nosuch"), 404);
    char *text = get_metrics(server.port);
    assert_non_null(strstr(text, "{model=\"odd\\\\name\",outcome=\"failure\"} 0\n"));
    assert_true(check_format(text) > 100);
    free(text);
    assert_true(metric(server.port, "rnnserve_infer_seconds_count{model=\"t\"}") == 39);
    assert_true(metric(server.port, "rnnserve_infer_seconds_count{model=\"slow\"}") == 0);
    assert_true(metric(server.port, "rnnserve_prepare_seconds_count{model=\"t\"}") == 39);
    assert_true(metric(server.port, "rnnserve_failures_total{kind=\"not_found\"}") == 1);
    double sum = metric(server.port, "rnnserve_infer_seconds_sum{model=\"t\"}");
    assert_true(sum > 0 && sum < 10);
    stop(server);
}

/* ---- the end ---- */

/* What runs is answered, what still waits after the grace is told so, and nobody new comes in. */
static void test_end_with_a_queue(void **state)
{
    struct running server = start("--grace 50ms");
    int code = -1, fds[3];
    (void)state;
    for (int i = 0; i < 3; i++) {
        fds[i] = ask(server.port, "slow", 2 * SLOW_LENGTH);
        wait_for(server.port, i ? "rnnserve_queue_length" : "rnnserve_inferences_in_flight",
                 i ? i : 1);
    }
    kill(server.pid, SIGTERM);
    assert_int_equal(status_on(fds[1], "the server is ending"), 503);
    assert_int_equal(status_on(fds[2], "the server is ending"), 503);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server.port)};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
    close(fd);
    assert_int_equal(status_on(fds[0], "\"outputs\""), 200);
    assert_int_equal(waitpid(server.pid, &code, 0), server.pid);
    assert_int_equal(code, 0);
}

/* What was sent before the signal is answered, even if the server has not come to read it yet. */
static void test_end_with_unread_requests(void **state)
{
    enum { N_KEPT = 40 };
    static const char request[] = "GET /v2/models/t HTTP/1.1\r\nHost: x\r\n\r\n";
    struct running server = start("");
    int code = -1, fds[N_KEPT];
    (void)state;
    for (int i = 0; i < N_KEPT; i++) {
        fds[i] = wire_connect(server.port);
        assert_true(wire_send(fds[i], request, strlen(request)));
        free(wire_read_answer(fds[i], 60));
    }
    kill(server.pid, SIGSTOP);
    for (int i = 0; i < N_KEPT; i++)
        assert_true(wire_send(fds[i], request, strlen(request)));
    kill(server.pid, SIGTERM);
    kill(server.pid, SIGCONT);
    for (int i = 0; i < N_KEPT; i++)
        assert_int_equal(status_on(fds[i], "\"inputs\""), 200);
    assert_int_equal(waitpid(server.pid, &code, 0), server.pid);
    assert_int_equal(code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_workers),
        cmocka_unit_test(test_connections_of_one_address),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_end_with_a_queue),
        cmocka_unit_test(test_end_with_unread_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
