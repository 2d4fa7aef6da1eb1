// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where two targets cost the same: the length at a given link, with a 95 % interval.
 */
#ifndef FITTER_BREAK_EVEN_H
#define FITTER_BREAK_EVEN_H

#include "base/status.h"
#include "fitter/cost.h"
#include "records/model.h"

#include <stdbool.h>

enum verdict {
    VERDICT_CROSSING,      /* the curves cross at a length in 1 .. the longest measured */
    VERDICT_ALWAYS_EDGE,   /* the device is cheaper at every length */
    VERDICT_ALWAYS_CLOUD,  /* the endpoint is */
    VERDICT_NONE_IN_RANGE, /* the lines cross, but beyond the lengths measured */
    N_VERDICTS
};
const char *verdict_name(enum verdict verdict); /* "crossing", "always_edge", ... */

struct break_even {
    enum verdict verdict;
    double rtt_s;
    /* The times per byte; NAN where the fit did not know the link's: not charged. */
    double up_s_per_byte, down_s_per_byte;
    double length;    /* where they cross; valid for VERDICT_CROSSING */
    double low, high; /* the 95 % interval of it; valid where has_interval */
    bool has_interval;
    bool cloud_above;   /* the endpoint is cheaper above the break-even (or throughout) */
    size_t n_crossings; /* above 1 only where the round trips of a request change with n: `length`
                           is the last one */
};

/*
 * The break-even of the device's time_s with the endpoint over `link` (cost.h), which is taken as
 * known. The interval is Fieller's (1954) from the joint covariance of all coefficients: the
 * lengths at which the difference is not significant at 5 %. It has no bounds, and has_interval is
 * false, where the slopes do not differ significantly. Where the number of round trips changes, the
 * cost may jump over the device's: that length is the break-even, and its interval the step itself
 * if the difference is significant on either side of it.
 * STATUS_NOT_FOUND: a model is missing.  STATUS_UNSUPPORTED: a form without a straight line.
 * STATUS_MISUSE: an outage.
 */
enum status break_even_time(const struct model_set *set, const char *edge, const char *cloud,
                            const struct cost_link *link, struct break_even *result,
                            struct error *error);

#endif
