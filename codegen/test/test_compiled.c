// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Generated headers, compiled and run: every decision against the models themselves. The program
 * that compares (compare.c below) shares no code with the generator.
 */
#include "codegen/test/pairs.h"

#include "base/clock.h"

#include <stdio.h>

enum { PER_PROGRAM = 100 };

#define STRICT "-ffreestanding -Wall -Wextra -Wpedantic -Wconversion -Werror -O2"

static const char compare_text[] =
    "#include \"compare.h\"\n"
    "#include <math.h>\n"
    "#include <stdio.h>\n"
    "static double value(const struct model *m, uint32_t n)\n"
    "{\n"
    "    int i = 0;\n"
    "    while (i < m->last && n > m->to[i])\n"
    "        i++;\n"
    "    double v = m->intercept[i] + m->slope[i] * n;\n"
    "    return n < m->n_min && v < 0 ? 0 : v;\n"
    "}\n"
    "static uint64_t state = 42;\n"
    "static uint32_t draw(void)\n"
    "{\n"
    "    state = state * 6364136223846793005u + 1442695040888963407u;\n"
    "    return (uint32_t)(state >> 32) >> (state >> 20 & 31);\n"
    "}\n"
    "static unsigned long wrong;\n"
    "static void say(const struct pair *p, uint32_t n, uint32_t r, const char *what, double x)\n"
    "{\n"
    "    if (wrong++ < 20)\n"
    "        printf(\"%s: n %lu r %lu: %s %.9g\\n\", p->name, (unsigned long)n, "
    "(unsigned long)r, what, x);\n"
    "}\n"
    "static void check_rtt(const struct pair *p, uint32_t n, double even, uint32_t r)\n"
    "{\n"
    "    int got = p->choose_rtt(n, r);\n"
    "    if (got != (r < even) && (fabs(r - even) >= 1 || even <= 0 || got >> 1))\n"
    "        say(p, n, r, \"break-even\", even);\n"
    "}\n"
    "static void check(const struct pair *p, uint32_t n, int n_draws)\n"
    "{\n"
    "    uint32_t m = n < 2 * p->n_max ? n : 2 * p->n_max;\n"
    "    double edge = value(&p->edge, m), cloud = value(&p->cloud, m);\n"
    "    double even = (edge - cloud) * 1e6, us = fmin(fmax(cloud * 1e6, 0), 4294967295.0);\n"
    "    if (p->choose(n) != (p->rtt_s < edge - cloud) &&\n"
    "        fabs(edge - cloud - p->rtt_s) > 1e-12 * (fabs(edge) + fabs(cloud) + p->rtt_s))\n"
    "        say(p, n, 0, \"choose\", edge - cloud - p->rtt_s);\n"
    "    if (!(fabs(p->remote_us(n) - us) < 1))\n"
    "        say(p, n, p->remote_us(n), \"remote\", us);\n"
    "    check_rtt(p, n, even, 0);\n"
    "    check_rtt(p, n, even, 1);\n"
    "    check_rtt(p, n, even, UINT32_MAX);\n"
    "    for (int k = -3; k <= 3; k++) {\n"
    "        double r = floor(even) + k;\n"
    "        if (r >= 0 && r <= UINT32_MAX)\n"
    "            check_rtt(p, n, even, (uint32_t)r);\n"
    "    }\n"
    "    for (int i = 0; i < n_draws; i++)\n"
    "        check_rtt(p, n, even, draw());\n"
    "}\n"
    "int main(void)\n"
    "{\n"
    "    for (const struct pair *p = pairs; p->name; p++) {\n"
    "        uint64_t hash = 7, word = 1;\n"
    "        for (uint32_t n = 0; n < 3 * p->n_max; n++) {\n"
    "            word = word * 6364136223846793005u + 1442695040888963407u;\n"
    "            uint32_t r = (uint32_t)(word >> 32) >> (word >> 20 & 31);\n"
    "            uint64_t all = p->remote_us(n) * 4ull + (unsigned)p->choose(n) * 2u;\n"
    "            hash = hash * 31 + all + (unsigned)p->choose_rtt(n, r);\n"
    "        }\n"
    "        if (hash != p->hash)\n"
    "            say(p, 0, 0, \"not what decision_table_choose says\", 0);\n"
    "        int n_draws = p->n_max <= 400 ? 990 : 60;\n"
    "        if (p->n_max != (uint32_t)p->header_n_max)\n"
    "            say(p, 0, 0, \"N_MAX\", p->header_n_max);\n"
    "        for (uint32_t n = 0; n <= 2 * p->n_max + 2; n++)\n"
    "            check(p, n, n_draws);\n"
    "        for (int i = 0; i < 100; i++)\n"
    "            check(p, 2 * p->n_max + draw() / 2, 10);\n"
    "        check(p, UINT32_MAX, 10);\n"
    "        check(p, UINT32_MAX - 1, 10);\n"
    "        check(p, UINT32_C(0x80000000), 10);\n"
    "    }\n"
    "    printf(\"%lu wrong\\n\", wrong);\n"
    "    return wrong != 0;\n"
    "}\n";

