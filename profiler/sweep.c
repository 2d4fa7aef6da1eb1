// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/sweep_plan_private.h"

#include "base/stop.h"

#include <math.h>
#include <stdlib.h>

static const double outlier_reach = 8; /* scaled median absolute deviations */
static const int64_t tell_ns = 100000000;

static double elapsed_s(const struct sweep_state *state)
{
    return (double)(state->now_ns - state->started_ns) * 1e-9;
}

/* How far the sweep is: time against its cap, or what is asked for against what is there. */
static double share_done(const struct sweep_state *state, const struct sweep_plan *plan)
{
    double by_time = elapsed_s(state) / state->sweep->config->max_time_s;
    return fmax(by_time, sweep_plan_share(state, plan));
}

/* Now and then: telling takes longer than some samples. */
static void tell(struct sweep_state *state, const struct sweep_plan *plan, const struct pair *pair)
{
    char note[160], link[LINK_STATE_TEXT] = "";
    if (!state->sweep->progress || state->now_ns - state->told_ns < tell_ns)
        return;
    state->told_ns = state->now_ns;
    if (pair->state >= 0)
        link_state_format(&state->sweep->config->link_states[pair->state], link);
    snprintf(note, sizeof note, "round %lld, %.30s%s%s, length %u", (long long)state->round + 1,
             state->sweep->places[pair->place].target.name, link[0] ? " over " : "", link,
             pair->length);
    double before = state->share_before;
    progress_update(&state->progress, (share_done(state, plan) - before) / (1 - before), note);
}

static enum status run_round(struct sweep_state *state, struct sweep_plan *plan,
                             struct error *error)
{
    enum status status = sweep_plan_round(state, plan, error);
    for (size_t i = 0; !status && i < plan->n && !stop_asked(); i++) {
        struct pair *pair = &state->pairs[plan->pairs[i]];
        status = sweep_sample(state, pair, error);
        tell(state, plan, pair);
        if (elapsed_s(state) > state->sweep->config->max_time_s)
            break;
    }
    return status;
}

static bool has_active_companion(const struct sweep *sweep)
{
    for (size_t i = 0; i < sweep->n_companions; i++) {
        if (!sweep->companions[i].passive)
            return true;
    }
    return false;
}

/* A round with what goes on beside it. */
static enum status run_accompanied(struct sweep_state *state, struct sweep_plan *plan,
                                   struct error *error)
{
    const struct sweep *sweep = state->sweep;
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < sweep->n_companions; i++) {
        const struct sweep_companion *companion = &sweep->companions[i];
        if (companion->round_begin)
            status = companion->round_begin(companion->self, state->round, error);
    }
    state->now_ns = sweep_now(state);
    if (!status)
        status = run_round(state, plan, error);
    if (!status && has_active_companion(sweep))
        status = sweep_flush(state, error);
    for (size_t i = 0; !status && i < sweep->n_companions && !stop_asked(); i++) {
        const struct sweep_companion *companion = &sweep->companions[i];
        if (companion->round_end)
            status = companion->round_end(companion->self, state->round, error);
    }
    if (has_active_companion(sweep))
        state->in_force = -1; /* one of them may have set the link */
    state->now_ns = sweep_now(state);
    return status;
}

/* Rounds until it was enough, time is up or a signal came. */
static enum status run_rounds(struct sweep_state *state, struct sweep_plan *plan,
                              struct error *error)
{
    enum status status = STATUS_OK;
    for (;; state->round++) {
        bool done = false;
        if (!status)
            status = sweep_plan_done(state, plan, &done, error);
        if (status || done || stop_asked() || elapsed_s(state) > state->sweep->config->max_time_s)
            break;
        status = run_accompanied(state, plan, error);
        state->result->n_rounds++;
    }
    struct error late = {0};
    enum status flushed = sweep_flush(state, &late); /* what was measured is kept after failures */
    return status ? status : flushed ? error_set(error, flushed, "%s", late.text) : STATUS_OK;
}

static enum status prepare(struct sweep_state *state, struct sweep_plan *plan, struct error *error)
{
    const struct sweep *sweep = state->sweep;
    state->in_force = -1;
    state->n_states = sweep->link ? sweep->config->n_link_states : 0;
    enum status status = sweep_pairs_make(state, error);
    if (status)
        return status;
    state->watches = calloc(sweep->n_places * (state->n_states + 1), sizeof *state->watches);
    if (!state->watches)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", state->n_pairs);
    status = sweep_batch_open(state, error);
    if (status)
        return status;
    status = sweep_plan_open(state, plan, error);
    if (status)
        return status;
    return store_rounds(sweep->store, sweep->campaign_id, &state->round, error);
}

