// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What generated functions compile to, for linear pairs of the sizes that networks have: at most 4
 * instructions on x86-64 and 16 bytes on a Cortex-M0+ for choose; 10 and 36 for choose_rtt, 13 and
 * 44 where the break-even is negative somewhere.
 *
 * The counts of choose hold for every pair. Those of choose_rtt need numbers of 32 bits and, for
 * the bytes, one number of three that a processor loads without a word of memory; how many pairs
 * have them is printed and must not fall.
 */
#include "codegen/test/pairs.h"

#include <math.h>

enum { N_PAIRS = 150 };

struct counts {
    long x86_choose, x86_choose_rtt, m0_choose, m0_choose_rtt;
};

struct measured {
    struct pair pair;
    bool negative; /* R(n) < 0 somewhere */
    bool plain;    /* one product of 32 bits */
    struct counts counts;
};

/* Slopes of 1 to 500 us per step, faster at the endpoint three times out of four. */
static struct pair typical_pair(struct random *random)
{
    static const uint32_t longest[] = {64,  100, 128, 200,  256,  400,
                                       500, 512, 777, 1000, 2000, 5000};
    struct pair pair = {"typical", 1, 0, {{0}}, {{0}}, 0};
    pair.n_max = longest[random_below(random, sizeof longest / sizeof *longest)];
    double slow = 1e-6 * (double)(1 + random_below(random, 500)) * (0.5 + random_uniform(random));
    double fast = slow * 0.6 * random_uniform(random);
    bool cloud_faster = random_below(random, 4) != 0;
    pair.edge[0].slope = cloud_faster ? slow : fast;
    pair.cloud[0].slope = cloud_faster ? fast : slow;
    pair.edge[0].intercept = spread(random, 0, 2e-3);
    pair.cloud[0].intercept = spread(random, 0, 3e-3);
    if (!cloud_faster)
        pair.edge[0].intercept += (slow - fast) * pair.n_max * 3 * random_uniform(random);
    pair.rtt_s = fabs(slow - fast) * pair.n_max * random_uniform(random);
    return pair;
}

static void describe(struct measured *one)
{
    struct error error = {0};
    struct model_set set;
    struct table_options options;
    struct decision_table table;
    pair_set(&one->pair, &set);
    pair_options(&one->pair, &options);
    assert_int_equal(decision_table_build(&set, &options, &table, &error), STATUS_OK);
    one->negative = threshold_s(&table.threshold, 0) < 0 ||
                    threshold_s(&table.threshold, table.threshold.n_limit) < 0;
    one->plain = table.choose_rtt == REPRESENTATION_CONSTANT ||
                 (table.break_even.kind == MAP_AFFINE && table.break_even.affine.bits == 32 &&
                  table.break_even.affine.fraction == 0);
    decision_table_free(&table);
    model_set_free(&set);
}

static void write_functions(const char *folder, struct measured *all)
{
    char *path = text_format("%s/functions.c", folder);
    FILE *functions = fopen(path, "w");
    assert_non_null(functions);
    for (int i = 0; i < N_PAIRS; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%d", i);
        char *header = text_format("%s/%s.h", folder, name);
        FILE *out = fopen(header, "w");
        assert_non_null(out);
        pair_header(out, &all[i].pair, name);
        fclose(out);
        free(header);
        fprintf(functions,
                "#include \"%s.h\"\n"
                "int a%d(uint32_t n) { return %s_choose(n); }\n"
                "int b%d(uint32_t n, uint32_t r) { return %s_choose_rtt(n, r); }\n",
                name, i, name, i, name);
    }
    fclose(functions);
    free(path);
}

/* Lines "aN COUNT" and "bN COUNT" of a command's output, as offsets into the counts. */
static void read_counts(const char *folder, const char *command, size_t choose, size_t choose_rtt,
                        struct measured *all)
{
    char *out, *err, *line = text_format("cd %s && %s", folder, command);
    if (test_shell(line, &out, &err) != 0)
        fail_msg("%s: %s%s", line, out, err);
    int n_read = 0;
    for (char *word = strtok(out, " \n"); word; word = strtok(NULL, " \n")) {
        char *value = strtok(NULL, " \n");
        assert_non_null(value);
        struct measured *one = &all[atoi(word + 1)];
        size_t offset = word[0] == 'a' ? choose : choose_rtt;
        *(long *)(void *)((char *)&one->counts + offset) = strtol(value, NULL, 10);
        n_read++;
    }
    assert_int_equal(n_read, 2 * N_PAIRS);
    free(out);
    free(err);
    free(line);
}

