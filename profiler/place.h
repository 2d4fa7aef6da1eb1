// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A target as the sweep sees it: something that takes one timed sample of one length, whether it
 * is the engine in this process or a server behind a link.
 *
 * Life cycle: place_open_edge or place_open_endpoint, place_warm_up, place_sample, place_close.
 */
#ifndef PROFILER_PLACE_H
#define PROFILER_PLACE_H

#include "base/status.h"
#include "profiler/config.h"
#include "profiler/counters.h"
#include "profiler/linkstate.h"
#include "records/store.h"

struct engine;
struct client;

struct place {
    struct target target;      /* name, engine, url; its id is set by the sweep */
    struct engine *engine;     /* the device itself */
    struct client *client;     /* an endpoint; one of the two is there, or `simulate` */
    struct counters *counters; /* of what the engine does in a sample; NULL: none; the caller's */
    struct counter_reading readings[COUNTERS_MAX]; /* of the sample taken last */
    /* In place of both, a place of known truth: what place_sample calls then. */
    enum status (*simulate)(void *self, uint32_t length, struct sample *sample, struct error *why);
    void *simulation; /* its self */
};

enum status place_open_edge(const struct campaign_config *config, struct place *place,
                            struct error *error);
enum status place_open_endpoint(const struct campaign_config *config,
                                const struct endpoint_section *endpoint, struct place *place,
                                struct error *error);

/*
 * Runs the length until its times have settled: the medians of two successive blocks of five runs
 * differ by less than 2 %, or 2 s have passed. Nothing of it is stored.
 * Failures of an endpoint end it early: the samples that follow tell.
 */
enum status place_warm_up(struct place *place, uint32_t length, struct error *error);

/*
 * Takes one sample. *sample has everything but target, round and attempt; its counters' readings
 * are the place's and last until its next sample. On a failure of the place
 * itself (no connection, time-out, engine error) the sample says which and STATUS_OK comes back;
 * `why` has the words.
 */
enum status place_sample(struct place *place, uint32_t length, struct sample *sample,
                         struct error *why);

/*
 * The parts of place_sample, for inferences back to back: makes the input of the length once, ...
 */
enum status place_prepare(struct place *place, uint32_t length, struct error *error);

/* ... and runs it as often as wanted, with nothing else between two; as place_sample, but *sample
 * has neither round trip nor counters. `length` is the one prepared last. */
enum status place_repeat(struct place *place, uint32_t length, struct sample *sample,
                         struct error *why);

/* The round trip of a tiny request to an endpoint in ns; -1: it failed, or there is no endpoint. */
int64_t place_probe(struct place *place);

/* Notes what the link was set to with the sample just taken of an endpoint. The tiny request before
 * it has bytes, too: their time is taken out of its round trip. */
void place_note_link(const struct place *place, const struct link_state *link,
                     struct sample *sample);

/* After a change of the link to an endpoint: sends tiny requests until two in a row take the same
 * time (to 20 % or 1 ms; five at most), so that nothing of the state before is left in a queue. */
void place_settle(struct place *place);

void place_close(struct place *place);

/* Median time in ns that the harness records for an inference that does nothing, over n runs, with
 * the counters (NULL: none) started and stopped around each; < 0: memory ran out. */
double harness_overhead_ns(int n, struct counters *counters);

#endif
