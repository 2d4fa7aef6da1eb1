// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Quantiles of times in constant memory, however many are added: counters whose width grows with
 * the time, 1/64 of it or finer.
 *
 * Life cycle: zero-initialised is empty. Thread rule: one thread.
 */
#ifndef TESTBED_HISTOGRAM_H
#define TESTBED_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_SUB = 64, HISTOGRAM_BINS = HISTOGRAM_SUB * 58 };

struct histogram {
    uint64_t n;
    int64_t max_ns;
    uint64_t counts[HISTOGRAM_BINS];
};

/* Times below 0 count as 0. */
void histogram_add(struct histogram *histogram, int64_t time_ns);

/* The time that a fraction `q` (0..1) does not exceed, to 1/64 of it; 0 when empty. */
int64_t histogram_quantile_ns(const struct histogram *histogram, double q);

#endif
