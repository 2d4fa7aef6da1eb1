// SPDX-License-Identifier: GPL-3.0-or-later
/* Samples of which nothing but the time is known. */
#ifndef FITTER_TEST_OBSERVED_H
#define FITTER_TEST_OBSERVED_H

#include "fitter/dataset.h"

#include <math.h>

/* round < 0: none. */
static inline struct observation observed(uint32_t length, int32_t round, double ms)
{
    return (struct observation){length, round, (int64_t)llround(ms * 1e6), -1, -1, -1, -1, -1, -1,
                                -1,     -1};
}

#endif
