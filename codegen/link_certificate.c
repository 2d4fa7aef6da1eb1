// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/link_certificate.h"

#include "codegen/intmap_private.h"

#include <math.h>

/* At most this many lengths are priced, evenly spaced. */
enum { PRICED_LENGTHS_MAX = 1024 };

/* ---- the bound */

static double map_value(const struct integer_map *map, uint32_t n)
{
    return (double)integer_map_value(map, n);
}

/* The share by which a factor may be off without being told by itself. */
static double share_of(const struct link_table *table)
{
    return fmax(2 * LINK_TOLERANCE, 1.25 * table->tolerance);
}

/* Adds what factor t of a form is off by. */
static void add_factor(const struct link_table *table, const struct linear_forms *forms,
                       const struct form_term *term, double per, struct form_error *error, size_t t,
                       uint32_t n)
{
    double factor = term->there ? map_value(&term->factor, n) : 0;
    double off = fabs(ldexp(factor * forms->unit, -(int)term->shift) - per);
    if (term->there && term->shift > 0)
        error->absolute += forms->unit;
    if (off <= share_of(table) * per)
        error->relative = fmax(error->relative, per > 0 ? off / per : 0);
    else
        error->per[t] = fmax(error->per[t], off);
}

/* A base is off by a unit for rounding, and by more only where a regret is accepted. */
static void add_base(double emitted, double base, double unit, struct form_error *error)
{
    double off = fabs(emitted - base), rounding = fmin(off, unit);
    error->absolute += rounding;
    if (off > rounding)
        error->relative = fmax(error->relative, base > 0 ? (off - rounding) / base : INFINITY);
}

static struct form_error error_of(const struct link_table *table, const struct linear_forms *forms,
                                  size_t target, uint32_t n)
{
    struct cost_terms terms = cost_set_terms(&table->costs, forms->kind, target, n);
    struct form_error error = {0};
    const struct linear_form *form = &forms->of[target];
    for (size_t t = 0; t < N_LINK_TERMS; t++)
        add_factor(table, forms, &form->terms[t], terms.per[t], &error, t, n);
    if (!forms->difference)
        add_base(map_value(&form->base, n) * forms->unit, terms.base + forms->offset, forms->unit,
                 &error);
    return error;
}

/* One endpoint: its sum is compared with a difference of bases. */
static struct form_error difference_error(const struct link_table *table, uint32_t n)
{
    const struct linear_forms *forms = &table->forms[0];
    double cloud = cost_set_terms(&table->costs, forms->kind, 1, n).base;
    double margin = cost_set_terms(&table->costs, forms->kind, 0, n).base - cloud;
    struct form_error error = error_of(table, forms, 1, n), base = {0};
    add_base(map_value(&forms->of[0].base, n) * forms->unit, fmax(margin, 0), forms->unit, &base);
    error.relative += base.relative;
    error.absolute += base.absolute + error.relative * fmax(-cloud, 0);
    return error;
}

static void take_worse(struct form_error *worst, const struct form_error *error)
{
    worst->relative = fmax(worst->relative, error->relative);
    worst->absolute = fmax(worst->absolute, error->absolute);
    for (size_t t = 0; t < N_LINK_TERMS; t++)
        worst->per[t] = fmax(worst->per[t], error->per[t]);
}

static struct form_error worst_error(const struct link_table *table,
                                     const struct linear_forms *forms, uint32_t n)
{
    struct form_error worst = {0};
    if (forms->difference)
        return difference_error(table, n);
    for (size_t k = 0; k < table->costs.n_targets; k++) {
        struct form_error error = error_of(table, forms, k, n);
        error.absolute += error.relative * forms->offset;
        take_worse(&worst, &error);
    }
    return worst;
}

static void bound(const struct link_table *table, struct link_certificate *certificate)
{
    double twice = certificate->bound_times = table->forms[0].difference ? 1 : 2;
    for (uint32_t n = 0; n <= table->costs.n_limit; n++) {
        double product = 1, absolute = 0;
        for (size_t f = 0; f < table->n_forms; f++) {
            struct form_error error = worst_error(table, &table->forms[f], n);
            take_worse(&certificate->errors[f], &error);
            product *= 1 + error.relative;
            absolute = error.absolute; /* of what is least: the last form */
        }
        double e = product - 1;
        certificate->bound_relative =
            fmax(certificate->bound_relative, e < 1 ? twice * e / (1 - e) : INFINITY);
        certificate->bound_absolute =
            fmax(certificate->bound_absolute, e < 1 ? twice * absolute / (1 - e) : INFINITY);
    }
}

/* ---- prices */

