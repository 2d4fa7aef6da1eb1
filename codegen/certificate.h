// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the decisions of a table cost at most: the table is asked on both sides of every integer
 * break-even, and each answer is priced by the models themselves.
 */
#ifndef CODEGEN_CERTIFICATE_H
#define CODEGEN_CERTIFICATE_H

#include "codegen/table.h"

/* Regret against the models, over the lengths 0 .. 2*N_MAX that were checked. */
struct regret {
    double worst_s;        /* the most that a decision costs above the best one */
    double worst_relative; /* the most relative to the best one */
    uint32_t worst_n;      /* where worst_s is */
    double worst_rtt_s;
    double expected_s; /* mean over the lengths 1 .. N_MAX, each equally likely, of the ... */
    double expected_relative; /* ... regret at the design link, or at the worst round trip */
};

struct certificate {
    struct regret choose;     /* at the design link */
    struct regret choose_rtt; /* at the worst round trip of each length; LINK_RTT only */
    double worst_remote_s;    /* how far NAME_remote_us is from the model */
    uint64_t n_lengths;       /* 0 .. 2*N_MAX: how many there are, */
    uint64_t n_checked;       /* and how many were checked: above a million, the ends of every */
                              /* piece and evenly spaced ones between */
};

struct certificate certificate_make(const struct decision_table *table);

#endif
