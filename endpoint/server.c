// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/server_private.h"

#include "base/clock.h"
#include "base/tool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the HTTP library may use per connection for heads and for a piece of a body. */
enum { CONNECTION_MEMORY = 128 << 10 };

enum { GRACE_NS = 1000000000, POLL_NS = 1000000 };

void server_config_defaults(struct server_config *config)
{
    *config = (struct server_config){
        .max_body = 64 << 20,
        .max_length = 100000,
        .max_connections = 64,
        .timeout_s = 60,
    };
}

static enum status check_config(const struct server_config *config, struct error *error)
{
    if (config->n_models == 0)
        return error_set(error, STATUS_INVALID, "no model to serve; give at least one NAME=SPEC");
    if (config->max_body < 1 || config->max_body > UINT64_C(1) << 40 || config->max_length < 1 ||
        config->max_connections < 1 || !(config->timeout_s >= 1 && config->timeout_s <= 86400))
        return error_set(error, STATUS_INVALID,
                         "a limit makes no sense: body %llu bytes (1 B to 1 TiB), length %u (from "
                         "1), connections %u (from 1), time-out %g s (1 s to a day)",
                         (unsigned long long)config->max_body, config->max_length,
                         config->max_connections, config->timeout_s);
    return STATUS_OK;
}

bool server_enqueue(struct server *server, struct server_job *job)
{
    pthread_mutex_lock(&server->lock);
    bool accepted = !server->refusing;
    if (accepted) {
        MHD_suspend_connection(job->connection);
        job->next = NULL;
        job->queued = true;
        job->queued_ns = clock_ns();
        *server->last = job;
        server->last = &job->next;
        pthread_cond_broadcast(&server->changed);
    }
    pthread_mutex_unlock(&server->lock);
    return accepted;
}

/* The next job; NULL when the queue is empty and the server ends. */
static struct server_job *dequeue(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    while (!server->first && !server->ending)
        pthread_cond_wait(&server->changed, &server->lock);
    struct server_job *job = server->first;
    if (job) {
        server->first = job->next;
        if (!server->first)
            server->last = &server->first;
    }
    pthread_mutex_unlock(&server->lock);
    return job;
}

static enum status open_models(struct server *server, struct error *error)
{
    for (size_t i = 0; i < server->config.n_models; i++) {
        struct server_model *model = &server->models[i];
        server->n_models = i + 1;
        enum status status =
            server_model_open(model, server->config.models[i], server->config.max_length, error);
        if (status)
            return status;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(server->models[k].name, model->name) == 0)
                return error_set(error, STATUS_INVALID, "model '%s' is given twice", model->name);
        }
    }
    return STATUS_OK;
}

static void *inference_thread(void *user)
{
    struct server *server = user;
    struct error error = {0};
    enum status status = open_models(server, &error);
    pthread_mutex_lock(&server->lock);
    server->started = true;
    server->start_status = status;
    server->start_error = error;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    for (struct server_job *job; !status && (job = dequeue(server));) {
        struct MHD_Connection *connection = job->connection;
        job->answer.queue_ns = clock_ns() - job->queued_ns;
        server_model_infer(job->model, &job->body, &job->answer);
        /* before the answer can arrive: who has it finds it counted */
        server_statistics_count(server, job->model, &job->answer, clock_ns() - job->queued_ns);
        MHD_resume_connection(connection); /* the job is the HTTP thread's from here on */
    }
    for (size_t i = 0; i < server->n_models; i++)
        server_model_close(&server->models[i]);
    return NULL;
}

static enum status start_thread(struct server *server, struct error *error)
{
    server->models = calloc(server->config.n_models, sizeof *server->models);
    if (!server->models)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for the models");
    int code = pthread_create(&server->thread, NULL, inference_thread, server);
    if (code)
        return error_set_errno(error, STATUS_IO, code, "no thread for inference");
    server->has_thread = true;
    pthread_mutex_lock(&server->lock);
    while (!server->started)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
    if (server->start_status)
        return error_set(error, server->start_status, "%s", server->start_error.text);
    return STATUS_OK;
}