static void tally(struct link_regret *regret, struct objective_regret price, uint32_t n,
                  const struct link_state *links, size_t n_endpoints)
{
    if (price.absolute > regret->worst) {
        regret->worst = price.absolute;
        regret->worst_n = n;
        for (size_t i = 0; links && i < n_endpoints; i++)
            regret->worst_links[i] = links[i];
    }
    regret->worst_relative = fmax(regret->worst_relative, price.relative);
}

static struct objective_regret regret_of(const struct objective *objective,
                                         const struct expected_cost *costs, size_t n_targets,
                                         size_t chosen)
{
    size_t best = objective_best(objective, costs, n_targets);
    struct objective_value mine = objective_value_of(objective, &costs[chosen]);
    struct objective_value least = objective_value_of(objective, &costs[best]);
    /* equal but for the rounding of doubles */
    if (mine.rank == least.rank &&
        mine.value - least.value <= 1e-12 * (fabs(mine.value) + fabs(least.value)))
        return (struct objective_regret){0, 0};
    return objective_regret_of(objective, &costs[chosen], &costs[best]);
}

/*
 * With a limit: the chosen target has the benefit of the doubt, and the others have to be within
 * the limit without it.
 */
static struct objective_regret limited_regret(const struct objective *objective, double doubt,
                                              const struct expected_cost *costs, size_t n_targets,
                                              size_t chosen)
{
    struct objective hard = *objective, easy = *objective;
    hard.parameter -= doubt;
    easy.parameter += doubt;
    bool met = objective_value_of(&easy, &costs[chosen]).rank == 0;
    const struct objective all_meet = {.kind = objective->kind, .parameter = INFINITY};
    const struct objective all_miss = {.kind = objective->kind, .parameter = 0};
    struct objective_regret worst = {0, 0};
    for (size_t k = 0; k < n_targets; k++) {
        bool certain = objective_value_of(&hard, &costs[k]).rank == 0;
        if (k == chosen || (met && !certain))
            continue;
        const struct objective *as = met ? &all_meet : certain ? objective : &all_miss;
        struct objective_regret one = objective_regret_of(as, &costs[chosen], &costs[k]);
        worst.absolute = fmax(worst.absolute, one.absolute);
        worst.relative = fmax(worst.relative, one.relative);
    }
    return worst;
}

struct objective_regret link_table_regret(const struct link_table *table,
                                          const struct form_error *error, uint32_t n,
                                          const struct link_state *links)
{
    const struct cost_set *set = &table->costs;
    struct expected_cost costs[TARGETS_MAX];
    for (size_t k = 0; k < set->n_targets; k++) {
        struct cost_link link = k ? cost_set_link(set, &links[k - 1]) : set->design;
        costs[k] = cost_set_expected(set, k, n, &link);
    }
    size_t chosen = (size_t)link_table_choose(table, n, links);
    double doubt = error->relative * set->objective.parameter + error->absolute;
    for (size_t i = 0; i < (set->n_targets - 1) * N_LINK_TERMS; i++) {
        enum link_term term = (enum link_term)(i % N_LINK_TERMS);
        doubt += error->per[term] * link_state_value(&links[i / N_LINK_TERMS], term);
    }
    return table->rule == RULE_LIMIT
               ? limited_regret(&set->objective, doubt, costs, set->n_targets, chosen)
               : regret_of(&set->objective, costs, set->n_targets, chosen);
}

struct pricing {
    const struct link_table *table;
    struct link_certificate *certificate;
    uint32_t n;
    struct link_state links[ENDPOINTS_MAX];
    uint32_t *axis; /* the number in `links` that is moved */
};

static int ask(struct pricing *pricing, uint32_t x)
{
    *pricing->axis = x;
    return link_table_choose(pricing->table, pricing->n, pricing->links);
}

static void price(struct pricing *pricing, uint32_t x)
{
    struct link_certificate *certificate = pricing->certificate;
    *pricing->axis = x;
    tally(&certificate->links,
          link_table_regret(pricing->table, &certificate->errors[0], pricing->n, pricing->links),
          pricing->n, pricing->links, pricing->table->costs.n_targets - 1);
    certificate->n_priced++;
}

/* Both sides of the changes of decision. Along one number each sum grows as a line does, so each
 * target is the least over one stretch of it, and equal ends have nothing between (of a product or
 * with a limit, as far as the corners tell). */
static void price_changes(struct pricing *pricing, uint32_t low, uint32_t high)
{
    if (ask(pricing, low) == ask(pricing, high))
        return;
    if (high - low == 1) {
        price(pricing, low);
        price(pricing, high);
        return;
    }
    uint32_t middle = low + (high - low) / 2;
    price_changes(pricing, low, middle);
    price_changes(pricing, middle, high);
}

