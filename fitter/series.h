// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One quantity of one target, condensed to what a least-squares fit needs: per length a count, a
 * mean and a sum of squares; per length and round a count and a sum. Its size depends on lengths
 * and rounds, not on samples.
 *
 * Life cycle: series_gather, series_free.
 */
#ifndef FITTER_SERIES_H
#define FITTER_SERIES_H

#include "base/status.h"
#include "fitter/dataset.h"
#include "fitter/round_trips.h"
#include "records/model.h"

/* All samples of one length. */
struct series_length {
    uint32_t length;
    uint64_t n;
    double mean, m2; /* m2: sum of squared deviations from the mean */
    double weight;   /* of one sample: 1/variance up to a common factor */
};

/* The samples of one length in one round. */
struct series_cell {
    int32_t round;
    uint32_t length; /* index into lengths */
    uint32_t n;
    double sum;
};

struct series {
    struct series_length *lengths; /* n_lengths, ascending */
    size_t n_lengths;
    const struct series_cell *cells; /* n_cells, ascending by round */
    size_t n_cells;
    struct series_cell *own_cells; /* NULL: the cells are the data set's */
    size_t n_rounds;               /* distinct rounds; 0 where some sample has none */
    uint64_t n_samples, n_outliers;
};

/* Outliers are counted by distance from their length's median: more than this many scaled median
 * absolute deviations (1.4826*MAD; Hampel 1974), both those of the length's first 1024 values. They
 * stay in the fit. Of fewer values than SERIES_OUTLIER_VALUES the MAD says too little. */
enum { SERIES_OUTLIER_VALUES = 8 };
extern const double series_outlier_reach;

/* The distance beyond which a value is an outlier, for the median absolute deviation of n values;
 * infinite where they have no scale. */
double series_outlier_limit(size_t n, double mad);

/* Takes the quantity from the target's observations; those without it are passed over. A remote
 * time is the elapsed one less c1(n) round trips (`trips`; NULL: one) and the time of the bytes; an
 * endpoint without any round trip has its elapsed time taken whole.
 * From a target's sums where its observations were not kept (dataset.h); with `trips` the
 * observations are needed, and a data set keeps them where that can be.
 * STATUS_NOT_FOUND: none has it. */
enum status series_gather(const struct dataset_target *target, enum quantity quantity,
                          const struct round_trips *trips, struct series *series,
                          struct error *error);

/*
 * Sets each length's weight from a variance that is a power of the mean, var = s^2 *
 * mean^(2*theta), theta by profile pseudo-likelihood in 0..2 (Davidian and Carroll 1987,
 * section 3.1) from the variance within lengths. With fewer than ten degrees of freedom: equal
 * weights. Returns theta.
 */
double series_weigh(struct series *series);

/* The weight of a length that is in the series. */
double series_weight(const struct series *series, uint32_t length);

void series_free(struct series *series);

#endif
