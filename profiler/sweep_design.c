// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/sweep_design_private.h"

#include "fitter/c_optimal.h"
#include "fitter/campaign_fit.h"
#include "fitter/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double worth_moving = 0.95; /* of the gain of the new shares */
static const double prior_dof = 10;      /* what the smooth noise counts for beside a pair's own */
static const double least_noise = 1e-6;  /* of a time: nothing is known for ever by one sample */

/* The pairs of one place as points of a design for one number: g[n*p], c[p]. */
struct block {
    double *g;
    size_t first, n, p; /* pairs first .. first+n-1 */
    double c[C_OPTIMAL_MAX];
};

/* ---- what a sample takes, and how far it is off */

static double cost_of(const struct sweep_state *state, const struct pair *pair)
{
    if (pair->costs.n > 0)
        return fmax(pair->costs.mean, 1e-9);
    double link_ns = pair->times.mean - pair->remote.mean; /* the probe before each request */
    return fmax((pair->times.mean + link_ns) * 1e-9, 1e-9) + state->sweep->config->isolated_s;
}

/* Of the pairs first, first+step, ... below end: each pair's own variance drawn towards that of the
 * variance function that the fit weighs with, as if that were prior_dof samples more (Smyth 2004):
 * the pairs' own are noise at first, and no function is quite true. */
static enum status smooth_noise(const struct sweep_state *state, struct sweep_design *design,
                                size_t first, size_t end, size_t step, struct error *error)
{
    struct series series = {.n_lengths = (end - first + step - 1) / step};
    double squares = 0, dof = 0;
    series.lengths = calloc(series.n_lengths, sizeof *series.lengths);
    if (!series.lengths)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths",
                         series.n_lengths);
    for (size_t i = 0; i < series.n_lengths; i++) {
        const struct pair *pair = &state->pairs[first + i * step];
        series.lengths[i] = (struct series_length){.length = pair->length,
                                                   .n = pair->remote.n ? pair->remote.n : 1,
                                                   .mean = pair->remote.mean * 1e-9,
                                                   .m2 = pair->remote.m2 * 1e-18,
                                                   .weight = 1};
    }
    series_weigh(&series);
    for (size_t i = 0; i < series.n_lengths; i++) {
        squares += series.lengths[i].m2 * series.lengths[i].weight;
        dof += (double)series.lengths[i].n - 1;
    }
    for (size_t i = 0; i < series.n_lengths; i++) {
        double smooth = dof > 0 ? squares / dof / series.lengths[i].weight : 0;
        double own_dof = (double)series.lengths[i].n - 1;
        double variance = (prior_dof * smooth + series.lengths[i].m2) / (prior_dof + own_dof);
        double floor = least_noise * state->pairs[first + i * step].times.mean * 1e-9 + 1e-9;
        design->noise_sd[first + i * step] = fmax(sqrt(variance), floor);
    }
    series_free(&series);
    return STATUS_OK;
}

static size_t end_of_place(const struct sweep_state *state, size_t first)
{
    size_t end = first;
    while (end < state->n_pairs && state->pairs[end].place == state->pairs[first].place)
        end++;
    return end;
}

static enum status find_noise(const struct sweep_state *state, struct sweep_design *design,
                              struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->n_pairs; i++)
        design->cost_s[i] = cost_of(state, &state->pairs[i]);
    for (size_t first = 0, end; !status && first < state->n_pairs; first = end) {
        size_t step = sweep_pairs_end_of_length(state, first) - first;
        end = end_of_place(state, first);
        for (size_t link = 0; !status && link < step; link++)
            status = smooth_noise(state, design, first + link, end, step, error);
    }
    return status;
}

/* ---- one aim */

/* The runs of round trips that were estimated: their regressor is the round trip itself. */
static size_t find_levels(const struct model_set *set, const struct cost_model *trips,
                          size_t levels[C_OPTIMAL_MAX])
{
    size_t n = 0;
    for (size_t i = 0; trips && i < trips->n_coefficients && n + 2 < C_OPTIMAL_MAX; i++) {
        if (model_set_covariance(set, trips, i, trips, i) > 0)
            levels[n++] = i;
    }
    return n;
}

static bool in_run(const struct cost_model *trips, size_t run, double length)
{
    const struct segment *segment = &trips->segments[run < trips->n_segments ? run : 0];
    return length >= segment->from && (length <= segment->to || run + 1 == trips->n_segments);
}

/* The points of an aim's place k, with at most `n_levels` numbers of round trips beside the line.
 * block->g is the design's work space. */
