// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/draws.h"

#include "base/memory.h"
#include "base/quantile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double seconds(int64_t ns)
{
    return (double)ns * 1e-9;
}

static const struct dataset_target *find(const struct dataset *dataset, const char *name)
{
    for (size_t i = 0; i < dataset->n_targets; i++) {
        if (strcmp(dataset->targets[i].name, name) == 0)
            return &dataset->targets[i];
    }
    return NULL;
}

/* Within a round as they were measured: both point into one target's array. */
static int by_length_and_round(const void *left, const void *right)
{
    const struct observation *a = *(const struct observation *const *)left;
    const struct observation *b = *(const struct observation *const *)right;
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    if (a->round != b->round)
        return a->round < b->round ? -1 : 1;
    return (a > b) - (a < b);
}

/* A target's observations that can be drawn, in order; *n of them. */
static enum status sorted(const struct dataset_target *target, const struct observation ***list,
                          size_t *n, size_t *n_left_out, struct error *error)
{
    *n = 0;
    *list = malloc((target->n ? target->n : 1) * sizeof **list);
    if (!*list)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", target->n);
    for (size_t i = 0; i < target->n; i++) {
        const struct observation *o = &target->observations[i];
        if (target->remote && link_terms_reason(&target->link, o) != LINK_TAKES_PART)
            (*n_left_out)++;
        else
            (*list)[(*n)++] = o;
    }
    qsort(*list, *n, sizeof **list, by_length_and_round);
    return STATUS_OK;
}

/* Samples of one length: list[0 .. n-1]. */
struct run {
    const struct observation *const *list;
    size_t n;
};

static struct run next_run(const struct observation *const *list, size_t n)
{
    struct run run = {list, 0};
    while (run.n < n && list[run.n]->length == list[0]->length)
        run.n++;
    return run;
}

/* Those of the same round as the one at `first`. */
static struct run round_at(const struct run *run, size_t first)
{
    struct run round = {run->list + first, 0};
    while (first + round.n < run->n && round.list[round.n]->round == round.list[0]->round)
        round.n++;
    return round;
}

/* Whose rounds these are, counted from 0 over the whole data set, so that groups are rounds. */
struct rounds {
    int32_t *list;
    size_t n;
};

