// SPDX-License-Identifier: GPL-3.0-or-later
/* One request: what its head must say, and its body. */
#include "endpoint/server_private.h"

#include "base/units.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Of the memory that is reserved for a body before any of it has come. */
enum { MAX_AHEAD = 1 << 20 };

void server_refuse(struct server_job *job, unsigned status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    server_answer_verror(&job->answer, status, format, args);
    va_end(args);
    job->refused = true;
}

/* Whether `type` is that media type, with or without parameters after ';'. */
static bool is_type(const char *type, const char *wanted)
{
    size_t n = strlen(wanted);
    return strncasecmp(type, wanted, n) == 0 && strchr("; \t", type[n]);
}

/* What an inference's head must say. */
static void check_head(struct server_job *job)
{
    const char *type = job->head.headers[HTTP_CONTENT_TYPE];
    const char *encoding = job->head.headers[HTTP_CONTENT_ENCODING];
    const char *json = job->head.headers[HTTP_JSON_LENGTH];
    if (json && parse_u64(json, 0, INT64_MAX, &job->n_json, NULL))
        server_refuse(job, HTTP_BAD_REQUEST,
                      MESSAGE_JSON_LENGTH_HEADER " is '%.64s', which is not a count of bytes",
                      json);
    else if (type && !is_type(type, "application/json") &&
             !(json && is_type(type, "application/octet-stream")))
        server_refuse(job, HTTP_UNSUPPORTED_MEDIA_TYPE,
                      "content type '%.64s' is not supported; send application/json, or "
                      "with " MESSAGE_JSON_LENGTH_HEADER " application/octet-stream",
                      type);
    else if (encoding && strcasecmp(encoding, "identity") != 0)
        server_refuse(job, HTTP_UNSUPPORTED_MEDIA_TYPE,
                      "content encoding '%.64s' is not supported; send the body as it is",
                      encoding);
    else if (job->head.length > job->server->config.max_body)
        server_refuse(job, HTTP_CONTENT_TOO_LARGE,
                      "a body of %" PRIu64 " bytes is over the limit of %" PRIu64, job->head.length,
                      job->server->config.max_body);
    job->has_json_length = json;
}

/* Asked by those who watch over servers and have no token. */
static bool is_open(const char *path)
{
    return strcmp(path, "/v2/health/live") == 0 || strcmp(path, "/v2/health/ready") == 0;
}

static bool is_allowed(struct server *server, const struct http_head *head)
{
    if (is_open(head->path))
        return true;
    pthread_mutex_lock(&server->lock); /* reloading changes it */
    struct server_token token = server->token;
    pthread_mutex_unlock(&server->lock);
    return server_token_accepts(&token, head->headers[HTTP_AUTHORIZATION]);
}

void server_job_begin(struct server_job *job, char *head, size_t n)
{
    struct server *server = job->server;
    struct error error = {0};
    unsigned status = http_read_head(head, n, &job->head, &error);
    job->closes = !job->head.keeps_alive;
    if (status != HTTP_OK) {
        server_refuse(job, status, "%s", error.text);
        job->closes = true;
    } else if (job->connection->unwelcome) {
        server_refuse(job, job->connection->unwelcome_status, "%s", job->connection->unwelcome);
        if (job->connection->unwelcome_status == HTTP_UNAVAILABLE)
            job->failure = FAILURE_CONNECTIONS;
        job->closes = true;
    } else if (atomic_load(&server->refusing)) {
        server_refuse(job, HTTP_UNAVAILABLE, "the server is ending");
    } else if (!is_allowed(server, &job->head)) {
        server_refuse(job, HTTP_UNAUTHORIZED,
                      "this server wants a token: Authorization: Bearer TOKEN");
    } else {
        server_find_route(job, job->head.path, job->head.method);
        if (!job->refused && !job->route->answer)
            check_head(job);
    }
    if (job->head.length / SERVER_MAX_BODIES > server->config.max_body) {
        if (!job->refused) /* so large that not even skipping it makes sense */
            server_refuse(job, HTTP_CONTENT_TOO_LARGE, "the body is over the limit");
        job->closes = true;
    }
}

