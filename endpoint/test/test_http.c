// SPDX-License-Identifier: GPL-3.0-or-later
/* Heads and chunks of HTTP: what is taken, what is refused and with which status, however the bytes
 * are cut into pieces. */
#include "base/test/support.h"

#include "endpoint/http.h"

#include <stdlib.h>
#include <string.h>

/* Looks for the head's end with so many bytes more each time; the status, and the head's length. */
static unsigned find(const char *text, size_t step, size_t *end, struct error *error)
{
    size_t scanned = 0, n = strlen(text);
    unsigned status = HTTP_OK;
    *end = 0;
    for (size_t have = step; status == HTTP_OK && *end == 0; have += step) {
        status = http_find_end(text, have < n ? have : n, &scanned, end, error);
        if (have >= n)
            break;
    }
    return status;
}

static unsigned read_in_steps(const char *text, size_t step, char *copy, struct http_head *head)
{
    struct error error = {0};
    size_t end;
    unsigned status = find(text, step, &end, &error);
    *head = (struct http_head){0};
    if (status != HTTP_OK || end == 0)
        return status == HTTP_OK ? 0 : status;
    memcpy(copy, text, end);
    return http_read_head(copy, end, head, &error);
}

static const struct {
    const char *text;
    unsigned status; /* 0: not whole yet */
    const char *method, *path;
    bool keeps_alive, chunked;
    uint64_t length;
} heads[] = {
    {"GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n", 200, "GET", "/v2", true, false, 0},
    {"\r\nGET /v2 HTTP/1.1\r\nHost:x\r\n\r\nrest", 200, "GET", "/v2", true, false, 0},
    {"GET /a%2Fb%20c?d#e HTTP/1.1\r\nHost: x\r\n\r\n", 200, "GET", "/a/b c", true, false, 0},
    {"GET /%zz%4 HTTP/1.1\r\nHost: x\r\n\r\n", 200, "GET", "/%zz%4", true, false, 0},
    {"GET http://h:1/p?q HTTP/1.1\r\nHost: x\r\n\r\n", 200, "GET", "/p", true, false, 0},
    {"GET HTTP://h HTTP/1.1\r\nHost: x\r\n\r\n", 200, "GET", "", true, false, 0},
    {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 200, "OPTIONS", "*", true, false, 0},
    {"GET / HTTP/1.0\r\n\r\n", 200, "GET", "/", false, false, 0},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, "GET", "/", true, false, 0},
    {"GET / HTTP/1.1\r\nHost: x\r\nconnection:\tCLOSE\t\r\n\r\n", 200, "GET", "/", false, false, 0},
    {"POST / HTTP/1.1\r\nhOST: x\r\ncontent-length:  12 \r\n\r\n", 200, "POST", "/", true, false,
     12},
    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n", 200, "POST", "/", true,
     true, 0},
    {"GET / HTTP/1.1\r\nHost: x\r\n", 0, NULL, NULL, false, false, 0},
    {"", 0, NULL, NULL, false, false, 0},
    {"GET / HTTP/1.1\nHost: x\n\n", 400, NULL, NULL, false, false, 0},
    {"GET / HTTP/1.1\rHost: x\r\n\r\n", 400, NULL, NULL, false, false, 0},
    {"\x16\x03\x01", 400, NULL, NULL, false, false, 0},
    {"GET /\x7f HTTP/1.1\r\n", 400, NULL, NULL, false, false, 0},
    {"GET / HTTP/1.1\r\n\r\n", 400, "GET", "/", false, false, 0},
    {"\r\n\r\n", 400, NULL, NULL, false, false, 0},
    {"GET /\r\n\r\n", 400, NULL, NULL, false, false, 0},
    {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400, NULL, NULL, false, false, 0},
    {"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400, NULL, NULL, false, false, 0},
    {"GET v2 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "GET", NULL, false, false, 0},
    {"GET / HTTP/1.1x\r\nHost: x\r\n\r\n", 400, NULL, NULL, false, false, 0},
    {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, "GET", NULL, false, false, 0},
    {"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400, "GET", "/", false, false, 0},
    {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, "GET", "/", false, false, 0},
    {"GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", 400, "GET", "/", false, false, 0},
    {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "GET", "/", false, false, 0},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\n", 400, "POST",
     "/", false, false, 0},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x10\r\n\r\n", 400, "POST", "/", false, false,
     0},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", 400, "POST", "/", false, false, 0},
    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400,
     "POST", "/", false, false, 3},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "POST", "/", false, false, 0},
    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "POST", "/", false,
     false, 0},
};

static void assert_text(const char *what, const char *got, const char *wanted)
{
    if (!got != !wanted || (got && strcmp(got, wanted) != 0))
        fail_msg("%s: '%s', not '%s'", what, got ? got : "none", wanted ? wanted : "none");
}

