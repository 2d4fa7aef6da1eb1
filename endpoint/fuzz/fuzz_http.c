// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Heads and chunks of HTTP: whatever pieces the bytes come in (the first byte says), the same is
 * read.
 */
#include "base/fuzz/fuzz.h"
#include "endpoint/http.h"

#include <stdbool.h>

static void read_head(const uint8_t *data, size_t n, size_t step)
{
    char *bytes = fuzz_text(data, n);
    size_t scanned = 0, end = 0, once = 0, whole = 0;
    unsigned status = HTTP_OK;
    for (size_t have = 0; have < n && status == HTTP_OK && !end;) {
        have = n - have < step ? n : have + step;
        status = http_find_end(bytes, have, &scanned, &end, NULL);
    }
    unsigned at_once = http_find_end(bytes, n, &once, &whole, NULL);
    if (status == HTTP_OK && end)
        FUZZ_REQUIRE(at_once != HTTP_OK || whole == end);
    if (at_once == HTTP_OK && whole) {
        struct http_head head;
        FUZZ_REQUIRE(whole <= n && whole == end);
        char *copy = fuzz_text(data, whole);
        struct error error = {0};
        if (http_read_head(copy, whole, &head, &error) == HTTP_OK) {
            FUZZ_REQUIRE(head.method && head.path && head.has_version);
            FUZZ_REQUIRE(strlen(head.method) + strlen(head.path) < whole);
        } else {
            FUZZ_REQUIRE(error.text[0]);
        }
        free(copy);
    }
    free(bytes);
}

/* How many bytes of a body come out, and whether it ended well. */
static unsigned read_chunks(const uint8_t *data, size_t n, size_t step, size_t *n_body, bool *done)
{
    struct http_chunks chunks = {0};
    unsigned status = HTTP_OK;
    size_t at = 0;
    *n_body = 0;
    while (status == HTTP_OK && at < n && !chunks.done) {
        size_t have = n - at < step ? n - at : step, used = 0, n_data = 0;
        const char *piece = NULL;
        status =
            http_take_chunk(&chunks, (const char *)data + at, have, &used, &piece, &n_data, NULL);
        FUZZ_REQUIRE(used <= have && n_data <= used);
        FUZZ_REQUIRE(status != HTTP_OK || used > 0 || chunks.done);
        *n_body += n_data;
        at += used;
    }
    *done = chunks.done;
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t whole, pieces;
    bool done, done_in_pieces;
    if (size == 0)
        return 0;
    size_t step = 1 + data[0] % 61;
    read_head(data + 1, size - 1, step);
    unsigned status = read_chunks(data + 1, size - 1, size, &whole, &done);
    unsigned other = read_chunks(data + 1, size - 1, step, &pieces, &done_in_pieces);
    FUZZ_REQUIRE(status == other && done == done_in_pieces);
    FUZZ_REQUIRE(status != HTTP_OK || whole == pieces);
    return 0;
}
