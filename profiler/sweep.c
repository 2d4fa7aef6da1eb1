// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/sweep.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "base/stop.h"
#include "fitter/interval.h"

#include <math.h>
#include <stdlib.h>

enum {
    MIN_SAMPLES = 10, /* before an interval is believed */
    MAX_ATTEMPTS = 3, /* at one sample of a round */
    MAX_FAILURES_IN_A_ROW = 10,
    BATCH = 4096
};
static const int64_t flush_ns = 1000000000;
static const double outlier_reach = 8; /* scaled median absolute deviations */

/* One pair of target and length, and what is known of it. */
struct pair {
    uint32_t place, length;
    struct running times;
    bool settled;
};

struct state {
    struct sweep *sweep;
    struct pair *pairs; /* n_pairs, place-major, lengths ascending */
    size_t n_pairs;
    size_t *order;
    struct sample *batch;
    size_t n_batch;
    int64_t started_ns, flushed_ns;
    int64_t round;
    unsigned failures_in_a_row[CONFIG_MAX_ENDPOINTS + 1]; /* by place */
    struct progress progress;
    double share_before; /* of the work, done before this run */
    struct sweep_result *result;
};

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

static struct pair *find_pair(struct state *state, int64_t target_id, uint32_t length)
{
    for (size_t i = 0; i < state->n_pairs; i++) {
        struct pair *pair = &state->pairs[i];
        if (pair->length == length && state->sweep->places[pair->place].target.id == target_id)
            return pair;
    }
    return NULL;
}

static enum status recall(void *user, const struct sample *sample, struct error *error)
{
    struct state *state = user;
    struct pair *pair = find_pair(state, sample->target_id, sample->length);
    (void)error;
    if (pair && sample->failure == FAILURE_NONE) {
        running_add(&pair->times, (double)sample->time_ns);
        settle(pair, state->sweep->config);
    }
    return STATUS_OK;
}

static enum status flush(struct state *state, struct error *error)
{
    enum status status =
        store_samples_append(state->sweep->store, state->batch, state->n_batch, error);
    state->n_batch = 0;
    state->flushed_ns = clock_ns();
    return status;
}

static double elapsed_s(const struct state *state)
{
    return (double)(clock_ns() - state->started_ns) * 1e-9;
}

/* How far the sweep is: time against its cap, or pairs against their expected samples. */
static double share_done(const struct state *state)
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
    double by_time = elapsed_s(state) / config->max_time_s;
    return fmax(by_time, wanted > 0 ? done / wanted : 0);
}

/* One sample of a pair, tried again when it fails; every attempt is stored. */
static enum status measure(struct state *state, struct pair *pair, struct error *error)
{
    struct place *place = &state->sweep->places[pair->place];
    for (uint32_t attempt = 0; attempt < MAX_ATTEMPTS && !stop_asked(); attempt++) {
        struct sample sample;
        struct error why = {0};
        clock_sleep_ns((int64_t)(state->sweep->config->isolated_s * 1e9));
        if (stop_asked())
            break;
        enum status status = place_sample(place, pair->length, &sample, &why);
        if (status)
            return error_set(error, status, "%s", why.text);
        sample.target_id = place->target.id;
        sample.round = state->round;
        sample.attempt = attempt;
        state->batch[state->n_batch++] = sample;
        state->result->n_samples++;
        if (state->n_batch == BATCH || clock_ns() - state->flushed_ns > flush_ns)
            status = flush(state, error);
        if (status)
            return status;
        if (sample.failure == FAILURE_NONE) {
            running_add(&pair->times, (double)sample.time_ns);
            state->failures_in_a_row[pair->place] = 0;
            return STATUS_OK;
        }
        state->result->n_failed++;
        if (++state->failures_in_a_row[pair->place] == MAX_FAILURES_IN_A_ROW)
            return error_set(error, STATUS_FAILED,
                             "%s: %d failures in a row, the last: %s; what was measured is stored, "
                             "--resume goes on",
                             place->target.name, MAX_FAILURES_IN_A_ROW, why.text);
    }
    return STATUS_OK;
}

static enum status run_round(struct state *state, struct error *error)
{
    const struct campaign_config *config = state->sweep->config;
    struct random random = {config->seed ^
                            ((uint64_t)(state->round + 1) * UINT64_C(0x9e3779b97f4a7c15))};
    size_t n = state->n_pairs;
    for (size_t i = 0; i < n; i++)
        state->order[i] = i;
    random_shuffle(&random, state->order, n, sizeof *state->order);
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < n && !stop_asked(); i++) {
        struct pair *pair = &state->pairs[state->order[i]];
        char note[64];
        status = measure(state, pair, error);
        snprintf(note, sizeof note, "round %lld, %s, length %u", (long long)state->round + 1,
                 state->sweep->places[pair->place].target.name, pair->length);
        progress_update(&state->progress,
                        (share_done(state) - state->share_before) / (1 - state->share_before),
                        note);
        if (elapsed_s(state) > config->max_time_s)
            break;
    }
    for (size_t i = 0; i < n; i++)
        settle(&state->pairs[state->order[i]], config);
    return status;
}