static int by_number(const void *left, const void *right)
{
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

static enum status find_rounds(const struct run *edge, const struct run *cloud,
                               struct rounds *rounds, struct error *error)
{
    size_t n = 0;
    rounds->list = malloc((edge->n + cloud->n + 1) * sizeof *rounds->list);
    rounds->n = 0;
    if (!rounds->list)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for rounds");
    for (size_t i = 0; i < edge->n + cloud->n; i++) {
        int32_t round = i < edge->n ? edge->list[i]->round : cloud->list[i - edge->n]->round;
        if (round >= 0)
            rounds->list[n++] = round;
    }
    qsort(rounds->list, n, sizeof *rounds->list, by_number);
    for (size_t i = 0; i < n; i++) {
        if (rounds->n == 0 || rounds->list[rounds->n - 1] != rounds->list[i])
            rounds->list[rounds->n++] = rounds->list[i];
    }
    return STATUS_OK;
}

static uint32_t group(const struct rounds *rounds, int32_t round, size_t place)
{
    const int32_t *found =
        bsearch(&round, rounds->list, rounds->n, sizeof *rounds->list, by_number);
    return (uint32_t)(found ? (size_t)(found - rounds->list) : place);
}

static struct drawn_sample edge_sample(const struct observation *o)
{
    return (struct drawn_sample){.time_s = seconds(o->time_ns), .busy_s = seconds(o->time_ns)};
}

static struct drawn_sample cloud_sample(const struct observation *o,
                                        const struct dataset_target *target,
                                        const struct cost_pair *pair)
{
    double link_s = cost_round_trips(pair, o->length) * link_terms_rtt_s(&target->link, o) +
                    link_terms_bytes_s(&target->link, o);
    double remote_s = seconds(o->time_ns) - link_s;
    return (struct drawn_sample){.time_s = remote_s,
                                 .busy_s =
                                     o->server_ns >= 0 ? seconds(o->server_ns) : fmax(remote_s, 0)};
}

/* While draws are being made. */
struct making {
    struct draws *draws;
    const struct dataset_target *cloud_target;
    const struct cost_pair *pair;
    struct rounds rounds;
    size_t n_taken; /* of draws->samples */
    double *work;   /* as many as these */
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* A round may have several samples of a length, such as one for each state of the link. All of them
 * take part: those of the place with fewer serve again. */
static void take_round(struct making *m, const struct run *edge, const struct run *cloud,
                       struct drawn_sample *edge_to, struct drawn_sample *cloud_to)
{
    uint32_t its_group = group(&m->rounds, edge->list[0]->round, 0);
    for (size_t i = 0; i < larger(edge->n, cloud->n); i++) {
        edge_to[i] = edge_sample(edge->list[i % edge->n]);
        cloud_to[i] = cloud_sample(cloud->list[i % cloud->n], m->cloud_target, m->pair);
        edge_to[i].group = cloud_to[i].group = its_group;
    }
}

/* Where both have samples of the same rounds only those are taken, in pairs; their number. */
static size_t take_pairs(struct making *m, const struct run *edge, const struct run *cloud,
                         struct drawn_sample *edge_to, struct drawn_sample *cloud_to)
{
    size_t n_pairs = 0;
    for (size_t e = 0, c = 0; e < edge->n && c < cloud->n;) {
        struct run at_edge = round_at(edge, e), at_cloud = round_at(cloud, c);
        int32_t edge_round = at_edge.list[0]->round, cloud_round = at_cloud.list[0]->round;
        if (edge_round == cloud_round && edge_round >= 0) {
            take_round(m, &at_edge, &at_cloud, edge_to + n_pairs, cloud_to + n_pairs);
            n_pairs += larger(at_edge.n, at_cloud.n);
            m->draws->n_samples += at_edge.n + at_cloud.n;
        }
        e += edge_round <= cloud_round ? at_edge.n : 0;
        c += cloud_round <= edge_round ? at_cloud.n : 0;
    }
    return n_pairs;
}

static void take_singles(struct making *m, const struct run *edge, const struct run *cloud,
                         struct drawn_sample *edge_to, struct drawn_sample *cloud_to)
{
    for (size_t i = 0; i < edge->n; i++) {
        edge_to[i] = edge_sample(edge->list[i]);
        edge_to[i].group = group(&m->rounds, edge->list[i]->round, i);
    }
    for (size_t i = 0; i < cloud->n; i++) {
        cloud_to[i] = cloud_sample(cloud->list[i], m->cloud_target, m->pair);
        cloud_to[i].group = group(&m->rounds, cloud->list[i]->round, i);
    }
    m->draws->n_samples += edge->n + cloud->n;
}

static double median(struct making *m, const struct drawn_sample *samples, size_t n, double *mean,
                     double *least, double *most)
{
    *mean = 0;
    *least = INFINITY;
    *most = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        m->work[i] = samples[i].time_s;
        *mean += samples[i].time_s / (double)n;
        *least = fmin(*least, samples[i].time_s);
        *most = fmax(*most, samples[i].time_s);
    }
    return quantile_select(m->work, n, 0.5);
}

static void take_length(struct making *m, const struct run *edge, const struct run *cloud)
{
    struct draws *draws = m->draws;
    size_t room = edge->n + cloud->n; /* for as many pairs as there can be at most */
    struct drawn_sample *edge_to = draws->samples + m->n_taken;
    struct drawn_sample *cloud_to = edge_to + room;
    struct drawn_length *length = &draws->lengths[draws->n_lengths++];
    double least, most;
    *length = (struct drawn_length){.n = edge->list[0]->length, .edge = edge_to, .cloud = cloud_to};
    size_t n_pairs = take_pairs(m, edge, cloud, edge_to, cloud_to);
    length->paired = n_pairs > 0;
    length->n_edge = n_pairs ? n_pairs : edge->n;
    length->n_cloud = n_pairs ? n_pairs : cloud->n;
    if (!n_pairs)
        take_singles(m, edge, cloud, edge_to, cloud_to);
    m->n_taken += 2 * room;
    length->edge_median_s = median(m, edge_to, length->n_edge, &length->edge_mean_s, &least, &most);
    length->cloud_median_s = median(m, cloud_to, length->n_cloud, &length->cloud_mean_s,
                                    &length->cloud_min_s, &length->cloud_max_s);
}

/* Both lists go up in length: those that both have are taken. */
static void take_all(struct making *m, const struct run *edge, const struct run *cloud)
{
    for (size_t e = 0, c = 0; e < edge->n && c < cloud->n;) {
        struct run at_edge = next_run(edge->list + e, edge->n - e);
        struct run at_cloud = next_run(cloud->list + c, cloud->n - c);
        uint32_t edge_length = at_edge.list[0]->length, cloud_length = at_cloud.list[0]->length;
        if (edge_length == cloud_length)
            take_length(m, &at_edge, &at_cloud);
        e += edge_length <= cloud_length ? at_edge.n : 0;
        c += cloud_length <= edge_length ? at_cloud.n : 0;
    }
}

enum status draws_make(const struct dataset *dataset, const char *edge, const char *cloud,
                       const struct cost_pair *pair, struct draws *draws, struct error *error)
{
    const struct dataset_target *at_edge = find(dataset, edge), *at_cloud = find(dataset, cloud);
    const struct observation **edge_list = NULL, **cloud_list = NULL;
    struct making m = {.draws = draws, .cloud_target = at_cloud, .pair = pair};
    struct run edge_run, cloud_run;
    enum status status = STATUS_OK;
    *draws = (struct draws){0};
    if (!at_edge || !at_cloud)
        status = error_set(error, STATUS_NOT_FOUND, "no sample of %s", at_edge ? cloud : edge);
    if (!status)
        status = sorted(at_edge, &edge_list, &edge_run.n, &draws->n_left_out, error);
    if (!status)
        status = sorted(at_cloud, &cloud_list, &cloud_run.n, &draws->n_left_out, error);
    if (status)
        goto done;
    edge_run.list = edge_list;
    cloud_run.list = cloud_list;
    status = find_rounds(&edge_run, &cloud_run, &m.rounds, error);
    if (status)
        goto done;
    size_t n = 2 * (edge_run.n + cloud_run.n) + 1;
    draws->samples = calloc(n, sizeof *draws->samples);
    draws->lengths = calloc(n, sizeof *draws->lengths);
    m.work = calloc(n, sizeof *m.work);
    if (!draws->samples || !draws->lengths || !m.work) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", n);
        goto done;
    }
    take_all(&m, &edge_run, &cloud_run);
    draws->n_rounds = m.rounds.n;
    if (draws->n_lengths == 0)
        status = error_set(error, STATUS_NOT_FOUND, "no length has samples of both %s and %s", edge,
                           cloud);
done:
    free(edge_list);
    free(cloud_list);
    free(m.rounds.list);
    free(m.work);
    if (status)
        draws_free(draws);
    return status;
}

