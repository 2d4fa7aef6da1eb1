// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/sweep_private.h"

#include "base/clock.h"
#include "base/stop.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_ATTEMPTS = 3, /* at one sample of a round */
    MIN_PROBES = 5,   /* before a round trip is compared with the link state's */
};
static const int64_t flush_ns = 1000000000;
static const int64_t first_retreat_ns = 2000000, longest_retreat_ns = 1000000000;

int64_t sweep_now(const struct sweep_state *state)
{
    const struct sweep *sweep = state->sweep;
    return sweep->now_ns ? sweep->now_ns(sweep->clock) : clock_ns();
}

enum status sweep_batch_open(struct sweep_state *state, struct error *error)
{
    struct sweep_batch *batch = &state->batch;
    for (size_t p = 0; p < state->sweep->n_places; p++) {
        size_t n = counters_n(state->sweep->places[p].counters);
        batch->n_readings = n > batch->n_readings ? n : batch->n_readings;
    }
    batch->samples = malloc(SWEEP_BATCH * sizeof *batch->samples);
    batch->readings = calloc(SWEEP_BATCH * batch->n_readings + 1, sizeof *batch->readings);
    if (!batch->samples || !batch->readings)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %d samples", SWEEP_BATCH);
    return STATUS_OK;
}

void sweep_batch_close(struct sweep_state *state)
{
    free(state->batch.samples);
    free(state->batch.readings);
}

enum status sweep_flush(struct sweep_state *state, struct error *error)
{
    struct sweep_batch *batch = &state->batch;
    enum status status = store_samples_append(state->sweep->store, batch->samples, batch->n, error);
    batch->n = 0;
    state->now_ns = batch->flushed_ns = sweep_now(state);
    return status;
}

/* Warns, once, when the endpoint's round trips are not those of the link state. */
static void compare_round_trips(struct sweep_state *state, size_t place, size_t link_state)
{
    const struct linkwatch *watch = &state->watches[place * state->n_states + link_state];
    const struct link_state *asked = &state->sweep->config->link_states[link_state];
    double median_s;
    char seen[UNITS_TEXT_SIZE], wanted[UNITS_TEXT_SIZE];
    if (state->warned || watch->n < MIN_PROBES || !linkwatch_far(watch, asked, &median_s))
        return;
    state->warned = true;
    if (!state->sweep->progress)
        return;
    progress_hide(&state->progress);
    fprintf(state->sweep->progress,
            "warning: tiny requests to %s take a round trip of %s (median of %zu) where [link] set "
            "%s: does its url lead over this link, and over no other one?\n",
            state->sweep->places[place].target.name, format_time(median_s, seen), watch->n,
            format_time(asked->rtt_s, wanted));
}

void sweep_compare_round_trips(struct sweep_state *state)
{
    for (size_t i = 0; i < state->sweep->n_places * state->n_states; i++)
        compare_round_trips(state, i / state->n_states, i % state->n_states);
}

/* Sees to it that the link is in the pair's state, with nothing of the one before in its queues. */
static enum status enter_state(struct sweep_state *state, const struct pair *pair,
                               struct error *error)
{
    const struct sweep *sweep = state->sweep;
    if (pair->state < 0 || pair->state == state->in_force)
        return STATUS_OK;
    state->in_force = -1;
    enum status status =
        linkcontrol_set(sweep->link, &sweep->config->link_states[pair->state], error);
    for (size_t p = 0; !status && p < sweep->n_places; p++)
        place_settle(&sweep->places[p]);
    if (!status)
        state->in_force = pair->state;
    state->now_ns = sweep_now(state);
    return status;
}

/* What the link adds to a sample. */
static void note_link(struct sweep_state *state, const struct pair *pair, struct sample *sample)
{
    if (pair->state < 0)
        return;
    const struct link_state *link = &state->sweep->config->link_states[pair->state];
    size_t watch = pair->place * state->n_states + (size_t)pair->state;
    place_note_link(&state->sweep->places[pair->place], link, sample);
    if (sample->rtt_ns >= 0 && linkwatch_add(&state->watches[watch], sample->rtt_ns))
        compare_round_trips(state, pair->place, (size_t)pair->state);
}

