// SPDX-License-Identifier: GPL-3.0-or-later
/* Intervals of means. */
#ifndef FITTER_INTERVAL_H
#define FITTER_INTERVAL_H

#include <stdint.h>

/* A mean and its spread, updated value by value (Welford 1962). Starts as {0}. */
struct running {
    uint64_t n;
    double mean, m2;
};

void running_add(struct running *running, double value);

/* Sample standard deviation; 0 below two values. */
double running_sd(const struct running *running);

/* What a standard error is multiplied by for half a 95 % interval: 97.5 % of Student's t. */
double interval_t(double dof);

/* Of m upper ends that are to hold together in 95 % of cases (Bonferroni): 1 - 0.05/m of Student's
 * t; m >= 1. An infinite dof is the normal distribution. */
double interval_upper_together(uint64_t m, double dof);

/* How probable it is that Student's t exceeds that. */
double interval_tail(double t, double dof);

/* Half the 95 % interval of the mean: t(n-1) * sd / sqrt(n); infinity below two values. */
double running_half_width(const struct running *running);

#endif
