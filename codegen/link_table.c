// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/link_table.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

/* Costs that differ by no more than this share are equal but for the rounding of doubles. */
static const double rounding_share = 1e-13;

static const struct {
    enum link_rule rule;
    size_t n_forms;
    enum cost_kind kinds[2];
} rules[] = {
    [OBJECTIVE_TIME] = {RULE_LEAST, 1, {COST_TIME, 0}},
    [OBJECTIVE_ENERGY] = {RULE_LEAST, 1, {COST_ENERGY, 0}},
    [OBJECTIVE_WEIGHTED] = {RULE_LEAST, 1, {COST_WEIGHTED, 0}},
    [OBJECTIVE_EDP] = {RULE_PRODUCT, 2, {COST_TIME, COST_ENERGY}},
    [OBJECTIVE_ENERGY_AT_DEADLINE] = {RULE_LIMIT, 2, {COST_TIME, COST_ENERGY}},
    [OBJECTIVE_TIME_AT_ENERGY] = {RULE_LIMIT, 2, {COST_ENERGY, COST_TIME}},
};
_Static_assert(sizeof rules / sizeof *rules == N_OBJECTIVES, "one rule per objective");

/* ---- the design link */

static bool is_less(const struct objective_value *a, const struct objective_value *b)
{
    double rounding = rounding_share * (fabs(a->value) + fabs(b->value));
    return a->rank < b->rank || (a->rank == b->rank && a->value < b->value - rounding);
}

/* The best target at length n, or `current` where that costs no more than is accepted. */
static int wanted_target(const struct link_table *table, uint32_t n, int current)
{
    const struct cost_set *costs = &table->costs;
    struct expected_cost cost[TARGETS_MAX];
    struct objective_value values[TARGETS_MAX];
    int best = 0;
    for (size_t k = 0; k < costs->n_targets; k++) {
        cost[k] = cost_set_expected(costs, k, n, &costs->design);
        values[k] = objective_value_of(&costs->objective, &cost[k]);
        if (is_less(&values[k], &values[best]))
            best = (int)k;
    }
    if (current < 0 || current == best || table->max_regret <= 0 ||
        values[current].rank != values[best].rank)
        return best;
    struct objective_regret regret =
        objective_regret_of(&costs->objective, &cost[current], &cost[best]);
    return regret.relative <= table->max_regret ? current : best;
}

static enum status build_switches(struct link_table *table, struct error *error)
{
    struct target_switches *choose = &table->choose;
    size_t capacity = 0;
    int current = choose->first = wanted_target(table, 0, -1);
    for (uint32_t n = 1; n <= table->costs.n_limit; n++) {
        int target = wanted_target(table, n, current);
        if (target == current)
            continue;
        enum status status =
            array_reserve(&choose->at, choose->n_at, &capacity, sizeof *choose->at, error);
        if (status)
            return status;
        choose->at[choose->n_at++] = (struct target_switch){n, target};
        current = target;
    }
    if (choose->n_at > SWITCHES_MAX)
        return error_set(error, STATUS_UNSUPPORTED,
                         "the decision changes at %zu lengths, more than %d: allow some regret "
                         "(--max-regret 0.1%%) or fit simpler models (rnnfit --form linear)",
                         choose->n_at, SWITCHES_MAX);
    return STATUS_OK;
}

/* ---- the link as argument */

static enum status check_signs(const struct link_table *table, struct error *error)
{
    if (table->rule != RULE_PRODUCT ||
        (!(table->forms[0].offset > 0) && !(table->forms[1].offset > 0)))
        return STATUS_OK;
    return error_set(
        error, STATUS_UNSUPPORTED,
        "a product of time and energy means nothing where an endpoint's cost falls below 0 "
        "before length %lu: fit again with another form (rnnfit --form), or choose another "
        "--objective",
        (unsigned long)table->costs.n_limit);
}

static enum status prove(const struct link_table *table, struct error *error)
{
    uint64_t greatest;
    for (size_t f = 0; f < table->n_forms; f++) {
        for (size_t k = 0; k < table->costs.n_targets; k++) {
            if (!linear_form_prove(&table->forms[f].of[k], table->costs.n_limit, &greatest))
                return error_set(error, STATUS_UNSUPPORTED,
                                 "the costs of target %zu differ by too much for 64 bits: check "
                                 "the samples and fit again with rnnfit",
                                 k);
        }
    }
    return STATUS_OK;
}

static void set_limit(struct link_table *table)
{
    const struct linear_forms *forms = &table->forms[0];
    double limit = floor((table->costs.objective.parameter + forms->offset) / forms->unit);
    table->limit = limit < 0x1p63 ? (uint64_t)limit : UINT64_MAX >> 1;
}

