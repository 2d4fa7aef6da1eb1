// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Sequence lengths: the list a campaign sweeps, and the histogram of the lengths that a product
 * sees.
 *
 * Life cycle: lengths_parse and free(); histogram_read, any of the others, histogram_free;
 * length_sampler_make, draws, length_sampler_free. A histogram or sampler that is only read may be
 * shared between threads.
 */
#ifndef RECORDS_LENGTHS_H
#define RECORDS_LENGTHS_H

#include "base/alias.h"
#include "base/random.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { LENGTH_MAX = INT32_MAX, LENGTHS_MAX = 100000 };

/* "1, 2, 4:64:4, 128": N and FROM:TO[:STEP] separated by commas, TO included where STEP meets it;
 * blanks around a number are allowed, empty parts are not. *lengths is ascending without
 * repetitions, *n >= 1 of them, to be freed with free().
 * STATUS_INVALID: a number outside 1..LENGTH_MAX, a range that ends before it starts, or more than
 * LENGTHS_MAX lengths before repetitions are left out; the message says which part is wrong.
 * Nothing is written to *lengths and *n then. */
enum status lengths_parse(const char *text, uint32_t **lengths, size_t *n, struct error *error);

struct histogram {
    uint32_t *lengths; /* n, ascending */
    uint64_t *counts;  /* n, each > 0 */
    size_t n;
    uint64_t total;
};

/* Reads a CSV ("-": standard input) with columns length,count: repeated lengths add up, counts of 0
 * and other columns are passed over. *histogram is freed with histogram_free; empty after a
 * failure. STATUS_IO: it cannot be read. STATUS_INVALID: file:line and what is wrong there, or no
 * sequence at all. */
enum status histogram_read(const char *path, struct histogram *histogram, struct error *error);

/* The mean length of a sequence. */
double histogram_mean(const struct histogram *histogram);

/* The length at or below which a share p (0..1) of the sequences lie: that of rank ceil(p*total)
 * counted from 1 in ascending order (nearest rank); p = 0 gives the shortest. */
uint32_t histogram_quantile(const struct histogram *histogram, double p);

/* A length drawn at random, with the probability of its count. O(n): for many draws there is the
 * sampler. */
uint32_t histogram_draw(const struct histogram *histogram, struct random *random);

void histogram_free(struct histogram *histogram);

/* Draws lengths in constant time. */
struct length_sampler {
    struct alias_table table;
    uint32_t *lengths; /* of the table's values; owned */
};

/* A sampler of what the histogram holds now; it does not need the histogram any more.
 * STATUS_INVALID: the histogram is empty.  STATUS_NO_MEMORY. The sampler is empty then. */
enum status length_sampler_make(const struct histogram *histogram, struct length_sampler *sampler,
                                struct error *error);

/* A length with the probability of its count. O(1): one number of the generator. */
uint32_t length_sampler_draw(const struct length_sampler *sampler, struct random *random);

void length_sampler_free(struct length_sampler *sampler);

#endif
