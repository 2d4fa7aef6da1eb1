// SPDX-License-Identifier: GPL-3.0-or-later
/* The client against servers that lie, stall and break off. What it does with a real server is in
 * test_rnnserve. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"
#include "endpoint/client_private.h"
#include "endpoint/test/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER                                                                                  \
    "{\"model_name\":\"m\",\"outputs\":[{\"name\":\"o\",\"shape\":[1,2],\"datatype\":\"FP32\"," \
    "\"data\":[1.5,-2]}]}"

#define OK_HEAD(length) "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n"

#define BINARY_HEAD(length) \
    "HTTP/1.1 200 OK\r\nContent-Length: @\r\n" MESSAGE_JSON_LENGTH_HEADER ": " length "\r\n\r\n"
#define BINARY_ANSWER(size)                                                                     \
    "{\"model_name\":\"m\",\"outputs\":[{\"name\":\"o\",\"shape\":[1,2],\"datatype\":\"FP32\"," \
    "\"parameters\":{\"binary_data_size\":" size "}}]}"

/* Metadata of a model with the output "o". */
#define ANNOUNCES(type, shape)                                                                   \
    OK_HEAD("@")                                                                                 \
    "{\"name\":\"m\",\"inputs\":[{\"name\":\"input\",\"datatype\":\"INT64\",\"shape\":[1,-1]}]," \
    "\"outputs\":[{\"name\":\"o\",\"datatype\":\"" type "\",\"shape\":" shape "}]}"

static struct client *open_client(const char *url, double timeout_s)
{
    const struct client_config config = {
        .url = (char *)url, .model = "m", .timeout_s = timeout_s, .seed = 1};
    struct client *client = NULL;
    struct error error = {0};
    if (client_open(&config, &client, &error))
        fail_msg("%s", error.text);
    return client;
}

