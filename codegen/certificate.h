// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the decisions of a table cost at most: the table is asked on both sides of every integer
 * break-even, and each answer is priced by the models themselves. Costs grow with the round trip,
 * so away from the break-even a wrong answer only gets cheaper until it is right.
 *
 * A deadline or a budget is met or missed at once: what changes within a microsecond of a round
 * trip there is priced at whichever side the answer is right on, since round trips are not known
 * any closer than that. There the next microsecond on either side is asked as well, where the limit
 * is certain.
 */
#ifndef CODEGEN_CERTIFICATE_H
#define CODEGEN_CERTIFICATE_H

#include "codegen/table.h"

/* Regret against the models, over the lengths 0 .. 2*N_MAX that were checked. */
struct regret {
    /* The most that a decision costs above the better one, in the objective's unit
     * (objective_unit); NAN where it has none. */
    double worst;
    double worst_relative; /* the most relative to the better one */
    uint32_t worst_n;      /* where worst (or, where it is NAN, worst_relative) is */
    double worst_rtt_s;
    /* Mean over the lengths that a product sees of the regret at the design link, or at the worst
     * round trip. */
    double expected;
    double expected_relative;
};

struct certificate {
    struct regret choose;     /* at the design link */
    struct regret choose_rtt; /* at the worst round trip of each length; LINK_RTT only */
    double worst_remote_s;    /* how far NAME_remote_us is from the model */
    /* Answers that are neither the models' nor within the accepted regret, nor either at a round
     * trip 1 us off; remote times that are off by more than 1 us. 0, or rnngen is at fault. */
    uint64_t n_wrong;
    uint32_t wrong_n;   /* the first such length */
    uint64_t n_lengths; /* 0 .. 2*N_MAX: how many there are, */
    uint64_t n_checked; /* and how many were checked: above a million, the ends of every */
                        /* piece and evenly spaced ones between */
};

/* `lengths`: those that a product sees; NULL: 1 .. N_MAX, each as often. */
struct certificate certificate_make(const struct decision_table *table,
                                    const struct histogram *lengths);

/* STATUS_FAILED: the table gives wrong answers, and must not be used. */
enum status certificate_check(const struct certificate *certificate, struct error *error);

#endif
