// SPDX-License-Identifier: 0BSD
/*
 * An engine as a program that rnnprof keeps alive: `RUN n` in, `OK [nanoseconds]` out. Build and
 * use:
 *
 *     cc -O2 -o my_engine command.c -lm
 *
 *     [edge]
 *     engine = command
 *     argv = ./my_engine 256           units of this example's LSTM
 */
#define _POSIX_C_SOURCE 200809L
#include "lstm.h"

#include <stdio.h>
#include <time.h>

enum { INPUT = 32, MAX_LENGTH = 100000 };

static long long now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(int argc, char **argv)
{
    struct lstm lstm;
    uint64_t seed = 1;
    char line[64];
    float *x = malloc((size_t)MAX_LENGTH * INPUT * sizeof *x);
    int hidden = argc > 1 ? atoi(argv[1]) : 64;
    if (!x || hidden < 1 || lstm_make(&lstm, INPUT, (uint32_t)hidden, 1))
        return 1;
    for (size_t i = 0; i < (size_t)MAX_LENGTH * INPUT; i++)
        x[i] = lstm_random(&seed);
    printf("READY LSTM of %d units in plain C\n", hidden);
    fflush(stdout); /* standard output is a pipe: whoever does not flush is silent */
    while (fgets(line, sizeof line, stdin)) {
        unsigned n;
        if (sscanf(line, "RUN %u", &n) != 1 || n < 1 || n > MAX_LENGTH) {
            printf("ERROR lengths are 1 to %d\n", MAX_LENGTH);
        } else {
            long long start_ns = now_ns();
            lstm_run(&lstm, n, x);
            printf("OK %lld\n", now_ns() - start_ns);
        }
        fflush(stdout);
    }
    lstm_free(&lstm); /* the end of standard input: rnnprof is done */
    free(x);
    return 0;
}
