// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/tally.h"

#include <math.h>

/* Below 64 a bin is 1 ns wide; each octave above has 64 bins. */
static int bin_of(uint64_t t)
{
    if (t < HISTOGRAM_SUB)
        return (int)t;
    int shift = 63 - __builtin_clzll(t) - 6;
    return HISTOGRAM_SUB * shift + (int)(t >> shift);
}

void tally_add_weighted(struct tally *tally, int64_t time_ns, uint64_t weight)
{
    int64_t t = time_ns < 0 ? 0 : time_ns;
    int bin = bin_of((uint64_t)t);
    tally->counts[bin] += weight;
    tally->sums[bin] += (double)t * (double)weight;
    tally->n += weight;
    if (tally->max_ns < t)
        tally->max_ns = t;
}

void tally_add(struct tally *tally, int64_t time_ns)
{
    tally_add_weighted(tally, time_ns, 1);
}

int64_t tally_quantile_ns(const struct tally *tally, double q)
{
    uint64_t rank = (uint64_t)ceil(q * (double)tally->n), seen = 0;
    for (int i = 0; i < HISTOGRAM_BINS; i++) {
        seen += tally->counts[i];
        if (seen > 0 && seen >= rank) {
            double mean = tally->sums[i] / (double)tally->counts[i];
            return mean < (double)tally->max_ns ? llround(mean) : tally->max_ns;
        }
    }
    return 0;
}