static enum status build_forms(struct link_table *table, struct error *error)
{
    const struct cost_set *costs = &table->costs;
    bool difference = costs->n_targets == 2 && table->rule == RULE_LEAST;
    /* shares by which the errors of two compared costs add up to what is accepted */
    table->tolerance = table->max_regret / (table->n_forms == 2 ? 8 : 4);
    enum status status = STATUS_OK;
    for (size_t f = 0; !status && f < table->n_forms; f++)
        status = linear_forms_fit(costs, rules[costs->objective.kind].kinds[f], table->tolerance,
                                  difference, &table->forms[f], error);
    if (!status)
        status = check_signs(table, error);
    if (!status)
        status = prove(table, error);
    if (!status && table->rule == RULE_LIMIT)
        set_limit(table);
    return status;
}

enum status link_table_build(const struct cost_set *costs, double max_regret,
                             struct link_table *table, struct error *error)
{
    *table = (struct link_table){.costs = *costs,
                                 .max_regret = max_regret,
                                 .rule = rules[costs->objective.kind].rule,
                                 .n_forms = rules[costs->objective.kind].n_forms};
    if (isnan(max_regret) || max_regret > 1)
        return error_set(error, STATUS_MISUSE, "an accepted regret of %g makes no sense: 0 .. 1",
                         max_regret);
    if (max_regret < 0)
        table->max_regret = costs->curved ? 0.001 : 0;
    enum status status = build_switches(table, error);
    if (!status && costs->link != LINK_FIXED)
        status = build_forms(table, error);
    for (size_t k = 1; !status && k < costs->n_targets; k++)
        status = remote_fit(costs, k, &table->remote[k], error);
    if (status)
        link_table_free(table);
    return status;
}

/* ---- asking */

int link_table_choose_fixed(const struct link_table *table, uint32_t n)
{
    int target = table->choose.first;
    for (size_t i = 0; i < table->choose.n_at && n >= table->choose.at[i].from; i++)
        target = table->choose.at[i].target;
    return target;
}

/* What is compared, the more significant first. */
struct key {
    uint64_t high, low;
};

static struct key key_of(const struct link_table *table, size_t target, uint32_t n,
                         const struct link_state *state)
{
    uint64_t values[2] = {0};
    for (size_t f = 0; f < table->n_forms; f++)
        values[f] = linear_form_value(&table->forms[f].of[target], n, state);
    if (table->rule == RULE_LEAST)
        return (struct key){0, values[0]};
    if (table->rule == RULE_LIMIT)
        return values[0] > table->limit ? (struct key){1, values[0]} : (struct key){0, values[1]};
    unsigned __int128 product = (unsigned __int128)values[0] * values[1];
    return (struct key){(uint64_t)(product >> 64), (uint64_t)product};
}

int link_table_choose(const struct link_table *table, uint32_t n, const struct link_state *links)
{
    const struct link_state none = {0, 0, 0};
    if (table->costs.link == LINK_FIXED)
        return link_table_choose_fixed(table, n);
    int best = 0;
    struct key least = key_of(table, 0, n, &none);
    for (size_t k = 1; k < table->costs.n_targets; k++) {
        struct key key = key_of(table, k, n, &links[k - 1]);
        if (key.high < least.high || (key.high == least.high && key.low < least.low)) {
            least = key;
            best = (int)k;
        }
    }
    return best;
}

uint32_t link_table_remote_us(const struct link_table *table, size_t target, uint32_t n)
{
    return (uint32_t)integer_map_value(&table->remote[target], n);
}

static size_t form_bytes(const struct linear_form *form)
{
    size_t bytes = integer_map_table_size(&form->base);
    for (size_t t = 0; t < N_LINK_TERMS; t++)
        bytes += form->terms[t].there ? integer_map_table_size(&form->terms[t].factor) : 0;
    return bytes;
}

size_t link_table_size(const struct link_table *table)
{
    size_t bytes = 0;
    for (size_t f = 0; f < table->n_forms; f++) {
        for (size_t k = 0; k < table->costs.n_targets; k++)
            bytes += form_bytes(&table->forms[f].of[k]);
    }
    return bytes;
}

void link_table_free(struct link_table *table)
{
    free(table->choose.at);
    for (size_t f = 0; f < table->n_forms; f++)
        linear_forms_free(&table->forms[f]);
    for (size_t k = 0; k < TARGETS_MAX; k++)
        integer_map_free(&table->remote[k]);
    *table = (struct link_table){0};
}
