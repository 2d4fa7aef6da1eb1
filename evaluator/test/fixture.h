// SPDX-License-Identifier: GPL-3.0-or-later
/* Models, headers, lengths and measured times with known figures, for the tests of the evaluator.
 */
#ifndef EVALUATOR_TEST_FIXTURE_H
#define EVALUATOR_TEST_FIXTURE_H

#include "base/test/support.h"

#include "base/memory.h"
#include "codegen/table.h"
#include "evaluator/draws.h"
#include "evaluator/ledger.h"
#include "fitter/cost.h"
#include "records/lengths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static inline void check(enum status status, const struct error *error)
{
    if (status)
        fail_msg("%s", error->text);
}

/* A line with its intercept and slope in the quantity's unit, measured at lengths 1 .. n_max. */
static inline void add_line(struct model_set *set, const char *target, enum quantity quantity,
                            uint32_t n_max, double intercept, double slope)
{
    struct error error = {0};
    struct cost_model model = {.target = text_copy(target),
                               .quantity = quantity,
                               .form = FORM_LINEAR,
                               .segments = calloc(1, sizeof(struct segment)),
                               .n_segments = 1,
                               .coefficients = calloc(2, sizeof(double)),
                               .n_coefficients = 2,
                               .n_min = 1,
                               .n_max = n_max,
                               .dof = 18,
                               .n_samples = 20,
                               .n_lengths = 10};
    model.segments[0] = (struct segment){1, n_max, intercept, slope, 0};
    model.coefficients[0] = intercept;
    model.coefficients[1] = slope;
    check(model_set_add(set, &model, &error), &error);
}

/* What a product was made from. */
struct product {
    struct model_set models;
    struct cost_pair pair;
    struct decision_table table;
};

/* The device takes edge[0] + edge[1]*n seconds, the endpoint remote[0] + remote[1]*n; designed for
 * a round trip of rtt_s. */
static inline void product_make(struct product *product, const double edge[2],
                                const double remote[2], double rtt_s)
{
    struct error error = {0};
    model_set_init(&product->models);
    product->models.rtt_s = rtt_s;
    product->models.has_rtt = true;
    product->models.up_s_per_byte = product->models.down_s_per_byte = (double)NAN;
    add_line(&product->models, "edge", QUANTITY_TIME_S, 1000, edge[0], edge[1]);
    add_line(&product->models, "cloud", QUANTITY_REMOTE_S, 1000, remote[0], remote[1]);
    check(cost_pair_find(&product->models, "edge", "cloud", &product->pair, &error), &error);
    struct table_options options = {
        .edge = "edge", .cloud = "cloud", .link = LINK_RTT, .rtt_s = rtt_s, .max_regret = -1};
    check(decision_table_build(&product->models, &options, &product->table, &error), &error);
}

static inline void product_free(struct product *product)
{
    decision_table_free(&product->table);
    model_set_free(&product->models);
}

/* A histogram of the lengths 1 .. n, for requests that tests make by themselves. */
static inline void histogram_to(struct histogram *histogram, uint32_t n)
{
    *histogram = (struct histogram){.lengths = calloc(n, sizeof(uint32_t)),
                                    .counts = calloc(n, sizeof(uint64_t)),
                                    .n = n,
                                    .total = n};
    for (uint32_t i = 0; i < n; i++) {
        histogram->lengths[i] = i + 1;
        histogram->counts[i] = 1;
    }
}

static inline void histogram_of(struct histogram *histogram, const char *csv)
{
    struct error error = {0};
    char *folder = test_scratch("histogram"), *path = test_write(folder, "l.csv", csv);
    check(histogram_read(path, histogram, &error), &error);
    free(path);
    free(folder);
}

/* Draws from samples as CSV. */
static inline void draws_of(struct draws *draws, const struct product *product, const char *csv)
{
    struct error error = {0};
    struct hold_out none = {0};
    struct dataset dataset;
    char *folder = test_scratch("draws"), *path = test_write(folder, "s.csv", csv);
    check(dataset_from_csv(path, "edge", &none, &dataset, &error), &error);
    check(draws_make(&dataset, "edge", "cloud", &product->pair, draws, &error), &error);
    dataset_free(&dataset);
    free(path);
    free(folder);
}

#endif
