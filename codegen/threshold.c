// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/threshold.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Curved models are handled length by length. */
enum { CURVED_LENGTHS_MAX = 1 << 18 };

/* Beyond this (about 140 years) the microseconds of a cost are no longer exact in a double. */
static const double seconds_max = 4.4e9, joules_max = 1e15;

static enum status piece_insert(struct threshold *threshold, size_t at, struct piece piece,
                                struct error *error)
{
    enum status status = array_reserve(&threshold->pieces, threshold->n_pieces,
                                       &threshold->capacity, sizeof *threshold->pieces, error);
    if (status)
        return status;
    memmove(threshold->pieces + at + 1, threshold->pieces + at,
            (threshold->n_pieces - at) * sizeof *threshold->pieces);
    threshold->pieces[at] = piece;
    threshold->n_pieces++;
    return STATUS_OK;
}

/* Makes `n` the first length of a piece. */
static enum status cut(struct threshold *threshold, uint32_t n, struct error *error)
{
    for (size_t i = 0; i < threshold->n_pieces; i++) {
        struct piece *piece = &threshold->pieces[i];
        if (n <= piece->from || n > piece->to)
            continue;
        struct piece rest = {n, piece->to};
        piece->to = n - 1;
        return piece_insert(threshold, i + 1, rest, error);
    }
    return STATUS_OK;
}

