// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What of two curves is compared: linear functions of their values, each a weighted sum over
 * lengths.
 *
 * Curves of one form (and as many knots) are compared at as many lengths as they have powers,
 * hinges and levels: the ends, the knots (half-way between theirs), the middle of a parabola or of
 * a level. That is all that there is to compare.
 *
 * Forms that differ may differ by the noise that chose them, and a test that takes them as given
 * cries wolf. Least squares leaves residuals that are orthogonal to every straight line, if
 * straight lines are among the forms that a curve can take: so their mean and their slope over the
 * lengths are those of the samples, whatever the form that was chosen, and these two are compared.
 * Against a constant or steps it is the mean alone.
 *
 * No life cycle: all values.
 */
#ifndef FITTER_CONTRAST_H
#define FITTER_CONTRAST_H

#include "fitter/prediction.h"
#include "records/model.h"

#include <stdbool.h>
#include <stddef.h>

enum { CONTRAST_POINTS = 33 };

struct contrasts {
    size_t n, n_points;
    bool whole; /* all that there is to compare; else the mean, and the slope if n is 2 */
    double at[CONTRAST_POINTS];
    double weight[PREDICTION_MAX][CONTRAST_POINTS]; /* of each contrast; in the quantity's unit */
};

/* Over the lengths from .. to, from <= to; what would take more than `most` contrasts is compared
 * as forms that differ are. */
struct contrasts contrasts_of(const struct cost_model *a, const struct cost_model *b, double from,
                              double to, double most);

/* Contrast k of a model's values. */
double contrast_value(const struct contrasts *contrasts, size_t k, const struct cost_model *model);

/* The covariance of contrasts k and l of one model. */
double contrast_covariance(const struct contrasts *contrasts, size_t k, size_t l,
                           const struct model_set *set, const struct cost_model *model);

#endif
