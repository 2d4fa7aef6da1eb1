// SPDX-License-Identifier: GPL-3.0-or-later
/* What can be asked for, by path, and the answers that need no inference. */
#include "endpoint/server_private.h"

#include "base/memory.h"
#include "base/units.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SEGMENTS = 8, MAX_NAMED = 10 };

static void answer_nothing(struct server_job *job)
{
    job->answer.status = HTTP_OK;
}

static void answer_text(struct server_job *job, const struct message_text *text)
{
    char *copy = malloc(text->n);
    if (!copy) {
        server_answer_error(&job->answer, HTTP_UNAVAILABLE, "out of memory");
        return;
    }
    memcpy(copy, text->bytes, text->n);
    job->answer.body = (struct message_text){.bytes = copy, .n = text->n, .capacity = text->n};
    job->answer.status = HTTP_OK;
}

static void answer_server(struct server_job *job)
{
    answer_text(job, &job->server->metadata);
}

static void answer_model(struct server_job *job)
{
    answer_text(job, &job->model->metadata);
}

static void answer_written(struct server_job *job, enum status status)
{
    if (status)
        server_answer_error(&job->answer, HTTP_UNAVAILABLE, "out of memory");
    else
        job->answer.status = HTTP_OK;
}

static void answer_statistics(struct server_job *job)
{
    answer_written(job, server_statistics_write(job->server, job->model, &job->answer.body, NULL));
}

/* The index of the model repository extension. Its request can ask for models that are ready only,
 * which all are. */
static void answer_index(struct server_job *job)
{
    struct server *server = job->server;
    const char **names = calloc(server->n_models, sizeof *names);
    enum status status = names ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; names && i < server->n_models; i++)
        names[i] = server->models[i].name;
    if (!status)
        status = message_write_index(&job->answer.body, names, server->n_models,
                                     SERVER_MODEL_VERSION, NULL);
    free(names);
    answer_written(job, status);
}

static void answer_metrics(struct server_job *job)
{
    job->answer.type = "text/plain; version=0.0.4; charset=utf-8";
    answer_written(job, server_metrics_write(job->server, &job->answer.body, NULL));
}

/* So many bytes of no meaning, for those who measure the way down (an extension of our own). */
static void answer_filler(struct server_job *job)
{
    job->answer.status = HTTP_OK;
}

/* The first that fits is taken. */
static const struct server_route routes[] = {
    {"v2", "GET", answer_server},
    {"v2/health/live", "GET", answer_nothing},
    {"v2/health/ready", "GET", answer_nothing},
    {"v2/repository/index", "POST", answer_index},
    {"v2/models/" SERVER_ALL_STATISTICS, "GET", answer_statistics},
    {"v2/models/*", "GET", answer_model},
    {"v2/models/*/ready", "GET", answer_nothing},
    {"v2/models/*/stats", "GET", answer_statistics},
    {"v2/models/*/infer", "POST", NULL},
    {"metrics", "GET", answer_metrics},
    {"v2/rnnmap/filler/*", "GET", answer_filler},
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

/* "'a', 'b' and 3 more", to be freed; NULL when memory ran out. */
static char *list_models(const struct server *server)
{
    size_t n = server->n_models;
    char *list = text_copy("");
    for (size_t i = 0; list && i < n && i < MAX_NAMED; i++) {
        char *longer = text_format("%s%s'%.64s'", list, i ? ", " : "", server->models[i].name);
        free(list);
        list = longer;
    }
    if (!list || n <= MAX_NAMED)
        return list;
    char *longer = text_format("%s and %zu more", list, n - MAX_NAMED);
    free(list);
    return longer;
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
        char *list = list_models(server);
        server_refuse(job, HTTP_NOT_FOUND, "there is no model '%.64s' here, only %s", name,
                      list ? list : "others");
        free(list);
    } else if (path->version && strcmp(path->version, SERVER_MODEL_VERSION) != 0) {
        server_refuse(job, HTTP_NOT_FOUND, "model '%s' has no version '%.64s', only '%s'",
                      job->model->name, path->version, SERVER_MODEL_VERSION);
    }
}

static void find_filler(struct server_job *job, const struct path *path)
{
    struct error why = {0};
    if (parse_u64(path->segments[3], 1, SERVER_MAX_FILLER, &job->answer.n_filler, &why))
        server_refuse(job, HTTP_BAD_REQUEST, "how many bytes? %s", why.text);
}

void server_find_route(struct server_job *job, const char *url, const char *method)
{
    struct path path = {0};
    bool split = split_path(url, &path);
    for (size_t i = 0; split && i < sizeof routes / sizeof routes[0] && !job->route; i++) {
        if (matches(&routes[i], &path) && (!path.version || strchr(routes[i].path, '*')))
            job->route = &routes[i];
    }
    bool head = strcmp(method, "HEAD") == 0;
    if (!job->route) {
        server_refuse(job, HTTP_NOT_FOUND,
                      "there is nothing at '%.128s'; see v2 and v2/models/NAME", url);
    } else if (strcmp(head ? "GET" : method, job->route->method) != 0) {
        server_refuse(job, HTTP_METHOD_NOT_ALLOWED,
                      "method %.16s is not for this path; it takes %s", method, job->route->method);
    } else if (job->route->answer == answer_filler) {
        find_filler(job, &path);
    } else if (strchr(job->route->path, '*')) {
        find_model(job, &path);
    }
    free(path.text);
}
