// SPDX-License-Identifier: GPL-3.0-or-later
/* What the client makes of a server's statistics where its answers do not say how long they took:
 * told by a server that says what the test wants, and by rnnserve with Server-Timing hidden. */
#include "base/test/support.h"

#include "base/memory.h"
#include "endpoint/client.h"
#include "endpoint/statistics.h"
#include "endpoint/test/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_round_trip(void **state)
{
    const struct statistics_row rows[] = {
        {"a", "1", {1700000000123, 5, 4, {{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10}, {11, 12}}}},
        {"b", "1", {0}},
        {"a", "2", {1600000000000, 1, 1, {{1, 100}, {0, 0}, {1, INT64_MAX - 6}}}},
    };
    const struct statistics sum = {
        1700000000123, 6, 5, {{2, 102}, {3, 4}, {6, INT64_MAX}, {7, 8}, {9, 10}, {11, 12}}};
    struct message_text text = {0};
    struct statistics back;
    (void)state;
    assert_int_equal(statistics_write(&text, rows, 3, NULL), STATUS_OK);
    assert_int_equal(statistics_read(text.bytes, text.n, "a", &back, NULL), STATUS_OK);
    assert_memory_equal(&back, &sum, sizeof sum);
    assert_int_equal(statistics_read(text.bytes, text.n, "b", &back, NULL), STATUS_OK);
    assert_int_equal(back.durations[STATISTIC_SUCCESS].count, 0);
    assert_int_equal(statistics_read(text.bytes, text.n, "c", &back, NULL), STATUS_NOT_FOUND);
    message_text_free(&text);
}

static void test_refuses_others(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"model_stats\":{}}",
        "{\"model_stats\":[{\"name\":\"a\"}]}",
        "{\"model_stats\":[{\"name\":\"a\",\"inference_stats\":[]}]}",
        "{\"model_stats\":[{\"name\":\"a\",\"inference_stats\":{\"queue\":{\"ns\":-1}}}]}",
        "{\"model_stats\":[{\"name\":\"a\",\"inference_stats\":{\"queue\":{\"ns\":1.5}}}]}",
        "{\"model_stats\":[{\"name\":\"a\",\"inference_stats\":{},\"inference_count\":\"1\"}]}",
    };
    struct statistics statistics;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(statistics_read(texts[i], strlen(texts[i]), "a", &statistics, NULL),
                         STATUS_INVALID);
}

static void test_between(void **state)
{
    const struct statistics none = {0};
    const struct statistics one = {.durations = {{1, 99}, {0, 0}, {1, 1}, {1, 2}, {1, 4}, {1, 8}}};
    const struct statistics failed = {
        .durations = {{1, 9}, {1, 9}, {1, 1}, {1, 2}, {1, 4}, {1, 8}}};
    const struct statistics two = {.durations = {{2, 9}, {0, 0}, {2, 1}, {2, 2}, {2, 4}, {2, 8}}};
    const struct statistics back = {.durations = {{2, 9}, {0, 0}, {2, 0}, {2, 2}, {2, 4}, {2, 8}}};
    (void)state;
    assert_int_equal(statistics_between(&none, &one), 15);
    assert_int_equal(statistics_between(&none, &failed), -1);
    assert_int_equal(statistics_between(&none, &two), -1);
    assert_int_equal(statistics_between(&none, &none), -1);
    assert_int_equal(statistics_between(&two, &one), -1);
    assert_int_equal(statistics_between(&one, &two), 0);
    assert_int_equal(statistics_between(&one, &back), -1);
}

#define ANSWER(body) "HTTP/1.1 200 OK\r\nContent-Length: @\r\n\r\n" body
#define COUNTED(n, fail, ns)                                                                  \
    ANSWER("{\"model_stats\":[{\"name\":\"m\",\"inference_stats\":{\"success\":{\"count\":" n \
           ",\"ns\":" ns "},\"fail\":{\"count\":" fail ",\"ns\":0},\"queue\":{\"count\":" n   \
           ",\"ns\":0},\"compute_infer\":{\"count\":" n ",\"ns\":" ns "}}}]}")
#define OUTPUT                                                                         \
    "{\"model_name\":\"m\",\"outputs\":[{\"name\":\"o\",\"shape\":[1,2],\"datatype\":" \
    "\"FP32\",\"data\":[1.5,-2]}]}"
#define SERVER(extensions) \
    ANSWER("{\"name\":\"x\",\"version\":\"1\",\"extensions\":[" extensions "]}")

static const char *const alone[] = {COUNTED("5", "0", "1000"), COUNTED("6", "0", "1777"), NULL};
static const char *const others[] = {COUNTED("5", "0", "1000"), COUNTED("7", "0", "1777"), NULL};
static const char *const failing[] = {COUNTED("5", "0", "1000"), COUNTED("6", "1", "1777"), NULL};
static const char *const unseen[] = {COUNTED("5", "0", "1000"), COUNTED("5", "0", "1000"), NULL};
static const char *const broken[] = {COUNTED("5", "0", "1000"), ANSWER("oops"), NULL};
static const char *const missing[] = {
    "HTTP/1.1 404 No\r\nContent-Length: @\r\n\r\n{\"error\":\"no\"}", COUNTED("6", "0", "1777"),
    NULL};

