// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Products that decide by an objective: a pair of models of times (pairs.h) with the energies, the
 * link and the objective that go with it.
 */
#ifndef CODEGEN_TEST_PRODUCTS_H
#define CODEGEN_TEST_PRODUCTS_H

#include "codegen/test/pairs.h"

struct product {
    struct pair pair;
    struct objective objective;
    double max_regret; /* < 0: the default */
    struct line energy[PAIR_SEGMENTS_MAX];
    double parts[N_ENERGY_PARTS]; /* J, W, W, W */
    struct line up, down;         /* bytes; at 0 s per byte they do not count */
    double up_s, down_s;
    struct line trips[PAIR_SEGMENTS_MAX];
    double quadratic; /* of the time on the device */
};

/* Deciding by time over a link without bandwidth. */
static inline struct product product_of_pair(const struct pair *pair)
{
    struct product product = {.pair = *pair, .objective = {OBJECTIVE_TIME, 0, 1, 1}};
    product.trips[0].intercept = 1;
    product.energy[0].intercept = 1;
    return product;
}

/* Energies of about `watts` times what the device takes, and watts of offloading that are not much
 * less. A quarter of each is 0. */
static inline void random_energies(struct random *random, struct product *product)
{
    const struct pair *pair = &product->pair;
    double watts = pow(10, spread(random, -6, 3)), n_max = pair->n_max;
    size_t n = random_below(random, 3) || pair->n_max < 16 ? 1 : 1 + random_below(random, 4);
    double time_s = fabs(pair->edge[0].intercept) + pair->edge[0].slope * n_max;
    for (size_t i = 0; i < n; i++) {
        product->energy[i].slope =
            random_below(random, 10) ? watts * time_s / n_max * spread(random, -0.2, 2) : 0;
        product->energy[i].intercept = watts * time_s * spread(random, -0.1, 1);
        product->energy[i].to = i + 1 < n ? (uint32_t)((i + 1) * pair->n_max / n) : 0;
    }
    product->parts[ENERGY_E0] = watts * time_s * spread(random, 0, 0.2);
    for (int i = ENERGY_TX; i < N_ENERGY_PARTS; i++)
        product->parts[i] = watts * spread(random, 0, 1.2);
    for (int i = 0; i < N_ENERGY_PARTS; i++) {
        if (random_below(random, 4) == 0)
            product->parts[i] = 0;
    }
}

/* Half of the links know their bandwidth; a third takes more round trips than one. */
static inline void random_link(struct random *random, struct product *product)
{
    struct pair *pair = &product->pair;
    double time_s = fabs(pair->edge[0].intercept) + pair->edge[0].slope * pair->n_max;
    if (random_below(random, 2)) {
        product->up = (struct line){0, spread(random, 0, 500), spread(random, 0, 20)};
        product->down = (struct line){0, spread(random, 0, 500), 0};
        product->up_s = time_s / 1000 * spread(random, 0, 1);
        product->down_s = time_s / 1000 * spread(random, 0, 1);
    }
    switch (random_below(random, 6)) {
    case 0:
        product->trips[0].intercept = spread(random, 1, 4);
        break;
    case 1:
        product->trips[0].to = pair->n_max / 2;
        product->trips[1].intercept = spread(random, 1, 4);
        product->trips[1].to = 0;
        if (product->trips[0].to == 0)
            product->trips[1].intercept = 0;
        break;
    default:
        break;
    }
}

static inline void random_parameter(struct random *random, struct product *product)
{
    const struct line *lines =
        product->objective.kind == OBJECTIVE_TIME_AT_ENERGY ? product->energy : product->pair.edge;
    double some_n = product->pair.n_max * spread(random, 0, 2);
    double value = fabs(lines[0].intercept + lines[0].slope * some_n) * spread(random, 0.5, 1.5);
    if (product->objective.kind == OBJECTIVE_WEIGHTED)
        product->objective.parameter =
            random_below(random, 6) == 0 ? (double)random_below(random, 2) : spread(random, 0, 1);
    else if (product->objective.kind >= OBJECTIVE_ENERGY_AT_DEADLINE)
        product->objective.parameter = value > 0 ? value : 1e-3;
}

