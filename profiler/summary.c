// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/summary.h"

#include "base/memory.h"
#include "base/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The reading of a campaign: where the next sample goes. */
struct reading {
    struct summary *summary;
    const struct summary_filter *filter;
};

/* n_targets: of none that is wanted. */
static size_t target_index(const struct reading *reading, int64_t id)
{
    const struct summary *summary = reading->summary;
    size_t i = 0;
    while (i < summary->n_targets && summary->targets[i].id != id)
        i++;
    if (i < summary->n_targets && reading->filter->target &&
        strcmp(reading->filter->target, summary->targets[i].name) != 0)
        i = summary->n_targets;
    return i;
}

/* *found is NULL when the filter leaves it out. */
static enum status find_group(struct reading *reading, int64_t target_id, uint32_t length,
                              struct group **found, struct error *error)
{
    struct summary *summary = reading->summary;
    size_t target = target_index(reading, target_id), place;
    *found = NULL;
    if (target == summary->n_targets ||
        (reading->filter->length > 0 && reading->filter->length != length))
        return STATUS_OK;
    enum status status =
        key_index_find(&summary->index, (uint64_t)target << 32 | length, &place, error);
    if (!status && place == summary->n_groups) {
        status = array_reserve(&summary->groups, summary->n_groups, &summary->groups_capacity,
                               sizeof *summary->groups, error);
        if (!status)
            summary->groups[summary->n_groups++] =
                (struct group){.target = target, .length = length};
    }
    if (!status)
        *found = &summary->groups[place];
    return status;
}

static int by_round(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = ((const struct round_state *)right)->round;
    return (a > b) - (a < b);
}

static bool in_flagged_round(const struct summary *summary, const struct sample *sample)
{
    const struct round_state *state = NULL;
    if (sample->round >= 0 && summary->n_rounds > 0)
        state = bsearch(&sample->round, summary->rounds, summary->n_rounds, sizeof *summary->rounds,
                        by_round);
    return state && state->flagged;
}

static enum status take_sample(void *user, const struct sample *sample, struct error *error)
{
    struct reading *reading = user;
    struct group *group;
    enum status status = find_group(reading, sample->target_id, sample->length, &group, error);
    if (status || !group)
        return status;
    if (sample->failure != FAILURE_NONE) {
        group->n_failed++;
        group->n_failures[sample->failure]++;
        return STATUS_OK;
    }
    status =
        array_reserve(&group->times_s, group->n, &group->capacity, sizeof *group->times_s, error);
    if (status)
        return status;
    group->times_s[group->n++] = (double)sample->time_ns * 1e-9;
    running_add(&group->times, (double)sample->time_ns * 1e-9);
    group->n_outliers += sample->outlier;
    group->n_flagged += in_flagged_round(reading->summary, sample);
    if (sample->rtt_ns >= 0)
        running_add(&group->rtts, (double)sample->rtt_ns * 1e-9);
    if (sample->server_ns >= 0)
        running_add(&group->servers, (double)sample->server_ns * 1e-9);
    return show_links_take(&reading->summary->links, group->target, sample, error);
}

static enum status take_counted(void *user, const struct counted *counted, struct error *error)
{
    struct reading *reading = user;
    struct summary *summary = reading->summary;
    struct group *group;
    size_t i = 0;
    enum status status = find_group(reading, counted->target_id, counted->length, &group, error);
    if (status || !group)
        return status;
    if (!group->counters)
        group->counters = calloc(summary->n_counters, sizeof *group->counters);
    if (!group->counters)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for counters");
    while (i < summary->n_counters && summary->counters[i].id != counted->counter_id)
        i++;
    if (i < summary->n_counters)
        running_add(&group->counters[i], (double)counted->value);
    return STATUS_OK;
}

