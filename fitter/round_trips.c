// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/round_trips.h"

#include "base/units.h"
#include "fitter/link_states.h"
#include "fitter/runs.h"

#include <math.h>
#include <stdlib.h>

const double round_trips_error_max = 0.25;
const double round_trips_f_min = 10;

/* Degrees of freedom that the variance common to all lengths counts for beside a length's own. */
static const double prior_dof = 20;

bool round_trips_overflows(const struct observation *o)
{
    return o->connect_ns == 0 &&
           (o->bytes_up > INITIAL_WINDOW_BYTES || o->bytes_down > INITIAL_WINDOW_BYTES);
}

/* A sample that takes part, of a target whose samples are sorted by length. */
struct entry {
    size_t observation;
    uint32_t length;
    double rtt_s, instrument_s, y_s;
    bool overflows;
};

static int by_length(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    return (a->length > b->length) - (a->length < b->length);
}

static size_t gather(const struct dataset_target *target, struct entry *entries)
{
    size_t n = 0;
    for (size_t i = 0; i < target->n; i++) {
        const struct observation *o = &target->observations[i];
        if (link_terms_reason(&target->link, o))
            continue;
        entries[n++] = (struct entry){
            .observation = i,
            .length = o->length,
            .rtt_s = link_terms_rtt_s(&target->link, o),
            .y_s = (double)o->time_ns * 1e-9 - link_terms_bytes_s(&target->link, o),
            .overflows = round_trips_overflows(o),
        };
    }
    qsort(entries, n, sizeof *entries, by_length);
    return n;
}

/* The end of the entries of the same length as the one at `first`. */
static size_t same_length(const struct entry *entries, size_t n, size_t first)
{
    size_t end = first;
    while (end < n && entries[end].length == entries[first].length)
        end++;
    return end;
}

/* The first entry whose length may take more than one round trip; n: none. */
static size_t first_estimated(const struct dataset_target *target, const struct entry *entries,
                              size_t n)
{
    if (target->link.cold)
        return 0;
    for (size_t first = 0, end; first < n; first = end) {
        size_t count = 0;
        end = same_length(entries, n, first);
        for (size_t i = first; i < end; i++)
            count += entries[i].overflows;
        if (2 * count > end - first)
            return first;
    }
    return n;
}

/* The instruments of all entries; strays are counted, and have NAN. */
static enum status find_instruments(const struct dataset_target *target, struct entry *entries,
                                    size_t n, struct link_states *states, struct round_trips *trips,
                                    struct error *error)
{
    struct link_sample *samples = malloc((n + 1) * sizeof *samples);
    double *found = malloc((n + 1) * sizeof *found);
    trips->instruments = malloc((target->n + 1) * sizeof *trips->instruments);
    enum status status = STATUS_OK;
    if (!samples || !found || !trips->instruments)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", n);
    for (size_t i = 0; !status && i < n; i++) {
        const struct observation *o = &target->observations[entries[i].observation];
        samples[i] = (struct link_sample){entries[i].rtt_s, o->round, o->link_rtt_ns};
    }
    if (!status)
        status = link_states_find(samples, n, found, states, error);
    for (size_t i = 0; !status && i < target->n; i++)
        trips->instruments[i] = NAN;
    for (size_t i = 0; !status && i < n; i++) {
        entries[i].instrument_s = trips->instruments[entries[i].observation] = found[i];
        trips->n_strays += isnan(found[i]) != 0;
    }
    free(samples);
    free(found);
    return status;
}

/* The slope on the round trip within one length. */
struct slope {
    uint32_t length;
    double value, spread; /* variance = spread * variance of one sample */
    double squares, dof, mean_y;
};

static bool find_slope(const struct entry *entries, size_t n, struct slope *slope)
{
    double count = 0, r = 0, z = 0, y = 0, zz = 0, zr = 0, zy = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(entries[i].instrument_s))
            continue;
        count++;
        r += entries[i].rtt_s;
        z += entries[i].instrument_s;
        y += entries[i].y_s;
    }
    for (size_t i = 0; i < n; i++) {
        if (isnan(entries[i].instrument_s))
            continue;
        double off = entries[i].instrument_s - z / count;
        zz += off * off;
        zr += off * (entries[i].rtt_s - r / count);
        zy += off * (entries[i].y_s - y / count);
    }
    /* as many states at this length as tell its slope; 1e-6: rounding of equal round trips */
    if (count < 4 || !(zr > 0) || !(zz * 1e-6 < zr) || !(sqrt(zz / count) > 1e-6 * z / count))
        return false;
    *slope = (struct slope){entries[0].length, zy / zr, zz / (zr * zr), 0, count - 2, y / count};
    for (size_t i = 0; i < n; i++) {
        if (isnan(entries[i].instrument_s))
            continue;
        double off = entries[i].y_s - y / count - slope->value * (entries[i].rtt_s - r / count);
        slope->squares += off * off;
    }
    return true;
}

