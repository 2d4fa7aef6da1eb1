// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/interval.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

void running_add(struct running *running, double value)
{
    double d = value - running->mean;
    running->mean += d / (double)++running->n;
    running->m2 += d * (value - running->mean);
}

double running_sd(const struct running *running)
{
    return running->n < 2 ? 0 : sqrt(running->m2 / (double)(running->n - 1));
}

static double upper_quantile(double tail, double dof)
{
    return isinf(dof) ? gsl_cdf_ugaussian_Qinv(tail) : gsl_cdf_tdist_Qinv(tail, dof);
}

double interval_t(double dof)
{
    return upper_quantile(0.025, dof);
}

double interval_upper_together(uint64_t m, double dof)
{
    return upper_quantile(0.05 / (double)m, dof);
}

double interval_tail(double t, double dof)
{
    return isinf(dof) ? gsl_cdf_ugaussian_Q(t) : gsl_cdf_tdist_Q(t, dof);
}

double running_half_width(const struct running *running)
{
    if (running->n < 2)
        return HUGE_VAL;
    double n = (double)running->n;
    return interval_t(n - 1) * running_sd(running) / sqrt(n);
}
