// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnserve asked over raw sockets: the protocol's answers field by field, and everything that must
 * be refused without harm. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "endpoint/message.h"
#include "endpoint/test/wire.h"

#include <jansson.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_BODY = 65536, MAX_LENGTH = 50, MAX_CONNECTIONS = 8 };

struct running {
    pid_t pid;
    int port;
    char *log; /* path */
};

static int set_up(void **state)
{
    struct running *server = malloc(sizeof *server);
    char *folder = test_scratch("hostile");
    server->log = text_format("%s/log", folder);
    char *command =
        text_format("%s/bin/rnnserve -v --listen 127.0.0.1:0 --max-body 64KiB --max-length %d "
                    "--max-connections %d --timeout 1s --head-timeout 1s --model "
                    "t=dnnl:hidden=8,input=4,vocabulary=10 "
                    "--model f=dnnl:cell=gru,hidden=4,input=2,bidirectional=yes 2>%s",
                    test_build(), MAX_LENGTH, MAX_CONNECTIONS, server->log);
    char *line = test_start(command, &server->pid);
    if (!line)
        fail_msg("%s does not start", command);
    server->port = wire_port_of(line);
    *state = server;
    free(command);
    free(line);
    free(folder);
    return 0;
}

static int tear_down(void **state)
{
    struct running *server = *state;
    int code = test_stop(server->pid);
    free(server->log);
    free(server);
    return code;
}

static int status_of(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : -1;
}

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    return end ? end + 4 : "";
}

static char *post(int port, const char *path, const char *more, const char *body)
{
    char *request = text_format("POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s",
                                path, more, strlen(body), body);
    char *answer = wire_ask(port, request);
    free(request);
    return answer;
}

#define TENSOR(name, type, shape, data)                                              \
    "{\"inputs\":[{\"name\":\"" name "\",\"datatype\":\"" type "\",\"shape\":" shape \
    ",\"data\":" data "}]}"
#define TOKENS TENSOR("input", "INT64", "[1,3]", "[0,9,5]")
#define JSON   "Content-Type: application/json\r\n"
#define INFER  "/v2/models/t/infer"

static void assert_alive(const struct running *server)
{
    int64_t end_ns = clock_ns() + 5000000000;
    char *answer = post(server->port, INFER, JSON, TOKENS);
    while (strstr(answer, "too many connections") && clock_ns() < end_ns) {
        free(answer);
        clock_sleep_ns(10000000);
        answer = post(server->port, INFER, JSON, TOKENS);
    }
    if (status_of(answer) != 200)
        fail_msg("no longer answers: '%s'", answer);
    free(answer);
    assert_int_equal(waitpid(server->pid, NULL, WNOHANG), 0);
}