/* Whole rounds until every pair has settled, time is up or a signal came: a pair that settles early
 * is measured on, so that every round holds every length and the fit can tell what rounds share. */
static enum status run_rounds(struct state *state, struct error *error)
{
    const struct campaign_config *config = state->sweep->config;
    enum status status = STATUS_OK;
    for (;; state->round++) {
        size_t left = 0;
        for (size_t i = 0; i < state->n_pairs; i++)
            left += !state->pairs[i].settled;
        if (status || left == 0 || stop_asked() || elapsed_s(state) > config->max_time_s)
            break;
        status = run_round(state, error);
        state->result->n_rounds++;
    }
    struct error late = {0};
    enum status flushed = flush(state, &late); /* what was measured is kept even after a failure */
    return status ? status : flushed ? error_set(error, flushed, "%s", late.text) : STATUS_OK;
}

static enum status store_convergences(struct state *state, struct error *error)
{
    struct convergence *rows = malloc(state->n_pairs * sizeof *rows);
    if (!rows)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", state->n_pairs);
    for (size_t i = 0; i < state->n_pairs; i++) {
        const struct pair *pair = &state->pairs[i];
        bool reached = converged(pair, state->sweep->config) && pair->settled;
        state->result->n_not_converged += !reached;
        rows[i] = (struct convergence){
            .target_id = state->sweep->places[pair->place].target.id,
            .length = pair->length,
            .n_samples = pair->times.n,
            .relative_half_width = pair->times.n >= 2 ? relative_half_width(pair) : -1,
            .reached = reached,
        };
    }
    enum status status = store_convergence_set(state->sweep->store, rows, state->n_pairs, error);
    free(rows);
    return status;
}

static enum status make_pairs(struct state *state, struct error *error)
{
    const struct campaign_config *config = state->sweep->config;
    state->n_pairs = state->sweep->n_places * config->n_lengths;
    state->pairs = calloc(state->n_pairs, sizeof *state->pairs);
    state->order = malloc(state->n_pairs * sizeof *state->order);
    state->batch = malloc(BATCH * sizeof *state->batch);
    if (!state->pairs || !state->order || !state->batch)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", state->n_pairs);
    for (size_t i = 0; i < state->n_pairs; i++) {
        state->pairs[i].place = (uint32_t)(i / config->n_lengths);
        state->pairs[i].length = config->lengths[i % config->n_lengths];
    }
    return store_samples_each(state->sweep->store, state->sweep->campaign_id, recall, state, error);
}

/* Every length once, unstored, so that no sample pays for what is built at first use. */
static enum status warm_up(struct state *state, struct error *error)
{
    const struct campaign_config *config = state->sweep->config;
    enum status status = STATUS_OK;
    for (size_t p = 0; !status && p < state->sweep->n_places; p++)
        status =
            place_warm_up(&state->sweep->places[p], config->lengths[config->n_lengths / 2], error);
    for (size_t i = 0; !status && i < state->n_pairs && !stop_asked(); i++) {
        struct sample sample;
        struct error why = {0};
        const struct pair *pair = &state->pairs[i];
        if (!pair->settled)
            status = place_sample(&state->sweep->places[pair->place], pair->length, &sample, &why);
        if (status)
            error_set(error, status, "%s", why.text);
    }
    return status;
}

enum status sweep_run(struct sweep *sweep, struct sweep_result *result, struct error *error)
{
    struct state state = {.sweep = sweep, .result = result};
    *result = (struct sweep_result){0};
    enum status status = make_pairs(&state, error);
    if (!status)
        status = store_rounds(sweep->store, sweep->campaign_id, &state.round, error);
    if (!status)
        status = warm_up(&state, error);
    if (!status) {
        progress_start(&state.progress, sweep->progress, "measuring");
        state.started_ns = state.flushed_ns = clock_ns();
        state.share_before = fmin(share_done(&state), 0.999);
        status = run_rounds(&state, error);
        progress_hide(&state.progress);
        result->elapsed_s = elapsed_s(&state);
    }
    if (!status)
        status = store_convergences(&state, error);
    if (!status)
        status = store_flag_outliers(sweep->store, sweep->campaign_id, outlier_reach,
                                     &result->n_outliers, error);
    if (!status && stop_asked())
        status = error_set(error, STATUS_NOT_REACHED,
                           "stopped by a signal after %llu samples, all stored; --resume goes on",
                           (unsigned long long)result->n_samples);
    else if (!status && result->n_not_converged > 0)
        status = error_set(error, STATUS_NOT_REACHED,
                           "%llu of %zu pairs of target and length have not reached the asked "
                           "interval; raise [stop] max_samples or max_time and --resume, or accept "
                           "a wider ci",
                           (unsigned long long)result->n_not_converged, state.n_pairs);
    free(state.pairs);
    free(state.order);
    free(state.batch);
    return status;
}
