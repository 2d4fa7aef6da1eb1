// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Costs that are linear in the state of a link, in integers, exactly as the generated header
 * computes them:
 *
 *   form(n, x) = base(n) + sum over i of (x[i] * factor_i(n)) >> shift_i
 *
 * in units that the fit chose, all in uint64_t. linear_form_prove shows that no product and no sum
 * leaves it for any argument.
 *
 * Life cycle: filled by linear_forms_fit (form_fit.c), linear_form_free.
 */
#ifndef CODEGEN_LINEAR_FORM_H
#define CODEGEN_LINEAR_FORM_H

#include "codegen/cost_set.h"
#include "codegen/intmap.h"

struct form_term {
    bool there; /* else the term is 0 for every length */
    struct integer_map factor;
    unsigned shift;
};

struct linear_form {
    struct integer_map base;
    struct form_term terms[N_LINK_TERMS];
};

uint64_t linear_form_value(const struct linear_form *form, uint32_t n,
                           const struct link_state *state);

/* The greatest value over all lengths up to n_limit and all states; false when some product or sum
 * of some length could leave 64 bits, or a base or factor its 32. */
bool linear_form_prove(const struct linear_form *form, uint32_t n_limit, uint64_t *greatest);

void linear_form_free(struct linear_form *form);

/* The forms of one kind of cost at all targets, in one unit. */
struct linear_forms {
    enum cost_kind kind;
    double unit;   /* s, J or share of the means */
    double offset; /* added to every base, so that none is negative; in the costs' unit */
    /* The device's base is what it costs more than the endpoint without its link (never below 0),
     * the endpoint's is 0. */
    bool difference;
    struct linear_form of[TARGETS_MAX];
};

/* Factors may be off by this share for the sake of smaller numbers, whatever is accepted. */
#define LINK_TOLERANCE 0x1p-19

/*
 * Fits the forms of all targets. `tolerance` is the relative error that is accepted for the sake of
 * smaller numbers, in factors at least LINK_TOLERANCE. With `difference`, for one endpoint, only
 * which of the two costs less is kept. STATUS_UNSUPPORTED: too many segments. Anything that comes
 * back may be freed.
 */
enum status linear_forms_fit(const struct cost_set *costs, enum cost_kind kind, double tolerance,
                             bool difference, struct linear_forms *forms, struct error *error);

/* The whole microseconds of cost_set_remote_s, held within 0 .. 2^32-1. */
enum status remote_fit(const struct cost_set *costs, size_t target, struct integer_map *map,
                       struct error *error);

void linear_forms_free(struct linear_forms *forms);

#endif