static void forget_body(struct server_job *job)
{
    atomic_fetch_sub(&job->server->n_held, job->body.n);
    message_text_free(&job->body);
}

static bool make_room(struct server_job *job, size_t n)
{
    struct message_text *body = &job->body;
    if (body->capacity - body->n >= n)
        return true;
    size_t wanted = body->n + body->n / 2 + n;
    if (wanted < job->head.length)
        wanted = job->head.length < MAX_AHEAD ? (size_t)job->head.length
                 : wanted < MAX_AHEAD         ? MAX_AHEAD
                                              : wanted;
    char *grown = realloc(body->bytes, wanted);
    if (!grown)
        return false;
    body->bytes = grown;
    body->capacity = wanted;
    return true;
}

/* Keeps a piece of the body of an inference, skips that of anything else. */
static void keep(struct server_job *job, const char *bytes, size_t n)
{
    struct server *server = job->server;
    struct message_text *body = &job->body;
    uint64_t limit = server->config.max_body;
    job->n_body += n;
    bool kept = !job->refused && !job->route->answer;
    if (kept && n > limit - body->n)
        server_refuse(job, HTTP_CONTENT_TOO_LARGE, "the body is over the limit");
    else if (kept && atomic_load(&server->n_held) + n > SERVER_MAX_BODIES * limit)
        server_refuse(job, HTTP_UNAVAILABLE, "too many large requests; try again");
    else if (kept && !make_room(job, n))
        server_refuse(job, HTTP_UNAVAILABLE, "out of memory for the body");
    if (kept && !job->refused) {
        memcpy(body->bytes + body->n, bytes, n);
        body->n += n;
        atomic_fetch_add(&server->n_held, n);
        return;
    }
    forget_body(job);
    if (job->n_body / SERVER_MAX_BODIES > limit) {
        if (!job->refused)
            server_refuse(job, HTTP_CONTENT_TOO_LARGE, "the body is over the limit");
        job->closes = true;
    }
}

static void take_chunks(struct server_job *job, const char *bytes, size_t n, size_t *used)
{
    struct error error = {0};
    while (*used < n && !job->chunks.done && !(job->refused && job->closes)) {
        const char *data;
        size_t n_data, taken;
        unsigned status =
            http_take_chunk(&job->chunks, bytes + *used, n - *used, &taken, &data, &n_data, &error);
        *used += taken;
        if (status != HTTP_OK) {
            if (!job->refused)
                server_refuse(job, status, "%s", error.text);
            job->closes = true; /* where the next request begins is not known */
        } else if (n_data > 0) {
            keep(job, data, n_data);
        }
    }
}

void server_job_take(struct server_job *job, const char *bytes, size_t n, size_t *used, bool *done)
{
    *used = 0;
    if (job->head.chunked) {
        take_chunks(job, bytes, n, used);
        *done = job->chunks.done;
        return;
    }
    uint64_t left = job->head.length - job->n_body;
    *used = left < n ? (size_t)left : n;
    if (*used > 0)
        keep(job, bytes, *used);
    *done = *used == left;
}

/* Where the body's JSON ends; checked here, so that no later reader can look beyond it. */
static void split_body(struct server_job *job)
{
    if (!job->has_json_length)
        return;
    if (job->n_json > job->body.n)
        server_refuse(job, HTTP_BAD_REQUEST,
                      MESSAGE_JSON_LENGTH_HEADER " is %" PRIu64 ", but the body has only %zu bytes",
                      job->n_json, job->body.n);
    else
        job->body.n_binary = job->body.n - (size_t)job->n_json;
}

bool server_job_arrived(struct server_job *job)
{
    if (!job->refused && job->route->answer)
        job->route->answer(job);
    else if (!job->refused)
        split_body(job);
    return !job->refused && !job->route->answer;
}

void server_job_end(struct server_job *job)
{
    forget_body(job);
    server_answer_free(&job->answer);
    *job = (struct server_job){0};
}