static void test_server_timing(void **state)
{
    static const struct {
        const char *value;
        int64_t ns;
    } cases[] = {
        {"queue;dur=0.012,infer;dur=1.234", 1246000},
        {" queue ; dur = 0.5 , infer;desc=\"a,b;c\";dur=2", 2500000},
        {"infer;dur=\"3\"", 3000000},
        {"INFER;DUR=1", 1000000},
        {"queue;dur=1,prepare;dur=50,cache;dur=7", 1000000},
        {"prepare;dur=50", -1},
        {"infer", -1},
        {"infer;dur=", -1},
        {"infer;dur=-1", -1},
        {"infer;dur=nan", -1},
        {"infer;dur=1e300", -1},
        {"infer;dur=12abc", -1},
        {"infer;duration=1", -1},
        {"", -1},
        {",,;;==\"", -1},
        {"infer;dur=\"", -1},
        {"infer;desc=\"\\\";dur=4", -1},
        {"infer;dur=1111111111111111111111111111111111111111111", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = strlen(cases[i].value);
        char *exact = malloc(n + 1); /* no byte after it may be read */
        memcpy(exact, cases[i].value, n);
        int64_t ns = http_server_timing_ns(exact, n);
        if (ns != cases[i].ns)
            fail_msg("'%s': %" PRId64 ", not %" PRId64, cases[i].value, ns, cases[i].ns);
        free(exact);
    }
}

static const struct hostile {
    const char *what;
    struct wire_script script;
    enum client_failure failure;
    enum status status;
    const char *word; /* that the message has */
} hostiles[] = {
    {"garbage",
     {.infer = "\x16\x03 this is not HTTP\r\n\r\n", .closes = true},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "HTTP"},
    {"half an answer",
     {.infer = OK_HEAD("200") "{\"model_name\":\"m\"", .closes = true},
     CLIENT_CONNECT,
     STATUS_IO,
     "broke off"},
    {"half a head",
     {.infer = "HTTP/1.1 200 OK\r\nContent-Le", .closes = true},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "not valid JSON"},
    {"not JSON", {.infer = OK_HEAD("@") "<html/>"}, CLIENT_PROTOCOL, STATUS_PROTOCOL, "JSON"},
    {"another JSON",
     {.infer = OK_HEAD("@") "{}"},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "\"model_name\" is missing"},
    {"no output",
     {.infer = OK_HEAD("@") "{\"model_name\":\"m\",\"outputs\":[]}"},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "no output"},
    {"wrong shape",
     {.infer = OK_HEAD("@") "{\"model_name\":\"m\",\"outputs\":[{\"name\":\"o\",\"shape\":[1,3],"
                            "\"datatype\":\"FP32\",\"data\":[1,2]}]}  "},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "wants 3 values"},
    {"JSON that ends beyond the body",
     {.infer = BINARY_HEAD("9999") BINARY_ANSWER("8") "AAAABBBB"},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "the body has only"},
    {"JSON that ends nowhere",
     {.infer = BINARY_HEAD("soon") BINARY_ANSWER("8") "AAAABBBB"},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "the body has only"},
    {"JSON that ends too early",
     {.infer = BINARY_HEAD("50") BINARY_ANSWER("8") "AAAABBBB"},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "JSON"},
    {"fewer bytes than said",
     {.infer = BINARY_HEAD("111") BINARY_ANSWER("8") "AAAABBB"},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "only 7 bytes are left"},
    {"more bytes than said",
     {.infer = BINARY_HEAD("111") BINARY_ANSWER("8") "AAAABBBBC"},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "1 bytes at the end"},
    {"bytes that are not the shape's",
     {.infer = BINARY_HEAD("111") BINARY_ANSWER("4") "AAAA"},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "wants 8 bytes"},
    {"500",
     {.infer = "HTTP/1.1 500 No\r\nContent-Length: @\r\n\r\n{\"error\":\"engine broke\"}"},
     CLIENT_HTTP,
     STATUS_PROTOCOL,
     "500: engine broke"},
    {"500 without words",
     {.infer = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"},
     CLIENT_HTTP,
     STATUS_PROTOCOL,
     "503"},
    {"another datatype than was announced",
     {.model = ANNOUNCES("FP64", "[1,2]"), .infer = OK_HEAD("@") ANSWER},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "'o' is FP32 [1,2], which the model's metadata says to be FP64 [1,2]"},
    {"another shape than was announced",
     {.model = ANNOUNCES("FP32", "[-1,3]"), .infer = OK_HEAD("@") ANSWER},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "[-1,3]"},
    {"another rank than was announced",
     {.model = ANNOUNCES("FP32", "[-1]"), .infer = OK_HEAD("@") ANSWER},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "[-1]"},
    {"redirect",
     {.infer = "HTTP/1.1 302 Go\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"},
     CLIENT_HTTP,
     STATUS_PROTOCOL,
     "302"},
    {"silence", {.infer = NULL}, CLIENT_TIMED_OUT, STATUS_TIMEOUT, "time"},
    {"stalls within", {.infer = OK_HEAD("200") "{\"mod"}, CLIENT_TIMED_OUT, STATUS_TIMEOUT, "time"},
    {"closes at once", {.infer = "", .closes = true}, CLIENT_CONNECT, STATUS_IO, "closed"},
    {"says it is too large",
     {.infer = OK_HEAD("67108865")},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "64 MiB"},
    {"is too large",
     {.infer = "HTTP/1.1 200 OK\r\n\r\n", .n_flood = HTTP_MAX_ANSWER + 1, .closes = true},
     CLIENT_PROTOCOL,
     STATUS_PROTOCOL,
     "64 MiB"},
};

static void check_hostile(const struct hostile *hostile)
{
    struct wire_server *server = wire_serve(&hostile->script);
    struct client *client = open_client(wire_url(server), hostile->script.n_flood ? 20 : 0.4);
    struct client_timing timing;
    struct error error = {0};
    size_t n = 9;
    assert_int_equal(client_prepare(client, 3, NULL), STATUS_OK);
    enum status status = client_infer(client, &timing, &error);
    if (status != hostile->status || timing.failure != hostile->failure ||
        !strstr(error.text, hostile->word) || !strstr(error.text, wire_url(server)))
        fail_msg("%s: status %d, failure %d, '%s' (wanted %d, %d, '%s')", hostile->what, status,
                 timing.failure, error.text, hostile->status, hostile->failure, hostile->word);
    client_output(client, &n);
    assert_int_equal(n, 0);
    assert_true(timing.total_ns > 0);
    client_close(client);
    wire_end(server);
}

static void test_hostile_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostiles / sizeof hostiles[0]; i++)
        check_hostile(&hostiles[i]);
}

/* A connection that the server closed while nobody looked is no failure: a new one is opened, and
 * the timing says so. */
static void test_closed_between_requests(void **state)
{
    const struct wire_script script = {.infer = OK_HEAD("@") ANSWER, .closes_later = true};
    struct wire_server *server = wire_serve(&script);
    struct client *client = open_client(wire_url(server), 5);
    struct client_timing timing;
    int64_t rtt_ns = 0;
    size_t n;
    (void)state;
    assert_int_equal(client_prepare(client, 3, NULL), STATUS_OK);
    for (int i = 0; i < 20; i++) {
        struct error error = {0};
        clock_sleep_ns(100000000); /* until the closing has arrived, on a busy machine as well */
        if (client_infer(client, &timing, &error))
            fail_msg("%s", error.text);
        if (timing.connect_ns <= 0)
            fail_msg("request %d: connect %" PRId64 " ns, send %" PRId64 ", wait %" PRId64
                     ", total %" PRId64 ", %" PRIu64 " bytes up",
                     i, timing.connect_ns, timing.send_ns, timing.wait_ns, timing.total_ns,
                     timing.bytes_up);
        assert_float_equal(client_output(client, &n)[1], -2.0f, 0);
        assert_int_equal(n, 2);
        if (client_probe(client, &rtt_ns, &error))
            fail_msg("%s", error.text);
        assert_true(rtt_ns > 0);
    }
    assert_in_range(wire_n_connections(server), 42, 200);
    client_close(client);
    wire_end(server);
}

