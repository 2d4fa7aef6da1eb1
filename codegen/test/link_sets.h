// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Random campaigns of a device and several endpoints, as fits would leave them: times of 1 to 4
 * segments, bytes, round trips, watts; costs of nanoseconds to hours.
 */
#ifndef CODEGEN_TEST_LINK_SETS_H
#define CODEGEN_TEST_LINK_SETS_H

#include "base/memory.h"
#include "base/random.h"
#include "base/test/support.h"
#include "codegen/link_certificate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CURVE_SEGMENTS_MAX = 4 };

struct curve {
    size_t n; /* 0: there is no such model */
    uint32_t n_min, to[CURVE_SEGMENTS_MAX];
    double intercept[CURVE_SEGMENTS_MAX], slope[CURVE_SEGMENTS_MAX], quadratic;
};

struct site {
    struct curve time, energy; /* of the device; of an endpoint the time without its link */
    struct curve up, down, trips;
    double watts[N_ENERGY_PARTS];
};

struct link_set {
    uint32_t n_max;
    size_t n_targets;
    struct objective objective;
    enum link_kind link;
    struct cost_link design;
    double max_regret;
    struct site sites[5];
};

static inline double between(struct random *random, double from, double to)
{
    return from + (to - from) * random_uniform(random);
}

static inline bool one_in(struct random *random, uint64_t n)
{
    return random_below(random, n) == 0;
}

/* Continuous or with jumps; intercepts may be below 0, slopes of either sign. */
static inline struct curve curve_random(struct random *random, uint32_t n_max, size_t n,
                                        double level, double slope)
{
    struct curve curve = {.n = n, .n_min = one_in(random, 4) ? 1 + n_max / 8 : 1};
    for (size_t i = 0; i < n; i++) {
        curve.to[i] = i + 1 == n ? n_max : (uint32_t)((i + 1) * n_max / n);
        curve.slope[i] = slope * between(random, one_in(random, 8) ? -0.1 : 0.1, 1);
        curve.intercept[i] = level * between(random, one_in(random, 4) ? -0.2 : 0.2, 1);
        if (i > 0 && !one_in(random, 3)) /* continuous */
            curve.intercept[i] = curve.intercept[i - 1] +
                                 (curve.slope[i - 1] - curve.slope[i]) * (curve.to[i - 1] + 0.5);
    }
    return curve;
}

static inline struct curve constant(uint32_t n_max, double value)
{
    return (struct curve){1, 1, {n_max}, {value}, {0}, 0};
}

static inline void site_random(struct random *random, struct site *site, uint32_t n_max,
                               double scale, size_t n_segments)
{
    double slope = scale * pow(10, between(random, -1, 1)), level = 20 * slope;
    *site = (struct site){.time = curve_random(random, n_max, n_segments, level, slope)};
    site->energy = curve_random(random, n_max, n_segments, level * 3, slope * 3);
    site->up = curve_random(random, n_max, 1 + random_below(random, 2), 400, 100);
    site->down = constant(n_max, floor(between(random, 0, 5000)));
    if (one_in(random, 3)) {
        site->trips = constant(n_max, between(random, 1, 3));
        if (n_max >= 4 && one_in(random, 2)) {
            site->trips.n = 2;
            site->trips.to[0] = n_max / 2;
            site->trips.to[1] = n_max;
            site->trips.intercept[1] = site->trips.intercept[0] + 1;
        }
    }
    for (int i = 0; i < N_ENERGY_PARTS; i++)
        site->watts[i] = one_in(random, 6) ? 0 : between(random, 0.05, 3);
    site->watts[ENERGY_E0] *= scale;
}

