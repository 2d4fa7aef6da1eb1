// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fitting integer forms: a unit is chosen in which nothing can leave its bits, and each function of
 * the length becomes an integer map inside a band around it.
 */
#include "codegen/intmap_private.h"
#include "codegen/linear_form.h"
#include "codegen/pieces_private.h"

#include <math.h>
#include <stdlib.h>

/* Bases stay below 2^32, factors below 2^31, and the sum of a form below 2^63. */
static const double base_end = 0x1p32 - 2, factor_end = 0x1p31 - 2, sum_end = 0x1p63;

/* A unit is a microsecond of round trip at most this often halved (what is rounded to units stays
 * below a microsecond altogether, and numbers small), or doubled. */
enum { UNIT_HALVINGS_MAX = 3, UNIT_HALVINGS_MIN = -100, SHIFT_MAX = 63 };

/* A function of the length that is to become a map: the base or a factor, in costs' units. */
struct wanted {
    const struct cost_set *costs;
    const struct linear_forms *forms;
    size_t target;
    int term; /* an enum link_term, or -1: the base */
};

static double wanted_value(const void *user, uint32_t n)
{
    const struct wanted *wanted = user;
    const struct linear_forms *forms = wanted->forms;
    struct cost_terms terms = cost_set_terms(wanted->costs, forms->kind, wanted->target, n);
    if (wanted->term >= 0)
        return terms.per[wanted->term];
    if (!forms->difference)
        return terms.base + forms->offset;
    return wanted->target ? 0 : terms.base - cost_set_terms(wanted->costs, forms->kind, 1, n).base;
}

/* ---- bands */

/* What a map may say: within the tolerance, and where the function is not above 0 (or not below the
 * end) exactly that. Rounding takes up to 1 besides. */
struct limits {
    double scale; /* the map's numbers per cost */
    double tolerance;
    double end; /* what exceeds it counts as it */
};

static struct band_point point_at(length_function *function, const void *user,
                                  const struct limits *limits, uint32_t n)
{
    double value = function(user, n) * limits->scale;
    struct band_point point = {n, value * (1 - limits->tolerance),
                               value * (1 + limits->tolerance) + 1, value};
    if (value <= 0) {
        point.low = -INFINITY;
        point.high = 1;
    }
    if (value > limits->end) {
        point.low = limits->end;
        point.high = limits->end + 1;
    }
    return point;
}

/* A constant needs no search. */
static bool constant_fit(const struct band *band, const struct limits *limits,
                         struct integer_map *map)
{
    double value = band->points[0].value;
    for (size_t i = 1; i < 2 * band->n_pieces; i++) {
        if (band->points[i].value < value || band->points[i].value > value)
            return false;
    }
    value = fmin(ceil(fmax(value, 0)), limits->end);
    *map = (struct integer_map){
        .kind = MAP_AFFINE, .affine = {.bits = 32, .a = (uint64_t)value, .limit = band->n_limit}};
    return true;
}

static enum status map_fit(const struct pieces *of_costs, length_function *function,
                           const void *user, const struct limits *limits, struct integer_map *map,
                           struct error *error)
{
    struct pieces pieces = {.n_limit = of_costs->n_limit};
    struct band band = {.n_limit = of_costs->n_limit};
    enum status status = pieces_copy(of_costs, &pieces, error);
    if (!status)
        status = pieces_split(&pieces, function, user, 0, error);
    if (!status)
        status = pieces_split(&pieces, function, user, limits->end / limits->scale, error);
    if (!status && !(band.points = malloc(2 * pieces.n * sizeof *band.points)))
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu pieces", pieces.n);
    if (!status) {
        band.n_pieces = pieces.n;
        for (size_t i = 0; i < pieces.n; i++) {
            band.points[2 * i] = point_at(function, user, limits, pieces.from[i]);
            band.points[2 * i + 1] = point_at(function, user, limits, piece_end(&pieces, i));
        }
        if (!constant_fit(&band, limits, map))
            status = integer_map_fit(&band, map, error);
    }
    band_free(&band);
    pieces_free(&pieces);
    return status;
}

/* ---- units */

/* The greatest that appears anywhere; all functions are affine over pieces, so at their ends. */
struct extremes {
    double base_least, base_most, per_most[TARGETS_MAX][N_LINK_TERMS];
};

static struct extremes find_extremes(const struct cost_set *costs, const struct pieces *pieces,
                                     const struct linear_forms *forms)
{
    struct extremes extremes = {0};
    for (size_t i = 0; i < 2 * pieces->n; i++) {
        uint32_t n = i % 2 ? piece_end(pieces, i / 2) : pieces->from[i / 2];
        for (size_t k = 0; k < costs->n_targets; k++) {
            struct wanted base = {costs, forms, k, -1};
            struct cost_terms terms = cost_set_terms(costs, forms->kind, k, n);
            extremes.base_least = fmin(extremes.base_least, wanted_value(&base, n));
            extremes.base_most = fmax(extremes.base_most, wanted_value(&base, n));
            for (size_t t = 0; t < N_LINK_TERMS; t++)
                extremes.per_most[k][t] = fmax(extremes.per_most[k][t], terms.per[t]);
        }
    }
    return extremes;
}

