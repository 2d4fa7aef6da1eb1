// SPDX-License-Identifier: GPL-3.0-or-later
/* The values of one quantity of one target, sample by sample, for what sums do not tell. */
#ifndef FITTER_VALUES_H
#define FITTER_VALUES_H

#include "base/status.h"
#include "fitter/dataset.h"
#include "fitter/series.h"

struct value {
    double value;
    uint32_t length;
    int32_t round; /* < 0: none */
};

struct values {
    struct value *list; /* n; owned */
    size_t n;
};

/*
 * Times of the device; of an endpoint, elapsed times less one round trip and the time of the bytes,
 * of the samples that take part. `per_state`: less the median round trip of all samples that were
 * taken at the same setting of the link, not the sample's own: quantiles of elapsed times do not
 * add up of quantiles of their parts. STATUS_NOT_FOUND: none.
 */
enum status values_gather(const struct dataset_target *target, bool per_state,
                          struct values *values, struct error *error);

/* As series_gather. */
enum status values_series(const struct values *values, struct series *series, struct error *error);

/* By length, then value. */
void values_sort(struct values *values);

void values_free(struct values *values);

#endif