static enum status take_windows(struct reading *reading, struct error *error)
{
    const struct summary *summary = reading->summary;
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < summary->n_windows; i++) {
        const struct energy_window *window = &summary->windows[i];
        struct group *group = NULL;
        if (window->kind != WINDOW_IDLE)
            status = find_group(reading, window->target_id, window->length, &group, error);
        if (!status && group)
            status = array_reserve(&group->windows, group->n_windows, &group->windows_capacity,
                                   sizeof *group->windows, error);
        if (!status && group)
            group->windows[group->n_windows++] = window;
    }
    return status;
}

static int by_target_and_length(const void *left, const void *right)
{
    const struct group *a = left, *b = right;
    if (a->target != b->target)
        return a->target < b->target ? -1 : 1;
    return (a->length > b->length) - (a->length < b->length);
}

static int by_id_and_length(const void *left, const void *right)
{
    const struct convergence *a = left, *b = right;
    if (a->target_id != b->target_id)
        return a->target_id < b->target_id ? -1 : 1;
    return (a->length > b->length) - (a->length < b->length);
}

static void finish(struct summary *summary)
{
    if (summary->n_groups > 0)
        qsort(summary->groups, summary->n_groups, sizeof *summary->groups, by_target_and_length);
    if (summary->n_convergences > 0)
        qsort(summary->convergences, summary->n_convergences, sizeof *summary->convergences,
              by_id_and_length);
    for (size_t i = 0; i < summary->n_groups; i++) {
        struct group *group = &summary->groups[i];
        struct convergence wanted = {.target_id = summary->targets[group->target].id,
                                     .length = group->length};
        reals_sort(group->times_s, group->n);
        if (summary->n_convergences > 0)
            group->convergence = bsearch(&wanted, summary->convergences, summary->n_convergences,
                                         sizeof wanted, by_id_and_length);
    }
}

static enum status check_target(const struct reading *reading, struct error *error)
{
    const struct summary *summary = reading->summary;
    size_t i = 0;
    while (reading->filter->target && i < summary->n_targets &&
           strcmp(reading->filter->target, summary->targets[i].name) != 0)
        i++;
    if (reading->filter->target && i == summary->n_targets)
        return error_set(error, STATUS_MISUSE, "--only: campaign '%s' has no target '%s'",
                         summary->campaign.name, reading->filter->target);
    return STATUS_OK;
}

/* What stands beside the samples. */
static enum status read_beside(struct store *store, struct summary *s, struct error *error)
{
    int64_t id = s->campaign.id;
    enum status status = store_targets(store, id, &s->targets, &s->n_targets, error);
    if (!status)
        status = show_links_open(s->campaign.config, s->targets, s->n_targets, &s->links, error);
    if (!status)
        status = store_convergence(store, id, &s->convergences, &s->n_convergences, error);
    if (!status)
        status = store_round_states(store, id, &s->rounds, &s->n_rounds, error);
    if (!status)
        status = store_counters(store, id, &s->counters, &s->n_counters, error);
    if (!status)
        status = store_meters(store, id, &s->meters, &s->n_meters, error);
    if (!status)
        status = store_windows(store, id, &s->windows, &s->n_windows, error);
    return status;
}

enum status summary_read(struct store *store, const char *campaign,
                         const struct summary_filter *filter, struct summary *summary,
                         struct error *error)
{
    struct reading reading = {summary, filter};
    *summary = (struct summary){0};
    enum status status = store_campaign_find(store, campaign, &summary->campaign, error);
    if (!status)
        status = read_beside(store, summary, error);
    if (!status)
        status = check_target(&reading, error);
    if (!status)
        status = store_samples_each(store, summary->campaign.id, take_sample, &reading, error);
    if (!status && summary->n_counters > 0)
        status = store_counted_each(store, summary->campaign.id, take_counted, &reading, error);
    if (!status)
        status = take_windows(&reading, error);
    if (!status && filter->length > 0 && summary->n_groups == 0)
        status = error_set(error, STATUS_MISUSE, "--length: nothing was measured of length %llu",
                           (unsigned long long)filter->length);
    if (status)
        summary_free(summary);
    else
        finish(summary);
    return status;
}

