// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The break-even round trip R(n) of an edge and a cloud target at the design link's bandwidths: by
 * the objective both are worth the same when a round trip takes R(n) seconds, and offloading is
 * better exactly when it takes less, because costs grow with the round trip. This is the exact
 * function in double precision that integer programs are fitted to and certified against. Costs are
 * those of fitter/cost.h and fitter/energy_cost.h, what is better is that of objective.h.
 *
 * Life cycle: threshold_build, threshold_split as often as wanted, threshold_free. The models are
 * not copied and must outlive the threshold. Lengths beyond n_limit count as n_limit.
 */
#ifndef CODEGEN_THRESHOLD_H
#define CODEGEN_THRESHOLD_H

#include "codegen/objective.h"
#include "fitter/cost.h"
#include "fitter/energy_cost.h"
#include "records/lengths.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DECISION_EDGE = 0, DECISION_CLOUD = 1 };

/* Lengths from <= n <= to over which all models are affine, the number of round trips does not
 * change, and every question asked of threshold_split has one answer. */
struct piece {
    uint32_t from, to;
};

struct threshold {
    struct objective objective;
    struct cost_pair pair;
    struct energy_pair energy; /* {0} where the objective does not look at energy */
    struct cost_link link;     /* times per byte at which R(n) holds; its rtt_s is 0 */
    uint32_t n_max;            /* longest length measured at both */
    uint32_t n_limit;          /* 2*n_max */
    bool curved;               /* R(n) is not piecewise affine: pieces of one length each */
    struct piece *pieces;      /* n_pieces, ascending, covering 0..n_limit */
    size_t n_pieces, capacity;
};

struct threshold_inputs {
    const struct cost_pair *pair;
    const struct energy_pair *energy; /* may be NULL where the objective does not need it */
    const struct objective *objective;
    const struct cost_link *link; /* the times per byte; its rtt_s is not looked at */
    uint32_t n_max;               /* N_MAX at most; 0: as long as was measured */
};

/* STATUS_INVALID: a model without segments, with figures that are not finite, costs beyond
 * centuries, watts below 0, or round trips of a request that are not above 0.
 * STATUS_UNSUPPORTED: a curved R(n) over too many lengths. */
enum status threshold_build(const struct threshold_inputs *inputs, struct threshold *threshold,
                            struct error *error);

/* The times in seconds: on the device; at the endpoint, without the round trips; those included. */
double threshold_edge_s(const struct threshold *threshold, uint32_t n);
double threshold_remote_s(const struct threshold *threshold, uint32_t n);
double threshold_cloud_s(const struct threshold *threshold, uint32_t n, double rtt_s);

/* Round trips of one request. */
double threshold_round_trips(const struct threshold *threshold, uint32_t n);

/* What the objective looks at; what it does not is NAN. Of the energy-delay product a factor that
 * the models let fall below 0 counts as 0, for the product of two would be a cost again. */
struct expected_cost threshold_edge_cost(const struct threshold *threshold, uint32_t n);
struct expected_cost threshold_cloud_cost(const struct threshold *threshold, uint32_t n,
                                          double rtt_s);

/* The better decision; the edge where the two differ by no more than rounding, so that equal models
 * tie. */
int threshold_best(const struct threshold *threshold, uint32_t n, double rtt_s);

/* What a decision costs more than the better one; 0 where they tie. */
struct objective_regret threshold_regret(const struct threshold *threshold, uint32_t n,
                                         double rtt_s, int decision);

/* Whether a decision is good enough: it is the better one, or costs at most the fraction
 * max_regret more and keeps the same deadline or budget. Of a tie the edge only, where nothing is
 * accepted. */
bool threshold_accepts(const struct threshold *threshold, uint32_t n, double rtt_s, int decision,
                       double max_regret);

/* R(n); it may be infinite where energies do not depend on the round trip. */
double threshold_s(const struct threshold *threshold, uint32_t n);

/* The break-evens that are good enough: with any of least .. most instead of R(n), no decision
 * costs more than the fraction max_regret above the better one, nor misses a deadline or a budget
 * that the better one keeps. least <= R(n) <= most. */
struct threshold_range {
    double least, most;
};
struct threshold_range threshold_range(const struct threshold *threshold, uint32_t n,
                                       double max_regret);

/* The device's mean time and energy over the lengths that a product sees (NULL: 1 .. n_max, each
 * as often), by which objective `weighted` divides; NAN for what the objective does not look at. */
struct expected_cost threshold_edge_mean(const struct threshold *threshold,
                                         const struct histogram *lengths);

/* A yes-or-no question about a length whose answer changes at most once within a piece. */
typedef bool threshold_question(const struct threshold *threshold, const void *user, uint32_t n);

/* Splits pieces where the answer changes. */
enum status threshold_split(struct threshold *threshold, threshold_question *question,
                            const void *user, struct error *error);

/* Splits them so that threshold_range is affine over each (where it is not infinite). */
enum status threshold_split_ranges(struct threshold *threshold, double max_regret,
                                   struct error *error);

/* Splits them so that threshold_accepts has one answer over each. */
enum status threshold_split_decisions(struct threshold *threshold, double rtt_s, double max_regret,
                                      struct error *error);

void threshold_free(struct threshold *threshold);

#endif