/* Counts a failure, and ends the campaign when the link's program or the place is at its end. */
static enum status note_failure(struct sweep_state *state, const struct pair *pair,
                                enum failure kind, const struct error *why, struct error *error)
{
    uint64_t most = state->sweep->config->max_failures;
    unsigned *in_a_row = &state->failures_in_a_row[pair->place];
    const char *name = state->sweep->places[pair->place].target.name;
    state->result->n_failed++;
    state->result->n_failures[kind]++;
    error_clear(&state->result->last_failure);
    error_set(&state->result->last_failure, STATUS_FAILED, "%s (%s): %s", name, failure_name(kind),
              why->text);
    enum status status =
        state->sweep->link ? linkcontrol_check(state->sweep->link, error) : STATUS_OK;
    ++*in_a_row;
    if (!status && most > 0 && *in_a_row >= most)
        status = error_set(error, STATUS_FAILED,
                           "%s: %u failures in a row, the last (%s): %s; what was measured is "
                           "stored, --resume goes on, [stop] max_failures allows more",
                           name, *in_a_row, failure_name(kind), why->text);
    return status;
}

/* The place's readings last until its next sample; the batch needs them until it is written. */
static void keep_readings(struct sweep_batch *batch, struct sample *sample)
{
    if (sample->n_counters == 0)
        return;
    struct counter_reading *kept =
        batch->readings + (size_t)(sample - batch->samples) * batch->n_readings;
    memcpy(kept, sample->counters, sample->n_counters * sizeof *kept);
    sample->counters = kept;
}

/* Attempts are numbered through a whole round, in which a pair may have its turn more than once:
 * with target, length, link state and round the number tells a sample from all others. */
static uint32_t next_attempt(const struct sweep_state *state, struct pair *pair)
{
    if (pair->attempted != state->round)
        pair->n_attempts = 0;
    pair->attempted = state->round;
    return pair->n_attempts++;
}

/* One attempt, on its way into the store; *ok tells whether it succeeded. */
static enum status attempt_sample(struct sweep_state *state, struct pair *pair, bool *ok,
                                  struct error *error)
{
    struct place *place = &state->sweep->places[pair->place];
    struct sweep_batch *batch = &state->batch;
    struct sample *sample = &batch->samples[batch->n];
    struct error why;
    error_clear(&why);
    enum status status = place_sample(place, pair->length, sample, &why);
    if (status == STATUS_INTERRUPTED)
        return STATUS_OK; /* the round sees that by itself */
    if (status)
        return error_set(error, status, "%s", why.text);
    keep_readings(batch, sample);
    batch->n++;
    state->result->n_samples++;
    sample->target_id = place->target.id;
    sample->round = state->round;
    sample->attempt = next_attempt(state, pair);
    note_link(state, pair, sample);
    *ok = sample->failure == FAILURE_NONE;
    if (*ok) {
        sweep_pair_add(pair, sample);
        state->failures_in_a_row[pair->place] = 0;
    } else {
        status = note_failure(state, pair, sample->failure, &why, error);
    }
    state->now_ns = sweep_now(state);
    return status;
}

/* How long to leave a place alone that has failed more than once in a row: twice as long each time,
 * so that a server that is busy or starts again is not kept from it, nor the store filled. */
static int64_t retreat_ns(const struct sweep_state *state, const struct pair *pair)
{
    unsigned in_a_row = state->failures_in_a_row[pair->place];
    int64_t ns = in_a_row > 1 ? first_retreat_ns : 0;
    for (unsigned i = 2; i < in_a_row && ns < longest_retreat_ns; i++)
        ns *= 2;
    return ns < longest_retreat_ns ? ns : longest_retreat_ns;
}

enum status sweep_sample(struct sweep_state *state, struct pair *pair, struct error *error)
{
    struct error trouble;
    bool ok = false;
    error_clear(&trouble);
    enum status status = enter_state(state, pair, &trouble);
    if (status == STATUS_INTERRUPTED)
        return STATUS_OK; /* the round sees that by itself */
    if (status)
        return error_set(error, status, "%s; what was measured is stored, --resume goes on",
                         trouble.text);
    int64_t began_ns = state->now_ns;
    for (uint32_t attempt = 0; !status && !ok && attempt < MAX_ATTEMPTS && !stop_asked();
         attempt++) {
        int64_t apart_ns = (int64_t)(state->sweep->config->isolated_s * 1e9);
        int64_t away_ns = retreat_ns(state, pair);
        clock_sleep_ns(away_ns > apart_ns ? away_ns : apart_ns);
        if (!stop_asked())
            status = attempt_sample(state, pair, &ok, error);
    }
    if (ok)
        running_add(&pair->costs, (double)(state->now_ns - began_ns) * 1e-9);
    if (!status && (state->batch.n + MAX_ATTEMPTS > SWEEP_BATCH ||
                    state->now_ns - state->batch.flushed_ns > flush_ns))
        status = sweep_flush(state, error);
    return status;
}
