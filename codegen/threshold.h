// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The break-even round trip R(n) of an edge and a cloud target at the design link's bandwidths: the
 * cost of both is equal when a round trip takes R(n) seconds, and offloading is cheaper exactly
 * when it takes less. This is the exact function in double precision that integer programs are
 * fitted to and certified against. Costs are those of fitter/cost.h.
 *
 * Life cycle: threshold_build, threshold_split as often as wanted, threshold_free. The models are
 * not copied and must outlive the threshold. Lengths beyond n_limit count as n_limit.
 */
#ifndef CODEGEN_THRESHOLD_H
#define CODEGEN_THRESHOLD_H

#include "fitter/cost.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lengths from <= n <= to over which all models are affine, the number of round trips does not
 * change, and every question asked of threshold_split has one answer. */
struct piece {
    uint32_t from, to;
};

struct threshold {
    struct cost_pair pair;
    struct cost_link link; /* times per byte at which R(n) holds; its rtt_s is 0 */
    uint32_t n_max;        /* longest length measured at both */
    uint32_t n_limit;      /* 2*n_max */
    bool curved;           /* a model is quadratic: pieces of one length each */
    struct piece *pieces;  /* n_pieces, ascending, covering 0..n_limit */
    size_t n_pieces, capacity;
};

/* `link` gives the times per byte (its rtt_s is not looked at).
 * STATUS_INVALID: a model without segments, with figures that are not finite, costs beyond
 * centuries, or round trips of a request that are not above 0. STATUS_UNSUPPORTED: a curved model
 * over too many lengths. */
enum status threshold_build(const struct cost_pair *pair, const struct cost_link *link,
                            struct threshold *threshold, struct error *error);

/* The costs in seconds: on the device; at the endpoint, without the round trips; those included. */
double threshold_edge_s(const struct threshold *threshold, uint32_t n);
double threshold_remote_s(const struct threshold *threshold, uint32_t n);
double threshold_cloud_s(const struct threshold *threshold, uint32_t n, double rtt_s);

/* Round trips of one request. */
double threshold_round_trips(const struct threshold *threshold, uint32_t n);

/* What staying on the device costs more than offloading over a round trip of rtt_s; exactly 0 where
 * the two differ by no more than rounding, so that equal models tie. */
double threshold_excess_s(const struct threshold *threshold, uint32_t n, double rtt_s);

/* R(n): the excess without a round trip over the round trips of a request. */
double threshold_s(const struct threshold *threshold, uint32_t n);

/* A yes-or-no question about a length whose answer changes at most once within a piece. */
typedef bool threshold_question(const struct threshold *threshold, const void *user, uint32_t n);

/* Splits pieces where the answer changes. */
enum status threshold_split(struct threshold *threshold, threshold_question *question,
                            const void *user, struct error *error);

void threshold_free(struct threshold *threshold);

#endif
