// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/spread.h"

#include <math.h>

/* Minus twice the pseudo-log-likelihood of the power, up to a constant. */
static double deviance(const struct spread_sample *samples, size_t n, double floor, double power)
{
    double total = 0, squares = 0, logs = 0;
    for (size_t i = 0; i < n; i++) {
        double count = samples[i].count, log_mean = log(fmax(samples[i].mean, floor));
        double off = samples[i].residual * exp(-power * log_mean);
        total += count;
        squares += count * off * off;
        logs += count * 2 * power * log_mean;
    }
    return total > 0 ? total * log(fmax(squares, 1e-300) / total) + logs : 0;
}

/* By golden section; the deviance has one valley there. */
double spread_power(const struct spread_sample *samples, size_t n, double floor)
{
    const double golden = 0.6180339887498949;
    double low = 0, high = 2;
    if (n == 0)
        return 0;
    for (int i = 0; i < 25; i++) {
        double a = high - golden * (high - low), b = low + golden * (high - low);
        if (deviance(samples, n, floor, a) < deviance(samples, n, floor, b))
            high = b;
        else
            low = a;
    }
    return high < 1e-4 ? 0 : (low + high) / 2;
}
