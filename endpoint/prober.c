// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/prober.h"

#include "base/memory.h"
#include "base/random.h"
#include "endpoint/client_private.h"

#include <stdlib.h>
#include <string.h>

struct prober {
    struct http *http;
    char *base, *live_url, *send_url;
    struct message_text body; /* what is sent up */
};

static enum status make_urls(struct prober *prober, const char *url, const char *model,
                             struct error *error)
{
    int n;
    enum status status = http_check_url(url, &n, error);
    if (status)
        return status;
    char *name = model ? http_escape(model) : NULL;
    prober->base = text_format("%.*s", n, url);
    prober->live_url = text_format("%.*s/v2/health/live", n, url);
    prober->send_url =
        name ? text_format("%.*s/v2/models/%s/infer", n, url, name) : text_copy(prober->live_url);
    bool whole = prober->base && prober->live_url && prober->send_url && (name || !model);
    free(name);
    return whole ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for a URL");
}

enum status prober_open(const struct client_config *config, struct prober **prober,
                        struct error *error)
{
    struct prober *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a client");
    enum status status = make_urls(made, config->url, config->model, error);
    if (!status)
        status = http_open(config, HTTP_KEEP, &made->http, error);
    if (status)
        prober_close(made);
    else
        *prober = made;
    return status;
}

enum status prober_round_trip(struct prober *prober, int64_t *rtt_ns, enum client_failure *failure,
                              struct error *error)
{
    struct http_result result;
    enum status status = http_get_warm(prober->http, prober->live_url, &result, error);
    *failure = result.failure;
    if (!status)
        *rtt_ns = result.last_read_ns - result.ready_ns;
    return status;
}

static enum status make_body(struct prober *prober, size_t n, struct error *error)
{
    struct random random = {n};
    if (prober->body.n == n)
        return STATUS_OK;
    char *grown = realloc(prober->body.bytes, n);
    if (!grown)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a body of %zu bytes", n);
    for (size_t i = 0; i < n; i++)
        grown[i] = (char)random_u64(&random);
    prober->body = (struct message_text){.bytes = grown, .n = n, .capacity = n};
    return STATUS_OK;
}

enum status prober_send(struct prober *prober, size_t n, struct prober_transfer *transfer,
                        struct error *error)
{
    enum { TOO_LARGE = 413 };
    struct http_result result;
    struct error why = {0};
    enum status status = make_body(prober, n, error);
    if (status)
        return status;
    status = http_post(prober->http, prober->send_url, &prober->body, &result, &why);
    bool answered = result.http_status >= 200 && result.http_status < 500;
    if (!answered)
        return error_set(error, status ? status : STATUS_PROTOCOL, "%s", why.text);
    if (result.http_status == TOO_LARGE || result.bytes_up < n ||
        result.first_read_ns < result.last_sent_ns)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: answers (HTTP status %ld) before it has read %zu bytes; send to a "
                         "model's inference path, or send less",
                         prober->send_url, result.http_status, n);
    transfer->elapsed_ns = result.last_read_ns - result.ready_ns;
    transfer->n_bytes = result.bytes_up;
    return STATUS_OK;
}

enum status prober_receive(struct prober *prober, size_t n, struct prober_transfer *transfer,
                           struct error *error)
{
    struct http_result result = {0};
    struct error why = {0};
    char *url = text_format("%s/v2/rnnmap/filler/%zu", prober->base, n);
    if (!url)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a URL");
    enum status status = http_get(prober->http, url, &result, &why);
    free(url);
    if ((status && result.failure == CLIENT_HTTP) || (!status && result.n_body != n))
        return error_set(error, STATUS_UNSUPPORTED, "%s: has nothing large to send (rnnserve has)",
                         prober->base);
    if (status)
        return error_set(error, status, "%s", why.text);
    transfer->elapsed_ns = result.last_read_ns - result.ready_ns;
    transfer->n_bytes = result.bytes_down;
    return STATUS_OK;
}

void prober_close(struct prober *prober)
{
    if (!prober)
        return;
    http_close(prober->http);
    message_text_free(&prober->body);
    free(prober->base);
    free(prober->live_url);
    free(prober->send_url);
    free(prober);
}