static const char x86_command[] =
    "gcc -std=c99 -O2 -ffreestanding -fcf-protection=none -c functions.c -o x86.o && "
    "objdump -d --no-show-raw-insn x86.o | awk '"
    "/>:$/ { gsub(/[<>:]/, \"\", $2); f = $2; n[f] = 0 } "
    "/^ / { n[f]++; if ($2 ~ /^(ret|jmp|call)/) last[f] = n[f] } "
    "END { for (f in last) print f, last[f] }'";

static const char m0_command[] =
    "arm-none-eabi-gcc -std=c99 -Os -mcpu=cortex-m0plus -mthumb -ffreestanding "
    "-ffunction-sections -fno-ipa-icf -c functions.c -o m0.o && "
    "arm-none-eabi-nm -S m0.o | awk '$3 == \"T\" { print $4, \"0x\" $2 }' | "
    "while read -r f size; do echo $f $((size)); done";

static bool is_there(const char *program)
{
    char *command = text_format("command -v %s", program);
    int code = test_shell(command, NULL, NULL);
    free(command);
    return code == 0;
}

static void measure(struct measured *all, bool x86, bool m0)
{
    struct random random = {20240607};
    char *folder = test_scratch("budget");
    for (int i = 0; i < N_PAIRS; i++) {
        all[i] = (struct measured){.pair = typical_pair(&random)};
        describe(&all[i]);
    }
    write_functions(folder, all);
    if (x86)
        read_counts(folder, x86_command, offsetof(struct counts, x86_choose),
                    offsetof(struct counts, x86_choose_rtt), all);
    if (m0)
        read_counts(folder, m0_command, offsetof(struct counts, m0_choose),
                    offsetof(struct counts, m0_choose_rtt), all);
    free(folder);
}

static void check_share(const char *what, int n_within, int n, double least)
{
    printf("%s: %d of %d within the budget\n", what, n_within, n);
    if (n_within < least * n)
        fail_msg("%s: fewer than %g %%", what, 100 * least);
}

static void test_budgets(void **state)
{
    (void)state;
    static struct measured all[N_PAIRS];
    bool x86 = is_there("objdump"), m0 = is_there("arm-none-eabi-gcc");
#ifndef __x86_64__
    x86 = false;
#endif
    if (!x86)
        printf("[  SKIPPED ] instructions: no objdump, or not x86-64\n");
    if (!m0)
        printf("[  SKIPPED ] bytes: arm-none-eabi-gcc is not installed\n");
    measure(all, x86, m0);
    int n[2] = {0}, n_x86[2] = {0}, n_m0[2] = {0}, n_plain = 0;
    for (int i = 0; i < N_PAIRS; i++) {
        const struct measured *one = &all[i];
        const struct counts *counts = &one->counts;
        n[one->negative]++;
        n_plain += one->plain;
        n_x86[one->negative] += counts->x86_choose_rtt <= (one->negative ? 13 : 10);
        n_m0[one->negative] += counts->m0_choose_rtt <= (one->negative ? 44 : 36);
        if (getenv("CODEGEN_LIST"))
            printf("p%d n_max %u %s%s: %ld %ld instructions, %ld %ld bytes; R(0) %g\n", i,
                   one->pair.n_max, one->negative ? "negative" : "positive",
                   one->plain ? "" : " wide", counts->x86_choose, counts->x86_choose_rtt,
                   counts->m0_choose, counts->m0_choose_rtt,
                   one->pair.edge[0].intercept - one->pair.cloud[0].intercept);
        assert_true(counts->x86_choose <= 4);
        assert_true(counts->m0_choose <= 16);
        if (one->plain) {
            assert_true(counts->x86_choose_rtt <= (one->negative ? 13 : 10));
            assert_true(counts->m0_choose_rtt <= (one->negative ? 44 : 40));
        }
    }
    check_share("one product of 32 bits", n_plain, N_PAIRS, 0.8);
    check_share("choose_rtt, R >= 0, x86-64", n_x86[0], n[0], 0.8);
    check_share("choose_rtt, R < 0 somewhere, x86-64", n_x86[1], n[1], 0.8);
    check_share("choose_rtt, R >= 0, Cortex-M0+", n_m0[0], n[0], 0.5);
    check_share("choose_rtt, R < 0 somewhere, Cortex-M0+", n_m0[1], n[1], 0.8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_budgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
