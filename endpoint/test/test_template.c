// SPDX-License-Identifier: GPL-3.0-or-later
/* Endpoints that do not speak the protocol: what they are sent, byte for byte, and what of their
 * answers counts. */
#include "base/test/support.h"

#include "base/memory.h"
#include "endpoint/client.h"
#include "endpoint/template_private.h"
#include "endpoint/test/wire.h"

#include <stdlib.h>
#include <string.h>

static struct client_config make_config(const char *const (*keys)[2], size_t n)
{
    struct client_config config = {.seed = 5};
    for (size_t i = 0; i < n && keys[i][0]; i++) {
        struct error error = {0};
        if (client_config_set(&config, keys[i][0], keys[i][1], &error))
            fail_msg("%s: %s", keys[i][0], error.text);
    }
    return config;
}

#define URL                               \
    {                                     \
        "url", "http://127.0.0.1:1/base/" \
    }

/* With a vocabulary of one every token is 0. */
static void test_texts(void **state)
{
    static const struct {
        const char *keys[6][2];
        uint32_t n;
        const char *method, *url, *body;
    } cases[] = {
        {{URL, {"path", "/p"}}, 3, "GET", "http://127.0.0.1:1/base/p", NULL},
        {{URL, {"path", "/p?n={n}&t={tokens}"}},
         3,
         "GET",
         "http://127.0.0.1:1/base/p?n=3&t=0,0,0",
         NULL},
        {{URL, {"path", "/p"}, {"body", "{\"n\": {n}, \"ids\": [{tokens}]}"}},
         2,
         "POST",
         "http://127.0.0.1:1/base/p",
         "{\"n\": 2, \"ids\": [0,0]}"},
        {{URL, {"path", "/p"}, {"method", "PUT"}, {"body", "{words}"}},
         2,
         "PUT",
         "http://127.0.0.1:1/base/p",
         "w0 w0"},
        {{URL, {"path", "/p"}, {"body", "{{n}}{{tokens}{N}{n"}},
         1,
         "POST",
         "http://127.0.0.1:1/base/p",
         "{1}{0{N}{n"},
        {{URL, {"path", "/p"}, {"method", "POST"}}, 1, "POST", "http://127.0.0.1:1/base/p", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct client_config config = make_config(cases[i].keys, 6);
        struct template t = {0};
        struct error error = {0};
        if (template_open(&config, &t, &error) ||
            template_make(&t, cases[i].n, 5, 1, 1 << 20, &error))
            fail_msg("case %zu: %s", i, error.text);
        assert_string_equal(t.method, cases[i].method);
        assert_string_equal(t.sent_url.bytes, cases[i].url);
        assert_int_equal(t.body != NULL, cases[i].body != NULL);
        assert_int_equal(t.sent_body.n, cases[i].body ? strlen(cases[i].body) : 0);
        if (cases[i].body)
            assert_memory_equal(t.sent_body.bytes, cases[i].body, t.sent_body.n);
        template_close(&t);
        client_config_free(&config);
    }
}

/* Tokens are those of the seed, the same wherever they stand. */
static void test_seeds(void **state)
{
    struct client_config config =
        make_config((const char *const[][2]){URL, {"path", "/{tokens}"}, {"body", "{tokens}"}}, 3);
    struct template t = {0};
    (void)state;
    assert_int_equal(template_open(&config, &t, NULL), STATUS_OK);
    assert_int_equal(template_make(&t, 5, 1, 1000000, 1 << 20, NULL), STATUS_OK);
    char *first = text_format("%.*s", (int)t.sent_body.n, t.sent_body.bytes);
    assert_string_equal(strrchr(t.sent_url.bytes, '/') + 1, first);
    assert_int_equal(template_make(&t, 5, 2, 1000000, 1 << 20, NULL), STATUS_OK);
    assert_true(t.sent_body.n != strlen(first) || memcmp(t.sent_body.bytes, first, t.sent_body.n));
    assert_int_equal(template_make(&t, 5, 1, 1000000, 1 << 20, NULL), STATUS_OK);
    assert_memory_equal(t.sent_body.bytes, first, t.sent_body.n);
    free(first);
    template_close(&t);
    client_config_free(&config);
}

static void test_refuses(void **state)
{
    static const struct {
        const char *keys[4][2], *word;
    } cases[] = {
        {{URL, {"path", "/p"}, {"method", "GET"}, {"body", "x"}}, "GET has no body"},
        {{URL, {"path", "/p"}, {"body", "file:/no/such/file"}}, "/no/such/file: cannot be opened"},
        {{{"url", "host:1"}, {"path", "/p"}}, "not a server's URL"},
    };
    static const char *const values[][2] = {
        {"path", "p"},      {"path", "/a b"},      {"path", "/a#b"},    {"path", "/\xc3\xa9"},
        {"method", "post"}, {"method", "POST it"}, {"probe", "healthz"}};
    struct client_config config = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct template t = {0};
        struct error error = {0};
        config = make_config(cases[i].keys, 4);
        if (!template_open(&config, &t, &error) || !strstr(error.text, cases[i].word))
            fail_msg("case %zu: '%s'", i, error.text);
        client_config_free(&config);
    }
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_int_equal(client_config_set(&config, values[i][0], values[i][1], NULL),
                         STATUS_INVALID);
    struct template t = {0};
    config = make_config((const char *const[][2]){URL, {"path", "/p"}, {"body", "{tokens}"}}, 3);
    assert_int_equal(template_open(&config, &t, NULL), STATUS_OK);
    assert_int_equal(template_make(&t, 501, 1, 9, 1000, NULL), STATUS_INVALID);
    assert_int_equal(template_make(&t, 400, 1, 1000000, 1000, NULL), STATUS_INVALID);
    template_close(&t);
    client_config_free(&config);
}