static json_t *get(const struct running *server, const char *path)
{
    char *request = text_format("GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    char *answer = wire_ask(server->port, request);
    json_t *json = json_loads(body_of(answer), 0, NULL);
    if (status_of(answer) != 200 || !json)
        fail_msg("%s: %s", path, answer);
    free(request);
    free(answer);
    return json;
}

/* The public description's required fields, with their types. */
static void test_answers_have_required_fields(void **state)
{
    const struct running *server = *state;
    const char *name, *version, *platform, *type;
    json_t *extensions, *inputs, *shape, *data;
    int vocabulary;
    json_t *json = get(server, "/v2");
    assert_int_equal(json_unpack(json, "{s:s,s:s,s:o}", "name", &name, "version", &version,
                                 "extensions", &extensions),
                     0);
    assert_string_equal(name, "rnnserve");
    assert_true(json_is_array(extensions));
    json_decref(json);
    json = get(server, "/v2/models/t/versions/1");
    assert_int_equal(json_unpack(json, "{s:s,s:s,s:o,s:[{s:s,s:s,s:[i,i]}],s:{s:i}}", "name", &name,
                                 "platform", &platform, "inputs", &inputs, "outputs", "name",
                                 &version, "datatype", &type, "shape", &(int){0}, &(int){0},
                                 "parameters", "vocabulary", &vocabulary),
                     0);
    assert_string_equal(name, "t");
    assert_string_equal(platform, "rnnmap_dnnl");
    assert_int_equal(vocabulary, 10);
    assert_string_equal(json_string_value(json_object_get(json_array_get(inputs, 0), "datatype")),
                        "INT64");
    json_decref(json);
    char *answer = post(server->port, "/v2/models/f/versions/1/infer", JSON,
                        "{\"id\":\"42\",\"outputs\":[{\"name\":\"output\"}],\"inputs\":[{\"name\":"
                        "\"input\",\"datatype\":\"FP32\",\"shape\":[1,2,2],\"data\":[[[1,0.5],"
                        "[-1,1e-3]]]}]}");
    json = json_loads(body_of(answer), 0, NULL);
    const char *id;
    assert_int_equal(json_unpack(json, "{s:s,s:s,s:s,s:[{s:s,s:s,s:o,s:o}]}", "model_name", &name,
                                 "model_version", &version, "id", &id, "outputs", "name", &platform,
                                 "datatype", &type, "shape", &shape, "data", &data),
                     0);
    assert_string_equal(id, "42");
    assert_string_equal(type, "FP32");
    assert_int_equal(json_integer_value(json_array_get(shape, 1)), 8);
    assert_int_equal(json_array_size(data), 8);
    assert_non_null(strstr(answer, "\r\nServer-Timing: queue;dur="));
    assert_non_null(strstr(answer, ",infer;dur="));
    assert_non_null(strstr(answer, "\r\nContent-Type: application/json\r\n"));
    json_decref(json);
    free(answer);
}

/* A new length is prepared and says so; the same again is not. */
static void test_prepares_once(void **state)
{
    const struct running *server = *state;
    for (int i = 0; i < 3; i++) {
        char *answer =
            post(server->port, INFER, JSON, TENSOR("input", "INT64", "[1,7]", "[1,2,3,4,5,6,7]"));
        assert_int_equal(status_of(answer), 200);
        assert_int_equal(strstr(answer, "prepare;dur=") != NULL, i == 0);
        free(answer);
    }
}

static void test_empty_answers(void **state)
{
    static const char *const paths[] = {"/v2/health/live", "/v2/health/ready", "/v2/models/t/ready",
                                        "/v2/models/f/versions/1/ready", "/v2/"};
    const struct running *server = *state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char *request = text_format("GET %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i]);
        char *answer = wire_ask(server->port, request);
        assert_int_equal(status_of(answer), 200);
        free(request);
        free(answer);
    }
}

static const struct {
    const char *what, *method, *path, *head, *body;
    int status;
    const char *word;
} bad[] = {
    {"no JSON", "POST", INFER, JSON, "garbage", 400, "JSON"},
    {"no body", "POST", INFER, JSON, "", 400, "JSON"},
    {"wrong shape", "POST", INFER, JSON, TENSOR("input", "INT64", "[1,4]", "[0,9,5]"), 400,
     "wants 4"},
    {"batch", "POST", INFER, JSON, TENSOR("input", "INT64", "[3,1]", "[0,9,5]"), 400, "[1,-1]"},
    {"rank", "POST", INFER, JSON, TENSOR("input", "INT64", "[3]", "[0,9,5]"), 400, "[1,-1]"},
    {"empty", "POST", INFER, JSON, TENSOR("input", "INT64", "[1,0]", "[]"), 400, "[1,-1]"},
    {"negative", "POST", INFER, JSON, TENSOR("input", "INT64", "[1,-3]", "[0,9,5]"), 400,
     "dimension 1"},
    {"huge", "POST", INFER, JSON, TENSOR("input", "INT64", "[1,4611686018427387904]", "[0]"), 400,
     "more than"},
    {"huge product", "POST", "/v2/models/f/infer", JSON,
     TENSOR("input", "FP32", "[4294967296,4294967296,2]", "[0]"), 400, "more than"},
    {"too long", "POST", INFER, JSON,
     TENSOR("input", "INT64", "[1,51]",
            "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
            "0,0,0,0,0,0,0,0,0]"),
     400, "50"},
    {"token above", "POST", INFER, JSON, TENSOR("input", "INT64", "[1,3]", "[0,10,5]"), 400,
     "token 10 at position 1"},
    {"token below", "POST", INFER, JSON, TENSOR("input", "INT64", "[1,3]", "[0,1,-1]"), 400,
     "token -1 at position 2"},
    {"token huge", "POST", INFER, JSON, TENSOR("input", "INT64", "[1,1]", "[4294967297]"), 400,
     "token 4294967297"},
    {"real token", "POST", INFER, JSON, TENSOR("input", "INT64", "[1,1]", "[1.0]"), 400, "integer"},
    {"NaN", "POST", "/v2/models/f/infer", JSON, TENSOR("input", "FP32", "[1,1,2]", "[NaN,1]"), 400,
     "JSON"},
    {"infinite", "POST", "/v2/models/f/infer", JSON, TENSOR("input", "FP32", "[1,1,2]", "[1e40,1]"),
     400, "FP32"},
    {"type", "POST", "/v2/models/f/infer", JSON, TENSOR("input", "INT64", "[1,1,2]", "[1,1]"), 400,
     "FP32"},
    {"name", "POST", INFER, JSON, TENSOR("other", "INT64", "[1,1]", "[1]"), 400, "'input'"},
    {"output", "POST", INFER, JSON,
     "{\"inputs\":[{\"name\":\"input\",\"datatype\":\"INT64\",\"shape\":[1,1],\"data\":[1]}],"
     "\"outputs\":[{\"name\":\"logits\"}]}",
     400, "logits"},
    {"no inputs", "POST", INFER, JSON, "{\"inputs\":[]}", 400, "exactly one input"},
    {"content type", "POST", INFER, "Content-Type: text/plain\r\n", TOKENS, 415, "text/plain"},
    {"nearly JSON", "POST", INFER, "Content-Type: application/jsonp\r\n", TOKENS, 415, "jsonp"},
    {"encoding", "POST", INFER, JSON "Content-Encoding: gzip\r\n", TOKENS, 415, "gzip"},
    {"cut JSON", "POST", INFER, JSON "Inference-Header-Content-Length: 10\r\n", TOKENS, 400,
     "JSON"},
    {"model", "POST", "/v2/models/nosuch/infer", JSON, TOKENS, 404, "nosuch"},
    {"version", "POST", "/v2/models/t/versions/2/infer", JSON, TOKENS, 404, "version '2'"},
    {"path", "GET", "/v3", "", "", 404, "/v3"},
    {"root", "GET", "/", "", "", 404, "v2"},
    {"long path", "GET", "/v2/a/b/c/d/e/f/g/h/i/j", "", "", 404, "v2"},
    {"odd path", "GET", "/v2/models/%00%ff%0a\"/ready", "", "", 404, "no model '%00"},
    {"metadata", "GET", "/v2/models/nosuch", "", "", 404, "nosuch"},
    {"versions of nothing", "GET", "/v2/health/live/versions/1", "", "", 404, "v2"},
    {"method", "GET", INFER, "", "", 405, "POST"},
    {"method", "POST", "/v2/health/live", JSON, "{}", 405, "GET"},
    {"method", "DELETE", "/v2/models/t", "", "", 405, "GET"},
    {"method", "BREW", "/v2", "", "", 405, "GET"},
};

static void assert_error(const char *what, const char *answer, int status, const char *word)
{
    char *words = message_read_error(body_of(answer), strlen(body_of(answer)));
    if (status_of(answer) != status || !words || !strstr(words, word))
        fail_msg("%s: wanted %d and '%s', got '%s'", what, status, word, answer);
    free(words);
}

static void test_bad_requests(void **state)
{
    const struct running *server = *state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *request =
            text_format("%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s",
                        bad[i].method, bad[i].path, bad[i].head, strlen(bad[i].body), bad[i].body);
        char *answer = wire_ask(server->port, request);
        assert_error(bad[i].what, answer, bad[i].status, bad[i].word);
        free(request);
        free(answer);
    }
    assert_alive(server);
}

