// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How long the output of a sequence-to-sequence network gets: M(n) = gamma*n + delta for inputs of
 * length n, with a prediction interval. rnnfit fits it to pairs of lengths (fitter/pairs_fit.h) and
 * stores it beside a campaign's models.
 *
 * Life cycle: pairs_fit or store_output_length_get, output_length_free. No state: what is only read
 * may be shared between threads.
 */
#ifndef RECORDS_OUTPUT_LENGTH_H
#define RECORDS_OUTPUT_LENGTH_H

#include "records/store.h"

#include <stdbool.h>

struct output_length {
    char *source; /* where the pairs came from; owned */
    double gamma, delta;
    double var_gamma, var_delta, covariance; /* of the two; robust to a spread that varies with n */
    double gamma_all, delta_all;             /* the same with the outliers in the fit */
    double r2;                               /* of all pairs about the line */
    /* One output is, with 95 %, within M + low*M^power .. M + high*M^power (M taken as at least 1);
     * power is that of the spread's growth, low and high quantiles over all pairs. */
    double power, low, high;
    double width_share; /* the interval's mean width over that of the output lengths without n */
    uint64_t n_pairs, n_outliers;
    uint32_t n_min, n_max; /* of the inputs */
};

/* What an input's length must do to count as telling the output's: explain this share of its
 * variance, and make the interval narrower than this share of the one without it. */
extern const double output_length_r2_min, output_length_width_max;
bool output_length_predicts(const struct output_length *o);

/* M(n). */
double output_length_mean(const struct output_length *o, double n);

/* The 95 % interval of one output's length; low is at least 0. */
void output_length_interval(const struct output_length *o, double n, double *low, double *high);

void output_length_free(struct output_length *o);

/* Stores it in place of the campaign's earlier one. */
enum status store_output_length_put(struct store *store, int64_t campaign_id,
                                    const struct output_length *o, struct error *error);

/* STATUS_NOT_FOUND: the campaign has none (the message says to run rnnfit --pairs); *o is empty. */
enum status store_output_length_get(struct store *store, int64_t campaign_id,
                                    struct output_length *o, struct error *error);

#endif
