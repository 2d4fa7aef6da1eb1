// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A model's value at a length as a linear function of its coefficients, and with that the
 * covariance of values at any lengths. It is not linear in knots: there it is the tangent at the
 * fitted ones.
 *
 * No state: a set that is only read may be shared between threads.
 */
#ifndef FITTER_PREDICTION_H
#define FITTER_PREDICTION_H

#include "records/model.h"

enum { PREDICTION_MAX = 64 }; /* coefficients of one model */

/* The coefficients that a value is linear in: all but the knots of a piecewise line. */
size_t prediction_n_linear(const struct cost_model *model);

/* d value(n) / d coefficient, into g[n_coefficients]: powers of n, hinges and knots; of a step the
 * segment's own. Models of more than PREDICTION_MAX coefficients have zeros only. */
void prediction_gradient(const struct cost_model *model, double n, double *g);

/* The value that goes with it: cost_model_value without its floor at 0. */
double prediction_value(const struct cost_model *model, double n);

/* The covariance of the model's values at lengths a and b. */
double prediction_covariance(const struct model_set *set, const struct cost_model *model, double a,
                             double b);

/* Half the 95 % interval of the expected value at n. */
double prediction_half_width(const struct model_set *set, const struct cost_model *model, double n);

#endif