static char *repeat(char c, size_t n)
{
    char *text = malloc(n + 1);
    memset(text, c, n);
    text[n] = '\0';
    return text;
}

static void test_deep_nesting(void **state)
{
    const struct running *server = *state;
    char *deep = repeat('[', 60000);
    char *answer = post(server->port, INFER, JSON, deep);
    assert_error("deep nesting", answer, 400, "nested");
    free(answer);
    char *within = text_format("{\"inputs\":%s", deep);
    answer = post(server->port, INFER, JSON, within);
    assert_error("deep inputs", answer, 400, "nested");
    free(answer);
    free(within);
    free(deep);
}

/* Too large by what its head says, by far, and by what comes; the connection survives the first. */
static void test_large_bodies(void **state)
{
    const struct running *server = *state;
    char *large = repeat(' ', 2 * MAX_BODY), *answer;
    char *request = text_format(
        "POST " INFER " HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", 2 * MAX_BODY, large);
    int fd = wire_connect(server->port);
    for (int i = 0; i < 3; i++) {
        assert_true(wire_send(fd, request, strlen(request)));
        answer = wire_read_answer(fd, 5);
        assert_error("large body", answer, 413, "over the limit");
        free(answer);
    }
    close(fd);
    free(request);
    answer = wire_ask(server->port, "POST " INFER " HTTP/1.1\r\nHost: x\r\n"
                                    "Content-Length: 1000000000000\r\n\r\n{");
    assert_error("huge body", answer, 413, "over the limit");
    free(answer);
    request = text_format("POST " INFER " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                          "chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
                          2 * MAX_BODY, large);
    answer = wire_ask(server->port, request);
    assert_error("large chunks", answer, 413, "over the limit");
    free(answer);
    free(request);
    answer = wire_ask(server->port, "POST " INFER " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                                    "chunked\r\n\r\n1\r\n{\r\n2\r\n{}\r\n0\r\n\r\n");
    assert_error("chunks", answer, 400, "JSON");
    free(answer);
    free(large);
    assert_alive(server);
}

/* What is not HTTP is refused as everything else is. */
static void test_not_http(void **state)
{
    static const char *const texts[] = {
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "GARBAGE\r\n\r\n",
        "\r\n\r\n\r\n\r\n",
        "POST " INFER " HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n{}",
        "POST " INFER " HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n{}",
        "POST " INFER " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /v2 HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /v2 HTTP/1.1\r\nno colon\r\n\r\n",
    };
    const struct running *server = *state;
    struct random random = {.state = 99};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *answer = wire_ask(server->port, texts[i]);
        char *words = message_read_error(body_of(answer), strlen(body_of(answer)));
        if ((status_of(answer) / 100 != 4 && status_of(answer) / 100 != 5) || !words)
            fail_msg("'%s' was answered with '%s'", texts[i], answer);
        free(words);
        free(answer);
    }
    print_message("seed 99\n");
    for (int i = 0; i < (test_long() ? 500 : 20); i++) {
        char bytes[4096];
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (char)random_u64(&random);
        int fd = wire_connect(server->port);
        wire_send(fd, bytes, (size_t)random_below(&random, sizeof bytes));
        close(fd);
    }
    char *head = repeat('h', 300000);
    char *request = text_format("GET /v2 HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", head);
    char *answer = wire_ask(server->port, request);
    assert_true(*answer == '\0' || status_of(answer) / 100 == 4);
    free(answer);
    free(request);
    free(head);
    assert_alive(server);
}

/* Half requests on every connection there may be: the next client is told so until they time out,
 * and is then answered; who left in the middle is forgotten. */
static void test_half_requests(void **state)
{
    static const char half[] =
        "POST " INFER " HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"inp";
    const struct running *server = *state;
    int fds[MAX_CONNECTIONS];
    for (int i = 0; i < MAX_CONNECTIONS; i++) {
        int left = wire_connect(server->port);
        assert_true(wire_send(left, half, sizeof half - 1));
        close(left);
    }
    assert_alive(server);
    clock_sleep_ns(100000000); /* until it has seen that they left */
    for (int i = 0; i < MAX_CONNECTIONS; i++) {
        fds[i] = wire_connect(server->port);
        wire_send(fds[i], half, (sizeof half - 1) / (size_t)(1 + i % 3));
    }
    clock_sleep_ns(50000000);
    int64_t start_ns = clock_ns();
    assert_alive(server);
    assert_true(clock_ns() - start_ns > 200000000);
    for (int i = 0; i < MAX_CONNECTIONS; i++)
        close(fds[i]);
}

/* Clients that ask and do not wait for the answer. */
static void test_clients_that_leave(void **state)
{
    const struct running *server = *state;
    for (int i = 0; i < 50; i++) {
        char *request = text_format("POST " INFER " HTTP/1.1\r\nHost: x\r\nContent-Length: "
                                    "%zu\r\n\r\n" TOKENS,
                                    strlen(TOKENS));
        int fd = wire_connect(server->port);
        wire_send(fd, request, strlen(request));
        close(fd);
        free(request);
    }
    assert_alive(server);
}

/* Several requests in one write are answered in turn. */
static void test_pipelined(void **state)
{
    const struct running *server = *state;
    char *one = text_format("POST " INFER " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
                            strlen(TOKENS), TOKENS);
    char *three = text_format("%s%sGET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: "
                              "close\r\n\r\n",
                              one, one);
    int fd = wire_connect(server->port), n = 0;
    char got[8192] = "";
    size_t used = 0;
    assert_true(wire_send(fd, three, strlen(three)));
    for (ssize_t more; (more = read(fd, got + used, sizeof got - 1 - used)) > 0;)
        used += (size_t)more;
    for (const char *at = got; (at = strstr(at, "HTTP/1.1 200")); at++)
        n++;
    assert_int_equal(n, 3);
    close(fd);
    free(one);
    free(three);
}

/* The log has a line per request, none of them with a byte that moves a cursor. */
static void test_log(void **state)
{
    const struct running *server = *state;
    char *answer = wire_ask(server->port, "GET /%1b[2Jx%0ay HTTP/1.1\r\nHost: x\r\n\r\n");
    free(answer);
    assert_alive(server);
    char *log = test_read(server->log);
    assert_non_null(strstr(log, "GET /?[2Jx?y 404 "));
    assert_non_null(strstr(log, "POST /v2/models/t/infer 200 "));
    regex_t line;
    assert_int_equal(
        regcomp(&line,
                "^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z 127\\.0\\.0\\.1 POST "
                "/v2/models/t/infer 200 [0-9]+ 3 [0-9]+\\.[0-9]{3} [0-9]+\\.[0-9]{3} "
                "[0-9]+\\.[0-9]{3}$",
                REG_EXTENDED | REG_NEWLINE | REG_NOSUB),
        0);
    assert_int_equal(regexec(&line, log, 0, NULL, 0), 0);
    regfree(&line);
    assert_null(strchr(log, '\x1b'));
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_have_required_fields),
        cmocka_unit_test(test_prepares_once),
        cmocka_unit_test(test_empty_answers),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_deep_nesting),
        cmocka_unit_test(test_large_bodies),
        cmocka_unit_test(test_not_http),
        cmocka_unit_test(test_half_requests),
        cmocka_unit_test(test_clients_that_leave),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
