// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The cost of a sequence-to-sequence inference, which has two lengths: of the input, n, and of the
 * output, m, which nobody knows before it is there.
 *
 *     T(n, m) = base + per_in*n + per_out*m          fitted to samples that know both
 *     M(n)    = gamma*n + delta                      fitted to pairs of lengths (pairs_fit.h)
 *     T(n)    = T(n, M(n)) = (base + per_out*delta) + (per_in + per_out*gamma)*n
 *
 * T is linear in m, so T(n, M(n)) is the expected cost of an input of length n whatever the spread
 * of m about M(n): a straight line in n, on which break-evens and headers rest as on any other. Its
 * coefficients' covariance takes in both fits (delta method; the samples and the pairs are
 * independent). What one inference costs is spread further, by per_out times M's prediction
 * interval: sequence_cost_range.
 *
 * No life cycle: all values.
 */
#ifndef FITTER_SEQUENCE_COST_H
#define FITTER_SEQUENCE_COST_H

#include "base/status.h"
#include "records/output_length.h"

#include <stddef.h>
#include <stdint.h>

struct sequence_sample {
    uint32_t n_in, n_out;
    double cost; /* s or J */
};

struct sequence_cost {
    double base, per_in, per_out;
    double covariance[3][3]; /* s^2 (X'X)^-1 in that order */
    double residual_sd;
    double dof; /* samples less three */
};

/* Least squares, all samples alike.
 * STATUS_INVALID: fewer than four samples, or the two lengths always go together (by a straight
 * line), so that nothing tells their costs apart.  STATUS_NO_MEMORY. */
enum status sequence_cost_fit(const struct sequence_sample *samples, size_t n,
                              struct sequence_cost *cost, struct error *error);

/* T(n, m). */
double sequence_cost_value(const struct sequence_cost *cost, double n_in, double n_out);

/* T(n, M(n)) as a line in n. */
struct sequence_line {
    double intercept, slope;
    double var_intercept, var_slope, covariance;
};
struct sequence_line sequence_cost_expected(const struct sequence_cost *cost,
                                            const struct output_length *output);

/* T(n, m) at the ends of M's 95 % interval; low <= high. */
void sequence_cost_range(const struct sequence_cost *cost, const struct output_length *output,
                         double n_in, double *low, double *high);

#endif
