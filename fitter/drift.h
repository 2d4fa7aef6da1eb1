// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Whether a campaign's models differ from those of an older one beyond what noise explains, and how
 * much that matters.
 *
 * For each target and quantity that both have, the two curves are compared over the lengths that
 * both measured, in as many contrasts as their form has coefficients, or in their mean and slope
 * where their forms differ (contrast.h). With the differences d of these and their covariance
 * V = V_old + V_new (the campaigns share no samples),
 *
 *     T2 = d' V^-1 d
 *
 * which for two models of one form is Wald's statistic of their coefficients. It is referred to F
 * with q and nu-q+1 degrees of freedom times nu*q/(nu-q+1) where a covariance was resampled over
 * rounds (Hotelling 1931; nu of the two covariances by Krishnamoorthy and Yu 2004, equation 8), to
 * F(q, nu) times q where both are classical. The level is 5 % over all quantities together (Holm
 * 1979).
 *
 * A billionth of the values counts as noise, so that curves without any can be compared.
 *
 * Life cycle: drift_find, drift_free; the sets must outlive it. Thread rule: no state.
 */
#ifndef FITTER_DRIFT_H
#define FITTER_DRIFT_H

#include "base/status.h"
#include "fitter/break_even.h"
#include "fitter/cost.h"
#include "records/model.h"

#include <stdbool.h>

enum drift_verdict {
    DRIFT_SAME,     /* no difference beyond noise */
    DRIFT_DIFFERS,  /* at 5 % over all quantities */
    DRIFT_UNTESTED, /* no length in common, too few rounds, or energies of another kind */
    DRIFT_ONLY_OLD, /* the new campaign has no such model */
    DRIFT_ONLY_NEW,
    N_DRIFT_VERDICTS
};
const char *drift_verdict_name(enum drift_verdict verdict); /* "same", "differs", ... */

extern const double drift_level; /* 0.05 */

struct drift_row {
    const char *target;
    enum quantity quantity;
    enum drift_verdict verdict;
    const char *compared; /* "curve", "mean and slope" or "mean" (contrast.h); NULL: nothing */
    enum provenance provenance; /* the least of both models */
    uint32_t from, to;          /* the lengths that both measured */
    double f, dof, error_dof;   /* of the test; NAN where untested */
    double p, p_holm;           /* the second adjusted for all rows */
    double change, change_at;   /* largest new/old - 1 over from .. to, and the length; NAN: none */
    double tightest;            /* at that length: half the difference's 95 % interval over the old
                                   value: what could have been seen */
};

struct drift_break_even {
    const char *edge, *cloud;
    struct break_even old, new; /* over the same link */
};

struct drift {
    char *old; /* what was compared with; owned */
    struct drift_row *rows;
    size_t n_rows, n_tested, n_differ;
    /* Some energies are of another scope, baseline or provenance than they were: no drift. */
    bool other_energy;
    struct drift_break_even *break_evens;
    size_t n_break_evens;
};

/* `old_name` is said to people; the break-evens are taken at `link`. STATUS_NO_MEMORY. */
enum status drift_find(const struct model_set *old, const char *old_name,
                       const struct model_set *new, const struct cost_link *link,
                       struct drift *drift, struct error *error);

/* STATUS_NOT_REACHED, with a line that says so, where something differs. */
enum status drift_status(const struct drift *drift, const char *campaign, struct error *error);

void drift_free(struct drift *drift);

#endif
