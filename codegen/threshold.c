// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/threshold.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Curved models are handled length by length. */
enum { CURVED_LENGTHS_MAX = 1 << 18 };

/* Beyond this (about 140 years) the microseconds of a cost are no longer exact in a double. */
static const double seconds_max = 4.4e9;

static const double rounding_share = 1e-13;

double threshold_edge_s(const struct threshold *threshold, uint32_t n)
{
    return cost_model_value(threshold->edge, n < threshold->n_limit ? n : threshold->n_limit);
}

double threshold_cloud_s(const struct threshold *threshold, uint32_t n)
{
    return cost_model_value(threshold->cloud, n < threshold->n_limit ? n : threshold->n_limit);
}

double threshold_excess_s(const struct threshold *threshold, uint32_t n, double rtt_s)
{
    double edge = threshold_edge_s(threshold, n), cloud = rtt_s + threshold_cloud_s(threshold, n);
    double rounding = rounding_share * (fabs(edge) + fabs(cloud) + rtt_s);
    return fabs(edge - cloud) <= rounding ? 0 : edge - cloud;
}

double threshold_s(const struct threshold *threshold, uint32_t n)
{
    return threshold_excess_s(threshold, n, 0);
}

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
static bool edge_is_held(const struct threshold *threshold, const void *user, uint32_t n)
{
    (void)user;
    return threshold_edge_s(threshold, n) <= 0;
}

static bool cloud_is_held(const struct threshold *threshold, const void *user, uint32_t n)
{
    (void)user;
    return threshold_cloud_s(threshold, n) <= 0;
}

static enum status model_check(const struct cost_model *model, struct error *error)
{
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
    for (size_t i = 0; i < model->n_segments; i++) {
        if (model->segments[i].quadratic < 0 || model->segments[i].quadratic > 0)
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
                         "a quadratic model over 0..%lu is too long for this version (at most "
                         "%d): fit again with --form piecewise",
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
    enum status status = piece_insert(threshold, 0, (struct piece){0, threshold->n_limit}, error);
    if (!status)
        status = cut_at_segments(threshold, threshold->edge, error);
    if (!status)
        status = cut_at_segments(threshold, threshold->cloud, error);
    if (!status)
        status = threshold_split(threshold, edge_is_held, NULL, error);
    if (!status)
        status = threshold_split(threshold, cloud_is_held, NULL, error);
    return status;
}

static enum status check_range(const struct threshold *threshold, struct error *error)
{
    for (size_t i = 0; i < 2 * threshold->n_pieces; i++) {
        const struct piece *piece = &threshold->pieces[i / 2];
        uint32_t n = i % 2 ? piece->to : piece->from;
        if (!(fabs(threshold_edge_s(threshold, n)) < seconds_max) ||
            !(fabs(threshold_cloud_s(threshold, n)) < seconds_max))
            return error_set(error, STATUS_INVALID,
                             "at length %lu the models say more than a century: check the samples "
                             "and fit again with rnnfit",
                             (unsigned long)n);
    }
    return STATUS_OK;
}

enum status threshold_build(const struct cost_model *edge, const struct cost_model *cloud,
                            struct threshold *threshold, struct error *error)
{
    *threshold = (struct threshold){.edge = edge, .cloud = cloud};
    enum status status = model_check(edge, error);
    if (!status)
        status = model_check(cloud, error);
    if (status)
        return status;
    threshold->n_max = edge->n_max < cloud->n_max ? edge->n_max : cloud->n_max;
    if (threshold->n_max > INT32_MAX)
        threshold->n_max = INT32_MAX;
    threshold->n_limit = 2 * threshold->n_max;
    threshold->curved = is_curved(edge) || is_curved(cloud);
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
