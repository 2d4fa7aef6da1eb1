// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One decision, made in several ways, each behind the same call: by the generated header, and by
 * what products do without it. Freestanding, for decision_loop.c on the host and for the boards.
 *
 * imdb.h is the header; models.h, beside it, defines EDGE and CLOUD (lines, us), SEGMENTS where
 * they are several, BY_HAND (the length up to which the design link's requests stay); REAL is
 * double, or float where doubles are dear.
 */
#ifndef CODEGEN_BENCH_DECISIONS_H
#define CODEGEN_BENCH_DECISIONS_H

#include "imdb.h"
#include "models.h"

#define NOT_INLINED __attribute__((noinline, noclone, used))

typedef int decision(uint32_t n, uint32_t rtt_us);

/* Nothing at all: what the call costs. */
NOT_INLINED static int nothing(uint32_t n, uint32_t rtt_us)
{
    (void)n;
    (void)rtt_us;
    return 0;
}

NOT_INLINED static int by_hand(uint32_t n, uint32_t rtt_us)
{
    (void)rtt_us;
    return n > BY_HAND;
}

NOT_INLINED static int choose(uint32_t n, uint32_t rtt_us)
{
    (void)rtt_us;
    return imdb_choose(n);
}

NOT_INLINED static int choose_rtt(uint32_t n, uint32_t rtt_us)
{
    return imdb_choose_rtt(n, rtt_us);
}

/* ---- the papers' method: the models in floating point, read from memory as a product that loads
 * them at its start does */

struct line {
    uint32_t to;
    REAL intercept_us, slope_us;
};
extern struct line edge_lines[], cloud_lines[]; /* else compilers know that nobody loads any */
struct line edge_lines[] = EDGE, cloud_lines[] = CLOUD;

static inline REAL line_at(const struct line *line, uint32_t n)
{
#ifdef SEGMENTS
    while (n > line->to)
        line++;
#endif
    return line->intercept_us + line->slope_us * (REAL)n;
}

NOT_INLINED static int floating_point(uint32_t n, uint32_t rtt_us)
{
    return (REAL)rtt_us + line_at(cloud_lines, n) < line_at(edge_lines, n);
}

/* ---- rules in order, the first that applies decides: as MPI libraries choose their algorithms */

enum { N_RULES = 16, RULE_LENGTHS = 64 };
struct rule {
    uint32_t to, rtt_us;
};
static struct rule rules[N_RULES];

NOT_INLINED static int rule_list(uint32_t n, uint32_t rtt_us)
{
    for (int i = 0; i < N_RULES; i++) {
        if (n <= rules[i].to)
            return rtt_us < rules[i].rtt_us;
    }
    return 0;
}

/* Each rule as good as one can be for its lengths: the break-even in their middle. */
static void rules_make(void)
{
    for (uint32_t i = 0; i < N_RULES; i++) {
        uint32_t even = 0;
        for (uint32_t bit = UINT32_C(1) << 31; bit; bit >>= 1)
            even += imdb_choose_rtt(i * RULE_LENGTHS + RULE_LENGTHS / 2, even + bit - 1) ? bit : 0;
        rules[i].to = (i + 1) * RULE_LENGTHS - 1;
        rules[i].rtt_us = even;
    }
}

/* ---- arguments: lengths below 1024, round trips below 131 ms */

static inline uint32_t draw(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state;
}
static inline uint32_t draw_length(uint32_t *state)
{
    return draw(state) >> 22;
}
static inline uint32_t draw_round_trip(uint32_t *state)
{
    return draw(state) >> 15;
}

#endif
