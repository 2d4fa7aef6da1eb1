// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnprof and servers that misbehave: what fails is counted by kind, the campaign goes on or stops
 * as it says, nothing hangs, and no secret is told. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"
#include "endpoint/test/wire.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define OK_HEAD(length) "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n"
#define OUTPUT(type, shape, data)                                                                 \
    "{\"model_name\":\"m\",\"outputs\":[{\"name\":\"o\",\"shape\":" shape ",\"datatype\":\"" type \
    "\",\"data\":" data "}]}"
#define GOOD OK_HEAD("@") OUTPUT("FP32", "[1,2]", "[1.5,-2]")
#define BUSY                                                           \
    "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: @\r\n\r\n" \
    "{\"error\":\"the queue is full\"}"

static const struct {
    const char *what;
    struct wire_script script;
    const char *kind, *word;
} bad[] = {
    {"shape of another size",
     {.infer = OK_HEAD("@") OUTPUT("FP32", "[1,3]", "[1.5,-2]")},
     "protocol",
     "wants 3 values"},
    {"text for numbers",
     {.infer = OK_HEAD("@") OUTPUT("FP32", "[1,2]", "[\"a\",{}]")},
     "protocol",
     "not a number"},
    {"object for outputs",
     {.infer = OK_HEAD("@") "{\"model_name\":\"m\",\"outputs\":{}}"},
     "protocol",
     "outputs"},
    {"number for a name",
     {.infer = OK_HEAD("@") "{\"model_name\":7,\"outputs\":[]}"},
     "protocol",
     "model_name"},
    {"no outputs",
     {.infer = OK_HEAD("@") "{\"model_name\":\"m\",\"outputs\":[]}"},
     "protocol",
     "no output"},
    {"HTML", {.infer = OK_HEAD("@") "<html>hello</html>"}, "protocol", "JSON"},
    {"truncated bytes",
     {.infer =
          "HTTP/1.1 200 OK\r\nContent-Length: @\r\nInference-Header-Content-Length: 111\r\n\r\n"
          "{\"model_name\":\"m\",\"outputs\":[{\"name\":\"o\",\"shape\":[1,2],\"datatype\":"
          "\"FP32\",\"parameters\":{\"binary_data_size\":8}}]}AAAABB"},
     "protocol",
     "bytes are left"},
    {"503", {.infer = BUSY}, "http", "the queue is full"},
    {"redirect",
     {.infer = "HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/elsewhere?key=K\r\n"
               "Content-Length: 0\r\n\r\n"},
     "http",
     "a redirect to http://127.0.0.1:1/elsewhere, which is not followed"},
    {"hangs", {.infer = NULL}, "timeout", "time"},
    {"promises more than it sends",
     {.infer = OK_HEAD("9999") OUTPUT("FP32", "[1]", "[1]")},
     "timeout",
     "time"},
    {"promises more and closes",
     {.infer = OK_HEAD("9999") OUTPUT("FP32", "[1]", "[1]"), .closes = true},
     "connect",
     "broke off"},
    {"promises less than it sends",
     {.infer = OK_HEAD("20") OUTPUT("FP32", "[1]", "[1]")},
     "protocol",
     "JSON"},
    {"says two lengths",
     {.infer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 2\r\n\r\n{}",
      .closes = true},
     NULL,
     NULL}, /* libcurl takes the one or the other */
    {"says no number",
     {.infer = "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}"},
     "protocol",
     "Content-Length"},
    {"endless body", {.infer = "HTTP/1.1 200 OK\r\n\r\n", .drips = true}, "timeout", "time"},
    {"huge body",
     {.infer = "HTTP/1.1 200 OK\r\n\r\n", .n_flood = (64 << 20) + 1, .closes = true},
     "protocol",
     "64 MiB"},
    {"huge line in the head",
     {.infer = "HTTP/1.1 200 OK\r\nX: ", .n_flood = 1 << 20, .closes = true},
     "protocol",
     ""},
    {"closes", {.infer = "", .closes = true}, "connect", "closed"},
    {"no HTTP", {.infer = "220 mail here\r\n"}, "protocol", "HTTP"},
};

static char *campaign_of(const char *lengths, const char *folder, const char *url, const char *more,
                         const char *stop)
{
    char *text = text_format("[campaign]\nname = lab\nlengths = %s\n[edge]\nengine = dnnl\n"
                             "hidden = 8\ninput = 4\nvocabulary = 9\n[cloud]\nurl = %s\nmodel = m\n"
                             "%s[stop]\nci = 0\nmax_samples = 5\n%s",
                             lengths, url, more, stop);
    char *path = test_write(folder, "campaign.ini", text);
    free(text);
    return path;
}

static char *campaign(const char *folder, const char *url, const char *more, const char *stop)
{
    return campaign_of("3", folder, url, more, stop);
}