/* `i` chooses the objective. */
static inline struct product product_random(struct random *random, int i)
{
    struct pair pair = pair_random(random);
    struct product product = product_of_pair(&pair);
    product.objective.kind = (enum objective_kind)(i % N_OBJECTIVES);
    random_energies(random, &product);
    random_link(random, &product);
    random_parameter(random, &product);
    product.max_regret = random_below(random, 8) ? -1 : spread(random, 0, 0.1);
    if (random_below(random, 20) == 0)
        product.quadratic = product.pair.edge[0].slope / product.pair.n_max * spread(random, 0, 1);
    if (random_below(random, 20) == 0) { /* the same at both */
        memcpy(product.pair.cloud, product.pair.edge, sizeof product.pair.edge);
        memset(product.parts, 0, sizeof product.parts);
        product.up_s = product.down_s = 0;
    }
    return product;
}

/* ---- the set of models */

static inline void add_part(struct model_set *set, const struct product *product,
                            enum energy_part part)
{
    static const enum quantity quantities[] = {QUANTITY_E0_J, QUANTITY_P_TX_W, QUANTITY_P_RX_W,
                                               QUANTITY_P_WAIT_W};
    const struct line level[PAIR_SEGMENTS_MAX] = {{0, product->parts[part], 0}};
    pair_add(set, &product->pair, "cloud", quantities[part], level);
    set->models[set->n_models - 1].form = FORM_CONSTANT;
}

/* As a fit would leave it; to be freed with model_set_free. */
static inline void product_set(const struct product *product, struct model_set *set)
{
    const struct line up[PAIR_SEGMENTS_MAX] = {product->up};
    const struct line down[PAIR_SEGMENTS_MAX] = {product->down};
    pair_set(&product->pair, set);
    if (product->quadratic > 0) {
        set->models[0].form = FORM_QUADRATIC;
        for (size_t i = 0; i < set->models[0].n_segments; i++)
            set->models[0].segments[i].quadratic = product->quadratic;
    }
    pair_add(set, &product->pair, "edge", QUANTITY_ENERGY_J, product->energy);
    for (int i = 0; i < N_ENERGY_PARTS; i++)
        add_part(set, product, (enum energy_part)i);
    pair_add(set, &product->pair, "cloud", QUANTITY_BYTES_UP, up);
    pair_add(set, &product->pair, "cloud", QUANTITY_BYTES_DOWN, down);
    set->up_s_per_byte = product->up_s;
    set->down_s_per_byte = product->down_s;
    pair_add(set, &product->pair, "cloud", QUANTITY_ROUND_TRIPS, product->trips);
    set->models[set->n_models - 1].form = FORM_STEP;
}

/* What `weighted` divides by has to be above 0, by brute force. */
static inline bool product_has_mean(const struct product *product, struct model_set *set)
{
    double time_s = 0, energy_j = 0;
    for (uint32_t n = 1; n <= product->pair.n_max; n++) {
        time_s += cost_model_value(model_set_find(set, "edge", QUANTITY_TIME_S), n);
        energy_j += cost_model_value(model_set_find(set, "edge", QUANTITY_ENERGY_J), n);
    }
    return time_s > 0 && energy_j > 0;
}

/* Builds the table; weighing by a mean of 0 is refused, and then it is by time. */
static inline void product_table(struct product *product, struct model_set *set,
                                 struct decision_table *table)
{
    struct error error = {0};
    product_set(product, set);
    if (product->objective.kind == OBJECTIVE_WEIGHTED && !product_has_mean(product, set))
        product->objective = (struct objective){OBJECTIVE_TIME, 0, 1, 1};
    struct table_options options = {.edge = "edge",
                                    .cloud = "cloud",
                                    .link = LINK_RTT,
                                    .rtt_s = product->pair.rtt_s,
                                    .max_regret = product->max_regret,
                                    .objective = &product->objective};
    if (decision_table_build(set, &options, table, &error))
        fail_msg("%s: %s", product->pair.what, error.text);
}

/* Writes the product's header. */
static inline void product_header(FILE *out, const struct model_set *set,
                                  const struct decision_table *table, const char *name)
{
    struct certificate certificate = certificate_make(table, NULL);
    struct error error = {0};
    if (certificate_check(&certificate, &error))
        fail_msg("%s", error.text);
    pair_header_of(out, set, table, &certificate, name);
}

#endif