enum status threshold_split(struct threshold *threshold, threshold_question *question,
                            const void *user, struct error *error)
{
    for (size_t i = 0; i < threshold->n_pieces; i++) {
        uint32_t low = threshold->pieces[i].from, high = threshold->pieces[i].to;
        bool answer = question(threshold, user, low);
        if (question(threshold, user, high) == answer)
            continue;
        while (high - low > 1) {
            uint32_t middle = low + (high - low) / 2;
            if (question(threshold, user, middle) == answer)
                low = middle;
            else
                high = middle;
        }
        enum status status = cut(threshold, high, error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

/* Below the shortest length measured a model's value is held at 0. */
static bool is_held(const struct threshold *threshold, const void *user, uint32_t n)
{
    (void)threshold;
    return cost_model_value(user, n) <= 0;
}

/* The models that a threshold is made of; NULL for those that do not count. */
enum { PAIR_MODELS = 5, N_MODELS = 2 * PAIR_MODELS + 2 };

static void list_pair(const struct cost_pair *pair, const struct cost_link *link,
                      const struct cost_model *list[PAIR_MODELS])
{
    bool up = pair->charges_up && link->up_s_per_byte > 0;
    bool down = pair->charges_down && link->down_s_per_byte > 0;
    list[0] = pair->time_s;
    list[1] = pair->remote_s;
    list[2] = up ? pair->bytes_up : NULL;
    list[3] = down ? pair->bytes_down : NULL;
    list[4] = pair->round_trips;
}

static void list_models(const struct threshold *threshold, const struct cost_model *list[N_MODELS])
{
    const struct energy_pair *energy = &threshold->energy;
    for (size_t i = 0; i < N_MODELS; i++)
        list[i] = NULL;
    list_pair(&threshold->pair, &threshold->link, list);
    if (!energy->edge)
        return;
    if (!energy->cloud)
        list_pair(&energy->times, &threshold->link, list + PAIR_MODELS);
    list[2 * PAIR_MODELS] = energy->edge;
    list[2 * PAIR_MODELS + 1] = energy->cloud;
}

static enum status model_check(const struct cost_model *model, struct error *error)
{
    if (!model)
        return STATUS_OK;
    if (model->n_segments == 0 || model->n_max == 0)
        return error_set(error, STATUS_INVALID,
                         "the %s model of \"%s\" is empty: fit it again with rnnfit",
                         quantity_name(model->quantity), model->target);
    for (size_t i = 0; i < model->n_segments; i++) {
        const struct segment *s = &model->segments[i];
        if (!isfinite(s->intercept) || !isfinite(s->slope) || !isfinite(s->quadratic))
            return error_set(error, STATUS_INVALID,
                             "the %s model of \"%s\" is not finite: fit it again with rnnfit",
                             quantity_name(model->quantity), model->target);
    }
    return STATUS_OK;
}

static bool is_curved(const struct cost_model *model)
{
    for (size_t i = 0; model && i < model->n_segments; i++) {
        const struct segment *s = &model->segments[i];
        if (s->quadratic < 0 || s->quadratic > 0)
            return true;
        /* what is divided by a number of round trips that changes is no straight line */
        if (model->quantity == QUANTITY_ROUND_TRIPS && (s->slope < 0 || s->slope > 0))
            return true;
    }
    return false;
}

/* The lengths at which a model passes to its next segment, or stops being held at 0. */
static enum status cut_at_segments(struct threshold *threshold, const struct cost_model *model,
                                   struct error *error)
{
    enum status status = cut(threshold, model->n_min, error);
    for (size_t i = 0; !status && i + 1 < model->n_segments; i++) {
        if (model->segments[i].to < threshold->n_limit)
            status = cut(threshold, model->segments[i].to + 1, error);
    }
    return status;
}

static enum status make_single_pieces(struct threshold *threshold, struct error *error)
{
    if (threshold->n_limit >= CURVED_LENGTHS_MAX)
        return error_set(error, STATUS_UNSUPPORTED,
                         "a break-even over 0..%lu that is no straight line is too long for this "
                         "version (at most %d): fit again with --form piecewise, or choose an "
                         "objective that is no product",
                         (unsigned long)threshold->n_limit, CURVED_LENGTHS_MAX - 1);
    for (uint32_t n = 0; n <= threshold->n_limit; n++) {
        enum status status =
            piece_insert(threshold, threshold->n_pieces, (struct piece){n, n}, error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status make_affine_pieces(struct threshold *threshold, struct error *error)
{
    const struct cost_model *models[N_MODELS];
    list_models(threshold, models);
    enum status status = piece_insert(threshold, 0, (struct piece){0, threshold->n_limit}, error);
    for (size_t i = 0; !status && i < N_MODELS; i++) {
        if (models[i])
            status = cut_at_segments(threshold, models[i], error);
    }
    for (size_t i = 0; !status && i < N_MODELS; i++) {
        if (models[i])
            status = threshold_split(threshold, is_held, models[i], error);
    }
    return status;
}

static enum status too_much(uint32_t n, struct error *error)
{
    return error_set(error, STATUS_INVALID,
                     "at length %lu the models say more than a century, or joules beyond reason: "
                     "check the samples and fit again with rnnfit",
                     (unsigned long)n);
}

static enum status check_costs(const struct threshold *threshold, uint32_t n, struct error *error)
{
    const struct expected_cost edge = threshold_edge_cost(threshold, n);
    const struct expected_cost cloud = threshold_cloud_cost(threshold, n, 0);
    if (!(fabs(threshold_edge_s(threshold, n)) < seconds_max) ||
        !(fabs(threshold_remote_s(threshold, n)) < seconds_max))
        return too_much(n, error);
    if (threshold->energy.edge &&
        (!(fabs(edge.energy_j) < joules_max) || !(fabs(cloud.energy_j) < joules_max)))
        return too_much(n, error);
    return STATUS_OK;
}

static enum status check_range(const struct threshold *threshold, struct error *error)
{
    const struct cost_pair *times = &threshold->energy.times;
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < 2 * threshold->n_pieces; i++) {
        const struct piece *piece = &threshold->pieces[i / 2];
        uint32_t n = i % 2 ? piece->to : piece->from;
        double trips = threshold_round_trips(threshold, n);
        if (threshold->energy.edge && !threshold->energy.cloud)
            trips = fmin(trips, cost_round_trips(times, n));
        if (!(trips > 0))
            return error_set(error, STATUS_INVALID,
                             "at length %lu a request takes %g round trips: fit it again with "
                             "rnnfit",
                             (unsigned long)n, trips);
        status = check_costs(threshold, n, error);
    }
    return status;
}

static enum status check_watts(const struct energy_pair *energy, struct error *error)
{
    for (int i = 0; i < N_ENERGY_PARTS; i++) {
        const struct cost_model *part = energy->parts[i];
        if (part && !(part->n_coefficients > 0 && part->coefficients[0] >= 0 &&
                      part->coefficients[0] < joules_max))
            return error_set(error, STATUS_INVALID,
                             "the %s of \"%s\" is not 0 or more: fit it again with rnnfit",
                             quantity_name(part->quantity), part->target);
    }
    return STATUS_OK;
}

/* The longest length that every model of a cost was measured at. */
static uint32_t longest(const struct threshold_inputs *inputs, const struct energy_pair *energy)
{
    const struct cost_model *models[] = {inputs->pair->time_s, inputs->pair->remote_s, energy->edge,
                                         energy->cloud};
    uint32_t n_max = inputs->n_max ? inputs->n_max : INT32_MAX;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        if (models[i] && models[i]->n_max < n_max)
            n_max = models[i]->n_max;
    }
    return n_max < INT32_MAX ? n_max : INT32_MAX;
}

enum status threshold_build(const struct threshold_inputs *inputs, struct threshold *threshold,
                            struct error *error)
{
    const struct cost_model *models[N_MODELS];
    *threshold =
        (struct threshold){.objective = *inputs->objective,
                           .pair = *inputs->pair,
                           .link = {0, inputs->link->up_s_per_byte, inputs->link->down_s_per_byte}};
    if (inputs->energy && objective_needs_energy(inputs->objective))
        threshold->energy = *inputs->energy;
    list_models(threshold, models);
    enum status status = check_watts(&threshold->energy, error);
    for (size_t i = 0; !status && i < N_MODELS; i++)
        status = model_check(models[i], error);
    if (status)
        return status;
    threshold->n_max = longest(inputs, &threshold->energy);
    threshold->n_limit = 2 * threshold->n_max;
    threshold->curved = inputs->objective->kind == OBJECTIVE_EDP;
    for (size_t i = 0; i < N_MODELS; i++)
        threshold->curved = threshold->curved || is_curved(models[i]);
    status = threshold->curved ? make_single_pieces(threshold, error)
                               : make_affine_pieces(threshold, error);
    if (!status)
        status = check_range(threshold, error);
    if (status)
        threshold_free(threshold);
    return status;
}

void threshold_free(struct threshold *threshold)
{
    free(threshold->pieces);
    threshold->pieces = NULL;
    threshold->n_pieces = threshold->capacity = 0;
}