/* A length's own variance and the common one, which grows with the square of the time, pooled. */
static void fill_estimates(const struct slope *slopes, size_t n, struct run_estimate *estimates)
{
    double relative = 0, dof = 0;
    for (size_t i = 0; i < n; i++) {
        relative += slopes[i].squares / (slopes[i].mean_y * slopes[i].mean_y);
        dof += slopes[i].dof;
    }
    relative /= dof;
    for (size_t i = 0; i < n; i++) {
        double common = relative * slopes[i].mean_y * slopes[i].mean_y;
        double one = (slopes[i].squares + prior_dof * common) / (slopes[i].dof + prior_dof);
        estimates[i].value = slopes[i].value;
        estimates[i].variance = fmax(one * slopes[i].spread, 1e-12);
    }
}

/* Half way between two lengths, the shorter one's side. */
static uint32_t between(uint32_t shorter, uint32_t longer)
{
    return shorter + (longer - shorter) / 2;
}

static enum status choose_runs(const struct slope *slopes, size_t n, size_t n_samples,
                               struct round_trips *trips, struct error *error)
{
    struct run_estimate *estimates = malloc(n * sizeof *estimates);
    struct runs runs;
    if (!estimates)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n);
    fill_estimates(slopes, n, estimates);
    enum status status = runs_find(estimates, n, JOINT_LEVELS_MAX, (double)n_samples, &runs, error);
    free(estimates);
    for (size_t i = 0; !status && i < runs.n; i++) {
        size_t run = trips->n_runs++;
        trips->level[run] = runs.level[i];
        trips->to[run] = UINT32_MAX;
        if (i > 0)
            trips->to[run - 1] =
                between(slopes[runs.first[i] - 1].length, slopes[runs.first[i]].length);
    }
    trips->bic = runs.bic;
    trips->n_lengths = n;
    return status;
}

/* Slopes of the entries from `first` on, and the runs that they make. */
static enum status find_runs(const struct entry *entries, size_t first, size_t n,
                             struct round_trips *trips, struct error *why, struct error *error)
{
    struct slope *slopes = malloc((n - first) * sizeof *slopes);
    size_t n_slopes = 0;
    enum status status = STATUS_OK;
    if (!slopes)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", n);
    if (first > 0) { /* the shorter lengths fit the window */
        trips->first_is_one = true;
        trips->level[0] = 1;
        trips->to[0] = between(entries[first - 1].length, entries[first].length);
        trips->n_runs = 1;
    }
    for (size_t from = first, end; from < n; from = end) {
        end = same_length(entries, n, from);
        n_slopes += find_slope(entries + from, end - from, &slopes[n_slopes]);
    }
    if (n_slopes > 0)
        status = choose_runs(slopes, n_slopes, n - first, trips, error);
    else
        error_set(why, STATUS_INVALID, "no length was measured over several round trips");
    free(slopes);
    return status;
}

/* Whether the link's round trips differ enough to tell a slope. */
static bool judge_states(const struct link_states *states, struct error *why)
{
    char least[UNITS_TEXT_SIZE], most[UNITS_TEXT_SIZE];
    if (states->n_states < 2) {
        error_set(why, STATUS_INVALID, "all were measured at one round trip");
    } else if (states->f < round_trips_f_min) {
        error_set(
            why, STATUS_INVALID,
            "the round trips they were measured at (%s to %s) differ no more than their noise",
            format_time(states->least_s, least), format_time(states->most_s, most));
    }
    return !why->code;
}

enum status round_trips_find(const struct dataset_target *target, struct round_trips *trips,
                             struct error *why, struct error *error)
{
    struct entry *entries = target->sums ? NULL : malloc((target->n + 1) * sizeof *entries);
    struct link_states states;
    *trips = (struct round_trips){0};
    *why = (struct error){0};
    if (target->sums) /* no request may take more than one: sums_finish saw to it */
        return STATUS_OK;
    if (!entries)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", target->n);
    enum status status = STATUS_OK;
    size_t n = target->link.rtt ? gather(target, entries) : 0;
    size_t first = first_estimated(target, entries, n);
    if (first < n)
        status = find_instruments(target, entries, n, &states, trips, error);
    if (!status && first < n && judge_states(&states, why))
        status = find_runs(entries, first, n, trips, why, error);
    free(entries);
    if (status || why->code || first >= n)
        round_trips_free(trips);
    return status;
}

bool round_trips_merge(struct round_trips *trips)
{
    size_t first = trips->first_is_one ? 1 : 0, n = trips->n_runs - first;
    if (n < 2)
        return false;
    double sum = 0;
    for (size_t i = first; i < trips->n_runs; i++)
        sum += trips->level[i];
    trips->level[first] = sum / (double)n;
    trips->to[first] = UINT32_MAX;
    trips->n_runs = first + 1;
    trips->bic = NAN;
    return true;
}

size_t round_trips_run(const struct round_trips *trips, uint32_t length)
{
    size_t run = 0;
    while (run + 1 < trips->n_runs && length > trips->to[run])
        run++;
    return run;
}

double round_trips_at(const struct round_trips *trips, uint32_t length)
{
    return trips && trips->n_runs ? trips->level[round_trips_run(trips, length)] : 1;
}

void round_trips_free(struct round_trips *trips)
{
    free(trips->instruments);
    *trips = (struct round_trips){0};
}