/* A server that wants just this request, and answers with another status of success. */
static void test_requests(void **state)
{
    const struct wire_script script = {
        .wants = " HTTP/1.1\r\n", /* any */
        .live = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
        .infer = "HTTP/1.1 201 Made\r\nServer-Timing: infer;dur=2\r\nContent-Length: @\r\n\r\nfine",
    };
    struct wire_server *server = wire_serve(&script);
    char *folder = test_scratch("template");
    char *file = test_write(folder, "body.txt", "length {n}: {words}\n");
    char *body = text_format("file:%s", file);
    const char *const keys[][2] = {{"url", wire_url(server)},
                                   {"path", "/say"},
                                   {"body", body},
                                   {"content_type", "text/plain"},
                                   {"probe", "/v2/health/live"},
                                   {"vocabulary", "1"}};
    struct client_config config = make_config(keys, 6);
    struct client *client = NULL;
    struct client_timing timing;
    struct error error = {0};
    int64_t rtt_ns = -1;
    size_t n;
    (void)state;
    if (client_open(&config, &client, &error))
        fail_msg("%s", error.text);
    assert_string_equal(client_server(client), "POST /say");
    assert_int_equal(client_probe(client, &rtt_ns, NULL), STATUS_OK); /* 404 is an answer, too */
    assert_true(rtt_ns > 0);
    for (uint32_t length = 1; length < 4; length++) {
        if (client_prepare(client, length, &error) || client_infer(client, &timing, &error))
            fail_msg("%s", error.text);
        assert_int_equal(timing.failure, CLIENT_NO_FAILURE);
        assert_int_equal(timing.server_ns, 2000000);
        assert_true(timing.total_ns > 0 && timing.connect_ns == 0 && timing.bytes_up > 0);
        char *said = wire_last_request(server);
        char *wanted =
            text_format("\r\n\r\nlength %u: %s\n", length, &"w0 w0 w0"[3 * (3 - length)]);
        if (strncmp(said, "POST /say HTTP/1.1\r\n", 20) != 0 || !strstr(said, wanted) ||
            !strstr(said, "\r\nContent-Type: text/plain\r\n"))
            fail_msg("%s", said);
        free(wanted);
        free(said);
    }
    client_output(client, &n);
    assert_int_equal(n, 0);
    client_close(client);
    client_config_free(&config);
    wire_end(server);
    free(body);
    free(file);
    free(folder);
}

/* Its failures are those of any endpoint. */
static void test_failures(void **state)
{
    static const struct {
        const char *infer;
        enum client_failure failure;
    } cases[] = {
        {"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", CLIENT_HTTP},
        {"HTTP/1.1 302 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", CLIENT_HTTP},
        {"hello\r\n", CLIENT_PROTOCOL},
        {NULL, CLIENT_TIMED_OUT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct wire_script script = {.infer = cases[i].infer};
        struct wire_server *server = wire_serve(&script);
        const char *const keys[][2] = {
            {"url", wire_url(server)}, {"path", "/say"}, {"body", "{n}"}, {"timeout", "200ms"}};
        struct client_config config = make_config(keys, 4);
        struct client *client = NULL;
        struct client_timing timing;
        assert_int_equal(client_open(&config, &client, NULL), STATUS_OK);
        assert_int_equal(client_prepare(client, 3, NULL), STATUS_OK);
        assert_true(client_infer(client, &timing, NULL) != STATUS_OK);
        assert_int_equal(timing.failure, cases[i].failure);
        client_close(client);
        client_config_free(&config);
        wire_end(server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),    cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_refuses),  cmocka_unit_test(test_requests),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