/*
 * What a microsecond of round trip costs at the first endpoint where that is the same for all
 * lengths, halved as often as there is room for: then that factor is a power of two.
 */
static double choose_unit(const struct cost_set *costs, enum cost_kind kind,
                          const struct extremes *extremes)
{
    double natural = cost_set_terms(costs, kind, 1, 0).per[TERM_RTT];
    double most = 0, sum = extremes->base_most;
    for (size_t i = 0; i < costs->n_targets * N_LINK_TERMS; i++) {
        double per = extremes->per_most[i / N_LINK_TERMS][i % N_LINK_TERMS];
        most = fmax(most, per);
        sum += per * UINT32_MAX;
    }
    natural = natural > 0 ? natural : 1e-6;
    for (int halvings = UNIT_HALVINGS_MAX; halvings > UNIT_HALVINGS_MIN; halvings--) {
        double unit = ldexp(natural, -halvings);
        if (extremes->base_most / unit < base_end && most / unit < factor_end &&
            sum / unit < sum_end)
            return unit;
    }
    return ldexp(natural, -UNIT_HALVINGS_MIN);
}

/* ---- forms */

static enum status term_fit(const struct pieces *pieces, const struct wanted *wanted, double most,
                            double tolerance, struct form_term *term, struct error *error)
{
    double unit = wanted->forms->unit;
    struct limits limits = {.tolerance = fmax(tolerance, LINK_TOLERANCE), .end = factor_end};
    if (!(most > 0))
        return STATUS_OK;
    while (term->shift < SHIFT_MAX && ldexp(most / unit, (int)term->shift + 1) < factor_end)
        term->shift++;
    limits.scale = ldexp(1 / unit, (int)term->shift);
    enum status status = map_fit(pieces, wanted_value, wanted, &limits, &term->factor, error);
    term->there = !status;
    uint64_t value;
    if (status || !integer_map_is_constant(&term->factor, &value))
        return status;
    for (; term->shift > 0 && value > 0 && value % 2 == 0; value /= 2)
        term->shift--; /* the zeros at a constant's end */
    term->there = value > 0;
    term->factor.affine = (struct affine){.bits = 32, .a = value, .limit = pieces->n_limit};
    return STATUS_OK;
}

static enum status form_fit(const struct pieces *pieces, const struct wanted *base,
                            const struct extremes *extremes, double tolerance,
                            struct linear_form *form, struct error *error)
{
    const struct limits limits = {1 / base->forms->unit, tolerance, base_end};
    enum status status = map_fit(pieces, wanted_value, base, &limits, &form->base, error);
    for (int t = 0; !status && base->target > 0 && t < N_LINK_TERMS; t++) {
        struct wanted factor = *base;
        factor.term = t;
        status = term_fit(pieces, &factor, extremes->per_most[base->target][t], tolerance,
                          &form->terms[t], error);
    }
    return status;
}

enum status linear_forms_fit(const struct cost_set *costs, enum cost_kind kind, double tolerance,
                             bool difference, struct linear_forms *forms, struct error *error)
{
    struct pieces pieces;
    *forms = (struct linear_forms){.kind = kind, .difference = difference};
    enum status status = pieces_of_costs(costs, &pieces, error);
    if (!status) {
        struct extremes extremes = find_extremes(costs, &pieces, forms);
        if (!difference) {
            forms->offset = -extremes.base_least;
            extremes.base_most += forms->offset;
        }
        forms->unit = choose_unit(costs, kind, &extremes);
        for (size_t k = 0; !status && k < costs->n_targets; k++) {
            const struct wanted base = {costs, forms, k, -1};
            status = form_fit(&pieces, &base, &extremes, tolerance, &forms->of[k], error);
        }
    }
    pieces_free(&pieces);
    return status;
}

/* ---- the time at an endpoint */

static double remote_value(const void *user, uint32_t n)
{
    const struct wanted *wanted = user;
    return cost_set_remote_s(wanted->costs, wanted->target, n);
}

enum status remote_fit(const struct cost_set *costs, size_t target, struct integer_map *map,
                       struct error *error)
{
    const struct wanted wanted = {.costs = costs, .target = target};
    const struct limits limits = {1e6, 0, UINT32_MAX};
    struct pieces pieces;
    enum status status = pieces_of_costs(costs, &pieces, error);
    if (!status)
        status = map_fit(&pieces, remote_value, &wanted, &limits, map, error);
    pieces_free(&pieces);
    return status;
}
