// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Tables as data that decide by bandwidth and between several endpoints: the answers of
 * runtime/rnnmap_table_links.h and of a reader that knows only the format's page against the
 * interpreter's, and what hostile changes of such tables do.
 */
#include "codegen/test/link_sets.h"

#include "base/clock.h"
#include "codegen/blob.h"
#include "codegen/header_private.h"
#include "runtime/rnnmap_table_links.h"

enum { N_FILES = 12, N_QUESTIONS = 300 };

struct made {
    struct link_set set;
    struct model_set models;
    struct link_table table;
    char *bytes;
    size_t n;
};

/* False where the set has no table: costs whose product has no least, too many segments. */
static bool make(struct random *random, struct made *made)
{
    struct error error = {0};
    struct campaign campaign = {.name = (char *)"test"};
    struct target edge = {.name = (char *)"edge"};
    struct target_names names;
    made->set = link_set_random(random);
    if (link_set_table(&made->set, &made->models, &made->table, &error)) {
        model_set_free(&made->models);
        return false;
    }
    assert_int_equal(target_names_make(site_names, made->set.n_targets, &names, &error), STATUS_OK);
    struct decision_table none = {0};
    struct link_facts links = {.table = &made->table, .names = &names, .targets = &edge};
    struct header_facts facts = {.name = "links",
                                 .campaign = &campaign,
                                 .edge = &edge,
                                 .cloud = &edge,
                                 .set = &made->models,
                                 .means = &made->models,
                                 .table = &none,
                                 .up_bit_s = NAN,
                                 .down_bit_s = NAN,
                                 .links = &links};
    if (blob_make(&facts, &made->bytes, &made->n, &error))
        fail_msg("%s", error.text);
    return true;
}

static void drop(struct made *made)
{
    free(made->bytes);
    link_table_free(&made->table);
    model_set_free(&made->models);
}

static uint32_t any_number(struct random *random)
{
    static const uint32_t ends[] = {0, 1, UINT32_MAX, UINT32_MAX - 1};
    return random_below(random, 8) ? (uint32_t)random_u64(random) >> random_below(random, 32)
                                   : ends[random_below(random, 4)];
}

static uint32_t any_length(struct random *random, uint32_t n_max)
{
    return random_below(random, 8) ? (uint32_t)random_below(random, 2 * (uint64_t)n_max + 3)
                                   : any_number(random);
}

static void compare(const struct made *made, struct random *random)
{
    size_t n_endpoints = made->set.n_targets - 1;
    struct rnnmap_table table;
    assert_int_equal(rnnmap_table_open((const uint8_t *)made->bytes, made->n, &table),
                     RNNMAP_TABLE_OK);
    assert_int_equal(table.n_targets, made->set.n_targets);
    for (int i = 0; i < N_QUESTIONS; i++) {
        struct rnnmap_table_link links[ENDPOINTS_MAX];
        struct link_state states[ENDPOINTS_MAX];
        uint32_t n = any_length(random, table.n_max);
        for (size_t k = 0; k < n_endpoints; k++) {
            states[k] =
                (struct link_state){any_number(random), any_number(random), any_number(random)};
            links[k] = (struct rnnmap_table_link){states[k].rtt_us, states[k].up_ps_per_byte,
                                                  states[k].down_ps_per_byte};
        }
        int wanted = link_table_choose(&made->table, n, states);
        assert_int_equal(rnnmap_table_choose_links(&table, n, links), wanted);
        if (n_endpoints == 1)
            assert_int_equal(rnnmap_table_choose_link(&table, n, links[0].rtt_us,
                                                      links[0].up_ps_per_byte,
                                                      links[0].down_ps_per_byte),
                             wanted);
        assert_int_equal(rnnmap_table_choose(&table, n), link_table_choose_fixed(&made->table, n));
        for (uint32_t k = 1; k <= n_endpoints; k++)
            assert_int_equal(rnnmap_table_target_remote_us(&table, k, n),
                             link_table_remote_us(&made->table, k, n));
    }
}

static struct random seeded(void)
{
    struct random random = {(uint64_t)clock_ns()};
    const char *seed = getenv("CODEGEN_SEED");
    if (seed)
        random.state = strtoull(seed, NULL, 10);
    printf("CODEGEN_SEED=%llu\n", (unsigned long long)random.state);
    return random;
}

