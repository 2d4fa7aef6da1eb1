// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Event counters of samples (PAPI's, by their names): named once per campaign, written with
 * store_samples_append. Life cycle, threads and what any function may return besides: as
 * records/store.h.
 */
#ifndef RECORDS_COUNTER_STORE_H
#define RECORDS_COUNTER_STORE_H

#include "records/store.h"

struct counter {
    int64_t id;
    char *name; /* owned */
};

/* Adds a counter, or finds the one of that name, and sets *id. */
enum status store_counter_add(struct store *store, int64_t campaign_id, const char *name,
                              int64_t *id, struct error *error);

/* A campaign's counters in the order added: an array of *n to counters_free. */
enum status store_counters(struct store *store, int64_t campaign_id, struct counter **counters,
                           size_t *n, struct error *error);
void counters_free(struct counter *counters, size_t n);

/* One counter of one successful sample. */
struct counted {
    int64_t target_id, counter_id;
    uint32_t length;
    int64_t round, time_ns, value;
};

/* Calls `sink` for each in the samples' order; a sink that returns anything but STATUS_OK ends the
 * scan, and its status is returned. */
typedef enum status counted_sink(void *user, const struct counted *counted, struct error *error);
enum status store_counted_each(struct store *store, int64_t campaign_id, counted_sink *sink,
                               void *user, struct error *error);

#endif
