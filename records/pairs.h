// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Pairs of lengths, of the input and the output of a sequence-to-sequence network: how often each
 * pair occurs, and how the output's length goes with the input's.
 *
 * Life cycle: pair_histogram_read, any of the others, pair_histogram_free; pair_sampler_make,
 * draws, pair_sampler_free. What is only read may be shared between threads.
 */
#ifndef RECORDS_PAIRS_H
#define RECORDS_PAIRS_H

#include "base/alias.h"
#include "base/random.h"
#include "base/status.h"
#include "records/lengths.h"

#include <stddef.h>
#include <stdint.h>

struct length_pair {
    uint32_t n_in, n_out;
};

struct pair_histogram {
    struct length_pair *pairs; /* n, ascending by n_in, then by n_out */
    uint64_t *counts;          /* n, each > 0 */
    size_t n;
    uint64_t total;
};

/* Reads a CSV ("-": standard input) with columns n_in,n_out,count (or n_in,n_out: each row
 * counts once): repeated pairs add up, counts of
 * 0 and other columns are passed over.
 * STATUS_IO: it cannot be read.  STATUS_INVALID: file:line and what is wrong there, no pair at all,
 * or a histogram of single lengths. The histogram is empty then. */
enum status pair_histogram_read(const char *path, struct pair_histogram *histogram,
                                struct error *error);

/* The side of a pair. */
enum pair_side { SIDE_IN, SIDE_OUT };

/* The lengths of one side alone. STATUS_NO_MEMORY. */
enum status pair_histogram_side(const struct pair_histogram *histogram, enum pair_side side,
                                struct histogram *lengths, struct error *error);

/* n_out = slope * n_in + intercept by least squares over all pairs, and Pearson's correlation. NAN
 * where a side does not vary. */
struct pair_trend {
    double slope, intercept, pearson_r;
};
struct pair_trend pair_histogram_trend(const struct pair_histogram *histogram);

void pair_histogram_free(struct pair_histogram *histogram);

/* Draws pairs in constant time. */
struct pair_sampler {
    struct alias_table table;
    struct length_pair *pairs; /* of the table's values; owned */
};

/* A sampler of what the histogram holds now; it does not need the histogram any more.
 * STATUS_INVALID: the histogram is empty.  STATUS_NO_MEMORY. The sampler is empty then. */
enum status pair_sampler_make(const struct pair_histogram *histogram, struct pair_sampler *sampler,
                              struct error *error);

/* A pair with the probability of its count. O(1): one number of the generator. */
struct length_pair pair_sampler_draw(const struct pair_sampler *sampler, struct random *random);

void pair_sampler_free(struct pair_sampler *sampler);

#endif
