// SPDX-License-Identifier: GPL-3.0-or-later
/* What a monitor asks for: the text format of Prometheus, version 0.0.4. */
#include "endpoint/server_private.h"

#include "base/clock.h"
#include "base/tool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Upper bounds in ns; behind them +Inf. */
static const int64_t bounds_ns[SERVER_N_BUCKETS] = {
    10000,     25000,      50000,      100000,     250000,      500000,    1000000,
    2500000,   5000000,    10000000,   25000000,   50000000,    100000000, 250000000,
    500000000, 1000000000, 2500000000, 5000000000, 10000000000,
};

static const char *const failures[] = {
    [FAILURE_NONE] = NULL,
    [FAILURE_MALFORMED] = "malformed",
    [FAILURE_UNAUTHORIZED] = "unauthorized",
    [FAILURE_NOT_FOUND] = "not_found",
    [FAILURE_SLOW] = "slow",
    [FAILURE_TOO_LARGE] = "too_large",
    [FAILURE_ENGINE] = "engine",
    [FAILURE_QUEUE] = "queue_full",
    [FAILURE_CONNECTIONS] = "too_many_connections",
    [FAILURE_BUSY] = "busy",
    [FAILURE_TLS] = "tls",
    [FAILURE_ABORTED] = "aborted",
};
_Static_assert(sizeof failures / sizeof failures[0] == N_FAILURES, "one name per kind");

enum server_failure server_failure_of(unsigned status)
{
    switch (status) {
    case HTTP_OK:
        return FAILURE_NONE;
    case HTTP_UNAUTHORIZED:
        return FAILURE_UNAUTHORIZED;
    case HTTP_NOT_FOUND:
        return FAILURE_NOT_FOUND;
    case HTTP_TIMEOUT:
        return FAILURE_SLOW;
    case HTTP_CONTENT_TOO_LARGE:
    case HTTP_URI_TOO_LONG:
    case HTTP_HEAD_TOO_LARGE:
        return FAILURE_TOO_LARGE;
    case HTTP_INTERNAL_ERROR:
        return FAILURE_ENGINE;
    case HTTP_UNAVAILABLE:
        return FAILURE_BUSY;
    default:
        return FAILURE_MALFORMED;
    }
}

static void observe(struct server_histogram *histogram, int64_t ns)
{
    size_t i = 0;
    if (ns < 0)
        return;
    while (i < SERVER_N_BUCKETS && ns > bounds_ns[i])
        i++;
    histogram->counts[i]++;
    histogram->sum_ns += (uint64_t)ns;
}

void server_metrics_infer(struct server_model *model, const struct server_answer *answer)
{
    observe(&model->queue, answer->queue_ns);
    if (answer->status == HTTP_OK)
        observe(&model->infer, answer->infer_ns);
    if (answer->prepare_ns >= 0)
        observe(&model->prepare, answer->prepare_ns);
}

void server_metrics_answer(struct server_connection *connection)
{
    struct server *server = connection->server;
    struct server_metrics *metrics = &server->metrics;
    const struct server_job *job = &connection->job;
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < SERVER_N_STATUSES; i++) {
        if (metrics->statuses[i].status == 0)
            metrics->statuses[i].status = job->answer.status;
        if (metrics->statuses[i].status == job->answer.status) {
            metrics->statuses[i].n++;
            break;
        }
    }
    metrics->failures[job->failure ? job->failure : server_failure_of(job->answer.status)]++;
    metrics->n_sent += connection->n_sent;
    metrics->n_received += connection->n_received;
    pthread_mutex_unlock(&server->lock);
    connection->n_received = 0;
}

void server_metrics_loss(struct server_connection *connection, enum server_failure failure)
{
    struct server *server = connection->server;
    pthread_mutex_lock(&server->lock);
    server->metrics.failures[failure]++;
    server->metrics.n_sent += connection->n_sent;
    server->metrics.n_received += connection->n_received;
    pthread_mutex_unlock(&server->lock);
}

/* ---- the text ---- */

static void put_family(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP rnnserve_%s %s\n# TYPE rnnserve_%s %s\n", name, help, name, type);
}

static void put_one(FILE *out, const char *name, const char *type, const char *help, double value)
{
    put_family(out, name, type, help);
    fprintf(out, "rnnserve_%s %.17g\n", name, value);
}

/* A label's value: backslash, quote and line feed are escaped; what is not UTF-8 cannot come here,
 * as it would not be a name. */