void summary_free(struct summary *summary)
{
    for (size_t i = 0; i < summary->n_groups; i++) {
        free(summary->groups[i].times_s);
        free(summary->groups[i].counters);
        free(summary->groups[i].windows);
    }
    for (size_t i = 0; i < summary->n_targets; i++)
        target_free(&summary->targets[i]);
    for (size_t i = 0; i < summary->n_meters; i++)
        meter_record_free(&summary->meters[i]);
    show_links_free(&summary->links);
    counters_free(summary->counters, summary->n_counters);
    key_index_free(&summary->index);
    campaign_free(&summary->campaign);
    free(summary->groups);
    free(summary->targets);
    free(summary->convergences);
    free(summary->meters);
    free(summary->windows);
    free(summary->rounds);
    *summary = (struct summary){0};
}

/* ---- energy */

static bool usable(const struct energy_window *w)
{
    return w->n_failed == 0 && w->provenance != PROVENANCE_UNAVAILABLE;
}

/* Of a busy window: this energy over its duration, for as long as one inference takes. */
static double share_of_one_j(const struct energy_window *w, double energy_uj)
{
    return w->duration_ns > 0 ? energy_uj * 1e-6 / (double)w->duration_ns * w->inference_ns : NAN;
}

double window_inference_j(const struct energy_window *w)
{
    return usable(w) && w->kind == WINDOW_BUSY ? share_of_one_j(w, w->energy_uj) : NAN;
}

double window_inference_net_j(const struct energy_window *w)
{
    if (!usable(w))
        return NAN;
    if (w->kind == WINDOW_ISOLATED)
        return w->n_inferences > 0 ? w->energy_net_uj * 1e-6 / w->n_inferences : NAN;
    return w->kind == WINDOW_BUSY ? share_of_one_j(w, w->energy_net_uj) : NAN;
}

double window_error_bound(const struct energy_window *w)
{
    double net = fabs(w->energy_net_uj);
    bool measured = w->provenance == PROVENANCE_MEASURED || w->provenance == PROVENANCE_PARTIAL;
    return net > 0 && measured ? w->error_uj / net : NAN;
}

/* From best to worst. */
static const int badness[] = {
    [PROVENANCE_MEASURED] = 0,
    [PROVENANCE_PARTIAL] = 1,
    [PROVENANCE_MODELLED] = 2,
    [PROVENANCE_UNAVAILABLE] = 3,
};
_Static_assert(sizeof badness / sizeof *badness == N_PROVENANCES, "a rank each");

void group_energy(const struct group *group, int64_t meter_id, struct group_energy *energy)
{
    bool bounded = true;
    *energy = (struct group_energy){.error_bound = NAN, .provenance = PROVENANCE_UNAVAILABLE};
    for (size_t i = 0; i < group->n_windows; i++) {
        const struct energy_window *w = group->windows[i];
        double gross_j = window_inference_j(w), net_j = window_inference_net_j(w);
        double bound = window_error_bound(w);
        if (w->meter_id != meter_id || w->kind != WINDOW_BUSY || isnan(gross_j))
            continue;
        if (energy->gross_j.n == 0 || badness[w->provenance] > badness[energy->provenance])
            energy->provenance = w->provenance;
        running_add(&energy->gross_j, gross_j);
        if (!isnan(net_j))
            running_add(&energy->net_j, net_j);
        bounded = bounded && !isnan(bound);
        energy->error_bound = bounded ? fmax(energy->error_bound, bound) : NAN;
    }
}

const struct meter_record *summary_meter(const struct summary *summary)
{
    for (size_t m = 0; m < summary->n_meters; m++) {
        for (size_t i = 0; i < summary->n_groups; i++) {
            const struct group *group = &summary->groups[i];
            for (size_t w = 0; w < group->n_windows; w++) {
                if (group->windows[w]->meter_id == summary->meters[m].id &&
                    group->windows[w]->kind == WINDOW_BUSY)
                    return &summary->meters[m];
            }
        }
    }
    return NULL;
}
