// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Pairs of cost models that the tests of this room decide between: hand-picked and random ones.
 */
#ifndef CODEGEN_TEST_PAIRS_H
#define CODEGEN_TEST_PAIRS_H

#include "base/memory.h"
#include "base/random.h"
#include "base/test/support.h"
#include "codegen/header.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIR_SEGMENTS_MAX = 4 };

struct line {
    uint32_t to; /* 0: to the end */
    double intercept, slope;
};

struct pair {
    const char *what;
    uint32_t n_min, n_max;
    struct line edge[PAIR_SEGMENTS_MAX], cloud[PAIR_SEGMENTS_MAX];
    double rtt_s;
};

static const struct pair hand_picked[] = {
    {"edge slower per step", 1, 512, {{0, 120e-6, 65e-6}}, {{0, 900e-6, 12e-6}}, 20e-3},
    {"cloud slower per step", 1, 512, {{0, 30e-3, 20e-6}}, {{0, 1e-3, 70e-6}}, 5e-3},
    {"offloading can always pay", 1, 300, {{0, 2e-3, 200e-6}}, {{0, 1.5e-3, 50e-6}}, 1e-3},
    {"always edge", 1, 200, {{0, 1e-4, 1e-5}}, {{0, 5e-3, 2e-5}}, 10e-3},
    {"always edge but for a round trip of 0", 1, 200, {{0, 1e-4, 1e-5}}, {{0, 1e-4, 9e-6}}, 1e-2},
    {"always cloud", 1, 200, {{0, 1, 1}}, {{0, 1e-3, 1e-6}}, 1e-3},
    {"equal models", 1, 100, {{0, 1e-3, 1e-4}}, {{0, 1e-3, 1e-4}}, 0},
    {"equal but for a constant", 1, 100, {{0, 2.5e-3, 1e-4}}, {{0, 1e-3, 1e-4}}, 1.5e-3},
    {"constants, edge dearer", 1, 100, {{0, 7e-3, 0}}, {{0, 1e-3, 0}}, 6e-3},
    {"constants, cloud dearer", 1, 100, {{0, 1e-3, 0}}, {{0, 7e-3, 0}}, 1e-3},
    {"nanoseconds", 1, 400, {{0, 1e-9, 3e-9}}, {{0, 2e-9, 1e-9}}, 1e-7},
    {"minutes per step", 1, 60, {{0, 10, 65}}, {{0, 200, 7}}, 600},
    {"beyond any round trip", 1, 50, {{0, 0, 1e6}}, {{0, 0, 1}}, 1},
    {"an hour and more at the end", 1, 100, {{0, 1, 60}}, {{0, 0.5, 0.1}}, 30},
    {"intercept below 0", 1, 256, {{0, -3e-3, 90e-6}}, {{0, 1e-3, 10e-6}}, 5e-3},
    {"cloud intercept below 0", 1, 256, {{0, 4e-3, 90e-6}}, {{0, -2e-4, 210e-6}}, 1e-3},
    {"measured from 64 on only", 64, 512, {{0, -2e-3, 90e-6}}, {{0, -1e-3, 60e-6}}, 1e-3},
    {"whole microseconds", 1, 500, {{0, 0, 250e-6}}, {{0, 10e-3, 50e-6}}, 25e-3},
    {"one length", 1, 1, {{0, 1e-3, 1e-3}}, {{0, 1e-4, 1e-4}}, 1e-3},
    {"long inputs", 1, 5000, {{0, 1e-3, 500e-6}}, {{0, 9e-3, 31.7e-6}}, 0.3},
    {"long inputs, growing and positive", 1, 5000, {{0, 8e-3, 123.4e-6}}, {{0, 1e-3, 11e-6}}, 0.1},
    {"falls below 0 late", 1, 3000, {{0, 0.5, 1e-6}}, {{0, 1e-3, 150e-6}}, 0.1},
    {"piecewise edge",
     1,
     512,
     {{128, 1e-3, 40e-6}, {0, -1.56e-3, 60e-6}},
     {{0, 4e-3, 9e-6}},
     10e-3},
    {"two crossings",
     1,
     600,
     {{200, 1e-3, 90e-6}, {0, 19e-3 - 200 * 5e-6, 5e-6}},
     {{0, 5e-3, 22e-6}},
     3e-3},
    {"four segments and steps",
     1,
     800,
     {{100, 1e-3, 10e-6}, {200, 3e-3, 25e-6}, {400, 2e-3, 60e-6}, {0, 9e-3, 40e-6}},
     {{300, 2e-3, 4e-6}, {0, 4e-3, 6e-6}},
     5e-3},
};
enum { N_HAND_PICKED = sizeof hand_picked / sizeof *hand_picked };