/* ---- lengths that were not measured */

/* What does not grow from something to something has no ratio; then the times are left alone. */
static double ratio(double to, double from)
{
    return to > 0 && from > 0 ? to / from : 1;
}

static double between(const struct drawn_length *low, const struct drawn_length *high, uint32_t n,
                      double at_low, double at_high)
{
    return at_low + (at_high - at_low) * ((double)n - low->n) / ((double)high->n - low->n);
}

struct draw_source draws_at(const struct draws *draws, const struct cost_pair *pair, uint32_t n)
{
    size_t i = 0, last = draws->n_lengths - 1;
    while (i < last && draws->lengths[i + 1].n <= n)
        i++;
    const struct drawn_length *low = &draws->lengths[i], *high = low + (i < last), *from = low;
    if (n > low->n && low != high) {
        from = n - low->n <= high->n - n ? low : high;
        double edge_s = between(low, high, n, low->edge_median_s, high->edge_median_s);
        double cloud_s = between(low, high, n, low->cloud_median_s, high->cloud_median_s);
        return (struct draw_source){from, ratio(edge_s, from->edge_median_s),
                                    ratio(cloud_s, from->cloud_median_s)};
    }
    struct cost_link none = {0};
    return (struct draw_source){
        from, n == from->n ? 1 : ratio(cost_edge_s(pair, n), cost_edge_s(pair, from->n)),
        n == from->n ? 1 : ratio(cost_cloud_s(pair, n, &none), cost_cloud_s(pair, from->n, &none))};
}

struct draw draw_pick(const struct draw_source *source, struct random *random)
{
    const struct drawn_length *from = source->from;
    /* one number for both, so that the stream does not depend on the length */
    uint64_t bits = random_u64(random);
    size_t e = (size_t)(((bits >> 32) * from->n_edge) >> 32);
    size_t c = from->paired ? e : (size_t)(((bits & UINT32_MAX) * from->n_cloud) >> 32);
    return (struct draw){source->edge_scale * from->edge[e].time_s,
                         source->cloud_scale * from->cloud[c].time_s,
                         source->cloud_scale * from->cloud[c].busy_s, from->cloud[c].group};
}

double draw_edge_mean_s(const struct draw_source *source)
{
    return source->edge_scale * source->from->edge_mean_s;
}

struct cloud_mean draw_cloud_mean(const struct draw_source *source, double link_s, double timeout_s)
{
    const struct drawn_length *from = source->from;
    double scale = source->cloud_scale, edge_mean_s = draw_edge_mean_s(source);
    double waited_s = 0, local_s = 0, n = (double)from->n_cloud;
    if (link_s + scale * from->cloud_max_s <= timeout_s)
        return (struct cloud_mean){link_s + scale * from->cloud_mean_s, 0};
    if (link_s + scale * from->cloud_min_s > timeout_s)
        return (struct cloud_mean){timeout_s, edge_mean_s};
    for (size_t i = 0; i < from->n_cloud; i++) {
        double cloud_s = link_s + scale * from->cloud[i].time_s;
        waited_s += fmin(cloud_s, timeout_s);
        if (cloud_s > timeout_s)
            local_s += from->paired ? source->edge_scale * from->edge[i].time_s : edge_mean_s;
    }
    return (struct cloud_mean){waited_s / n, local_s / n};
}

void draws_free(struct draws *draws)
{
    free(draws->samples);
    free(draws->lengths);
    *draws = (struct draws){0};
}
