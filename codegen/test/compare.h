// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the comparing program (compare.c) is told about one generated header: the models as plain
 * numbers, what was asked for, and the functions. C99 and C++.
 */
#ifndef CODEGEN_TEST_COMPARE_H
#define CODEGEN_TEST_COMPARE_H

#include <stdint.h>

enum { COMPARE_SEGMENTS = 4 };

/* intercept + slope*n up to each `to` (the last one on and on), `quadratic` beside. */
struct compared_model {
    uint32_t n_min;
    int last;
    uint32_t to[COMPARE_SEGMENTS];
    double intercept[COMPARE_SEGMENTS], slope[COMPARE_SEGMENTS];
    double quadratic;
};

/* The letters of objectives: t time, e energy, w weighted, p product, d energy within a deadline,
 * b time within a budget. */
struct compared {
    const char *name;
    uint32_t n_max;
    long header_n_max;
    char objective;
    double parameter, max_regret;
    struct compared_model time, remote, up, down, trips, energy;
    double e0, p_tx, p_rx, p_wait; /* J and W */
    double up_s, down_s;           /* per byte */
    double rtt_s;                  /* of the design link */
    int (*choose)(uint32_t);
    int (*choose_rtt)(uint32_t, uint32_t);
    uint32_t (*remote_us)(uint32_t);
    uint64_t hash; /* of what the interpreter says */
};

#ifdef __cplusplus
extern "C" const struct compared compared_headers[]; /* the last one has no name */
#else
extern const struct compared compared_headers[];
#endif

#endif
