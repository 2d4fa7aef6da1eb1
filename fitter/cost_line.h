// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A cost over a given link as a function of n, with its variance: a sum of models, each times what
 * the link makes of it. Where all of them are constant or linear it is a straight line, with the
 * covariance of its intercept and slope; between the places where the number of round trips changes
 * there is one line, and at those it jumps. Models of other forms bend it.
 *
 * Life cycle: cost_line_edge or cost_line_cloud, cost_line_subtract; nothing is owned, the model
 * set must outlive the line.
 */
#ifndef FITTER_COST_LINE_H
#define FITTER_COST_LINE_H

#include "fitter/cost.h"
#include "fitter/energy_cost.h"

#include <stdbool.h>
#include <stddef.h>

enum { COST_LINE_TERMS = 5, COST_LINE_FACTORS = 4 };

/* A constant that models are multiplied by, such as watts that times are: its own part in the
 * value is in their scales, and its error is this much of the line's: constant + the sum of models
 * times scales. */
struct cost_factor {
    const struct cost_model *model;
    double constant;
    struct {
        const struct cost_model *model;
        double scale;
    } of[2];
    size_t n_of;
};

struct cost_line {
    const struct model_set *set;
    struct {
        const struct cost_model *model;
        double scale;
    } terms[COST_LINE_TERMS];
    size_t n_terms;
    double constant_s; /* known exactly: one round trip (of an energy: J) */
    struct cost_factor factors[COST_LINE_FACTORS];
    size_t n_factors;
};

struct cost_line cost_line_edge(const struct model_set *set, const struct cost_pair *pair);
struct cost_line cost_line_cloud(const struct model_set *set, const struct cost_pair *pair,
                                 const struct cost_link *link);

/* The same of energies, J (energy_cost.h). With factors: no straight line, whatever its models. */
struct cost_line cost_line_edge_j(const struct model_set *set, const struct energy_pair *pair);
struct cost_line cost_line_cloud_j(const struct model_set *set, const struct energy_pair *pair,
                                   const struct cost_link *link);

struct cost_line cost_line_subtract(const struct cost_line *from, const struct cost_line *line);

/* NULL, or the first model that is no straight line (a round_trips model may be a step). */
const struct cost_model *cost_line_bent(const struct cost_line *line);

/* The value and the slope at n; on from the last lengths measured as the models go on. */
double cost_line_value(const struct cost_line *line, double n);
double cost_line_slope(const struct cost_line *line, double n);

/* A place where a line bends or, behind the length `at`, jumps. */
struct cost_line_break {
    double at;
    bool jump;
};

/* The breaks within from .. to, ascending; at most `room` of them are listed. Their number. */
size_t cost_line_breaks(const struct cost_line *line, double from, double to,
                        struct cost_line_break *breaks, size_t room);

/* Of a line that is straight: coefficient of n^power (0 or 1) where the length is `n`. */
double cost_line_coefficient(const struct cost_line *line, size_t power, double n);

/* Covariance of two of them. */
double cost_line_covariance(const struct cost_line *line, size_t i, size_t j, double n);

/* The variance of the value at n, of a line of any form. */
double cost_line_variance(const struct cost_line *line, double n);

#endif
