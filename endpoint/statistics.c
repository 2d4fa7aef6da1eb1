// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/statistics.h"

#include "endpoint/message_private.h"

#include <string.h>

static const char *const names[] = {
    [STATISTIC_SUCCESS] = "success",
    [STATISTIC_FAIL] = "fail",
    [STATISTIC_QUEUE] = "queue",
    [STATISTIC_COMPUTE_INPUT] = "compute_input",
    [STATISTIC_COMPUTE_INFER] = "compute_infer",
    [STATISTIC_COMPUTE_OUTPUT] = "compute_output",
};
_Static_assert(sizeof names / sizeof names[0] == N_STATISTICS, "one name per statistic");

/* Of a cache that is not there; the extension names them without saying that they may be missing.
 */
static const char *const of_cache[] = {"cache_hit", "cache_miss"};

static json_t *json_duration(const struct statistics_duration *duration)
{
    return json_pack("{s:I, s:I}", "count", (json_int_t)duration->count, "ns",
                     (json_int_t)duration->ns);
}

static json_t *json_durations(const struct statistics *statistics, enum statistic first)
{
    json_t *object = json_object();
    for (int i = (int)first; object && i < N_STATISTICS; i++)
        json_object_set_new(object, names[i], json_duration(&statistics->durations[i]));
    return object;
}

/* Executions by the size of their batch, which is always one. */
static json_t *json_batches(const struct statistics *statistics)
{
    json_t *array = json_array();
    json_t *row = json_durations(statistics, STATISTIC_COMPUTE_INPUT);
    json_object_set_new(row, "batch_size", json_integer(1));
    if (statistics->n_executions > 0)
        json_array_append(array, row);
    json_decref(row);
    return array;
}

static json_t *json_row(const struct statistics_row *row)
{
    const struct statistics_duration none = {0};
    json_t *durations = json_durations(&row->statistics, 0);
    for (size_t i = 0; durations && i < sizeof of_cache / sizeof of_cache[0]; i++)
        json_object_set_new(durations, of_cache[i], json_duration(&none));
    return json_pack("{s:o, s:o, s:I, s:I, s:I, s:o, s:o}", "name", message_json_text(row->model),
                     "version", message_json_text(row->version), "last_inference",
                     (json_int_t)row->statistics.last_inference_ms, "inference_count",
                     (json_int_t)row->statistics.n_inferences, "execution_count",
                     (json_int_t)row->statistics.n_executions, "inference_stats", durations,
                     "batch_stats", json_batches(&row->statistics));
}

enum status statistics_write(struct message_text *text, const struct statistics_row *rows, size_t n,
                             struct error *error)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < n; i++)
        json_array_append_new(array, json_row(&rows[i]));
    text->n = text->n_binary = 0;
    return message_put_json(text, json_pack("{s:o}", "model_stats", array), error);
}

/* Adds a count to *sum. Servers leave out what they do not count, which adds nothing. */
static enum status add(json_t *object, const char *field, uint64_t *sum, struct error *error)
{
    json_t *value = json_object_get(object, field);
    if (value && (!json_is_integer(value) || json_integer_value(value) < 0))
        return error_set(error, STATUS_INVALID, "field \"%s\" is not a count", field);
    *sum += (uint64_t)json_integer_value(value);
    return STATUS_OK;
}

static enum status add_row(json_t *row, struct statistics *sum, struct error *error)
{
    uint64_t last_ms = 0;
    json_t *durations = json_object_get(row, "inference_stats");
    if (!json_is_object(durations))
        return error_set(error, STATUS_INVALID,
                         "field \"inference_stats\" is missing or not an object");
    enum status status = add(row, "last_inference", &last_ms, error);
    if (!status)
        status = add(row, "inference_count", &sum->n_inferences, error);
    if (!status)
        status = add(row, "execution_count", &sum->n_executions, error);
    for (int i = 0; i < N_STATISTICS && !status; i++) {
        json_t *duration = json_object_get(durations, names[i]);
        status = add(duration, "count", &sum->durations[i].count, error);
        if (!status)
            status = add(duration, "ns", &sum->durations[i].ns, error);
        error_prefix(error, "\"%s\"", names[i]);
    }
    if (last_ms > sum->last_inference_ms)
        sum->last_inference_ms = last_ms;
    return status;
}

enum status statistics_read(const char *bytes, size_t n, const char *model,
                            struct statistics *statistics, struct error *error)
{
    struct statistics sum = {0};
    json_t *root = NULL;
    size_t n_found = 0;
    enum status status = message_parse(bytes, n, &root, error);
    json_t *rows = json_object_get(root, "model_stats");
    if (!status && !json_is_array(rows))
        status =
            error_set(error, STATUS_INVALID, "field \"model_stats\" is missing or not an array");
    for (size_t i = 0; !status && i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        const char *name = json_string_value(json_object_get(row, "name"));
        if (!name || strcmp(name, model) != 0)
            continue;
        n_found++;
        status = add_row(row, &sum, error);
    }
    if (!status && n_found == 0)
        status = error_set(error, STATUS_NOT_FOUND, "no statistics of model '%s'", model);
    json_decref(root);
    if (!status)
        *statistics = sum;
    return status;
}

int64_t statistics_between(const struct statistics *before, const struct statistics *after)
{
    uint64_t sum_ns = 0;
    if (after->durations[STATISTIC_SUCCESS].count !=
            before->durations[STATISTIC_SUCCESS].count + 1 ||
        after->durations[STATISTIC_FAIL].count != before->durations[STATISTIC_FAIL].count)
        return -1;
    for (int i = STATISTIC_QUEUE; i < N_STATISTICS; i++) {
        uint64_t from_ns = before->durations[i].ns, to_ns = after->durations[i].ns;
        if (to_ns < from_ns || to_ns - from_ns > INT64_MAX / N_STATISTICS)
            return -1;
        sum_ns += to_ns - from_ns;
    }
    return (int64_t)sum_ns;
}
