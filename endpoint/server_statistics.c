// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/server_private.h"

#include "base/clock.h"

#include <stdlib.h>

static void add(struct statistics *statistics, enum statistic which, int64_t ns)
{
    statistics->durations[which].count++;
    statistics->durations[which].ns += ns > 0 ? (uint64_t)ns : 0;
}

/* As the extension wants it, the parts are those of inferences that succeeded. */
void server_statistics_count(struct server *server, struct server_model *model,
                             const struct server_answer *answer, int64_t total_ns)
{
    struct statistics *statistics = &model->statistics;
    bool success = answer->status == HTTP_OK;
    int64_t now_ms = clock_epoch_ms();
    pthread_mutex_lock(&server->lock);
    server_metrics_infer(model, answer);
    statistics->last_inference_ms = now_ms > 0 ? (uint64_t)now_ms : 0;
    add(statistics, success ? STATISTIC_SUCCESS : STATISTIC_FAIL, total_ns);
    if (success) {
        statistics->n_inferences++;
        statistics->n_executions++;
        add(statistics, STATISTIC_QUEUE, answer->queue_ns);
        add(statistics, STATISTIC_COMPUTE_INPUT, answer->input_ns);
        add(statistics, STATISTIC_COMPUTE_INFER, answer->infer_ns - answer->input_ns);
        add(statistics, STATISTIC_COMPUTE_OUTPUT, answer->output_ns);
    }
    pthread_mutex_unlock(&server->lock);
}

enum status server_statistics_write(struct server *server, const struct server_model *model,
                                    struct message_text *text, struct error *error)
{
    const struct server_model *first = model ? model : server->models;
    size_t n = model ? 1 : server->n_models;
    struct statistics_row *rows = calloc(n, sizeof *rows);
    if (!rows)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for statistics");
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < n; i++)
        rows[i] = (struct statistics_row){first[i].name, SERVER_MODEL_VERSION, first[i].statistics};
    pthread_mutex_unlock(&server->lock);
    enum status status = statistics_write(text, rows, n, error);
    free(rows);
    return status;
}