static struct block make_block(const struct sweep_state *state, const struct sweep_design *design,
                               const struct sweep_aim *aim, size_t k,
                               const struct cost_model *trips, const size_t *levels,
                               size_t n_levels)
{
    struct block block = {.g = design->work};
    const struct campaign_config *config = state->sweep->config;
    while (state->pairs[block.first].place != aim->places[k])
        block.first++;
    block.n = end_of_place(state, block.first) - block.first;
    size_t powers = config->n_lengths > 1 ? 2 : 1;
    block.p = n_levels + powers;
    for (size_t j = 0; j < n_levels; j++)
        block.c[j] = in_run(trips, levels[j], aim->length) ? aim->power[0] * aim->rtt_s : 0;
    for (size_t j = 0; j < powers; j++)
        block.c[n_levels + j] = aim->power[j];
    for (size_t i = 0; i < block.n; i++) {
        const struct pair *pair = &state->pairs[block.first + i];
        double scale =
            1 / (design->noise_sd[block.first + i] * sqrt(design->cost_s[block.first + i]));
        double rtt_s = pair->state < 0 ? aim->rtt_s : config->link_states[pair->state].rtt_s;
        double *g = block.g + i * block.p;
        for (size_t j = 0; j < n_levels; j++)
            g[j] = in_run(trips, levels[j], pair->length) ? rtt_s * scale : 0;
        g[n_levels] = scale;
        if (powers > 1)
            g[n_levels + 1] = scale * pair->length;
    }
    return block;
}

/* An aim's own best shares, added to `shares` times `by`, or (NULL) the variance that
 * design->shares give it; `root`: of its least variance after a second. */
struct solution {
    double root, variance;
    struct c_optimal best[SWEEP_AIM_PLACES];
    size_t first[SWEEP_AIM_PLACES];
};

static enum status solve_place(const struct sweep_state *state, const struct sweep_design *design,
                               const struct model_set *set, const struct sweep_aim *aim, size_t k,
                               const double *shares, struct solution *solution, struct error *error)
{
    size_t levels[C_OPTIMAL_MAX];
    const char *name = state->sweep->places[aim->places[k]].target.name;
    const struct cost_model *trips = model_set_find(set, name, QUANTITY_ROUND_TRIPS);
    size_t n_levels = find_levels(set, trips, levels);
    for (;; n_levels = 0) { /* a link that was not set cannot be chosen */
        struct block b = make_block(state, design, aim, k, trips, levels, n_levels);
        enum status status = c_optimal(b.g, b.n, b.p, b.c, &solution->best[k], NULL);
        if (status && n_levels > 0)
            continue;
        if (status)
            return error_set(error, status, "no design for %s", name);
        solution->first[k] = b.first;
        solution->root += solution->best[k].root;
        solution->variance += c_variance(b.g, shares + b.first, b.n, b.p, b.c);
        return STATUS_OK;
    }
}

static enum status solve_aim(const struct sweep_state *state, const struct sweep_design *design,
                             const struct model_set *set, const struct sweep_aim *aim,
                             const double *shares, struct solution *solution, struct error *error)
{
    enum status status = STATUS_OK;
    *solution = (struct solution){0};
    for (size_t k = 0; !status && k < aim->n_places; k++)
        status = solve_place(state, design, set, aim, k, shares, solution, error);
    return status;
}

static void add_shares(const struct solution *solution, const struct sweep_aim *aim, double by,
                       double *shares)
{
    for (size_t k = 0; k < aim->n_places; k++) {
        const struct c_optimal *best = &solution->best[k];
        for (size_t i = 0; i < best->n_support; i++)
            shares[solution->first[k] + best->point[i]] +=
                by * best->share[i] * best->root / solution->root;
    }
}

/* ---- all aims together */

/* The seconds that an aim still needs, were it measured for alone: none when it is reached. */
static double seconds_left(const struct sweep_aim *aim, double ci, double root)
{
    double lacks = 1 - pow(ci / aim->half_width, 2);
    return lacks > 0 ? lacks * root * root / (aim->wanted_sd * aim->wanted_sd) : 0;
}

/* How near shares come to the least variance of each aim, weighed by the seconds each needs. */
static enum status efficiency(const struct sweep_state *state, const struct sweep_design *design,
                              const struct model_set *set, const double *shares, double *mean,
                              struct error *error)
{
    double sum = 0, of = 0;
    enum status status = STATUS_OK;
    for (size_t a = 0; !status && a < design->n_aims; a++) {
        struct solution solution;
        status = solve_aim(state, design, set, &design->aims[a], shares, &solution, error);
        if (status)
            break;
        double left = seconds_left(&design->aims[a], state->sweep->config->stop_ci, solution.root);
        sum += left;
        of += left * solution.root * solution.root / solution.variance;
    }
    *mean = sum > 0 ? of / sum : 0;
    return status;
}