/* A server that lets each connection live for one request and hangs up on the second: no sample has
 * a second sending in it. Over connections of their own nothing fails. */
static void test_never_sends_twice(void **state)
{
    const struct wire_script script = {.infer = OK_HEAD("@") ANSWER, .drops_second = true};
    struct wire_server *server = wire_serve(&script);
    (void)state;
    for (int own = 0; own < 2; own++) {
        struct client_config config = {
            .url = (char *)wire_url(server), .model = "m", .timeout_s = 5, .new_connections = own};
        struct client *client = NULL;
        struct client_timing timing;
        int64_t rtt_ns;
        assert_int_equal(client_open(&config, &client, NULL), STATUS_OK);
        assert_int_equal(client_prepare(client, 3, NULL), STATUS_OK);
        for (int i = 0; i < 10; i++) {
            struct error error = {0};
            client_probe(client, &rtt_ns, NULL);
            enum status status = client_infer(client, &timing, &error);
            assert_int_equal(status, own ? STATUS_OK : STATUS_IO);
            assert_int_equal(timing.failure, own ? CLIENT_NO_FAILURE : CLIENT_CONNECT);
            if (!own && !strstr(error.text, "connection = new"))
                fail_msg("%s", error.text);
        }
        client_close(client);
    }
    wire_end(server);
}