static void test_heads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        for (size_t step = 1; step <= strlen(heads[i].text) + 1; step++) {
            char copy[256];
            struct http_head head;
            unsigned status = read_in_steps(heads[i].text, step, copy, &head);
            if (status != heads[i].status)
                fail_msg("'%s': %u, not %u", heads[i].text, status, heads[i].status);
            assert_text(heads[i].text, head.method, heads[i].method);
            assert_text(heads[i].text, head.path, heads[i].path);
            if (head.keeps_alive != heads[i].keeps_alive || head.chunked != heads[i].chunked ||
                (status == HTTP_OK && head.length != heads[i].length))
                fail_msg("'%s': keeps alive %d, chunked %d, length %llu", heads[i].text,
                         head.keeps_alive, head.chunked, (unsigned long long)head.length);
        }
    }
}

static void test_limits_of_heads(void **state)
{
    enum { HUGE_HEAD = 2 * HTTP_MAX_HEAD };
    struct error error = {0};
    char *text = calloc(1, HUGE_HEAD);
    size_t scanned = 0, end = 0;
    (void)state;
    memset(text, 'a', HUGE_HEAD);
    assert_int_equal(http_find_end(text, HTTP_MAX_LINE, &scanned, &end, &error), HTTP_OK);
    assert_int_equal(http_find_end(text, HTTP_MAX_LINE + 1, &scanned, &end, &error),
                     HTTP_URI_TOO_LONG);
    memcpy(text, "GET / HTTP/1.1\r\n", 16);
    scanned = 0;
    assert_int_equal(http_find_end(text, HTTP_MAX_HEAD, &scanned, &end, &error), HTTP_OK);
    assert_int_equal(http_find_end(text, HTTP_MAX_HEAD + 1, &scanned, &end, &error),
                     HTTP_HEAD_TOO_LARGE);
    memcpy(text + HUGE_HEAD - 4, "\r\n\r\n", 4); /* the same when it comes whole */
    scanned = 0;
    assert_int_equal(http_find_end(text, HUGE_HEAD, &scanned, &end, &error), HTTP_HEAD_TOO_LARGE);
    memset(text, 'a', 16);
    memcpy(text + HTTP_MAX_LINE + 8, "\r\n\r\n", 4);
    scanned = 0;
    assert_int_equal(http_find_end(text, HTTP_MAX_LINE + 12, &scanned, &end, &error),
                     HTTP_URI_TOO_LONG);
    for (int extra = 0; extra < 2; extra++) { /* as many headers as there may be, and one more */
        struct http_head head;
        size_t n = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: x\r\n");
        for (int i = 1; i < HTTP_MAX_HEADERS + extra; i++)
            n += (size_t)sprintf(text + n, "A: b\r\n");
        n += (size_t)sprintf(text + n, "\r\n");
        assert_int_equal(http_read_head(text, n, &head, &error),
                         extra ? HTTP_HEAD_TOO_LARGE : HTTP_OK);
    }
    free(text);
}

static const struct {
    const char *text;
    const char *body; /* NULL: refused */
    bool done;
    size_t n_rest; /* bytes behind it that are another request's */
} bodies[] = {
    {"0\r\n\r\n", "", true, 0},
    {"3\r\nabc\r\n0\r\n\r\n", "abc", true, 0},
    {"3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\nGET /", "abc0123456789", true, 5},
    {"1;a=b;c=\"d\"\r\nx\r\n0;e\r\nTrailer: y\r\nMore: z\r\n\r\n", "x", true, 0},
    {"2 \r\nab\r\n0\r\n\r\n", "ab", true, 0},
    {"5\r\nabc", "abc", false, 0},
    {"5", "", false, 0},
    {"", "", false, 0},
    {"\r\n", NULL, false, 0},
    {"g\r\n", NULL, false, 0},
    {"-1\r\n", NULL, false, 0},
    {"3\nabc\r\n", NULL, false, 0},
    {"3\r\nabcd\r\n", NULL, false, 0},
    {"3\r\nabc\n0\r\n\r\n", NULL, false, 0},
    {"1000000000000000\r\n", NULL, false, 0},
    {"0\r\n\n", NULL, false, 0},
    {"0\r\nA: b\n\r\n", NULL, false, 0},
};

static void take_in_steps(size_t i, size_t step)
{
    struct http_chunks chunks = {0};
    struct error error = {0};
    const char *text = bodies[i].text;
    char body[64] = "";
    size_t n = strlen(text), at = 0, n_body = 0;
    unsigned status = HTTP_OK;
    while (at < n && status == HTTP_OK && !chunks.done) {
        const char *data;
        size_t used, n_data, piece = n - at < step ? n - at : step;
        status = http_take_chunk(&chunks, text + at, piece, &used, &data, &n_data, &error);
        memcpy(body + n_body, data, n_data);
        n_body += n_data;
        at += used;
        assert_true(used > 0 || status != HTTP_OK);
    }
    if (!bodies[i].body) {
        if (status != HTTP_BAD_REQUEST)
            fail_msg("'%s' was taken in steps of %zu", text, step);
        return;
    }
    if (status != HTTP_OK || strcmp(body, bodies[i].body) != 0 || chunks.done != bodies[i].done ||
        n - at != bodies[i].n_rest)
        fail_msg("'%s' in steps of %zu: %u, '%s', done %d, %zu left", text, step, status, body,
                 chunks.done, n - at);
}

static void test_chunks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        for (size_t step = 1; step <= strlen(bodies[i].text) + 1; step++)
            take_in_steps(i, step);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_limits_of_heads),
        cmocka_unit_test(test_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
