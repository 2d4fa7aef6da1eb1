// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/linkwatch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double far_share = 0.2, far_s = 2e-3;

bool linkwatch_add(struct linkwatch *watch, int64_t rtt_ns)
{
    if (watch->n == LINKWATCH_PROBES)
        return false;
    watch->rtts_ns[watch->n++] = rtt_ns;
    return watch->n == LINKWATCH_PROBES;
}

static int by_value(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

bool linkwatch_far(const struct linkwatch *watch, const struct link_state *state, double *median_s)
{
    int64_t sorted[LINKWATCH_PROBES];
    memcpy(sorted, watch->rtts_ns, watch->n * sizeof *sorted);
    qsort(sorted, watch->n, sizeof *sorted, by_value);
    *median_s = (double)sorted[watch->n / 2] * 1e-9;
    double far = fabs(*median_s - state->rtt_s);
    return far > far_share * state->rtt_s && far > far_s;
}
