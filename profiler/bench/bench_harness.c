// SPDX-License-Identifier: GPL-3.0-or-later
/* What the profiler adds to what it measures: the time recorded for an engine that does nothing. */
#include "base/clock.h"
#include "profiler/place.h"

#include <stdio.h>

int main(void)
{
    enum { RUNS = 100001 };
    printf("clock: %.1f ns a reading\n", clock_overhead_ns(RUNS));
    printf("harness: %.1f ns recorded (median of %d) for an inference that does nothing\n",
           harness_overhead_ns(RUNS, NULL), RUNS);
    return 0;
}