/* The aims' own shares, each by the seconds that it needs, in place of those there are where they
 * are better by enough: rounds of equal content make the best intervals. */
static enum status move(const struct sweep_state *state, struct sweep_design *design,
                        const struct model_set *set, struct error *error)
{
    double sum = 0, before = 0, after = 0;
    double *shares = calloc(state->n_pairs, sizeof *shares);
    enum status status =
        shares ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for a design");
    for (size_t a = 0; !status && a < design->n_aims; a++) {
        struct solution solution;
        status = solve_aim(state, design, set, &design->aims[a], design->shares, &solution, error);
        if (status)
            break;
        double left = seconds_left(&design->aims[a], state->sweep->config->stop_ci, solution.root);
        add_shares(&solution, &design->aims[a], left, shares);
        sum += left;
    }
    for (size_t i = 0; i < state->n_pairs && sum > 0; i++)
        shares[i] /= sum;
    if (!status && sum > 0)
        status = efficiency(state, design, set, design->shares, &before, error);
    if (!status && sum > 0)
        status = efficiency(state, design, set, shares, &after, error);
    if (!status && before < worth_moving * after)
        memcpy(design->shares, shares, state->n_pairs * sizeof *shares);
    free(shares);
    return status == STATUS_NO_MEMORY ? status : STATUS_OK;
}

static void judge(const struct sweep_state *state, struct sweep_design *design)
{
    design->n_missed = 0;
    design->widest = NULL;
    design->round_s = 0;
    memset(design->aimed, 0, sizeof design->aimed);
    for (size_t a = 0; a < design->n_aims; a++) {
        const struct sweep_aim *aim = &design->aims[a];
        design->n_missed += !(aim->half_width <= state->sweep->config->stop_ci);
        if (!design->widest || aim->half_width > design->widest->half_width)
            design->widest = aim;
        for (size_t k = 0; k < aim->n_places; k++)
            design->aimed[aim->places[k]] = true;
    }
    for (size_t i = 0; i < state->n_pairs; i++)
        design->round_s += design->aimed[state->pairs[i].place] ? design->cost_s[i] : 0;
}

/* The models as rnnfit would make them of what is stored. */
static enum status fit(struct sweep_state *state, struct model_set *set, struct error *error)
{
    const struct hold_out nothing = {0};
    const struct fit_options options = {.automatic = true};
    struct campaign campaign = {.id = state->sweep->campaign_id,
                                .name = state->sweep->config->name};
    struct dataset dataset;
    enum status status = sweep_flush(state, error);
    model_set_init(set);
    if (!status)
        status = dataset_condense_store(state->sweep->store, &campaign, &nothing, &dataset, error);
    if (status)
        return status;
    status = campaign_fit(&dataset, &options, set, error);
    dataset_free(&dataset);
    return status;
}

enum status sweep_design_open(const struct sweep_state *state, struct sweep_design *design,
                              struct error *error)
{
    size_t n = state->n_pairs;
    *design = (struct sweep_design){
        .shares = malloc(n * sizeof *design->shares),
        .cost_s = malloc(n * sizeof *design->cost_s),
        .noise_sd = malloc(n * sizeof *design->noise_sd),
        .work = malloc(n * C_OPTIMAL_MAX * sizeof *design->work),
        .aims = malloc(sweep_aims_most(state) * sizeof *design->aims),
    };
    if (!design->shares || !design->cost_s || !design->noise_sd || !design->work || !design->aims)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n);
    return STATUS_OK;
}

enum status sweep_design_update(struct sweep_state *state, struct sweep_design *design,
                                struct error *error)
{
    struct model_set set;
    struct error why = {0};
    bool had_aims = design->n_aims > 0;
    enum status status = find_noise(state, design, error);
    if (status)
        return status;
    status = fit(state, &set, &why);
    if (status == STATUS_IO || status == STATUS_NO_MEMORY)
        return error_set(error, status, "%s", why.text);
    design->n_aims = status ? 0 : sweep_aims_find(state, &set, design->aims);
    judge(state, design);
    for (size_t i = 0; !had_aims && design->n_aims > 0 && i < state->n_pairs; i++)
        design->shares[i] = design->aimed[state->pairs[i].place]
                                ? design->cost_s[i] / design->round_s /* a plain round's */
                                : 0;
    status =
        design->n_missed > 0 && design->n_aims > 0 ? move(state, design, &set, error) : STATUS_OK;
    model_set_free(&set);
    return status;
}

void sweep_design_close(struct sweep_design *design)
{
    free(design->shares);
    free(design->cost_s);
    free(design->noise_sd);
    free(design->work);
    free(design->aims);
    *design = (struct sweep_design){0};
}
