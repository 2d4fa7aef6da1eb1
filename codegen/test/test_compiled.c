// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Generated headers, compiled and run: every decision against the models themselves. The program
 * that compares (compare.c) shares no code with the generator.
 */
#include "codegen/test/products.h"

#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

enum { PER_PROGRAM = 100 };

#define STRICT "-ffreestanding -Wall -Wextra -Wpedantic -Wconversion -Werror -O2"

static void put_model(FILE *out, uint32_t n_min, const struct line *lines, double quadratic)
{
    size_t n = pair_segments(lines);
    fprintf(out, "{%uu, %zu, {", n_min, n - 1);
    for (size_t i = 0; i < PAIR_SEGMENTS_MAX; i++)
        fprintf(out, "%uu,", lines[i].to);
    fputs("}, {", out);
    for (size_t i = 0; i < PAIR_SEGMENTS_MAX; i++)
        fprintf(out, "%.17g,", lines[i].intercept);
    fputs("}, {", out);
    for (size_t i = 0; i < PAIR_SEGMENTS_MAX; i++)
        fprintf(out, "%.17g,", lines[i].slope);
    fprintf(out, "}, %.17g},\n ", quadratic);
}

static void put_models(FILE *out, const struct product *product)
{
    const struct pair *pair = &product->pair;
    const struct line up[PAIR_SEGMENTS_MAX] = {product->up};
    const struct line down[PAIR_SEGMENTS_MAX] = {product->down};
    put_model(out, pair->n_min, pair->edge, product->quadratic);
    put_model(out, pair->n_min, pair->cloud, 0);
    put_model(out, pair->n_min, up, 0);
    put_model(out, pair->n_min, down, 0);
    put_model(out, pair->n_min, product->trips, 0);
    put_model(out, pair->n_min, product->energy, 0);
    for (int i = 0; i < N_ENERGY_PARTS; i++)
        fprintf(out, "%.17g, ", product->parts[i]);
    fprintf(out, "%.17g, %.17g, %.17g,\n ", product->up_s, product->down_s, pair->rtt_s);
}

/* What the interpreter says, as the comparing program sums it up. */
static uint64_t interpreted(const struct decision_table *table, uint32_t n_max)
{
    uint64_t hash = 7, word = 1;
    for (uint32_t n = 0; n < 3 * n_max; n++) {
        word = word * 6364136223846793005u + 1442695040888963407u;
        uint32_t r = (uint32_t)(word >> 32) >> (word >> 20 & 31);
        uint64_t all = decision_table_remote_us(table, n) * 4ull +
                       (unsigned)decision_table_choose_fixed(table, n) * 2u;
        hash = hash * 31 + all + (unsigned)decision_table_choose(table, n, r);
    }
    return hash;
}

static FILE *file_in(const char *folder, const char *name)
{
    char *path = text_format("%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    free(path);
    return file;
}

/* Writes one product's header, and its row in the list. */
static void write_product(const char *folder, FILE *all, FILE *list, struct product *product, int i)
{
    static const char letters[] = {'t', 'e', 'w', 'p', 'd', 'b'};
    _Static_assert(sizeof letters == N_OBJECTIVES, "a letter each");
    char name[32], file_name[40];
    struct model_set set;
    struct decision_table table;
    product_table(product, &set, &table);
    snprintf(name, sizeof name, "pair%d", i);
    snprintf(file_name, sizeof file_name, "%s.h", name);
    FILE *one = file_in(folder, file_name);
    product_header(one, &set, &table, name);
    fclose(one);
    fprintf(all, "#include \"%s\"\n#include \"%s\"\n", file_name, file_name);
    fprintf(list, "{\"%s %s\", %uu, PAIR%d_N_MAX, '%c', %.17g, %.17g,\n ", name, product->pair.what,
            product->pair.n_max, i, letters[product->objective.kind], product->objective.parameter,
            table.max_regret);
    put_models(list, product);
    fprintf(list, "%s_choose, %s_choose_rtt, %s_remote_us, %lluu},\n", name, name, name,
            (unsigned long long)interpreted(&table, product->pair.n_max));
    decision_table_free(&table);
    model_set_free(&set);
}

/* Writes all headers and the list of them, compiled as strictly as a product would. */
static void write_program(const char *folder, struct product *products, int n)
{
    FILE *all = file_in(folder, "all.h"), *list = file_in(folder, "list.c");
    fputs("#include \"codegen/test/compare.h\"\n#include \"all.h\"\n"
          "const struct compared compared_headers[] = {\n",
          list);
    for (int i = 0; i < n; i++)
        write_product(folder, all, list, &products[i], i);
    fputs("{0, 0, 0, 0, 0, 0, ", list);
    for (int i = 0; i < 6; i++)
        fputs("{0, 0, {0}, {0}, {0}, 0}, ", list);
    fputs("0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};\n", list);
    fclose(all);
    fclose(list);
}

static void run_in(const char *folder, const char *command)
{
    char *out, *err, root[4096];
    assert_non_null(getcwd(root, sizeof root));
    char *line = text_format("export ROOT='%s'; cd %s && %s", root, folder, command);
    int code = test_shell(line, &out, &err);
    if (code != 0)
        fail_msg("%s: exit %d\n%s%s", line, code, out, err);
    free(out);
    free(err);
    free(line);
}

/* As C, and with `others` as C++ and by clang too. */
static void compile_and_run(struct product *products, int n, bool others)
{
    char *folder = test_scratch("compiled");
    write_program(folder, products, n);
    run_in(folder, "gcc -std=c99 " STRICT " -I\"$ROOT\" -c list.c -o list.o");
    /* a second translation unit includes the same headers and uses none of their functions */
    run_in(folder, "gcc -std=gnu11 -Wall -Wextra -Werror -O2 -I\"$ROOT\" -include all.h -c "
                   "\"$ROOT\"/codegen/test/compare.c");
    run_in(folder, "gcc list.o compare.o -lm -o compare-c && ./compare-c");
    if (others) {
        run_in(folder, "g++ -std=c++11 " STRICT " -I\"$ROOT\" -x c++ -c list.c -o listpp.o");
        run_in(folder, "g++ listpp.o compare.o -lm -o compare-cpp && ./compare-cpp");
        run_in(folder, "! command -v clang >/dev/null || { clang -std=c99 " STRICT
                       " -I\"$ROOT\" -c list.c -o /dev/null && clang++ -std=c++11 " STRICT
                       " -I\"$ROOT\" -Wno-deprecated -x c++ -c list.c -o /dev/null; }");
    }
    free(folder);
}

static void test_hand_picked(void **state)
{
    (void)state;
    static struct product products[N_HAND_PICKED];
    for (int i = 0; i < N_HAND_PICKED; i++)
        products[i] = product_of_pair(&hand_picked[i]);
    compile_and_run(products, N_HAND_PICKED, true);
}

static void test_random(void **state)
{
    (void)state;
    struct random random = {(uint64_t)clock_ns()};
    int n_programs = test_long() ? 100 : 5;
    static struct product products[PER_PROGRAM];
    const char *seed = getenv("CODEGEN_SEED");
    if (seed)
        random.state = strtoull(seed, NULL, 10);
    printf("CODEGEN_SEED=%llu\n", (unsigned long long)random.state);
    for (int k = 0; k < n_programs; k++) {
        for (int i = 0; i < PER_PROGRAM; i++)
            products[i] = product_random(&random, i);
        compile_and_run(products, PER_PROGRAM, k % 10 == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hand_picked),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
