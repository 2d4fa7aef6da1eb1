// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/sweep_private.h"

#include <math.h>
#include <stdlib.h>

enum { MIN_SAMPLES = 10 }; /* before an interval is believed */

static double relative_half_width(const struct pair *pair)
{
    return pair->times.mean > 0 ? running_half_width(&pair->times) / pair->times.mean : HUGE_VAL;
}

static bool converged(const struct pair *pair, const struct campaign_config *config)
{
    return config->stop_ci <= 0 ||
           (pair->times.n >= MIN_SAMPLES && relative_half_width(pair) <= config->stop_ci);
}

static void settle(struct pair *pair, const struct campaign_config *config)
{
    pair->settled =
        pair->times.n >= config->max_samples || (config->stop_ci > 0 && converged(pair, config));
}

size_t sweep_pairs_settle(struct sweep_state *state)
{
    size_t left = 0;
    for (size_t i = 0; i < state->n_pairs; i++) {
        settle(&state->pairs[i], state->sweep->config);
        left += !state->pairs[i].settled;
    }
    return left;
}

/* The first pair at or behind that place and length. */
static size_t find_length(const struct sweep_state *state, uint32_t place, uint32_t length)
{
    size_t low = 0, high = state->n_pairs;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct pair *pair = &state->pairs[middle];
        if (pair->place < place || (pair->place == place && pair->length < length))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct pair *find_pair(const struct sweep_state *state, const struct sample *sample)
{
    const struct sweep *sweep = state->sweep;
    int in_state = link_state_of(sweep->config->link_states, state->n_states, sample);
    uint32_t place = 0;
    while (place < sweep->n_places && sweep->places[place].target.id != sample->target_id)
        place++;
    size_t first = find_length(state, place, sample->length);
    for (size_t i = first; i < state->n_pairs; i++) {
        struct pair *pair = &state->pairs[i];
        if (pair->place != place || pair->length != sample->length)
            break;
        if (pair->state < 0 || pair->state == in_state)
            return pair;
    }
    return NULL;
}

void sweep_pair_add(struct pair *pair, const struct sample *sample)
{
    int64_t link_ns = sample->rtt_ns > 0 ? sample->rtt_ns : 0;
    running_add(&pair->times, (double)sample->time_ns);
    running_add(&pair->remote, (double)(sample->time_ns - link_ns));
}

static enum status recall(void *user, const struct sample *sample, struct error *error)
{
    struct pair *pair = find_pair(user, sample);
    (void)error;
    if (pair && sample->failure == FAILURE_NONE)
        sweep_pair_add(pair, sample);
    return STATUS_OK;
}

enum status sweep_pairs_make(struct sweep_state *state, struct error *error)
{
    const struct sweep *sweep = state->sweep;
    const struct campaign_config *config = sweep->config;
    size_t n_links = state->n_states ? state->n_states : 1;
    size_t n_most = sweep->n_places * config->n_lengths * n_links;
    state->pairs = calloc(n_most, sizeof *state->pairs);
    if (!state->pairs)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n_most);
    for (size_t i = 0; i < n_most; i++) {
        size_t place = i / (config->n_lengths * n_links);
        bool linked = state->n_states > 0 && sweep->places[place].client;
        if (!linked && i % n_links > 0)
            continue;
        state->pairs[state->n_pairs++] = (struct pair){
            .place = (uint32_t)place,
            .length = config->lengths[i / n_links % config->n_lengths],
            .state = linked ? (int)(i % n_links) : -1,
        };
    }
    enum status status = store_samples_each(sweep->store, sweep->campaign_id, recall, state, error);
    sweep_pairs_settle(state);
    return status;
}

void sweep_pairs_free(struct sweep_state *state)
{
    free(state->pairs);
    state->pairs = NULL;
}

size_t sweep_pairs_end_of_length(const struct sweep_state *state, size_t first)
{
    size_t end = first;
    while (end < state->n_pairs && state->pairs[end].place == state->pairs[first].place &&
           state->pairs[end].length == state->pairs[first].length)
        end++;
    return end;
}

double sweep_pairs_share(const struct sweep_state *state)
{
    const struct campaign_config *config = state->sweep->config;
    double done = 0, wanted = 0;
    for (size_t i = 0; i < state->n_pairs; i++) {
        const struct pair *pair = &state->pairs[i];
        double mean = pair->times.n ? pair->times.mean : 1, need = (double)config->max_samples;
        if (pair->settled)
            need = (double)pair->times.n;
        else if (config->stop_ci > 0 && pair->times.n >= MIN_SAMPLES)
            need = fmin(need, (double)pair->times.n *
                                  pow(relative_half_width(pair) / config->stop_ci, 2));
        done += mean * (double)pair->times.n;
        wanted += mean * fmax(need, (double)pair->times.n);
    }
    return wanted > 0 ? done / wanted : 0;
}

/* Of pairs first .. end-1: all have to reach their interval, and the widest is the length's. */
static struct convergence join(struct sweep_state *state, size_t first, size_t end)
{
    const struct pair *pairs = state->pairs;
    struct convergence row = {.target_id = state->sweep->places[pairs[first].place].target.id,
                              .length = pairs[first].length,
                              .reached = true};
    for (size_t i = first; i < end; i++) {
        bool reached = converged(&pairs[i], state->sweep->config) && pairs[i].settled;
        double width = pairs[i].times.n >= 2 ? relative_half_width(&pairs[i]) : -1;
        state->result->n_not_converged += !reached;
        row.n_samples += pairs[i].times.n;
        row.reached = row.reached && reached;
        if (i == first || width < 0 || row.relative_half_width < 0)
            row.relative_half_width = i == first ? width : -1;
        else
            row.relative_half_width = fmax(row.relative_half_width, width);
    }
    return row;
}

enum status sweep_pairs_store(struct sweep_state *state, struct error *error)
{
    size_t n = 0;
    struct convergence *rows = calloc(state->n_pairs, sizeof *rows);
    if (!rows)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", state->n_pairs);
    for (size_t i = 0, end; i < state->n_pairs; i = end) {
        end = sweep_pairs_end_of_length(state, i);
        rows[n++] = join(state, i, end);
    }
    enum status status = store_convergence_set(state->sweep->store, rows, n, error);
    free(rows);
    return status;
}