static void put_label(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            fputs("\\n", out);
        else if (*text == '\\' || *text == '"')
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

static void put_histogram(FILE *out, const char *name, const char *model,
                          const struct server_histogram *histogram)
{
    uint64_t n = 0;
    for (size_t i = 0; i <= SERVER_N_BUCKETS; i++) {
        n += histogram->counts[i];
        fprintf(out, "rnnserve_%s_bucket{model=\"", name);
        put_label(out, model);
        if (i < SERVER_N_BUCKETS)
            fprintf(out, "\",le=\"%g\"} %" PRIu64 "\n", (double)bounds_ns[i] / 1e9, n);
        else
            fprintf(out, "\",le=\"+Inf\"} %" PRIu64 "\n", n);
    }
    fprintf(out, "rnnserve_%s_sum{model=\"", name);
    put_label(out, model);
    fprintf(out, "\"} %.17g\nrnnserve_%s_count{model=\"", (double)histogram->sum_ns / 1e9, name);
    put_label(out, model);
    fprintf(out, "\"} %" PRIu64 "\n", n);
}

static void put_models(FILE *out, const struct server *server)
{
    static const struct {
        const char *name, *help;
        size_t offset;
    } histograms[] = {
        {"queue_seconds", "Time from a request's last byte to its turn.",
         offsetof(struct server_model, queue)},
        {"infer_seconds", "Time of inferences that succeeded, their input's copying included.",
         offsetof(struct server_model, infer)},
        {"prepare_seconds", "Time that changes of the input's length took.",
         offsetof(struct server_model, prepare)},
    };
    for (size_t k = 0; k < sizeof histograms / sizeof histograms[0]; k++) {
        put_family(out, histograms[k].name, "histogram", histograms[k].help);
        for (size_t i = 0; i < server->n_models; i++) {
            const struct server_model *model = &server->models[i];
            put_histogram(out, histograms[k].name, model->name,
                          (const void *)((const char *)model + histograms[k].offset));
        }
    }
    put_family(out, "inferences_total", "counter", "Requests whose turn came, by outcome.");
    for (size_t i = 0; i < server->n_models; i++) {
        for (enum statistic s = STATISTIC_SUCCESS; s <= STATISTIC_FAIL; s++) {
            fprintf(out, "rnnserve_inferences_total{model=\"");
            put_label(out, server->models[i].name);
            fprintf(out, "\",outcome=\"%s\"} %" PRIu64 "\n",
                    s == STATISTIC_SUCCESS ? "success" : "failure",
                    server->models[i].statistics.durations[s].count);
        }
    }
}

static void put_counts(FILE *out, const struct server_metrics *metrics)
{
    put_family(out, "answers_total", "counter", "Answers sent, by status.");
    for (size_t i = 0; i < SERVER_N_STATUSES && metrics->statuses[i].status > 0; i++)
        fprintf(out, "rnnserve_answers_total{code=\"%u\"} %" PRIu64 "\n",
                metrics->statuses[i].status, metrics->statuses[i].n);
    put_family(out, "failures_total", "counter",
               "Requests refused or failed, and connections lost, by kind.");
    for (size_t i = FAILURE_NONE + 1; i < N_FAILURES; i++)
        fprintf(out, "rnnserve_failures_total{kind=\"%s\"} %" PRIu64 "\n", failures[i],
                metrics->failures[i]);
}

static void put_all(FILE *out, const struct server *server)
{
    const struct server_metrics *metrics = &server->metrics;
    size_t n_free = 0;
    for (const struct server_slot *slot = server->free_slots; slot; slot = slot->next)
        n_free++;
    put_family(out, "info", "gauge", "What is running; always 1.");
    fprintf(out, "rnnserve_info{version=\"" RNNMAP_VERSION "\"} 1\n");
    put_one(out, "start_time_seconds", "gauge", "When it was started, in seconds since 1970.",
            (double)metrics->start_ms / 1e3);
    put_one(out, "workers", "gauge", "Most inferences at a time.", server->config.n_workers);
    put_one(out, "inferences_in_flight", "gauge", "Workers that are busy.",
            (double)(server->config.n_workers - n_free));
    put_one(out, "queue_length", "gauge", "Requests that wait for a worker.",
            (double)server->n_queued);
    put_one(out, "queue_limit", "gauge", "Most requests that may wait.", server->config.max_queue);
    put_one(out, "requests_in_flight", "gauge",
            "Requests from first byte to answer, this included.",
            (double)atomic_load(&server->n_requests));
    put_one(out, "connections", "gauge", "Open connections.", (double)server->n_used);
    put_one(out, "connections_total", "counter", "Connections accepted.",
            (double)metrics->n_connections);
    put_one(out, "received_bytes_total", "counter", "Bytes of requests, without TLS.",
            (double)metrics->n_received);
    put_one(out, "sent_bytes_total", "counter", "Bytes of answers, without TLS.",
            (double)metrics->n_sent);
    put_one(out, "log_failures_total", "counter", "Lines that the access log did not take.",
            (double)atomic_load(&server->n_log_failures));
    put_counts(out, metrics);
    put_models(out, server);
}

enum status server_metrics_write(struct server *server, struct message_text *text,
                                 struct error *error)
{
    FILE *out = open_memstream(&text->bytes, &text->n);
    if (!out)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for metrics");
    pthread_mutex_lock(&server->lock);
    put_all(out, server);
    pthread_mutex_unlock(&server->lock);
    if (fclose(out) != 0)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for metrics");
    text->capacity = text->n;
    return STATUS_OK;
}