/* Every length once, unstored, so that no sample pays for what is built at first use. */
static enum status warm_up(struct sweep_state *state, struct error *error)
{
    const struct campaign_config *config = state->sweep->config;
    enum status status = STATUS_OK;
    for (size_t p = 0; !status && p < state->sweep->n_places; p++)
        status =
            place_warm_up(&state->sweep->places[p], config->lengths[config->n_lengths / 2], error);
    for (size_t i = 0, end; !status && i < state->n_pairs && !stop_asked(); i = end) {
        struct sample sample;
        struct error why = {0};
        const struct pair *pair = &state->pairs[i];
        bool wanted = false;
        end = sweep_pairs_end_of_length(state, i);
        for (size_t k = i; k < end; k++)
            wanted = wanted || !state->pairs[k].settled;
        if (wanted)
            status = place_sample(&state->sweep->places[pair->place], pair->length, &sample, &why);
        if (status == STATUS_INTERRUPTED)
            status = STATUS_OK; /* which is seen above */
        if (status)
            error_set(error, status, "%s", why.text);
    }
    return status;
}

/* `cap`: a companion's, when it comes; it is told at the end, as the sweep's own are. */
static enum status measure(struct sweep_state *state, struct sweep_plan *plan, struct error *cap,
                           struct error *error)
{
    progress_start(&state->progress, state->sweep->progress, "measuring");
    state->started_ns = state->now_ns = state->batch.flushed_ns = sweep_now(state);
    state->told_ns = state->started_ns;
    state->share_before = fmin(share_done(state, plan), 0.999);
    enum status status = run_rounds(state, plan, cap);
    if (status && status != STATUS_NOT_REACHED)
        status = error_set(error, status, "%s", cap->text);
    else
        status = STATUS_OK;
    progress_hide(&state->progress);
    sweep_compare_round_trips(state);
    state->result->elapsed_s = elapsed_s(state);
    return status;
}

/* What was asked for and not reached. */
static enum status conclude(const struct sweep_state *state, const struct error *cap,
                            struct error *error)
{
    const struct sweep_result *result = state->result;
    if (stop_asked())
        return error_set(error, STATUS_NOT_REACHED,
                         "stopped by a signal after %llu samples, all stored; --resume goes on",
                         (unsigned long long)result->n_samples);
    if (cap->code)
        return error_set(error, cap->code, "%s", cap->text);
    if (result->aim[0] && !result->aim_reached)
        return error_set(error, STATUS_NOT_REACHED,
                         "%s is known to +- %.3g %% over %lld rounds, and [stop] ci asks for "
                         "%.3g %% over ten at least; raise max_samples or max_time and --resume, "
                         "or accept a wider ci",
                         result->aim, 100 * result->aim_half_width, (long long)state->round,
                         100 * state->sweep->config->stop_ci);
    if (result->n_not_converged > 0)
        return error_set(error, STATUS_NOT_REACHED,
                         "%llu of %zu pairs of target and length%s have not reached the asked "
                         "interval; raise [stop] max_samples or max_time and --resume, or accept "
                         "a wider ci",
                         (unsigned long long)result->n_not_converged, state->n_pairs,
                         state->n_states ? " (in one link state)" : "");
    return STATUS_OK;
}

enum status sweep_run(struct sweep *sweep, struct sweep_result *result, struct error *error)
{
    struct sweep_state state = {.sweep = sweep, .result = result};
    struct sweep_plan plan = {0};
    struct error cap = {0};
    *result = (struct sweep_result){0};
    enum status status = prepare(&state, &plan, error);
    if (!status)
        status = warm_up(&state, error);
    if (!status)
        status = measure(&state, &plan, &cap, error);
    if (!status)
        status = sweep_plan_end(&state, &plan, error);
    if (!status)
        status = store_flag_outliers(sweep->store, sweep->campaign_id, outlier_reach,
                                     &result->n_outliers, error);
    if (!status)
        status = conclude(&state, &cap, error);
    sweep_plan_close(&plan);
    sweep_pairs_free(&state);
    free(state.watches);
    sweep_batch_close(&state);
    return status;
}
