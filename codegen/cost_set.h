// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What one inference costs on the device and at each of several endpoints, as an objective looks at
 * it: the exact costs in double precision (fitter/cost.h, fitter/energy_cost.h) that integer forms
 * are fitted to and certified against, and the parts of which they are sums. Target 0 is the
 * device.
 *
 * Life cycle: cost_set_find; nothing is owned, the model set must outlive it. One that is only read
 * may be shared between threads. Lengths beyond n_limit count as n_limit.
 */
#ifndef CODEGEN_COST_SET_H
#define CODEGEN_COST_SET_H

#include "codegen/objective.h"
#include "codegen/table.h"
#include "fitter/energy_cost.h"
#include "records/lengths.h"

#include <stdint.h>

enum { ENDPOINTS_MAX = 8, TARGETS_MAX = ENDPOINTS_MAX + 1 };

/* Lengths are gone through one by one: n_limit is at most this. */
enum { COST_LENGTHS_MAX = 1 << 20 };

/* The link to an endpoint in the units of generated headers. */
struct link_state {
    uint32_t rtt_us, up_ps_per_byte, down_ps_per_byte;
};
enum link_term { TERM_RTT, TERM_UP, TERM_DOWN, N_LINK_TERMS };
uint32_t link_state_value(const struct link_state *state, enum link_term term);

struct cost_set {
    struct objective objective;
    enum link_kind link;
    struct cost_link design;
    size_t n_targets;
    struct cost_pair times[TARGETS_MAX];      /* from 1 on: the device and that endpoint */
    struct cost_pair means[TARGETS_MAX];      /* likewise, of mean times where those are a tail's */
    struct energy_pair energies[TARGETS_MAX]; /* likewise, where the objective looks at energy */
    uint32_t n_max;                           /* longest length measured everywhere */
    uint32_t n_limit;                         /* 2*n_max */
    bool curved;                              /* a model is quadratic */
};

struct cost_inputs {
    const struct model_set *set;   /* times */
    const struct model_set *means; /* energies and what NAME_remote_us says; may be `set` */
    const char *const *names;      /* n_targets: the device's, then the endpoints' */
    size_t n_targets;
    const struct objective *objective; /* means of 1 are replaced by the device's */
    const struct histogram *lengths;   /* that `weighted` means are over; NULL: 1 .. N_MAX */
    enum link_kind link;
    struct cost_link design; /* complete */
};

/*
 * With LINK_BANDWIDTH costs depend on all of a link's state, with LINK_RTT on its round trip, at
 * the design link's times per byte, with LINK_FIXED on nothing. STATUS_NOT_FOUND: a model that is
 * needed is not there.  STATUS_INVALID: models that are not usable.  STATUS_UNSUPPORTED: too many
 * targets or lengths, or energies that hold over one link.
 */
enum status cost_set_find(const struct cost_inputs *inputs, struct cost_set *costs,
                          struct error *error);

/* The link over which a state is priced: what `link` of the set does not take from it is the design
 * link's. */
struct cost_link cost_set_link(const struct cost_set *costs, const struct link_state *state);

/* What an inference at a target is expected to take; `link` is not looked at for target 0. Of the
 * energy-delay product a factor that the models let fall below 0 counts as 0. */
struct expected_cost cost_set_expected(const struct cost_set *costs, size_t target, uint32_t n,
                                       const struct cost_link *link);

/* The costs that are linear in a link's state. */
enum cost_kind { COST_TIME, COST_ENERGY, COST_WEIGHTED, N_COST_KINDS };

/* base + the sum of per[i] times a state's i-th number: s, J or (weighted) shares of the means; per
 * us of a round trip and per ps a byte. What the set's `link` fixes is in the base. */
struct cost_terms {
    double base, per[N_LINK_TERMS];
};
struct cost_terms cost_set_terms(const struct cost_set *costs, enum cost_kind kind, size_t target,
                                 uint32_t n);

/* The endpoint's time without what the product states of its link, s: what NAME_remote_us says. */
double cost_set_remote_s(const struct cost_set *costs, size_t target, uint32_t n);

/* Whether any endpoint's bytes are charged by the link in a direction (TERM_UP, TERM_DOWN). */
bool cost_set_charges(const struct cost_set *costs, enum link_term direction);

/* The energies of the endpoint that are known the least; an empty pair where energy is not looked
 * at. */
const struct energy_pair *cost_set_energy(const struct cost_set *costs);

/* All models that the costs are made of; `list` has room for COST_MODELS_MAX. Returned: how many.
 */
enum { COST_MODELS_MAX = 4 + 16 * TARGETS_MAX };
size_t cost_set_models(const struct cost_set *costs, const struct cost_model **list);

#endif
