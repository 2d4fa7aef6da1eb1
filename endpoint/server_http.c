// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/server_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A body that is refused is read to its end up to this many times the limit, for a client that
 * still sends would not see the answer. The same bound holds for all bodies together. */
enum { MAX_BODIES = 4, LOG_URL = 200 };

void server_refuse(struct server_job *job, unsigned status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    server_answer_verror(&job->answer, status, format, args);
    va_end(args);
    job->refused = true;
}

static const char *header(struct server_job *job, const char *name)
{
    return MHD_lookup_connection_value(job->connection, MHD_HEADER_KIND, name);
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
    const char *type = header(job, MHD_HTTP_HEADER_CONTENT_TYPE);
    const char *encoding = header(job, MHD_HTTP_HEADER_CONTENT_ENCODING);
    const char *size = header(job, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const char *json = header(job, MESSAGE_JSON_LENGTH_HEADER);
    uint64_t n;
    if (json && parse_u64(json, 0, INT64_MAX, &job->n_json, NULL))
        server_refuse(job, MHD_HTTP_BAD_REQUEST,
                      MESSAGE_JSON_LENGTH_HEADER " is '%.64s', which is not a count of bytes",
                      json);
    else if (type && !is_type(type, "application/json") &&
             !(json && is_type(type, "application/octet-stream")))
        server_refuse(job, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                      "content type '%.64s' is not supported; send application/json, or "
                      "with " MESSAGE_JSON_LENGTH_HEADER " application/octet-stream",
                      type);
    else if (encoding && strcasecmp(encoding, "identity") != 0)
        server_refuse(job, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                      "content encoding '%.64s' is not supported; send the body as it is",
                      encoding);
    else if (size && !parse_u64(size, 0, UINT64_MAX, &n, NULL) && n > job->server->config.max_body)
        server_refuse(job, MHD_HTTP_CONTENT_TOO_LARGE, "a body of %.24s bytes is over the limit",
                      size);
    job->has_json_length = json;
}

/* Whether the body is so large that not even skipping it makes sense. */
static bool is_hopeless(struct server_job *job)
{
    const char *size = header(job, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t n;
    return size && (parse_u64(size, 0, UINT64_MAX, &n, NULL) ||
                    n / MAX_BODIES > job->server->config.max_body);
}

/* Asked by those who watch over servers and have no token. */
static bool is_open(const char *url)
{
    return strcmp(url, "/v2/health/live") == 0 || strcmp(url, "/v2/health/ready") == 0;
}

static struct server_job *begin(struct server *server, struct MHD_Connection *connection,
                                const char *url, const char *method)
{
    struct server_job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->server = server;
    job->connection = connection;
    job->start_ns = clock_ns();
    job->answer.queue_ns = job->answer.infer_ns = job->answer.prepare_ns = -1;
    job->answer.input_ns = job->answer.output_ns = -1;
    snprintf(job->method, sizeof job->method, "%s", method);
    job->url = server->config.log ? text_format("%.*s", LOG_URL, url) : NULL;
    atomic_fetch_add(&server->n_arriving, 1);
    if (atomic_load(&server->closing))
        server_refuse(job, MHD_HTTP_SERVICE_UNAVAILABLE, "the server is ending");
    else if (!is_open(url) &&
             !server_token_accepts(&server->token, header(job, MHD_HTTP_HEADER_AUTHORIZATION)))
        server_refuse(job, MHD_HTTP_UNAUTHORIZED,
                      "this server wants a token: Authorization: Bearer TOKEN");
    else
        server_find_route(job, url, method);
    if (!job->refused && !job->route->answer)
        check_head(job);
    return job;
}

static void forget_body(struct server_job *job)
{
    job->server->n_held -= job->body.n;
    message_text_free(&job->body);
}

/* Keeps a piece of the body of an inference, skips that of anything else. */
static enum MHD_Result take_upload(struct server_job *job, const char *bytes, size_t n)
{
    struct server *server = job->server;
    struct message_text *body = &job->body;
    uint64_t limit = server->config.max_body;
    if ((double)(clock_ns() - job->start_ns) > server->config.timeout_s * 1e9)
        return MHD_NO;
    bool kept = !job->refused && !job->route->answer;
    if (kept && n > limit - body->n)
        server_refuse(job, MHD_HTTP_CONTENT_TOO_LARGE, "the body is over the limit");
    else if (kept && server->n_held + n > MAX_BODIES * limit)
        server_refuse(job, MHD_HTTP_SERVICE_UNAVAILABLE, "too many large requests; try again");
    else if (kept && body->capacity - body->n < n) {
        size_t wanted = body->n + body->n / 2 + n;
        char *grown = realloc(body->bytes, wanted);
        if (grown) {
            body->bytes = grown;
            body->capacity = wanted;
        } else {
            server_refuse(job, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory for the body");
        }
    }
    if (kept && !job->refused) {
        memcpy(body->bytes + body->n, bytes, n);
        body->n += n;
        server->n_held += n;
        return MHD_YES;
    }
    forget_body(job);
    job->n_skipped += n;
    return job->n_skipped / MAX_BODIES > limit ? MHD_NO : MHD_YES;
}

/* "queue;dur=0.012,infer;dur=1.234" in ms, what did not happen left out. */
static void add_timing(const struct server_job *job, struct MHD_Response *response)
{
    const struct {
        const char *name;
        int64_t ns;
    } metrics[] = {{"queue", job->answer.queue_ns},
                   {"infer", job->answer.infer_ns},
                   {"prepare", job->answer.prepare_ns}};
    char text[160];
    size_t used = 0;
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        if (metrics[i].ns >= 0)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s;dur=%.6f",
                                     used ? "," : "", metrics[i].name, (double)metrics[i].ns / 1e6);
    }
    if (used > 0)
        MHD_add_response_header(response, "Server-Timing", text);
}

/* What the body is, and where its JSON ends if that is not all. */
static void add_form(const struct message_text *body, struct MHD_Response *response)
{
    char length[24];
    bool binary = body->n_binary > 0;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            binary ? "application/octet-stream" : "application/json");
    snprintf(length, sizeof length, "%zu", body->n - body->n_binary);
    if (binary)
        MHD_add_response_header(response, MESSAGE_JSON_LENGTH_HEADER, length);
}

