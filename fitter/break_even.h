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

/* One length at which both cost the same. */
struct crossing {
    double length;
    double low, high; /* its 95 % interval; valid where has_interval */
    bool has_interval;
    bool cloud_above; /* the endpoint is cheaper above it */
};

/* What a verdict rests on: where the two are closest, as counted in standard errors, over the
 * lengths 1 .. n_max; of a crossing that is 0. */
struct evidence {
    double length;
    double margin_s; /* the device's cost less the endpoint's there; of energies in J */
    double half_s;   /* half the 95 % interval of it */
};

enum { BREAK_EVEN_CROSSINGS = 16 };

struct break_even {
    enum verdict verdict;
    double rtt_s;
    /* The times per byte; NAN where the fit did not know the link's: not charged. */
    double up_s_per_byte, down_s_per_byte;
    double length;    /* where they cross; valid for VERDICT_CROSSING */
    double low, high; /* the 95 % interval of it; valid where has_interval */
    bool has_interval;
    bool cloud_above; /* the endpoint is cheaper above the break-even (or throughout) */
    /* Above 1 only where a cost is no straight line: `length` is the last one. The first
     * BREAK_EVEN_CROSSINGS of them, ascending. */
    size_t n_crossings;
    struct crossing crossings[BREAK_EVEN_CROSSINGS];
    struct evidence evidence;
};

/*
 * The break-even of the device's time_s with the endpoint over `link` (cost.h), which is taken as
 * known. The interval is Fieller's (1954) from the joint covariance of all coefficients: the
 * lengths at which the difference is not significant at 5 %. It has no bounds, and has_interval is
 * false, where the slopes do not differ significantly. Where the number of round trips changes, the
 * cost may jump over the device's: that length is the break-even, and its interval the step itself
 * if the difference is significant on either side of it. Where a cost is bent, the interval is the
 * same set about each crossing, with the variance of the difference by the derivatives of all
 * coefficients and knots (Cox 1990, "Fieller's theorem, the likelihood and the delta method").
 * STATUS_NOT_FOUND: a model is missing.
 * STATUS_MISUSE: an outage.
 */
enum status break_even_time(const struct model_set *set, const char *edge, const char *cloud,
                            const struct cost_link *link, struct break_even *result,
                            struct error *error);

/*
 * The break-even of energies over `link` (energy_cost.h), likewise; *provenance is the least that
 * any of its models is. STATUS_NOT_FOUND, STATUS_UNSUPPORTED: as energy_pair_find.
 */
enum status break_even_energy(const struct model_set *set, const char *edge, const char *cloud,
                              const struct cost_link *link, struct break_even *result,
                              enum provenance *provenance, struct error *error);

#endif
