// SPDX-License-Identifier: GPL-3.0-or-later
/* How long one decision of a generated header (HEADER, CHOOSE) takes, in ns: the least of 20 runs
 * of a loop whose next arguments wait for the last answer, less an empty loop's. */
#include HEADER

#include <stdio.h>
#include <time.h>

enum { N = 2000000 };

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double loop(int decide)
{
    volatile uint32_t sink;
    uint32_t state = 1, answer = 0;
    double start = now_ns();
    for (int i = 0; i < N; i++) {
        state = state * 1664525u + 1013904223u + answer;
        answer = decide ? (uint32_t)CHOOSE(state >> 22, state & 0xffff) : state >> 31;
    }
    sink = state;
    (void)sink;
    return (now_ns() - start) / N;
}

int main(void)
{
    double least = 1e9, empty = 1e9;
    for (int i = 0; i < 20; i++) {
        double with = loop(1), without = loop(0);
        least = with < least ? with : least;
        empty = without < empty ? without : empty;
    }
    printf("%.3f\n", least > empty ? least - empty : 0.0);
    return 0;
}
