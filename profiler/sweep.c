// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/sweep.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/units.h"
#include "fitter/interval.h"
#include "profiler/linkwatch.h"
#include "profiler/order.h"

#include <math.h>
#include <stdlib.h>

enum {
    MIN_SAMPLES = 10, /* before an interval is believed */
    MAX_ATTEMPTS = 3, /* at one sample of a round */
    MAX_FAILURES_IN_A_ROW = 10,
    MIN_PROBES = 5, /* before a round trip is compared with the link state's */
    BATCH = 4096
};
static const int64_t flush_ns = 1000000000;
static const double outlier_reach = 8; /* scaled median absolute deviations */

/* One pair of target and length, in one link state, and what is known of it. */
struct pair {
    uint32_t place, length;
    int state; /* index into the campaign's link states; -1: none */
    struct running times;
    bool settled;
};

struct state {
    struct sweep *sweep;
    struct pair *pairs; /* n_pairs, place-major, then lengths ascending, then link states */
    size_t n_pairs;
    int *states; /* of the pairs */
    size_t *order, *scratch;
    size_t n_states;
    int in_force;              /* the link state now; -1: none of them */
    struct linkwatch *watches; /* place-major, of each link state */
    bool warned;
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

static struct pair *find_pair(struct state *state, const struct sample *sample)
{
    int in_state = link_state_of(state->sweep->config->link_states, state->n_states, sample);
    for (size_t i = 0; i < state->n_pairs; i++) {
        struct pair *pair = &state->pairs[i];
        if (pair->length == sample->length && (pair->state < 0 || pair->state == in_state) &&
            state->sweep->places[pair->place].target.id == sample->target_id)
            return pair;
    }
    return NULL;
}

static enum status recall(void *user, const struct sample *sample, struct error *error)
{
    struct state *state = user;
    struct pair *pair = find_pair(state, sample);
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

/* Warns, once, when the endpoint's round trips are not those of the link state. */
static void compare_round_trips(struct state *state, size_t place, size_t link_state)
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

static void compare_all_round_trips(struct state *state)
{
    for (size_t i = 0; i < state->sweep->n_places * state->n_states; i++)
        compare_round_trips(state, i / state->n_states, i % state->n_states);
}

/* Sees to it that the link is in the pair's state, with nothing of the one before in its queues. */
static enum status enter_state(struct state *state, const struct pair *pair, struct error *error)
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
    return status;
}

/* What the link adds to a sample. */
static void note_link(struct state *state, const struct pair *pair, struct sample *sample)
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
static enum status note_failure(struct state *state, const struct pair *pair,
                                const struct error *why, struct error *error)
{
    state->result->n_failed++;
    enum status status =
        state->sweep->link ? linkcontrol_check(state->sweep->link, error) : STATUS_OK;
    if (!status && ++state->failures_in_a_row[pair->place] == MAX_FAILURES_IN_A_ROW)
        status = error_set(error, STATUS_FAILED,
                           "%s: %d failures in a row, the last: %s; what was measured is stored, "
                           "--resume goes on",
                           state->sweep->places[pair->place].target.name, MAX_FAILURES_IN_A_ROW,
                           why->text);
    return status;
}

/* One sample of a pair, tried again when it fails; every attempt is stored. */
static enum status measure(struct state *state, struct pair *pair, struct error *error)
{
    struct place *place = &state->sweep->places[pair->place];
    struct error trouble = {0};
    enum status entered = enter_state(state, pair, &trouble);
    if (entered == STATUS_INTERRUPTED)
        return STATUS_OK; /* the round sees that by itself */
    if (entered)
        return error_set(error, entered, "%s; what was measured is stored, --resume goes on",
                         trouble.text);
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
        note_link(state, pair, &sample);
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
        status = note_failure(state, pair, &why, error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static void describe(const struct state *state, const struct pair *pair, char *text, size_t size)
{
    char link[LINK_STATE_TEXT] = "";
    if (pair->state >= 0)
        link_state_format(&state->sweep->config->link_states[pair->state], link);
    snprintf(text, size, "round %lld, %.30s%s%s, length %u", (long long)state->round + 1,
             state->sweep->places[pair->place].target.name, link[0] ? " over " : "", link,
             pair->length);
}

static enum status run_round(struct state *state, struct error *error)
{
    const struct campaign_config *config = state->sweep->config;
    size_t n = state->n_pairs;
    round_order(config->seed, state->round, state->states, n, state->n_states, state->order,
                state->scratch);
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < n && !stop_asked(); i++) {
        struct pair *pair = &state->pairs[state->order[i]];
        char note[160];
        status = measure(state, pair, error);
        describe(state, pair, note, sizeof note);
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

/* A round with what goes on beside it. */
static enum status run_accompanied(struct state *state, struct error *error)
{
    const struct sweep *sweep = state->sweep;
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < sweep->n_companions; i++) {
        const struct sweep_companion *companion = &sweep->companions[i];
        if (companion->round_begin)
            status = companion->round_begin(companion->self, state->round, error);
    }
    if (!status)
        status = run_round(state, error);
    if (!status && sweep->n_companions > 0)
        status = flush(state, error);
    for (size_t i = 0; !status && i < sweep->n_companions && !stop_asked(); i++) {
        const struct sweep_companion *companion = &sweep->companions[i];
        if (companion->round_end)
            status = companion->round_end(companion->self, state->round, error);
    }
    if (sweep->n_companions > 0)
        state->in_force = -1; /* one of them may have set the link */
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
        status = run_accompanied(state, error);
        state->result->n_rounds++;
    }
    struct error late = {0};
    enum status flushed = flush(state, &late); /* what was measured is kept even after a failure */
    return status ? status : flushed ? error_set(error, flushed, "%s", late.text) : STATUS_OK;
}

/* The index behind the pairs of one target and length that begin at `first`. */
static size_t end_of_length(const struct state *state, size_t first)
{
    size_t end = first;
    while (end < state->n_pairs && state->pairs[end].place == state->pairs[first].place &&
           state->pairs[end].length == state->pairs[first].length)
        end++;
    return end;
}

/* Of pairs first .. end-1: all have to reach their interval, and the widest is the length's. */
static struct convergence join(struct state *state, size_t first, size_t end)
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

static enum status store_convergences(struct state *state, struct error *error)
{
    size_t n = 0;
    struct convergence *rows = calloc(state->n_pairs, sizeof *rows);
    if (!rows)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", state->n_pairs);
    for (size_t i = 0, end; i < state->n_pairs; i = end) {
        end = end_of_length(state, i);
        rows[n++] = join(state, i, end);
    }
    enum status status = store_convergence_set(state->sweep->store, rows, n, error);
    free(rows);
    return status;
}

static enum status make_pairs(struct state *state, struct error *error)
{
    const struct campaign_config *config = state->sweep->config;
    const struct sweep *sweep = state->sweep;
    state->n_states = sweep->link ? config->n_link_states : 0;
    state->in_force = -1;
    size_t n_links = state->n_states ? state->n_states : 1;
    size_t n_most = sweep->n_places * config->n_lengths * n_links;
    state->pairs = calloc(n_most, sizeof *state->pairs);
    state->states = calloc(n_most, sizeof *state->states);
    state->order = calloc(n_most, sizeof *state->order);
    state->scratch = calloc(n_most, sizeof *state->scratch);
    state->watches = calloc(sweep->n_places * n_links, sizeof *state->watches);
    state->batch = malloc(BATCH * sizeof *state->batch);
    if (!state->pairs || !state->states || !state->order || !state->scratch || !state->watches ||
        !state->batch)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n_most);
    for (size_t i = 0; i < n_most; i++) {
        size_t place = i / (config->n_lengths * n_links);
        bool linked = state->n_states > 0 && sweep->places[place].client;
        if (!linked && i % n_links > 0)
            continue;
        state->states[state->n_pairs] = linked ? (int)(i % n_links) : -1;
        state->pairs[state->n_pairs] = (struct pair){
            .place = (uint32_t)place,
            .length = config->lengths[i / n_links % config->n_lengths],
            .state = state->states[state->n_pairs],
        };
        state->n_pairs++;
    }
    return store_samples_each(sweep->store, sweep->campaign_id, recall, state, error);
}

/* Every length once, unstored, so that no sample pays for what is built at first use. */
static enum status warm_up(struct state *state, struct error *error)
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
        end = end_of_length(state, i);
        for (size_t k = i; k < end; k++)
            wanted = wanted || !state->pairs[k].settled;
        if (wanted)
            status = place_sample(&state->sweep->places[pair->place], pair->length, &sample, &why);
        if (status)
            error_set(error, status, "%s", why.text);
    }
    return status;
}

enum status sweep_run(struct sweep *sweep, struct sweep_result *result, struct error *error)
{
    struct state state = {.sweep = sweep, .result = result};
    struct error cap = {0};
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
        status = run_rounds(&state, &cap);
        if (status && status != STATUS_NOT_REACHED)
            status = error_set(error, status, "%s", cap.text);
        else
            status = STATUS_OK; /* a companion's cap is told at the end, as the sweep's own are */
        progress_hide(&state.progress);
        compare_all_round_trips(&state);
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
    else if (!status && cap.text[0])
        status = error_set(error, STATUS_NOT_REACHED, "%s", cap.text);
    else if (!status && result->n_not_converged > 0)
        status = error_set(error, STATUS_NOT_REACHED,
                           "%llu of %zu pairs of target and length%s have not reached the asked "
                           "interval; raise [stop] max_samples or max_time and --resume, or accept "
                           "a wider ci",
                           (unsigned long long)result->n_not_converged, state.n_pairs,
                           state.n_states ? " (in one link state)" : "");
    free(state.pairs);
    free(state.states);
    free(state.order);
    free(state.scratch);
    free(state.watches);
    free(state.batch);
    return status;
}
