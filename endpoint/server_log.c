// SPDX-License-Identifier: GPL-3.0-or-later
/* The access log: a line a request, each written at once, so that lines of several threads do not
 * mix and a file that is moved away loses none. */
#include "endpoint/server_private.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PATH = 256, MAX_LINE = 640 };

enum status server_log_open(const struct server_config *config, int *log, struct error *error)
{
    *log = -1;
    if (!config->access_log && !config->log_to_errors)
        return STATUS_OK;
    if (config->log_to_errors || strcmp(config->access_log, "-") == 0)
        *log = dup(config->log_to_errors ? STDERR_FILENO : STDOUT_FILENO);
    else
        *log = open(config->access_log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (*log < 0)
        return error_set_errno(error, STATUS_IO, errno, "the access log %s cannot be written",
                               config->access_log ? config->access_log : "on standard error");
    return STATUS_OK;
}

/* "2026-01-31T12:34:56.789Z" */
static void write_time(char *text, size_t size)
{
    struct tm utc;
    int64_t now_ms = clock_epoch_ms();
    time_t now = (time_t)(now_ms / 1000);
    if (!gmtime_r(&now, &utc))
        memset(&utc, 0, sizeof utc);
    size_t n = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + n, size - n, ".%03dZ", (int)(now_ms % 1000));
}

/* A word of the line: what could end it, or move a cursor, becomes '?'. */
static void write_word(char *to, size_t size, const char *text)
{
    size_t n = 0;
    for (; text && text[n] && n + 1 < size; n++)
        to[n] = text[n] > ' ' && text[n] <= '~' ? text[n] : '?';
    if (n == 0)
        to[n++] = '-';
    to[n] = '\0';
}

static const char *write_ms(char *text, size_t size, int64_t ns)
{
    if (ns < 0)
        return "-";
    snprintf(text, size, "%.3f", (double)ns / 1e6);
    return text;
}

void server_log_request(const struct server_connection *connection)
{
    const struct server_job *job = &connection->job;
    char line[MAX_LINE], when[64], method[24], path[MAX_PATH], times[2][32], length[16] = "-";
    struct server *server = connection->server;
    if (!server->config.access_log && !server->config.log_to_errors)
        return;
    write_time(when, sizeof when);
    write_word(method, sizeof method, job->head.method);
    write_word(path, sizeof path, job->head.path);
    if (job->answer.length > 0)
        snprintf(length, sizeof length, "%u", job->answer.length);
    int n = snprintf(line, sizeof line, "%s %s %s %s %u %llu %s %s %s %.3f\n", when,
                     connection->address, method, path, job->answer.status,
                     (unsigned long long)connection->n_sent, length,
                     write_ms(times[0], sizeof times[0], job->answer.queue_ns),
                     write_ms(times[1], sizeof times[1], job->answer.infer_ns),
                     (double)(clock_ns() - job->start_ns) / 1e6);
    pthread_mutex_lock(&server->log_lock); /* reloading closes it */
    if (write(server->log, line, (size_t)n) < 0)
        atomic_fetch_add(&server->n_log_failures, 1); /* a full disk must not end the service */
    pthread_mutex_unlock(&server->log_lock);
}
