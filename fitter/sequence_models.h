// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The models of times of a sequence-to-sequence network: where a target's samples know how long
 * their outputs were, its time_s or remote_s becomes T(n, M(n)) (sequence_cost.h), a straight line
 * in n on which break-evens, headers and evaluations rest as on any other.
 *
 * Thread rule: no state.
 */
#ifndef FITTER_SEQUENCE_MODELS_H
#define FITTER_SEQUENCE_MODELS_H

#include "base/status.h"
#include "fitter/campaign_fit.h"
#include "fitter/dataset.h"
#include "records/model.h"
#include "records/output_length.h"

/*
 * Puts these lines in the place of the models of every target whose samples all know their output's
 * length. Their covariance is that of the delete-one-round jackknife over the rounds of all of them
 * (three or more; else classical), with what the pairs do not know added: it is the same gamma and
 * delta for all targets, so their costs share it. residual_sd is of single samples about T(n,
 * M(n)), the spread of outputs included; bic that of T(n, m).
 *
 * A target whose costs in n and m cannot be told apart, or that takes more round trips than one,
 * keeps its model; that is said to options->remark, as is what T(n, m) is.
 * STATUS_NO_MEMORY.
 */
enum status sequence_models_apply(const struct dataset *dataset, const struct output_length *output,
                                  const struct fit_options *options, struct model_set *set,
                                  struct error *error);

#endif
