// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A cost over a given link as a straight line in n, with the covariance of its intercept and slope:
 * a sum of models, each times what the link makes of it. Between the places where the number of
 * round trips changes there is one line; at those it jumps.
 *
 * Life cycle: cost_line_edge or cost_line_cloud, cost_line_subtract; nothing is owned, the model
 * set must outlive the line.
 */
#ifndef FITTER_COST_LINE_H
#define FITTER_COST_LINE_H

#include "fitter/cost.h"

#include <stdbool.h>
#include <stddef.h>

enum { COST_LINE_TERMS = 5 };

struct cost_line {
    const struct model_set *set;
    struct {
        const struct cost_model *model;
        double scale;
    } terms[COST_LINE_TERMS];
    size_t n_terms;
    double constant_s; /* known exactly: one round trip */
};

struct cost_line cost_line_edge(const struct model_set *set, const struct cost_pair *pair);
struct cost_line cost_line_cloud(const struct model_set *set, const struct cost_pair *pair,
                                 const struct cost_link *link);
struct cost_line cost_line_subtract(const struct cost_line *from, const struct cost_line *line);

/* NULL, or the first model that is no straight line (a round_trips model may be a step). */
const struct cost_model *cost_line_bent(const struct cost_line *line);

/* Coefficient of n^power (0 or 1) where the length is `n`. */
double cost_line_coefficient(const struct cost_line *line, size_t power, double n);

/* Covariance of two of them. */
double cost_line_covariance(const struct cost_line *line, size_t i, size_t j, double n);

/* The variance of the line's value at n. */
double cost_line_variance(const struct cost_line *line, double n);

#endif
