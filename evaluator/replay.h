// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A ledger from stored samples: requests of drawn lengths at the times of an arrival process, each
 * charged a measured time at either place, over a link that is played along.
 *
 *   cost at the endpoint = c1(n)*r + transfer up + transfer down + a measured remote part
 *
 * with the link as it is when the request is made. Transfers take as long as the bandwidth that
 * follows lets them, a bandwidth of 0 stalls them. What takes longer than the time-out is given up
 * and run on the device. In a direction whose bandwidth the campaign did not know, the bytes' time
 * of then is inside the remote part (fitter/cost.h): there only outages are charged.
 */
#ifndef EVALUATOR_REPLAY_H
#define EVALUATOR_REPLAY_H

#include "evaluator/arrivals.h"
#include "evaluator/draws.h"
#include "evaluator/ledger.h"
#include "records/lengths.h"
#include "records/link_source.h"

struct replay_options {
    size_t n_requests;
    uint64_t seed;
    struct arrivals arrivals;
    double timeout_s;
};

/* STATUS_NO_MEMORY.  STATUS_INVALID: the histogram is empty. */
enum status replay_ledger(const struct replay_options *options, const struct histogram *histogram,
                          const struct draws *draws, const struct cost_pair *pair,
                          const struct link_source *link, struct ledger *ledger,
                          struct error *error);

#endif
