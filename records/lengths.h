// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Sequence lengths: the list a campaign sweeps, and the histogram of the lengths that a product
 * sees.
 */
#ifndef RECORDS_LENGTHS_H
#define RECORDS_LENGTHS_H

#include "base/random.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { LENGTH_MAX = INT32_MAX, LENGTHS_MAX = 100000 };

/* "1,2,4:64:4,128": N and FROM:TO[:STEP] separated by commas. *lengths is ascending without
 * repetitions, *n of them (at most LENGTHS_MAX), to be freed.
 * STATUS_INVALID: the message says which part is wrong. */
enum status lengths_parse(const char *text, uint32_t **lengths, size_t *n, struct error *error);

struct histogram {
    uint32_t *lengths; /* n, ascending */
    uint64_t *counts;  /* n, each > 0 */
    size_t n;
    uint64_t total;
};

/* Reads a CSV with columns length,count (repeated lengths add up).
 * STATUS_INVALID: file:line and what is wrong there. */
enum status histogram_read(const char *path, struct histogram *histogram, struct error *error);

double histogram_mean(const struct histogram *histogram);

/* The length at or below which a share p (0..1) of the sequences lie (nearest rank). */
uint32_t histogram_quantile(const struct histogram *histogram, double p);

/* A length drawn at random, with the probability of its count. O(n). */
uint32_t histogram_draw(const struct histogram *histogram, struct random *random);

void histogram_free(struct histogram *histogram);

#endif
