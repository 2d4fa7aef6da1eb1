// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Round trips per request and remote time from the same samples:
 *
 *     y = c[run]*r + b0 + b1*n + noise
 *
 * by weighted instrumental variables, b = (Z'WX)^-1 Z'Wy, since the measured r has noise of its own
 * (link_states.h). Given c, its b0 and b1 are those of weighted least squares of y - c*r.
 *
 * Life cycle: joint_fit, joint_free.
 */
#ifndef FITTER_JOINT_H
#define FITTER_JOINT_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { JOINT_LEVELS_MAX = 7, JOINT_MAX = JOINT_LEVELS_MAX + 2 };

/* One sample. Times in s. */
struct joint_sample {
    uint32_t length;
    int32_t round;
    size_t run; /* which c; JOINT_LEVELS_MAX: none, y is free of round trips */
    double rtt_s, instrument_s, y_s;
    double weight; /* 1/variance up to a common factor */
};

struct joint {
    size_t n_levels, p, q;          /* p powers of n; q = n_levels + p coefficients in all */
    double coefficients[JOINT_MAX]; /* c of each run, then b0 and b1 */
    double classical[JOINT_MAX][JOINT_MAX]; /* s^2 (Z'WX)^-1 Z'WZ (X'WZ)^-1 */
    double dof;                             /* samples less coefficients */
    /* Coefficients without round i: leave_out[i*q + j]. NULL: some sample has no round, fewer than
     * three rounds, or one without which the equations have no solution. */
    double *leave_out;
    int32_t *rounds;
    size_t n_rounds;
};

/* `samples` are sorted by round here.
 * STATUS_INVALID: they do not determine the coefficients.  STATUS_NO_MEMORY. */
enum status joint_fit(struct joint_sample *samples, size_t n, size_t n_levels, size_t p,
                      struct joint *joint, struct error *error);

/* The standard error of coefficient i: from the rounds left out (jackknife) where there are any,
 * else the classical one. */
double joint_standard_error(const struct joint *joint, size_t i);

/* Degrees of freedom of the standard errors. */
double joint_dof(const struct joint *joint);

void joint_free(struct joint *joint);

#endif
