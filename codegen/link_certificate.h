// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the decisions of a link table cost at most. Two things are told apart: a bound that is
 * proved for every length and every state of the links, and the worst that was met where the table
 * was asked and each answer priced by the models themselves.
 *
 * The proof. For one length a cost is C(x) = A + sum of g[i]*x[i], with x >= 0 and every g >= 0,
 * and the form that the integer code computes is F(x) = B + sum of floor(x[i]*f[i] / 2^s[i]) units.
 * With the factors' relative errors e[i] = |f[i]*unit/2^s[i] - g[i]| / g[i] the sum's is at most
 * the greatest e, since sum(e[i]*g[i]*x[i]) / sum(g[i]*x[i]) is a mean of the e (the mediant
 * inequality). So |F*unit - C| <= e*C + a, with e = max e[i] and a = the base's error and up to one
 * unit for each product that is shifted. Both are computed from the emitted integers for each
 * length. Let j be chosen although k costs less: F_j <= F_k, hence
 *
 *   C_j*(1 - e) - a <= C_k*(1 + e) + a,    and    C_j - C_k <= (2*e*C_k + 2*a) / (1 - e).
 *
 * Where one endpoint is compared with a difference of bases S = A_edge - A_cloud, both errors count
 * once, since the sum is wrong against S at most where it is nearly S. Where costs are negative
 * they are counted from the least of them. With a deadline or a budget the limited cost is compared
 * with the limit in the same way: it is as if the limit were off by e of itself and a. A factor
 * that is nearly nothing beside those of other lengths (a request of no byte, say) has a large e
 * for being rounded to an integer: its error d = |f*unit/2^s - g| is told by itself, and adds d*x
 * to a.
 */
#ifndef CODEGEN_LINK_CERTIFICATE_H
#define CODEGEN_LINK_CERTIFICATE_H

#include "codegen/link_table.h"

/* Regret against the models: s, J, share of the means, or J*s. */
struct link_regret {
    double worst, worst_relative;
    uint32_t worst_n; /* where `worst` is, and */
    struct link_state worst_links[ENDPOINTS_MAX];
    double expected, expected_relative; /* mean over the lengths that are seen */
};

/* Every cost is compared as if it were off by at most this. */
struct form_error {
    double relative, absolute;
    double per[N_LINK_TERMS]; /* times the link's number */
};

struct link_certificate {
    struct link_regret choose; /* at the design link, at every length */
    /* The rest where the link is not fixed. */
    struct link_regret links;    /* the worst met; nothing is expected */
    struct form_error errors[2]; /* of each form, over all lengths */
    /* Proved: no decision costs more than this share of the best, and this; with two forms it is
     * of the last, and with a product of each. What `per` has comes on top, bound_times over. */
    double bound_relative, bound_absolute, bound_times;
    double worst_remote_s; /* how far NAME_remote_us is from the model */
    uint64_t n_lengths;    /* 0 .. 2*N_MAX: for each of them the bound was computed; */
    uint64_t n_checked;    /* at so many the links' corners and crossings were priced */
    uint64_t n_priced;     /* states of the links that were */
};

/* `lengths` that the product sees (NULL: 1 .. N_MAX, each as often).
 * STATUS_UNSUPPORTED: the bound exceeds the accepted regret (or, where none is, the stated rounding
 * of LINK_ROUNDING). */
#define LINK_ROUNDING 2e-5
enum status link_certificate_make(const struct link_table *table, const struct histogram *lengths,
                                  struct link_certificate *certificate, struct error *error);

/* What the table's answer at these links costs more than the best one, in the objective's unit and
 * relative to the best. A deadline or budget is taken as missed only by more than `error`. */
struct objective_regret link_table_regret(const struct link_table *table,
                                          const struct form_error *error, uint32_t n,
                                          const struct link_state *links);

#endif