static enum status start_daemon(struct server *server, struct error *error)
{
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, server->socket, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)server->config.max_connections, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)server->config.timeout_s, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)server_http_completed, server},
        {server->tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0,
         server->tls ? server->tls->certificate.data : NULL},
        {server->tls ? MHD_OPTION_HTTPS_MEM_KEY : MHD_OPTION_END, 0,
         server->tls ? server->tls->key.data : NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | (server->tls ? MHD_USE_TLS : 0),
        0, NULL, NULL, server_http_access, server, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (!server->daemon)
        return error_set(error, STATUS_EXTERNAL, "libmicrohttpd %s does not start on %s",
                         MHD_get_version(), server->url);
    return STATUS_OK;
}

/* Who may come in, and how. */
static enum status open_doors(struct server *server, struct error *error)
{
    const struct server_config *config = &server->config;
    enum status status = STATUS_OK;
    if (config->token_file)
        status = server_token_read(&server->token, config->token_file, error);
    else if (config->token)
        status = server_token_set(&server->token, config->token, "RNNSERVE_TOKEN", error);
    if (status)
        return status;
    if (!config->certificate != !config->key)
        return error_set(error, STATUS_INVALID,
                         "TLS wants both a certificate and its key, not the %s alone",
                         config->key ? "key" : "certificate");
    return config->key ? server_tls_open(config->certificate, config->key, &server->tls, error)
                       : STATUS_OK;
}

enum status server_open(const struct server_config *config, struct server **server,
                        struct error *error)
{
    char name[] = "rnnserve", version[] = RNNMAP_VERSION;
    const struct message_server self = {
        .name = name,
        .version = version,
        .extensions = {[EXTENSION_BINARY_TENSOR_DATA] = true, [EXTENSION_STATISTICS] = true},
    };
    enum status status = check_config(config, error);
    if (status)
        return status;
    struct server *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a server");
    made->config = *config;
    made->last = &made->first;
    made->socket = -1;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    status = message_write_server(&made->metadata, &self, error);
    if (!status)
        status = open_doors(made, error);
    if (!status)
        status = server_listen(config->listen, made->tls != NULL, &made->socket, &made->url, error);
    if (!status)
        status = start_thread(made, error);
    if (!status)
        status = start_daemon(made, error);
    if (status)
        server_close(made);
    else
        *server = made;
    return status;
}

const char *server_url(const struct server *server)
{
    return server->url;
}

static void set_flag(struct server *server, bool *flag)
{
    pthread_mutex_lock(&server->lock);
    *flag = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

/* Waits until every request is answered that is there, and a moment for those still arriving. Only
 * then may the daemon stop: it must not hold suspended connections. */
static void stop_daemon(struct server *server)
{
    int64_t grace_ns = clock_ns() + GRACE_NS;
    atomic_store(&server->closing, true);
    MHD_quiesce_daemon(server->daemon);
    while (atomic_load(&server->n_finishing) > 0 ||
           (atomic_load(&server->n_arriving) > 0 && clock_ns() < grace_ns))
        clock_sleep_ns(POLL_NS);
    set_flag(server, &server->refusing);
    while (atomic_load(&server->n_finishing) > 0)
        clock_sleep_ns(POLL_NS);
    MHD_stop_daemon(server->daemon);
}

void server_close(struct server *server)
{
    if (!server)
        return;
    if (server->daemon)
        stop_daemon(server);
    set_flag(server, &server->ending);
    if (server->has_thread)
        pthread_join(server->thread, NULL);
    if (server->socket >= 0)
        close(server->socket);
    pthread_mutex_destroy(&server->lock);
    pthread_cond_destroy(&server->changed);
    message_text_free(&server->metadata);
    server_tls_close(server->tls);
    free(server->models);
    free(server->url);
    free(server);
}
