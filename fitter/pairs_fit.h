// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * M(n) = gamma*n + delta from pairs of lengths: least squares, a 95 % prediction interval and
 * outliers by a stated rule.
 *
 * A pair is an outlier where its residual over M^power (the spread grows with the output, power by
 * pseudo-likelihood: Davidian and Carroll 1987) is further than pairs_outlier_reach scaled median
 * absolute deviations from the median one (1.4826*MAD; Hampel 1974): texts that do not belong
 * together. Outliers are left out of gamma and delta and counted; the line is fitted again without
 * them until they stay the same. The covariance is robust to unequal spreads (White 1980, with
 * N/(N-2)).
 *
 * The prediction interval holds for all pairs, outliers too: quantiles of the scaled residuals at
 * the ranks (N+1)*2.5 % and (N+1)*97.5 % (split conformal: Lei et al. 2018, section 2.2); under 40
 * pairs, where there are no such ranks, Student's t times their standard deviation.
 */
#ifndef FITTER_PAIRS_FIT_H
#define FITTER_PAIRS_FIT_H

#include "records/output_length.h"
#include "records/pairs.h"

extern const double pairs_outlier_reach;

/* `source` names the pairs for people. *o is to be freed with output_length_free.
 * STATUS_INVALID: fewer than three pairs, or inputs of one length only.  STATUS_NO_MEMORY. */
enum status pairs_fit(const struct pair_histogram *pairs, const char *source,
                      struct output_length *o, struct error *error);

/* Reads the CSV and fits. As pair_histogram_read and pairs_fit; messages begin with the path. */
enum status pairs_fit_file(const char *path, struct output_length *o, struct error *error);

#endif