static inline struct link_set link_set_random(struct random *random)
{
    static const double scales[] = {1e-9, 1e-6, 1e-4, 1e-4, 1e-4, 1e-3, 1e-2, 10, 1e3};
    static const double regrets[] = {-1, -1, 0, 1e-3, 0.05};
    struct link_set set = {.n_targets = 2 + random_below(random, 4)};
    double scale = scales[random_below(random, sizeof scales / sizeof *scales)];
    size_t n_segments = 1 + random_below(random, CURVE_SEGMENTS_MAX);
    set.n_max = 1 + (uint32_t)random_below(random, one_in(random, 20) ? 3000 : 150);
    n_segments = n_segments > set.n_max ? 1 : n_segments;
    for (size_t k = 0; k < set.n_targets; k++)
        site_random(random, &set.sites[k], set.n_max, scale * (k ? 0.5 : 1), n_segments);
    if (one_in(random, 10)) /* equal targets tie */
        set.sites[set.n_targets - 1] = set.sites[1];
    if (one_in(random, 10) && set.n_max > 8)
        set.sites[1].time.quadratic = 0.1 * set.sites[1].time.slope[0] / set.n_max;
    set.objective =
        (struct objective){(enum objective_kind)random_below(random, N_OBJECTIVES), 0,
                           between(random, 1, 100) * scale, between(random, 1, 100) * scale};
    if (set.objective.kind == OBJECTIVE_WEIGHTED)
        set.objective.parameter = one_in(random, 5) ? 1 : random_uniform(random);
    if (!objective_is_scalar(&set.objective))
        set.objective.parameter = scale * set.n_max * between(random, 0.1, 2);
    set.link = one_in(random, 10) ? LINK_FIXED : one_in(random, 3) ? LINK_RTT : LINK_BANDWIDTH;
    set.design = (struct cost_link){scale * set.n_max * random_uniform(random),
                                    1e-6 * random_uniform(random), 1e-7 * random_uniform(random)};
    set.max_regret = regrets[random_below(random, sizeof regrets / sizeof *regrets)];
    return set;
}

static inline void curve_add(struct model_set *set, const char *target, enum quantity quantity,
                             const struct curve *curve)
{
    struct error error = {0};
    if (curve->n == 0)
        return;
    struct cost_model model = {
        .target = text_copy(target),
        .quantity = quantity,
        .form = FORM_PIECEWISE,
        .segments = calloc(curve->n, sizeof *model.segments),
        .n_segments = curve->n,
        .coefficients = calloc(2, sizeof *model.coefficients),
        .n_coefficients = 2,
        .n_min = curve->n_min,
        .n_max = curve->to[curve->n - 1],
    };
    for (size_t i = 0; i < curve->n; i++)
        model.segments[i] =
            (struct segment){i ? curve->to[i - 1] + 1 : curve->n_min, curve->to[i],
                             curve->intercept[i], curve->slope[i], curve->quadratic};
    model.coefficients[0] = curve->intercept[0];
    model.coefficients[1] = curve->slope[0];
    assert_int_equal(model_set_add(set, &model, &error), STATUS_OK);
}

static const char *const site_names[] = {"edge", "near", "Fog-2 (b)", "far", "attic"};

static inline void link_set_models(const struct link_set *set, struct model_set *models)
{
    static const enum quantity watts[N_ENERGY_PARTS] = {QUANTITY_E0_J, QUANTITY_P_TX_W,
                                                        QUANTITY_P_RX_W, QUANTITY_P_WAIT_W};
    model_set_init(models);
    models->campaign = text_copy("test");
    models->rtt_s = set->design.rtt_s;
    models->up_s_per_byte = models->down_s_per_byte = 1e-6;
    memset(models->digest, '5', DIGEST_TEXT_SIZE - 1);
    curve_add(models, "edge", QUANTITY_TIME_S, &set->sites[0].time);
    curve_add(models, "edge", QUANTITY_ENERGY_J, &set->sites[0].energy);
    for (size_t k = 1; k < set->n_targets; k++) {
        const struct site *site = &set->sites[k];
        curve_add(models, site_names[k], QUANTITY_REMOTE_S, &site->time);
        curve_add(models, site_names[k], QUANTITY_BYTES_UP, &site->up);
        curve_add(models, site_names[k], QUANTITY_BYTES_DOWN, &site->down);
        curve_add(models, site_names[k], QUANTITY_ROUND_TRIPS, &site->trips);
        for (int i = 0; i < N_ENERGY_PARTS; i++) {
            struct curve curve = constant(set->n_max, site->watts[i]);
            curve_add(models, site_names[k], watts[i], &curve);
        }
    }
}

/* The set's table; *models must live as long. */
static inline enum status link_set_table(const struct link_set *set, struct model_set *models,
                                         struct link_table *table, struct error *error)
{
    struct cost_set costs;
    link_set_models(set, models);
    const struct cost_inputs inputs = {models,          models, site_names, set->n_targets,
                                       &set->objective, NULL,   set->link,  set->design};
    enum status status = cost_set_find(&inputs, &costs, error);
    return status ? status : link_table_build(&costs, set->max_regret, table, error);
}

#endif
