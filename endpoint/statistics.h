// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a server counts for each of its models, and the message of the statistics extension that
 * tells it: how many inferences succeeded and failed, and how long they waited and ran, all since
 * the server started. Two readings tell what happened in between.
 *
 * Thread rule: no state; a struct belongs to one thread at a time.
 */
#ifndef ENDPOINT_STATISTICS_H
#define ENDPOINT_STATISTICS_H

#include "endpoint/message.h"

enum statistic {
    STATISTIC_SUCCESS, /* from the request being there to its answer being written */
    STATISTIC_FAIL,    /* the same, of those that failed */
    STATISTIC_QUEUE,
    STATISTIC_COMPUTE_INPUT,
    STATISTIC_COMPUTE_INFER,
    STATISTIC_COMPUTE_OUTPUT,
    N_STATISTICS
};

struct statistics {
    uint64_t last_inference_ms; /* since 1970; 0: none yet */
    uint64_t n_inferences, n_executions;
    struct statistics_duration {
        uint64_t count, ns;
    } durations[N_STATISTICS];
};

/* One model's; the names are the caller's. */
struct statistics_row {
    const char *model, *version;
    struct statistics statistics;
};

/* STATUS_NO_MEMORY. */
enum status statistics_write(struct message_text *text, const struct statistics_row *rows, size_t n,
                             struct error *error);

/* The sum over all versions of `model` in a message of `n` bytes.
 * STATUS_INVALID: not that message.  STATUS_NOT_FOUND: nothing about the model.  STATUS_NO_MEMORY.
 */
enum status statistics_read(const char *bytes, size_t n, const char *model,
                            struct statistics *statistics, struct error *error);

/* How long the server had to do with the one request that it answered between two readings, in ns:
 * queue and compute_*, without reading and writing messages. -1: not exactly one succeeded, or
 * others failed. */
int64_t statistics_between(const struct statistics *before, const struct statistics *after);

#endif