static const struct {
    const char *what;
    struct wire_script script;
    int64_t server_ns;
} cases[] = {
    {"this request alone",
     {.server = SERVER("\"statistics\""), .statistics = alone, .infer = ANSWER(OUTPUT)},
     777},
    {"among other extensions",
     {.server = SERVER("7,\"x\",\"statistics\""), .statistics = alone, .infer = ANSWER(OUTPUT)},
     777},
    {"others in between",
     {.server = SERVER("\"statistics\""), .statistics = others, .infer = ANSWER(OUTPUT)},
     -1},
    {"another failed",
     {.server = SERVER("\"statistics\""), .statistics = failing, .infer = ANSWER(OUTPUT)},
     -1},
    {"not counted yet",
     {.server = SERVER("\"statistics\""), .statistics = unseen, .infer = ANSWER(OUTPUT)},
     -1},
    {"no JSON",
     {.server = SERVER("\"statistics\""), .statistics = broken, .infer = ANSWER(OUTPUT)},
     -1},
    {"404",
     {.server = SERVER("\"statistics\""), .statistics = missing, .infer = ANSWER(OUTPUT)},
     -1},
    {"extension not named",
     {.server = SERVER(""), .statistics = alone, .infer = ANSWER(OUTPUT)},
     -1},
    {"Server-Timing goes first",
     {.server = SERVER("\"statistics\""),
      .statistics = alone,
      .infer = "HTTP/1.1 200 OK\r\nServer-Timing: infer;dur=0.5\r\nContent-Length: "
               "@\r\n\r\n" OUTPUT},
     500000},
};

static struct client *open_client(const char *url, const char *model, bool new_connections)
{
    const struct client_config config = {.url = (char *)url,
                                         .model = (char *)model,
                                         .timeout_s = 5,
                                         .seed = 1,
                                         .vocabulary = 9,
                                         .new_connections = new_connections};
    struct client *client = NULL;
    struct error error = {0};
    if (client_open(&config, &client, &error))
        fail_msg("%s", error.text);
    return client;
}

static struct client_timing infer(struct client *client, uint32_t n)
{
    struct client_timing timing;
    struct error error = {0};
    if (client_prepare(client, n, &error) || client_infer(client, &timing, &error))
        fail_msg("%s", error.text);
    return timing;
}

static void test_what_servers_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire_server *server = wire_serve(&cases[i].script);
        struct client *client = open_client(wire_url(server), "m", false);
        infer(client, 3); /* the first answer tells whether the statistics are needed */
        struct client_timing timing = infer(client, 3);
        if (timing.server_ns != cases[i].server_ns)
            fail_msg("%s: %" PRId64 " ns, not %" PRId64, cases[i].what, timing.server_ns,
                     cases[i].server_ns);
        client_close(client);
        wire_end(server);
    }
}

static void read_counted(struct client_timing *timing, const char *url, bool new_connections)
{
    struct client *client = open_client(url, "m", new_connections);
    infer(client, 300);
    for (int i = 0; i < 8; i++) {
        timing[i] = infer(client, 300);
        assert_true(timing[i].server_ns > 0 && timing[i].total_ns > timing[i].server_ns);
        assert_int_equal(timing[i].connect_ns > 0, new_connections);
    }
    client_close(client);
}

static int64_t least(const struct client_timing *timing)
{
    int64_t ns = INT64_MAX;
    for (int i = 0; i < 8; i++)
        ns = timing[i].server_ns < ns ? timing[i].server_ns : ns;
    return ns;
}

struct running {
    pid_t pid;
    char *url;
};

static int start_server(void **state)
{
    struct running *server = malloc(sizeof *server);
    char *command = text_format("%s/bin/rnnserve --listen 127.0.0.1:0 --model "
                                "m=dnnl:hidden=64,input=16,vocabulary=9 --model "
                                "other=dnnl:hidden=64,input=16,vocabulary=9",
                                test_build());
    char *line = test_start(command, &server->pid);
    assert_non_null(line);
    server->url = text_copy(line + strlen("listening on "));
    *state = server;
    free(line);
    free(command);
    return 0;
}

static int stop_server(void **state)
{
    struct running *server = *state;
    int code = test_stop(server->pid);
    free(server->url);
    free(server);
    return code;
}

/* A real server's statistics tell what its Server-Timing does, besides the writing of an output;
 * and asking for them is in neither the time nor the bytes of the request. */
static void test_a_real_server(void **state)
{
    const struct running *server = *state;
    struct client_timing by_header[8], by_statistics[8];
    read_counted(by_header, server->url, false);
    for (int i = 0; i < 2; i++) {
        struct wire_server *relay = wire_relay_hiding(wire_port_of(server->url), "Server-Timing");
        read_counted(by_statistics, wire_url(relay), i == 1);
        double ratio = (double)least(by_statistics) / (double)least(by_header);
        print_message("by statistics %.3f of by header\n", ratio);
        assert_true(ratio > 0.3 && ratio < 3);
        if (i == 0)
            assert_int_equal(by_statistics[7].bytes_up, by_header[7].bytes_up);
        wire_end(relay);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refuses_others),
        cmocka_unit_test(test_between),
        cmocka_unit_test(test_what_servers_say),
        cmocka_unit_test_setup_teardown(test_a_real_server, start_server, stop_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
