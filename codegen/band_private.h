// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What an integer program has to hit: for each length a range of microseconds, given at both ends
 * of pieces over which its limits are affine, so that a line inside at the ends is inside all over.
 *
 * Life cycle: band_of_..., band_free.
 */
#ifndef CODEGEN_BAND_PRIVATE_H
#define CODEGEN_BAND_PRIVATE_H

#include "codegen/threshold.h"

/* Round trips are counted in 32 bits, so a break-even from here on means "always". */
static const double microseconds_end = 4294967296.0;

/* A line x(n) fits when low <= x < high: its integer part is then within 1 us of the value, or at 0
 * where only that matters. */
struct band_point {
    uint32_t n;
    double low, high; /* us; either may be infinite */
    double value;     /* us, unlimited */
};

struct band {
    struct band_point *points; /* 2*n_pieces: the first and the last length of each */
    size_t n_pieces;
    uint32_t n_limit;
};

/*
 * The break-even round trip. Where offloading never pays the program has to say 0, never more.
 * `max_regret` widens the band: an answer that costs at most that fraction more than the best is
 * accepted. Splits the threshold's pieces.
 */
enum status band_of_break_even(struct threshold *threshold, double max_regret, struct band *band,
                               struct error *error);

/* The expected time at the endpoint, held within 0 .. 2^32-1 us. */
enum status band_of_remote(struct threshold *threshold, struct band *band, struct error *error);

/* The same band with each piece in two where it can be halved. */
enum status band_halve(const struct band *band, struct band *halved, struct error *error);

void band_free(struct band *band);

#endif