static void log_line(const struct server_job *job)
{
    const struct server_answer *answer = &job->answer;
    struct error line = {0}; /* its text is made printable, whatever the path has in it */
    error_set(&line, STATUS_FAILED, "%s %s %u", job->method, job->url ? job->url : "",
              answer->status);
    if (answer->infer_ns < 0)
        fprintf(job->server->config.log, "%s %.3f ms\n", line.text,
                (double)(clock_ns() - job->start_ns) / 1e6);
    else
        fprintf(job->server->config.log,
                "%s %.3f ms, length %u, queue %.3f ms, infer %.3f ms, prepare %.3f ms\n", line.text,
                (double)(clock_ns() - job->start_ns) / 1e6, answer->length,
                (double)answer->queue_ns / 1e6, (double)answer->infer_ns / 1e6,
                answer->prepare_ns > 0 ? (double)answer->prepare_ns / 1e6 : 0.0);
}

/* Made as it is sent, so that nobody's wish for much of it takes memory; and so that a link which
 * compresses gains nothing. */
static ssize_t fill(void *user, uint64_t position, char *to, size_t n)
{
    (void)user;
    struct random random = {position};
    for (size_t i = 0; i < n; i++)
        to[i] = (char)random_u64(&random);
    return (ssize_t)n;
}

static struct MHD_Response *make_response(const struct server_answer *answer)
{
    enum { BLOCK = 64 << 10 };
    const struct message_text *body = &answer->body;
    if (answer->n_filler > 0 && answer->status == MHD_HTTP_OK)
        return MHD_create_response_from_callback(answer->n_filler, BLOCK, fill, NULL, NULL);
    return MHD_create_response_from_buffer(
        body->n, body->bytes, body->n ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result respond(struct server_job *job, bool close)
{
    struct message_text *body = &job->answer.body;
    struct MHD_Response *response = make_response(&job->answer);
    if (!response)
        return MHD_NO;
    if (body->n > 0)
        add_form(body, response);
    else
        free(body->bytes);
    *body = (struct message_text){0};
    if (job->answer.status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                "Bearer realm=\"rnnserve\"");
    if (job->answer.status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, job->route->method);
    if (close || atomic_load(&job->server->closing))
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    add_timing(job, response);
    enum MHD_Result result = MHD_queue_response(job->connection, job->answer.status, response);
    MHD_destroy_response(response);
    if (job->server->config.log)
        log_line(job);
    return result;
}

/* Where the body's JSON ends; checked here, so that no later reader can look beyond it. */
static void split_body(struct server_job *job)
{
    if (!job->has_json_length)
        return;
    if (job->n_json > job->body.n)
        server_refuse(job, MHD_HTTP_BAD_REQUEST,
                      MESSAGE_JSON_LENGTH_HEADER " is %" PRIu64 ", but the body has only %zu bytes",
                      job->n_json, job->body.n);
    else
        job->body.n_binary = job->body.n - (size_t)job->n_json;
}

/* The request's last byte is there: now its answer, or its place in the queue. */
static enum MHD_Result finish(struct server_job *job)
{
    struct server *server = job->server;
    job->arrived = true;
    atomic_fetch_add(&server->n_finishing, 1);
    atomic_fetch_sub(&server->n_arriving, 1);
    if (!job->refused && !job->route->answer)
        split_body(job);
    if (!job->refused && job->route->answer) {
        job->route->answer(job);
    } else if (!job->refused) {
        if (server_enqueue(server, job))
            return MHD_YES;
        server_refuse(job, MHD_HTTP_SERVICE_UNAVAILABLE, "the server is ending");
    }
    return respond(job, false);
}

enum MHD_Result server_http_access(void *user, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *n_upload, void **state)
{
    struct server_job *job = *state;
    (void)version;
    if (!job) {
        *state = job = begin(user, connection, url, method);
        if (!job)
            return MHD_NO;
        if (is_hopeless(job)) {
            if (!job->refused)
                server_refuse(job, MHD_HTTP_CONTENT_TOO_LARGE, "the body is over the limit");
            return respond(job, true);
        }
        return MHD_YES;
    }
    if (*n_upload > 0) {
        size_t n = *n_upload;
        *n_upload = 0;
        return take_upload(job, upload, n);
    }
    if (!job->arrived)
        return finish(job);
    return respond(job, false); /* back from the inference thread */
}

void server_http_completed(void *user, struct MHD_Connection *connection, void **state,
                           enum MHD_RequestTerminationCode why)
{
    struct server *server = user;
    struct server_job *job = *state;
    (void)connection;
    (void)why;
    if (!job)
        return;
    atomic_fetch_sub(job->arrived ? &server->n_finishing : &server->n_arriving, 1);
    forget_body(job);
    message_text_free(&job->answer.body);
    free(job->url);
    free(job);
    *state = NULL;
}