static inline size_t pair_segments(const struct line *lines)
{
    size_t n = 1;
    while (n < PAIR_SEGMENTS_MAX && lines[n - 1].to)
        n++;
    return n;
}

static inline void pair_add(struct model_set *set, const struct pair *pair, const char *target,
                            enum quantity quantity, const struct line *lines)
{
    struct error error = {0};
    size_t n = pair_segments(lines);
    struct cost_model model = {
        .target = text_copy(target),
        .quantity = quantity,
        .form = n > 1 ? FORM_PIECEWISE : FORM_LINEAR,
        .segments = calloc(n, sizeof *model.segments),
        .n_segments = n,
        .coefficients = calloc(2, sizeof *model.coefficients),
        .n_coefficients = 2,
        .n_min = pair->n_min,
        .n_max = pair->n_max,
        .n_samples = 100,
        .n_lengths = 10,
    };
    for (size_t i = 0; i < n; i++)
        model.segments[i] = (struct segment){i ? lines[i - 1].to + 1 : pair->n_min,
                                             lines[i].to ? lines[i].to : pair->n_max,
                                             lines[i].intercept, lines[i].slope, 0};
    model.coefficients[0] = lines[0].intercept;
    model.coefficients[1] = lines[0].slope;
    assert_int_equal(model_set_add(set, &model, &error), STATUS_OK);
}

/* The pair as a fit would leave it; to be freed with model_set_free. */
static inline void pair_set(const struct pair *pair, struct model_set *set)
{
    model_set_init(set);
    set->campaign = text_copy("test");
    set->rtt_s = pair->rtt_s;
    memset(set->digest, '5', DIGEST_TEXT_SIZE - 1);
    pair_add(set, pair, "edge", QUANTITY_TIME_S, pair->edge);
    pair_add(set, pair, "cloud", QUANTITY_REMOTE_S, pair->cloud);
}

static inline double spread(struct random *random, double from, double to)
{
    return from + (to - from) * random_uniform(random);
}

/* Slopes of 1 ns to 1 ms per step, either side faster, lengths to 400, now and then to 5000. */
static inline struct pair pair_random(struct random *random)
{
    struct pair pair = {"random", 1, 0, {{0}}, {{0}}, 0};
    double unit = 1e-9 * (double)(1u << random_below(random, 20));
    pair.n_max = 1 + (uint32_t)random_below(random, random_below(random, 8) ? 400 : 5000);
    if (random_below(random, 6) == 0)
        pair.n_min = 1 + (uint32_t)random_below(random, pair.n_max);
    for (int side = 0; side < 2; side++) {
        struct line *lines = side ? pair.cloud : pair.edge;
        size_t n = random_below(random, 4) || pair.n_max < 16 ? 1 : 1 + random_below(random, 4);
        for (size_t i = 0; i < n; i++) {
            lines[i].slope = random_below(random, 10) ? unit * spread(random, 0, 2) : 0;
            lines[i].intercept = unit * spread(random, -20, 1000);
            lines[i].to = i + 1 < n ? (uint32_t)((i + 1) * pair.n_max / n) : 0;
        }
    }
    pair.rtt_s = unit * spread(random, 0, 1 + pair.n_max);
    return pair;
}

static inline void pair_options(const struct pair *pair, struct table_options *options)
{
    *options = (struct table_options){
        .edge = "edge", .cloud = "cloud", .link = LINK_RTT, .rtt_s = pair->rtt_s};
}

/* Writes the header of a table. */
static inline void pair_header_of(FILE *out, const struct model_set *set,
                                  const struct decision_table *table,
                                  const struct certificate *certificate, const char *name)
{
    struct campaign campaign = {.name = (char *)"test"};
    struct target edge = {.name = (char *)"edge"}, cloud = {.name = (char *)"cloud"};
    struct header_facts facts = {.name = name,
                                 .campaign = &campaign,
                                 .edge = &edge,
                                 .cloud = &cloud,
                                 .set = set,
                                 .means = set,
                                 .table = table,
                                 .certificate = certificate,
                                 .up_bit_s = NAN,
                                 .down_bit_s = NAN};
    header_write(out, &facts);
}

/* Writes the pair's header and checks that it could be built. */
static inline void pair_header(FILE *out, const struct pair *pair, const char *name)
{
    struct error error = {0};
    struct model_set set;
    struct table_options options;
    struct decision_table table;
    pair_set(pair, &set);
    pair_options(pair, &options);
    if (decision_table_build(&set, &options, &table, &error))
        fail_msg("%s: %s", pair->what, error.text);
    struct certificate certificate = certificate_make(&table, NULL);
    pair_header_of(out, &set, &table, &certificate, name);
    decision_table_free(&table);
    model_set_free(&set);
}

#endif
