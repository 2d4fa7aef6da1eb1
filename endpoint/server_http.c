// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/server_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/units.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A body that is refused is read to its end up to this many times the limit, for a client that
 * still sends would not see the answer. The same bound holds for all bodies together. */
enum { MAX_BODIES = 4, MAX_SEGMENTS = 8, LOG_URL = 200 };

/* A kind of request: its path ("*" stands for a model's name) and method. */
struct server_route {
    const char *path, *method;
    void (*answer)(struct server_job *job); /* NULL: an inference */
};

static void answer_nothing(struct server_job *job)
{
    job->answer.status = MHD_HTTP_OK;
}

static void answer_text(struct server_job *job, const struct message_text *text)
{
    char *copy = malloc(text->n);
    if (!copy) {
        server_answer_error(&job->answer, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
        return;
    }
    memcpy(copy, text->bytes, text->n);
    job->answer.body = (struct message_text){copy, text->n, text->n};
    job->answer.status = MHD_HTTP_OK;
}

static void answer_server(struct server_job *job)
{
    answer_text(job, &job->server->metadata);
}

static void answer_model(struct server_job *job)
{
    answer_text(job, &job->model->metadata);
}

static const struct server_route routes[] = {
    {"v2", "GET", answer_server},
    {"v2/health/live", "GET", answer_nothing},
    {"v2/health/ready", "GET", answer_nothing},
    {"v2/models/*", "GET", answer_model},
    {"v2/models/*/ready", "GET", answer_nothing},
    {"v2/models/*/infer", "POST", NULL},
};

struct path {
    char *text; /* the segments' memory */
    const char *segments[MAX_SEGMENTS];
    size_t n;
    const char *version; /* NULL: not named */
};

/* Splits a path at '/', and takes "versions/V" out of it. False: memory ran out, or it is longer
 * than any that is known (then n is 0). */
static bool split_path(const char *url, struct path *path)
{
    char *rest = NULL;
    path->text = text_copy(url);
    for (char *at = path->text ? strtok_r(path->text, "/", &rest) : NULL; at;
         at = strtok_r(NULL, "/", &rest)) {
        if (path->n == MAX_SEGMENTS) {
            path->n = 0;
            return false;
        }
        path->segments[path->n++] = at;
    }
    if (path->n >= 5 && strcmp(path->segments[3], "versions") == 0) {
        path->version = path->segments[4];
        memmove(&path->segments[3], &path->segments[5], (path->n - 5) * sizeof path->segments[0]);
        path->n -= 2;
    }
    return path->text != NULL;
}

static bool matches(const struct server_route *route, const struct path *path)
{
    const char *at = route->path;
    for (size_t i = 0; i < path->n; i++) {
        size_t length = strcspn(at, "/");
        bool any = length == 1 && *at == '*';
        if (length == 0 || (!any && (strlen(path->segments[i]) != length ||
                                     memcmp(path->segments[i], at, length) != 0)))
            return false;
        at += length + (at[length] == '/');
    }
    return *at == '\0';
}

static void refuse(struct server_job *job, unsigned status, const char *text, const char *detail)
{
    job->refused = true;
    server_answer_error(&job->answer, status, text, detail);
}

static void find_model(struct server_job *job, const struct path *path)
{
    struct server *server = job->server;
    const char *name = path->segments[2];
    for (size_t i = 0; i < server->n_models && !job->model; i++) {
        if (strcmp(server->models[i].name, name) == 0)
            job->model = &server->models[i];
    }
    if (!job->model) {
        job->refused = true;
        server_answer_error(&job->answer, MHD_HTTP_NOT_FOUND,
                            "there is no model '%.64s' here; one that is: '%s'", name,
                            server->models[0].name);
    } else if (path->version && strcmp(path->version, SERVER_MODEL_VERSION) != 0) {
        job->refused = true;
        server_answer_error(&job->answer, MHD_HTTP_NOT_FOUND,
                            "model '%s' has no version '%.64s', only '%s'", job->model->name,
                            path->version, SERVER_MODEL_VERSION);
    }
}

/* Finds what is asked for, or says why there is no such thing. */
static void find_route(struct server_job *job, const char *url, const char *method)
{
    struct path path = {0};
    bool split = split_path(url, &path);
    for (size_t i = 0; split && i < sizeof routes / sizeof routes[0] && !job->route; i++) {
        if (matches(&routes[i], &path) && (!path.version || strchr(routes[i].path, '*')))
            job->route = &routes[i];
    }
    bool head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    if (!job->route) {
        job->refused = true;
        server_answer_error(&job->answer, MHD_HTTP_NOT_FOUND,
                            "there is nothing at '%.128s'; see v2 and v2/models/NAME", url);
    } else if (strcmp(head ? "GET" : method, job->route->method) != 0) {
        job->refused = true;
        server_answer_error(&job->answer, MHD_HTTP_METHOD_NOT_ALLOWED,
                            "method %.16s is not for this path; it takes %s", method,
                            job->route->method);
    } else if (path.n > 2 && strcmp(path.segments[1], "models") == 0) {
        find_model(job, &path);
    }
    free(path.text);
}

static const char *header(struct server_job *job, const char *name)
{
    return MHD_lookup_connection_value(job->connection, MHD_HEADER_KIND, name);
}

/* What an inference's head must say. A media type may have parameters after ';'. */
static void check_head(struct server_job *job)
{
    static const char json[] = "application/json";
    const char *type = header(job, MHD_HTTP_HEADER_CONTENT_TYPE);
    const char *encoding = header(job, MHD_HTTP_HEADER_CONTENT_ENCODING);
    const char *size = header(job, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t n;
    if (header(job, "Inference-Header-Content-Length"))
        refuse(job, MHD_HTTP_BAD_REQUEST, "binary tensors are not supported%s; send JSON alone",
               "");
    else if (type && (strncasecmp(type, json, sizeof json - 1) != 0 ||
                      !strchr("; \t", type[sizeof json - 1])))
        refuse(job, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
               "content type '%.64s' is not supported; send application/json", type);
    else if (encoding && strcasecmp(encoding, "identity") != 0)
        refuse(job, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
               "content encoding '%.64s' is not supported; send the body as it is", encoding);
    else if (size && !parse_u64(size, 0, UINT64_MAX, &n, NULL) && n > job->server->config.max_body)
        refuse(job, MHD_HTTP_CONTENT_TOO_LARGE, "a body of %.24s bytes is over the limit", size);
}

/* Whether the body is so large that not even skipping it makes sense. */
static bool is_hopeless(struct server_job *job)
{
    const char *size = header(job, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t n;
    return size && (parse_u64(size, 0, UINT64_MAX, &n, NULL) ||
                    n / MAX_BODIES > job->server->config.max_body);
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
    snprintf(job->method, sizeof job->method, "%s", method);
    job->url = server->config.log ? text_format("%.*s", LOG_URL, url) : NULL;
    atomic_fetch_add(&server->n_arriving, 1);
    if (atomic_load(&server->closing))
        refuse(job, MHD_HTTP_SERVICE_UNAVAILABLE, "the server is ending%s", "");
    else
        find_route(job, url, method);
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
        refuse(job, MHD_HTTP_CONTENT_TOO_LARGE, "the body is over the limit%s", "");
    else if (kept && server->n_held + n > MAX_BODIES * limit)
        refuse(job, MHD_HTTP_SERVICE_UNAVAILABLE, "too many large requests; try again%s", "");
    else if (kept && body->capacity - body->n < n) {
        size_t wanted = body->n + body->n / 2 + n;
        char *grown = realloc(body->bytes, wanted);
        if (grown) {
            body->bytes = grown;
            body->capacity = wanted;
        } else {
            refuse(job, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory for the body%s", "");
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

static enum MHD_Result respond(struct server_job *job, bool close)
{
    struct message_text *body = &job->answer.body;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body->n, body->bytes, body->n ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    if (body->n > 0)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    else
        free(body->bytes);
    *body = (struct message_text){0};
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

/* The request's last byte is there: now its answer, or its place in the queue. */
static enum MHD_Result finish(struct server_job *job)
{
    struct server *server = job->server;
    job->arrived = true;
    atomic_fetch_add(&server->n_finishing, 1);
    atomic_fetch_sub(&server->n_arriving, 1);
    if (!job->refused && job->route->answer) {
        job->route->answer(job);
    } else if (!job->refused) {
        if (server_enqueue(server, job))
            return MHD_YES;
        refuse(job, MHD_HTTP_SERVICE_UNAVAILABLE, "the server is ending%s", "");
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
                refuse(job, MHD_HTTP_CONTENT_TOO_LARGE, "the body is over the limit%s", "");
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