/* Asked for bytes, servers answer with them, with JSON, or with a refusal. */
static void test_binary_answers(void **state)
{
    static const struct {
        const char *infer;
        enum status status;
        float first;
        const char *word;
    } cases[] = {
        {BINARY_HEAD("111") BINARY_ANSWER("8") "AAAABBBB", STATUS_OK, 0x1.828282p3f, ""},
        {OK_HEAD("@") ANSWER, STATUS_OK, 1.5f, ""},
        {"HTTP/1.1 400 No\r\nContent-Length: @\r\n\r\n{\"error\":\"what is binary\"}",
         STATUS_PROTOCOL, 0, "400: what is binary"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct wire_script script = {.infer = cases[i].infer};
        struct wire_server *server = wire_serve(&script);
        const struct client_config config = {
            .url = (char *)wire_url(server), .model = "m", .timeout_s = 5, .binary = true};
        struct client *client = NULL;
        struct client_timing timing;
        struct error error = {0};
        size_t n = 0;
        assert_int_equal(client_open(&config, &client, NULL), STATUS_OK);
        assert_int_equal(client_prepare(client, 3, NULL), STATUS_OK);
        if (client_infer(client, &timing, &error) != cases[i].status ||
            !strstr(error.text, cases[i].word))
            fail_msg("case %zu: '%s'", i, error.text);
        const float *output = client_output(client, &n);
        assert_int_equal(n, cases[i].status ? 0 : 2);
        if (n > 0)
            assert_float_equal(output[0], cases[i].first, 0);
        client_close(client);
        wire_end(server);
    }
}

/* Bytes of an answer in chunks, with its framing, as they pass a relay. */
static void test_counts_chunked_answers(void **state)
{
    const struct wire_script script = {
        .infer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nServer-Timing: infer;dur=1\r\n"
                 "Server-Timing: "
                 "queue;dur=0.25\r\n\r\n21\r\n{\"model_name\":\"m\",\"outputs\":[{\"na\r\n"
                 "38\r\nme\":\"o\",\"shape\":[1,2],\"datatype\":\"INT64\",\"data\":[7,-9]}]\r\n"
                 "1\r\n}\r\n0\r\n\r\n"};
    struct wire_server *server = wire_serve(&script);
    struct wire_server *relay = wire_relay(wire_port_of(wire_url(server)));
    struct client *client = open_client(wire_url(relay), 5);
    struct client_timing timing;
    struct error error = {0};
    size_t n;
    (void)state;
    for (uint32_t length = 1; length < 100000; length *= 9) {
        assert_int_equal(client_prepare(client, length, NULL), STATUS_OK);
        uint64_t up = wire_bytes_up(relay), down = wire_bytes_down(relay);
        if (client_infer(client, &timing, &error))
            fail_msg("%s", error.text);
        assert_int_equal(timing.bytes_up, wire_bytes_up(relay) - up);
        assert_int_equal(timing.bytes_down, wire_bytes_down(relay) - down);
        assert_int_equal(timing.server_ns, 1250000);
        assert_float_equal(client_output(client, &n)[1], -9.0f, 0);
    }
    client_close(client);
    wire_end(relay);
    wire_end(server);
}

static void expect_open(const struct client_config *config, enum status status, const char *word)
{
    struct client *client = NULL;
    struct error error = {0};
    enum status got = client_open(config, &client, &error);
    if (got != status || !strstr(error.text, word) || client)
        fail_msg("status %d '%s', wanted %d '%s'", got, error.text, status, word);
}

static void test_refuses_to_open(void **state)
{
    char *url = text_format("http://127.0.0.1:%d/", wire_dead_port());
    (void)state;
    expect_open(&(struct client_config){.url = (char *)url, .model = "m"}, STATUS_IO, url);
    expect_open(&(struct client_config){.url = (char *)url, .model = "m"}, STATUS_IO,
                "server runs");
    expect_open(&(struct client_config){.url = (char *)url, .model = ""}, STATUS_INVALID, "model");
    expect_open(&(struct client_config){.url = "ftp://x", .model = "m"}, STATUS_INVALID, "ftp://x");
    expect_open(&(struct client_config){.url = NULL, .model = "m"}, STATUS_INVALID, "URL");
    expect_open(&(struct client_config){.url = "http://no.such.host.invalid", .model = "m"},
                STATUS_IO, "no.such.host.invalid");
    free(url);
}

#define MODEL_ANSWER(inputs)                                                      \
    "HTTP/1.1 200 OK\r\nContent-Length: @\r\n\r\n{\"name\":\"m\",\"outputs\":[]," \
    "\"inputs\":[" inputs "]}"

/* Models whose input we cannot make are refused by name. */
static void test_refuses_models(void **state)
{
    static const struct {
        const char *answer, *word;
    } cases[] = {
        {"HTTP/1.1 404 No\r\nContent-Length: @\r\n\r\n{\"error\":\"unknown one\"}",
         "404: unknown one; check the URL and the model's name"},
        {"HTTP/1.1 200 OK\r\nContent-Length: @\r\n\r\nhey!", "JSON"},
        {MODEL_ANSWER(""), "names no inputs"},
        {MODEL_ANSWER("{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1,3]}"),
         "input 'x' is FP32 [1,3]"},
        {MODEL_ANSWER("{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1,-1,-1]}"),
         "input 'x' is FP32 [1,-1,-1]"},
        {MODEL_ANSWER("{\"name\":\"x\",\"datatype\":\"FP8\",\"shape\":[1,-1]}"),
         "1 inputs of datatypes"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct wire_script script = {.model = cases[i].answer};
        struct wire_server *server = wire_serve(&script);
        const struct client_config config = {
            .url = (char *)wire_url(server), .model = "m", .timeout_s = 2};
        expect_open(&config, STATUS_PROTOCOL, cases[i].word);
        expect_open(&config, STATUS_PROTOCOL, wire_url(server));
        wire_end(server);
    }
}

/* Some servers have no metadata of their own. */
static void test_server_without_metadata(void **state)
{
    const struct wire_script script = {.server =
                                           "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"};
    struct wire_server *server = wire_serve(&script);
    struct client *client = open_client(wire_url(server), 2);
    (void)state;
    assert_string_equal(client_server(client), "");
    client_close(client);
    wire_end(server);
}

static void test_without_input(void **state)
{
    const struct wire_script script = {0};
    struct wire_server *server = wire_serve(&script);
    struct client *client = open_client(wire_url(server), 2);
    struct client_timing timing;
    struct error error = {0};
    (void)state;
    assert_string_equal(client_server(client), "x 1");
    assert_int_equal(client_infer(client, &timing, &error), STATUS_MISUSE);
    assert_int_equal(client_prepare(client, 0, NULL), STATUS_INVALID);
    assert_int_equal(client_prepare(client, UINT32_MAX, NULL), STATUS_INVALID);
    assert_null(client_failure_name(CLIENT_NO_FAILURE));
    assert_string_equal(client_failure_name(CLIENT_TIMED_OUT), "timeout");
    client_close(client);
    wire_end(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_timing),
        cmocka_unit_test(test_hostile_answers),
        cmocka_unit_test(test_closed_between_requests),
        cmocka_unit_test(test_never_sends_twice),
        cmocka_unit_test(test_binary_answers),
        cmocka_unit_test(test_counts_chunked_answers),
        cmocka_unit_test(test_refuses_to_open),
        cmocka_unit_test(test_refuses_models),
        cmocka_unit_test(test_server_without_metadata),
        cmocka_unit_test(test_without_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