/* Runs it into `db`; what it says on both streams, to be freed. */
static char *run(const char *ini, const char *db, int expected)
{
    char *command = text_format("%s/bin/rnnprof run %s --db %s 2>&1", test_build(), ini, db), *out;
    int rc = test_shell(command, &out, NULL);
    if (rc != expected)
        fail_msg("exit %d, not %d: %s", rc, expected, out);
    free(command);
    return out;
}

/* The endpoint's first row of show --json, to be released. */
static json_t *shown(const char *db)
{
    char *command = text_format("%s/bin/rnnprof show --db %s --json", test_build(), db), *out;
    assert_int_equal(test_shell(command, &out, NULL), 0);
    json_t *document = json_loads(out, 0, NULL), *row = NULL;
    json_t *rows = json_object_get(document, "lengths");
    for (size_t i = 0; !row && i < json_array_size(rows); i++) {
        json_t *each = json_array_get(rows, i);
        if (strcmp(json_string_value(json_object_get(each, "target")), "cloud") == 0)
            row = json_incref(each);
    }
    if (!row)
        fail_msg("no row of the endpoint: %s", out);
    json_decref(document);
    free(command);
    free(out);
    return row;
}

static json_int_t count(json_t *row, const char *kind)
{
    return json_integer_value(json_object_get(json_object_get(row, "failures"), kind));
}

/* Every attempt fails as its kind, and after as many as the campaign allows it ends. */
static void each_ends_the_campaign(void **state)
{
    (void)state;
    char *folder = test_scratch("bad_servers");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct wire_server *server = wire_serve(&bad[i].script);
        const char *more = bad[i].script.n_flood ? "timeout = 20s\n" : "timeout = 300ms\n";
        char *ini = campaign(folder, wire_url(server), more, "max_failures = 4\n");
        char *db = text_format("%s/bad%zu.db", folder, i);
        int64_t start_ns = clock_ns();
        char *out = run(ini, db, 1);
        assert_true((double)(clock_ns() - start_ns) < 60e9); /* far beyond any time-out */
        if (!strstr(out, "4 failures in a row") || (bad[i].word && !strstr(out, bad[i].word)))
            fail_msg("%s: '%s' is not in: %s", bad[i].what, bad[i].word, out);
        json_t *row = shown(db);
        if (count(row, bad[i].kind ? bad[i].kind : "protocol") + count(row, "connect") < 4)
            fail_msg("%s: %s", bad[i].what,
                     json_dumps(json_object_get(row, "failures"), JSON_COMPACT));
        if (bad[i].kind)
            assert_int_equal(count(row, bad[i].kind), 4);
        assert_int_equal(json_integer_value(json_object_get(row, "n")), 0);
        json_decref(row);
        free(out);
        free(db);
        free(ini);
        wire_end(server);
    }
    free(folder);
}

/* Some requests fail: they are tried again as samples of their own, and the campaign is whole. */
static void goes_on(void **state)
{
    (void)state;
    const struct wire_script script = {.infer = GOOD, .other = BUSY, .n_other = 3};
    struct wire_server *server = wire_serve(&script);
    char *folder = test_scratch("bad_servers");
    char *ini = campaign(folder, wire_url(server), "", "");
    char *db = text_format("%s/db", folder);
    char *out = run(ini, db, 0);
    json_t *row = shown(db);
    json_int_t n_failed = count(row, "http");
    assert_int_equal(json_integer_value(json_object_get(row, "n")), 5);
    assert_in_range(n_failed, 1, 3);
    char *words = text_format("%d failed (%d http)", (int)n_failed, (int)n_failed);
    if (!strstr(out, words) || !strstr(out, " failed, the last at cloud (http): ") ||
        !strstr(out, "the queue is full"))
        fail_msg("%s", out);
    json_decref(row);
    free(words);
    free(out);
    free(db);
    free(ini);
    free(folder);
    wire_end(server);
}

/* Without a bound on failures time ends it; and what fails again and again is asked ever less
 * often: twelve or thirteen times in these seconds, where the way there and back takes less than a
 * tenth of a ms. */
static void goes_on_until_time_is_up(void **state)
{
    (void)state;
    const struct wire_script script = {.infer = BUSY};
    struct wire_server *server = wire_serve(&script);
    char *folder = test_scratch("bad_servers");
    char *ini = campaign(folder, wire_url(server), "", "max_failures = 0\nmax_time = 3s\n");
    char *db = text_format("%s/db", folder);
    free(run(ini, db, 3));
    json_t *row = shown(db);
    assert_in_range(count(row, "http"), 11, 40);
    json_decref(row);
    free(db);
    free(ini);
    free(folder);
    wire_end(server);
}