static void test_answers(void **state)
{
    (void)state;
    struct random random = seeded();
    int n_made = 0, n_rules[3] = {0};
    for (int i = 0; i < (test_long() ? 5000 : 200); i++) {
        struct made made;
        if (!make(&random, &made))
            continue;
        compare(&made, &random);
        n_made++;
        n_rules[made.table.rule]++;
        drop(&made);
    }
    printf("%d tables: least %d, product %d, limit %d\n", n_made, n_rules[0], n_rules[1],
           n_rules[2]);
    assert_true(n_rules[RULE_LEAST] && n_rules[RULE_PRODUCT] && n_rules[RULE_LIMIT]);
}

static void test_product_is_exact(void **state)
{
    (void)state;
    struct random random = seeded();
    for (int i = 0; i < 100000; i++) {
        uint64_t a = random_u64(&random) >> random_below(&random, 64);
        uint64_t b = random_below(&random, 9) ? random_u64(&random) >> random_below(&random, 64)
                                              : UINT64_MAX;
        struct rnnmap_table_key got = rnnmap_table_product(a, b);
        unsigned __int128 product = (unsigned __int128)a * b;
        assert_true(got.high == (uint64_t)(product >> 64) && got.low == (uint64_t)product);
    }
}

/* ---- files for other programs */

static char *write_bytes(const char *folder, int number, const struct made *made)
{
    char *path = text_format("%s/%d.rmt", folder, number);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(made->bytes, 1, made->n, file), made->n);
    assert_int_equal(fclose(file), 0);
    return path;
}

static char *shell(char *command)
{
    char *out, *err;
    if (test_shell(command, &out, &err) != 0)
        fail_msg("%s\n%s%s", command, out, err);
    free(err);
    free(command);
    return out;
}

/* Questions for the other reader, and the answers that it should give. */
static void ask(const struct made *made, struct random *random, FILE *questions, FILE *answers)
{
    size_t n_endpoints = made->set.n_targets - 1;
    for (int i = 0; i < N_QUESTIONS; i++) {
        struct link_state states[ENDPOINTS_MAX];
        uint32_t n = any_length(random, made->table.costs.n_max);
        fprintf(questions, "%u", n);
        for (size_t k = 0; k < n_endpoints; k++) {
            states[k] =
                (struct link_state){any_number(random), any_number(random), any_number(random)};
            fprintf(questions, " %u %u %u", states[k].rtt_us, states[k].up_ps_per_byte,
                    states[k].down_ps_per_byte);
        }
        fputc('\n', questions);
        fprintf(answers, "%d %d", link_table_choose_fixed(&made->table, n),
                link_table_choose(&made->table, n, states));
        for (size_t k = 1; k <= n_endpoints; k++)
            fprintf(answers, " %u", link_table_remote_us(&made->table, k, n));
        fputc('\n', answers);
    }
}

static void test_by_the_page(void **state)
{
    (void)state;
    struct random random = seeded();
    char *folder = test_scratch("links-table");
    for (int i = 0; i < N_FILES;) {
        struct made made;
        if (!make(&random, &made))
            continue;
        char *path = write_bytes(folder, i++, &made), *wanted = NULL;
        char *asked = text_format("%s/questions", folder);
        size_t n;
        FILE *questions = fopen(asked, "w"), *answers = open_memstream(&wanted, &n);
        assert_true(questions && answers);
        ask(&made, &random, questions, answers);
        fclose(questions);
        fclose(answers);
        char *got = shell(
            text_format("python3 codegen/test/read_table.py %s <%s | tail -n +2", path, asked));
        assert_string_equal(got, wanted);
        free(got);
        free(wanted);
        free(asked);
        free(path);
        drop(&made);
    }
    char *out = shell(text_format(
        "gcc -std=c11 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined "
        "-fno-sanitize-recover=all -I. -o %s/mutations "
        "runtime/test/table_mutations.c && %s/mutations %llu %d %s/*.rmt",
        folder, folder, (unsigned long long)random.state, test_long() ? 1000000 : 20000, folder));
    printf("%s", out);
    free(out);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_product_is_exact),
        cmocka_unit_test(test_by_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
