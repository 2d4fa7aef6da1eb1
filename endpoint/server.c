// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/server_private.h"

#include "base/clock.h"
#include "base/tool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void server_config_defaults(struct server_config *config)
{
    *config = (struct server_config){
        .n_workers = 1,
        .max_queue = 64,
        .max_body = 64 << 20,
        .max_length = 100000,
        .max_connections = 1024,
        .head_timeout_s = 10,
        .timeout_s = 60,
    };
}

static enum status check_config(const struct server_config *config, struct error *error)
{
    if (config->n_models == 0)
        return error_set(error, STATUS_INVALID, "no model to serve; give at least one NAME=SPEC");
    if (config->max_body < 1 || config->max_body > UINT64_C(1) << 40 || config->max_length < 1 ||
        config->max_connections < 1 || config->n_workers < 1)
        return error_set(error, STATUS_INVALID,
                         "a limit makes no sense: body %llu bytes (1 B to 1 TiB), length %u, "
                         "connections %u, workers %u (from 1)",
                         (unsigned long long)config->max_body, config->max_length,
                         config->max_connections, config->n_workers);
    if (!(config->timeout_s >= 0.1 && config->timeout_s <= 86400) ||
        !(config->head_timeout_s >= 0.1 && config->head_timeout_s <= 86400))
        return error_set(error, STATUS_INVALID,
                         "a time-out makes no sense: %g s, of heads %g s (100 ms to a day)",
                         config->timeout_s, config->head_timeout_s);
    if (!config->certificate != !config->key)
        return error_set(error, STATUS_INVALID,
                         "TLS wants both a certificate and its key, not the %s alone",
                         config->key ? "key" : "certificate");
    return STATUS_OK;
}

/* Who may come in, and how: what is read from files, now or again. */
static enum status open_doors(const struct server_config *config, struct server_token *token,
                              struct server_tls **tls, struct error *error)
{
    enum status status = STATUS_OK;
    *token = (struct server_token){0};
    *tls = NULL;
    if (config->token_file)
        status = server_token_read(token, config->token_file, error);
    else if (config->token)
        status = server_token_set(token, config->token, "RNNSERVE_TOKEN", error);
    if (!status && config->key)
        status = server_tls_open(config->certificate, config->key, tls, error);
    return status;
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
    made->socket = made->events = made->waker = -1;
    made->log = -1;
    made->metrics.start_ms = clock_epoch_ms();
    pthread_mutex_init(&made->lock, NULL);
    pthread_mutex_init(&made->log_lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    status = message_write_server(&made->metadata, &self, error);
    if (!status)
        status = open_doors(config, &made->token, &made->tls, error);
    if (!status)
        status = server_log_open(config, &made->log, error);
    if (!status)
        status = server_listen(config->listen, made->tls != NULL, &made->socket, &made->url, error);
    if (!status)
        status = server_pool_start(made, error);
    if (status)
        server_close(made, 0);
    else
        *server = made;
    return status;
}

const char *server_url(const struct server *server)
{
    return server->url;
}

static void close_descriptor(int fd)
{
    if (fd >= 0)
        close(fd);
}

enum status server_reload(struct server *server, struct error *error)
{
    struct server_token token;
    struct server_tls *tls;
    int log = -1;
    enum status status = open_doors(&server->config, &token, &tls, error);
    if (!status)
        status = server_log_open(&server->config, &log, error);
    if (status) {
        server_tls_release(tls);
        return status;
    }
    pthread_mutex_lock(&server->lock);
    server_tls_release(server->tls);
    server->tls = tls;
    server->token = token;
    pthread_mutex_unlock(&server->lock);
    pthread_mutex_lock(&server->log_lock);
    close_descriptor(server->log);
    server->log = log;
    pthread_mutex_unlock(&server->log_lock);
    return STATUS_OK;
}

void server_close(struct server *server, double grace_s)
{
    if (!server)
        return;
    server_pool_stop(server, grace_s);
    close_descriptor(server->socket);
    close_descriptor(server->events);
    close_descriptor(server->waker);
    close_descriptor(server->log);
    pthread_mutex_destroy(&server->lock);
    pthread_mutex_destroy(&server->log_lock);
    pthread_cond_destroy(&server->changed);
    message_text_free(&server->metadata);
    server_tls_release(server->tls);
    free(server->models);
    free(server->slots);
    free(server->threads);
    free(server->connections);
    free(server->free_places);
    free(server->url);
    free(server);
}