static uint32_t state_number(double value)
{
    return value > 0 ? (uint32_t)fmin(value + 0.5, UINT32_MAX) : 0;
}

static struct link_state design_state(const struct cost_set *costs)
{
    const struct cost_link *link = &costs->design;
    return (struct link_state){state_number(link->rtt_s * 1e6),
                               state_number(link->up_s_per_byte * 1e12),
                               state_number(link->down_s_per_byte * 1e12)};
}

/* From a corner (all at 0, all at the design link, all at their most) along each number. */
static void price_length(struct pricing *pricing)
{
    const struct cost_set *costs = &pricing->table->costs;
    const struct link_state corners[] = {
        {0, 0, 0}, design_state(costs), {UINT32_MAX, UINT32_MAX, UINT32_MAX}};
    size_t n_terms = costs->link == LINK_BANDWIDTH ? N_LINK_TERMS : 1;
    for (size_t i = 0; i < sizeof corners / sizeof *corners; i++) {
        for (size_t a = 0; a < (costs->n_targets - 1) * n_terms; a++) {
            for (size_t k = 0; k < ENDPOINTS_MAX; k++)
                pricing->links[k] = corners[i];
            struct link_state *state = &pricing->links[a / n_terms];
            uint32_t *axes[N_LINK_TERMS] = {&state->rtt_us, &state->up_ps_per_byte,
                                            &state->down_ps_per_byte};
            pricing->axis = axes[a % n_terms];
            price(pricing, 0);
            price(pricing, UINT32_MAX);
            price_changes(pricing, 0, UINT32_MAX);
        }
    }
}

/* What the answer at the design link costs more than the best one. */
static struct objective_regret fixed_regret(const struct link_table *table, uint32_t n)
{
    const struct cost_set *set = &table->costs;
    struct expected_cost costs[TARGETS_MAX];
    for (size_t k = 0; k < set->n_targets; k++)
        costs[k] = cost_set_expected(set, k, n, &set->design);
    return regret_of(&set->objective, costs, set->n_targets,
                     (size_t)link_table_choose_fixed(table, n));
}

static void price_fixed(const struct link_table *table, const struct histogram *lengths,
                        struct link_certificate *certificate)
{
    const struct cost_set *set = &table->costs;
    struct link_regret *regret = &certificate->choose;
    for (uint32_t n = 0; n <= set->n_limit; n++) {
        tally(regret, fixed_regret(table, n), n, NULL, 0);
        for (size_t k = 1; k < set->n_targets; k++) {
            double remote = fmin(fmax(cost_set_remote_s(set, k, n), 0), UINT32_MAX * 1e-6);
            double off = fabs(link_table_remote_us(table, k, n) * 1e-6 - remote);
            certificate->worst_remote_s = fmax(certificate->worst_remote_s, off);
        }
    }
    size_t n_lengths = lengths ? lengths->n : set->n_max;
    for (size_t i = 0; i < n_lengths; i++) {
        uint32_t n = lengths ? lengths->lengths[i] : (uint32_t)i + 1;
        double share =
            lengths ? (double)lengths->counts[i] / (double)lengths->total : 1.0 / (double)n_lengths;
        struct objective_regret one = fixed_regret(table, n);
        regret->expected += share * one.absolute;
        regret->expected_relative += share * one.relative;
    }
}

enum status link_certificate_make(const struct link_table *table, const struct histogram *lengths,
                                  struct link_certificate *certificate, struct error *error)
{
    const struct cost_set *costs = &table->costs;
    struct pricing pricing = {.table = table, .certificate = certificate};
    *certificate = (struct link_certificate){.n_lengths = (uint64_t)costs->n_limit + 1};
    price_fixed(table, lengths, certificate);
    if (costs->link == LINK_FIXED)
        return STATUS_OK;
    bound(table, certificate);
    double accepted = fmax(table->max_regret, LINK_ROUNDING);
    if (!(certificate->bound_relative <= accepted))
        return error_set(error, STATUS_UNSUPPORTED,
                         "integers of 32 bits cannot tell these costs apart within %g %% (but "
                         "within %.3g %%): allow that regret with --max-regret",
                         100 * accepted, 100 * certificate->bound_relative);
    uint32_t step = costs->n_limit / PRICED_LENGTHS_MAX + 1;
    for (uint64_t n = 0; n <= costs->n_limit; n += step) {
        pricing.n = (uint32_t)n;
        price_length(&pricing);
        certificate->n_checked++;
    }
    return STATUS_OK;
}
