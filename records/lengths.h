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
    uint64_t n_empty; /* sequences of length 0 that were left out */
};

/*
 * Reads what the option --lengths names ("-" as FILE: standard input):
 *
 *   FILE              a histogram: a CSV with columns length,count, or n_in,n_out,count (pairs, of
 *                     which the input's length counts). Repeated lengths add up, counts of 0 and
 *                     other columns are passed over.
 *   text:FILE         raw text, one sequence a line: its words are counted (records/words_private.h
 *                     lists the white space that separates them). Lines without a word are left out
 *                     and counted in n_empty.
 *   column:NAME@FILE  a length a row, in the column of that name; lengths of 0 as above. Lines are
 *                     cut at tabs when the first one holds a tab, else at commas; empty lines and
 *                     those that begin with '#' are passed over.
 *   words:NAME@FILE   a text a row, in the column of that name, its words counted; between commas a
 *                     text may stand in double quotes, and go over several lines there.
 *
 * A number as NAME is the column's place, from 1, in a file without a header. Nothing is guessed: a
 * FILE without a prefix is a histogram or an error. "./text:x" reads a file of such a name.
 *
 * Texts and rows may be of any length; memory goes with the number of different lengths.
 * *histogram is freed with histogram_free; empty after a failure.
 * STATUS_MISUSE: no FILE or no NAME.  STATUS_IO: it cannot be read.  STATUS_INVALID: file:line and
 * what is wrong there, or no sequence at all.
 */
enum status histogram_read(const char *source, struct histogram *histogram, struct error *error);

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