/* A signal does not wait for a server that hangs. */
static void a_signal_ends_a_hanging_request(void **state)
{
    (void)state;
    const struct wire_script script = {.infer = NULL};
    struct wire_server *server = wire_serve(&script);
    char *folder = test_scratch("bad_servers");
    char *ini = campaign(folder, wire_url(server), "timeout = 2min\n", "");
    char *command = text_format("%s/bin/rnnprof run %s --db %s/db 2>&1 & pid=$!; sleep 1; "
                                "kill -INT $pid; wait $pid",
                                test_build(), ini, folder),
         *out;
    int64_t start_ns = clock_ns();
    int rc = test_shell(command, &out, NULL);
    assert_true((double)(clock_ns() - start_ns) < 60e9); /* half of its time-out */
    if (rc != 3 || !strstr(out, "stopped by a signal") || !strstr(out, " 0 failed"))
        fail_msg("exit %d: %s", rc, out);
    free(out);
    free(command);
    free(ini);
    free(folder);
    wire_end(server);
}

/* Whether a figure is printed as no number; words may have the letters in them. */
static bool has_nan(const char *text)
{
    for (const char *at = text; (at = strstr(at, "nan")); at++) {
        if ((at == text || !isalpha((unsigned char)at[-1])) && !isalpha((unsigned char)at[3]))
            return true;
    }
    return false;
}

/* A server that says neither how long it took nor that it lives: all that follows works without. */
static void without_server_times(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "rnnprof show --db %s/db",
        "rnnprof export --db %s/db",
        "rnnfit --db %s/db",
        "rnngen --db %s/db --name lab --link rtt -o -",
        "rnneval --db %s/db --lengths %s/lengths.csv -n 500",
        "rnneval --db %s/db --lengths %s/lengths.csv --live -n 5",
    };
    for (int probed = 0; probed < 2; probed++) {
        const struct wire_script script = {
            .infer = GOOD, .live = probed ? NULL : "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"};
        struct wire_server *server = wire_serve(&script);
        char *folder = test_scratch("bad_servers");
        char *ini = campaign_of("4,8,16,32", folder, wire_url(server), "", "design = grid\n");
        char *db = text_format("%s/db", folder);
        free(test_write(folder, "lengths.csv", "length,count\n4,1\n32,1\n"));
        free(run(ini, db, 0));
        json_t *row = shown(db);
        assert_true(json_is_null(json_object_get(row, "server_s")));
        assert_int_equal(json_is_null(json_object_get(row, "rtt_s")), !probed);
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
            char *arguments = text_format(commands[i], folder, folder);
            char *command = text_format("%s/bin/%s 2>&1", test_build(), arguments), *out;
            if (test_shell(command, &out, NULL) != 0)
                fail_msg("%s: %s", command, out);
            assert_false(has_nan(out));
            free(out);
            free(command);
            free(arguments);
        }
        json_decref(row);
        free(db);
        free(ini);
        free(folder);
        wire_end(server);
    }
}

/* A server that repeats what it was sent: its words are shown, the secret in them is not. */
static void secrets_stay_secret(void **state)
{
    (void)state;
    static const char secret[] = "s3cr3t-7f21";
    const struct wire_script refuses = {.wants = "Authorization: Bearer something-else"};
    const struct wire_script takes = {.wants = "Authorization: Bearer s3cr3t-7f21",
                                      .server = OK_HEAD("@") "{\"name\":\"said s3cr3t-7f21\","
                                                             "\"version\":\"s3cr3t-7f21\"}",
                                      .infer = GOOD};
    char *folder = test_scratch("bad_servers");
    char *file = test_write(folder, "token", secret);
    char *token = text_format("token = file:%s\nheader = X-Trace: env:SECRET_TRACE\n", file);
    setenv("SECRET_TRACE", "t4ace-99c1", 1);
    for (int taken = 0; taken < 2; taken++) {
        struct wire_server *server = wire_serve(taken ? &takes : &refuses);
        char *ini = campaign(folder, wire_url(server), token, "");
        char *db = text_format("%s/db%d", folder, taken);
        char *out = run(ini, db, taken ? 0 : 1);
        if (strstr(out, secret) || strstr(out, "t4ace") || !strstr(out, "***********"))
            fail_msg("%s", out);
        if (!taken && (!strstr(out, "401") || !strstr(out, "Bearer **")))
            fail_msg("%s", out);
        char *search = text_format("grep -rlaE 's3cr3t|t4ace' %s | grep -v '/token$'", folder);
        char *found;
        test_shell(search, &found, NULL);
        assert_string_equal(found, "");
        free(found);
        free(search);
        free(out);
        free(db);
        free(ini);
        wire_end(server);
    }
    free(token);
    free(file);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_ends_the_campaign),
        cmocka_unit_test(goes_on),
        cmocka_unit_test(goes_on_until_time_is_up),
        cmocka_unit_test(a_signal_ends_a_hanging_request),
        cmocka_unit_test(without_server_times),
        cmocka_unit_test(secrets_stay_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
