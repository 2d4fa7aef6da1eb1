// SPDX-License-Identifier: GPL-3.0-or-later
/* What counters add to a sample: to the time that is recorded, and outside of it. */
#include "profiler/counters_report.h"

#include <stdio.h>

int main(void)
{
    enum { RUNS = 20001 };
    static const char *const lists[] = {"PAPI_TOT_INS", "perf::PAGE-FAULTS",
                                        "perf::PAGE-FAULTS perf::TASK-CLOCK"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct counters *counters;
        struct error error = {0};
        if (counters_open(lists[i], false, COUNT_THREAD, &counters, &error)) {
            printf("counters %s: %s\n", lists[i], error.text);
            continue;
        }
        const char *why = counters_event(counters, 0)->why;
        if (why) {
            printf("counters %s: not here: %s\n", lists[i], why);
        } else {
            struct counters_cost cost = counters_measure_cost(counters, RUNS);
            printf("counters %s: %+.1f ns recorded, %.2f us a sample outside of it (medians of "
                   "%d)\n",
                   lists[i], cost.recorded_ns, cost.outside_ns * 1e-3, RUNS);
        }
        counters_close(counters);
    }
    return 0;
}
