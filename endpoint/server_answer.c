// SPDX-License-Identifier: GPL-3.0-or-later
/* What is answered: head, body, and the bytes of both in turn. */
#include "endpoint/server_private.h"

#include "base/clock.h"
#include "base/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void server_answer_error(struct server_answer *answer, unsigned status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    server_answer_verror(answer, status, format, args);
    va_end(args);
}

void server_answer_verror(struct server_answer *answer, unsigned status, const char *format,
                          va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    answer->status = status;
    answer->type = NULL;
    if (message_write_error(&answer->body, text ? text : "out of memory", NULL))
        message_text_free(&answer->body);
    free(text);
}

void server_answer_free(struct server_answer *answer)
{
    message_text_free(&answer->body);
}

/* A head under construction. What does not fit is left out, which cannot happen: all parts are
 * bounded. */
struct head {
    char *text;
    size_t n;
};

static void put(struct head *head, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct head *head, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(head->text + head->n, SERVER_HEAD_SIZE - head->n, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < SERVER_HEAD_SIZE - head->n)
        head->n += (size_t)n;
    else
        head->text[head->n] = '\0';
}

static void put_date(struct head *head)
{
    struct tm utc;
    char text[64];
    time_t now = (time_t)(clock_epoch_ms() / 1000);
    if (gmtime_r(&now, &utc) && strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc) > 0)
        put(head, "Date: %s\r\n", text);
}

/* "queue;dur=0.012,infer;dur=1.234" in ms, what did not happen left out. */
static void put_timing(struct head *head, const struct server_answer *answer)
{
    const struct {
        const char *name;
        int64_t ns;
    } metrics[] = {
        {"queue", answer->queue_ns}, {"infer", answer->infer_ns}, {"prepare", answer->prepare_ns}};
    bool any = false;
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        if (metrics[i].ns < 0)
            continue;
        put(head, "%s%s;dur=%.6f", any ? "," : "Server-Timing: ", metrics[i].name,
            (double)metrics[i].ns / 1e6);
        any = true;
    }
    if (any)
        put(head, "\r\n");
}

/* What the body is, and where its JSON ends if that is not all. */
static void put_form(struct head *head, const struct server_answer *answer)
{
    const struct message_text *body = &answer->body;
    uint64_t n = answer->n_filler > 0 ? answer->n_filler : body->n;
    const char *type = answer->type                                 ? answer->type
                       : body->n_binary > 0 || answer->n_filler > 0 ? "application/octet-stream"
                                                                    : "application/json";
    if (n > 0)
        put(head, "Content-Type: %s\r\n", type);
    put(head, "Content-Length: %" PRIu64 "\r\n", n);
    if (body->n_binary > 0)
        put(head, MESSAGE_JSON_LENGTH_HEADER ": %zu\r\n", body->n - body->n_binary);
}

/* What goes with a status. */
static void put_advice(struct head *head, const struct server_job *job)
{
    switch (job->answer.status) {
    case HTTP_UNAUTHORIZED:
        put(head, "WWW-Authenticate: Bearer realm=\"rnnserve\"%s\r\n",
            job->head.headers[HTTP_AUTHORIZATION] ? ", error=\"invalid_token\"" : "");
        break;
    case HTTP_METHOD_NOT_ALLOWED:
        put(head, "Allow: %s\r\n", job->route->method);
        break;
    case HTTP_UNAVAILABLE:
        put(head, "Retry-After: 1\r\n");
        break;
    default:
        break;
    }
}

void server_answer_begin(struct server_connection *connection)
{
    struct server_job *job = &connection->job;
    struct head head = {.text = connection->head};
    struct server_answer *answer = &job->answer;
    if (answer->status != HTTP_OK)
        answer->n_filler = 0;
    job->closes = job->closes || atomic_load(&job->server->closing);
    put(&head, "HTTP/1.1 %u %s\r\n", answer->status, http_reason(answer->status));
    put_date(&head);
    put_form(&head, answer);
    put_timing(&head, answer);
    put_advice(&head, job);
    put(&head, "Connection: %s\r\n\r\n", job->closes ? "close" : "keep-alive");
    connection->n_head_out = head.n;
    connection->n_out = head.n;
    connection->n_sent = 0;
    if (!job->head.method || strcmp(job->head.method, "HEAD") != 0)
        connection->n_out += answer->n_filler > 0 ? answer->n_filler : answer->body.n;
}

/* Made as it is sent, so that nobody's wish for much of it takes memory; and so that a link which
 * compresses gains nothing. */
static void fill(uint64_t position, char *to, size_t n)
{
    struct random random = {position};
    for (size_t i = 0; i < n; i++)
        to[i] = (char)random_u64(&random);
}

size_t server_answer_compose(const struct server_connection *connection, char *to, size_t size)
{
    const struct server_answer *answer = &connection->job.answer;
    uint64_t from = connection->n_sent, left = connection->n_out - from;
    size_t n = left < size ? (size_t)left : size, n_head = 0;
    if (from < connection->n_head_out) {
        n_head = connection->n_head_out - (size_t)from;
        n_head = n_head < n ? n_head : n;
        memcpy(to, connection->head + from, n_head);
    }
    uint64_t at = from + n_head - connection->n_head_out;
    if (n_head < n && answer->n_filler > 0)
        fill(at, to + n_head, n - n_head);
    else if (n_head < n)
        memcpy(to + n_head, answer->body.bytes + at, n - n_head);
    return n;
}
