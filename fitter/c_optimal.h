// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where to measure so that one number is known best for the time spent: the c-optimal design of a
 * linear model (Elfving 1952), per second.
 *
 * A measurement at point i has the regressors f_i, the variance s_i^2 and takes t_i seconds. Of a
 * second of measuring the share w_i goes to point i, so that the information is
 *
 *     M(w) = sum_i w_i g_i g_i',     g_i = f_i / (s_i sqrt(t_i)),
 *
 * and a number c'b of the coefficients b gets the variance c'M(w)^-1 c / T in T seconds. Elfving's
 * theorem makes the best w a linear programme: the u with the least sum |u_i| of all that make
 * sum u_i g_i = c gives w_i = |u_i| / sum |u_j| and the variance (sum |u_j|)^2. It is solved by the
 * simplex method (Harman and Jurik 2008), so no more than p points have a share.
 *
 * Thread rule: no state.
 */
#ifndef FITTER_C_OPTIMAL_H
#define FITTER_C_OPTIMAL_H

#include "base/status.h"

#include <stddef.h>

enum { C_OPTIMAL_MAX = 10 }; /* coefficients */

struct c_optimal {
    size_t n_support;
    size_t point[C_OPTIMAL_MAX]; /* n_support, ascending */
    double share[C_OPTIMAL_MAX]; /* of the time; their sum is 1 */
    double root;                 /* sum |u|: the variance of c'b after a second is root^2 */
    /* How much less than that variance any design could have at most: 1 - 1/max_i (g_i'h)^2 with
     * the dual solution h (equivalence theorem of c-optimality: Pukelsheim 1993, section 2.14). The
     * simplex stops at 1e-9. */
    double gap;
};

/*
 * g[n*p], row-major, p <= C_OPTIMAL_MAX; c[p], not all zero.
 * STATUS_INVALID: the points do not determine p coefficients.  STATUS_FAILED: no end in 1000 steps
 * (not seen).
 */
enum status c_optimal(const double *g, size_t n, size_t p, const double *c,
                      struct c_optimal *design, struct error *error);

/* c'M(w)^-1 c of any shares w[n]; infinite where they do not determine c'b. */
double c_variance(const double *g, const double *w, size_t n, size_t p, const double *c);

#endif