static const char compare_header[] =
    "#include <stdint.h>\n"
    "struct model { uint32_t n_min; int last; uint32_t to[4]; double intercept[4], slope[4]; };\n"
    "struct pair {\n"
    "    const char *name;\n"
    "    uint32_t n_max;\n"
    "    long header_n_max;\n"
    "    struct model edge, cloud;\n"
    "    double rtt_s;\n"
    "    int (*choose)(uint32_t);\n"
    "    int (*choose_rtt)(uint32_t, uint32_t);\n"
    "    uint32_t (*remote_us)(uint32_t);\n"
    "    uint64_t hash;\n"
    "};\n"
    "#ifdef __cplusplus\n"
    "extern \"C\"\n"
    "#else\n"
    "extern\n"
    "#endif\n"
    "const struct pair pairs[];\n";

static void put_model(FILE *out, uint32_t n_min, const struct line *lines)
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
    fputs("}}", out);
}

/* What the interpreter says of the pair, as the comparing program sums it up. */
static uint64_t interpreted(const struct pair *pair)
{
    struct error error = {0};
    struct model_set set;
    struct table_options options;
    struct decision_table table;
    uint64_t hash = 7, word = 1;
    pair_set(pair, &set);
    pair_options(pair, &options);
    assert_int_equal(decision_table_build(&set, &options, &table, &error), STATUS_OK);
    for (uint32_t n = 0; n < 3 * pair->n_max; n++) {
        word = word * 6364136223846793005u + 1442695040888963407u;
        uint32_t r = (uint32_t)(word >> 32) >> (word >> 20 & 31);
        uint64_t all = decision_table_remote_us(&table, n) * 4ull +
                       (unsigned)decision_table_choose_fixed(&table, n) * 2u;
        hash = hash * 31 + all + (unsigned)decision_table_choose(&table, n, r);
    }
    decision_table_free(&table);
    model_set_free(&set);
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

/* Writes all headers, the list of them (compiled as strictly as a product would) and the
 * comparing program. */
static void write_program(const char *folder, const struct pair *pairs, int n)
{
    FILE *all = file_in(folder, "all.h"), *list = file_in(folder, "list.c");
    FILE *compare = file_in(folder, "compare.c"), *header = file_in(folder, "compare.h");
    fputs("#include \"compare.h\"\n#include \"all.h\"\nconst struct pair pairs[] = {\n", list);
    for (int i = 0; i < n; i++) {
        char name[32], file_name[40];
        snprintf(name, sizeof name, "pair%d", i);
        snprintf(file_name, sizeof file_name, "%s.h", name);
        FILE *one = file_in(folder, file_name);
        pair_header(one, &pairs[i], name);
        fclose(one);
        fprintf(all, "#include \"%s\"\n#include \"%s\"\n", file_name, file_name);
        fprintf(list, "{\"%s %s\", %uu, PAIR%d_N_MAX, ", name, pairs[i].what, pairs[i].n_max, i);
        put_model(list, pairs[i].n_min, pairs[i].edge);
        fputs(", ", list);
        put_model(list, pairs[i].n_min, pairs[i].cloud);
        fprintf(list, ", %.17g, %s_choose, %s_choose_rtt, %s_remote_us, %lluu},\n", pairs[i].rtt_s,
                name, name, name, (unsigned long long)interpreted(&pairs[i]));
    }
    fputs("{0, 0, 0, {0, 0, {0}, {0}, {0}}, {0, 0, {0}, {0}, {0}}, 0, 0, 0, 0, 0}};\n", list);
    fputs(compare_text, compare);
    fputs(compare_header, header);
    fclose(all);
    fclose(list);
    fclose(compare);
    fclose(header);
}

static void run_in(const char *folder, const char *command)
{
    char *out, *err, *line = text_format("cd %s && %s", folder, command);
    int code = test_shell(line, &out, &err);
    if (code != 0)
        fail_msg("%s: exit %d\n%s%s", line, code, out, err);
    free(out);
    free(err);
    free(line);
}

static void compile_and_run(const struct pair *pairs, int n)
{
    char *folder = test_scratch("compiled");
    write_program(folder, pairs, n);
    run_in(folder, "gcc -std=c99 " STRICT " -c list.c -o list.o");
    /* a second translation unit includes the same headers and uses none of their functions */
    run_in(folder, "gcc -std=gnu11 -Wall -Wextra -Werror -O2 -include all.h -c compare.c");
    run_in(folder, "gcc list.o compare.o -lm -o compare-c && ./compare-c");
    run_in(folder, "g++ -std=c++11 " STRICT " -x c++ -c list.c -o listpp.o");
    run_in(folder, "g++ listpp.o compare.o -lm -o compare-cpp && ./compare-cpp");
    run_in(folder, "! command -v clang >/dev/null || { clang -std=c99 " STRICT
                   " -c list.c -o /dev/null && clang++ -std=c++11 " STRICT
                   " -Wno-deprecated -x c++ -c list.c -o /dev/null; }");
    free(folder);
}

static void test_hand_picked(void **state)
{
    (void)state;
    compile_and_run(hand_picked, N_HAND_PICKED);
}

static void test_random(void **state)
{
    (void)state;
    struct random random = {(uint64_t)clock_ns()};
    int n_programs = test_long() ? 30 : 2;
    static struct pair pairs[PER_PROGRAM];
    const char *seed = getenv("CODEGEN_SEED");
    if (seed)
        random.state = strtoull(seed, NULL, 10);
    printf("CODEGEN_SEED=%llu\n", (unsigned long long)random.state);
    for (int k = 0; k < n_programs; k++) {
        for (int i = 0; i < PER_PROGRAM; i++)
            pairs[i] = pair_random(&random);
        compile_and_run(pairs, PER_PROGRAM);
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
