// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The inner part of bench_decision.c, compiled by it together with a fresh header "imdb.h": ns per
 * decision of the header's functions, of a comparison by hand, and of the models in floating
 * point. With a function's name as argument it only calls that one, for callgrind to count.
 */
#include "base/clock.h"
#include "imdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_ARGUMENTS = 4096, N_CALLS = 1 << 20, N_REPEATS = 41 };

#define NOT_INLINED __attribute__((noinline, noclone))

struct models {
    double edge_s, edge_s_per_step, cloud_s, cloud_s_per_step, rtt_s;
};
static volatile struct models run_time = {120e-6, 65e-6, 900e-6, 12e-6, 20e-3};

NOT_INLINED int by_hand(uint32_t n, uint32_t rtt_us)
{
    (void)rtt_us;
    return n > 393;
}

NOT_INLINED int choose(uint32_t n, uint32_t rtt_us)
{
    (void)rtt_us;
    return imdb_choose(n);
}

NOT_INLINED int choose_rtt(uint32_t n, uint32_t rtt_us)
{
    return imdb_choose_rtt(n, rtt_us);
}

NOT_INLINED int floating_point(uint32_t n, uint32_t rtt_us)
{
    double edge = run_time.edge_s + run_time.edge_s_per_step * n;
    double cloud = run_time.cloud_s + run_time.cloud_s_per_step * n;
    return rtt_us * 1e-6 + cloud < edge;
}

typedef int decision(uint32_t n, uint32_t rtt_us);

static const struct {
    const char *name;
    decision *function;
} functions[] = {
    {"by_hand", by_hand},
    {"choose", choose},
    {"choose_rtt", choose_rtt},
    {"floating_point", floating_point},
};
enum { N_FUNCTIONS = sizeof functions / sizeof *functions };

static uint32_t lengths[N_ARGUMENTS], round_trips[N_ARGUMENTS];
static volatile int sink;

static void call(decision *function, int n_calls)
{
    int sum = 0;
    for (int i = 0; i < n_calls; i++)
        sum += function(lengths[i % N_ARGUMENTS], round_trips[i % N_ARGUMENTS]);
    sink = sum;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static double ns[N_FUNCTIONS][N_REPEATS];
    uint32_t state = 1;
    for (int i = 0; i < N_ARGUMENTS; i++) {
        state = state * 1664525u + 1013904223u;
        lengths[i] = state >> 22;
        state = state * 1664525u + 1013904223u;
        round_trips[i] = state >> 15;
    }
    for (int f = 0; f < N_FUNCTIONS && argc > 1; f++) {
        if (strcmp(functions[f].name, argv[1]) == 0) {
            call(functions[f].function, N_ARGUMENTS);
            return 0;
        }
    }
    /* interleaved, so that a change of the clock's speed hits all alike */
    for (int repeat = 0; repeat < N_REPEATS; repeat++) {
        for (int f = 0; f < N_FUNCTIONS; f++) {
            int64_t since = clock_ns();
            call(functions[f].function, N_CALLS);
            ns[f][repeat] = (double)(clock_ns() - since) / N_CALLS;
        }
    }
    for (int f = 0; f < N_FUNCTIONS; f++)
        qsort(ns[f], N_REPEATS, sizeof ns[f][0], compare);
    for (int f = 0; f < N_FUNCTIONS; f++)
        printf("%s %.3f %.3f\n", functions[f].name, ns[f][N_REPEATS / 2],
               ns[f][N_REPEATS / 2] / ns[0][N_REPEATS / 2]);
    return 0;
}
