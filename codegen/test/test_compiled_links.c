// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Headers that decide by a link's bandwidth and between several endpoints, compiled and run: every
 * decision against the models themselves. The program that judges (compare_links.c) shares no code
 * with the generator.
 */
#include "codegen/header_private.h"
#include "codegen/test/link_sets.h"

#include "base/clock.h"

#include <unistd.h>

enum { PER_PROGRAM = 50 };

#define STRICT "-ffreestanding -Wall -Wextra -Wpedantic -Wconversion -Werror"

static FILE *file_in(const char *folder, const char *name)
{
    char *path = text_format("%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    free(path);
    return file;
}

static void put_curve(FILE *out, const struct curve *curve)
{
    fprintf(out, "{%zu, %uu, {", curve->n, curve->n_min);
    for (size_t i = 0; i < CURVE_SEGMENTS_MAX; i++)
        fprintf(out, "%uu, ", curve->to[i]);
    fputs("}, {", out);
    for (size_t i = 0; i < CURVE_SEGMENTS_MAX; i++)
        fprintf(out, "%.17g, ", curve->intercept[i]);
    fputs("}, {", out);
    for (size_t i = 0; i < CURVE_SEGMENTS_MAX; i++)
        fprintf(out, "%.17g, ", curve->slope[i]);
    fprintf(out, "}, %.17g},\n ", curve->quadratic);
}

static void put_sites(FILE *out, const struct link_set *set)
{
    fputs("{", out);
    for (size_t k = 0; k < set->n_targets; k++) {
        const struct site *site = &set->sites[k];
        fputs("{", out);
        put_curve(out, &site->time);
        put_curve(out, &site->energy);
        put_curve(out, &site->up);
        put_curve(out, &site->down);
        put_curve(out, &site->trips);
        fprintf(out, "%.17g, %.17g, %.17g, %.17g},\n ", site->watts[ENERGY_E0],
                site->watts[ENERGY_TX], site->watts[ENERGY_RX], site->watts[ENERGY_WAIT]);
    }
    fputs("},\n ", out);
}

static void put_promises(FILE *out, const struct link_table *table,
                         const struct link_certificate *proved)
{
    fputs("{", out);
    for (size_t f = 0; f < 2; f++) {
        const struct form_error *error = &proved->errors[f];
        /* of a difference both errors are in one promise */
        fprintf(out, "{%.17g, %.17g, {%.17g, %.17g, %.17g}}, ", error->relative, error->absolute,
                error->per[0], error->per[1], error->per[2]);
    }
    fprintf(out, "}, %.17g, %.17g, %.17g,\n ", proved->bound_relative,
            table->rule == RULE_PRODUCT ? 0 : proved->bound_absolute, proved->bound_times);
}

/* ---- what the interpreter says, as the judging program sums it up */

static uint64_t draws = 42;

static uint32_t draw(void)
{
    draws = draws * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(draws >> 32);
}

static uint32_t draw_number(void)
{
    uint32_t x = draw();
    return x % 16 == 0 ? 0 : x % 16 == 1 ? UINT32_MAX : draw() >> (x >> 8) % 32;
}

static uint64_t interpreted(const struct link_table *table)
{
    uint64_t hash = 7;
    struct link_state links[ENDPOINTS_MAX];
    draws = 42;
    for (uint32_t n = 0; n < 3 * table->costs.n_max; n++) {
        for (size_t k = 0; k + 1 < table->costs.n_targets; k++) {
            links[k].rtt_us = draw_number();
            links[k].up_ps_per_byte = draw_number();
            links[k].down_ps_per_byte = draw_number();
        }
        hash = hash * 31 + (unsigned)link_table_choose(table, n, links) * 16u +
               (unsigned)link_table_choose_fixed(table, n);
        for (size_t k = 1; k < table->costs.n_targets; k++)
            hash = hash * 31 + link_table_remote_us(table, k, n);
    }
    return hash;
}

/* ---- programs */

/* The set's header; the function with one signature that calls its choice; its row in the list. */
static void put_wrapper(FILE *out, const char *name, enum link_kind link, size_t n_targets)
{
    fprintf(out, "static int %s_any(uint32_t n, const struct numbers *x)\n{\n", name);
    if (link == LINK_FIXED) {
        fprintf(out, "    (void)x;\n    return %s_choose(n);\n}\n", name);
        return;
    }
    if (n_targets == 2) {
        fprintf(out, "    return %s_choose_link(n, x[0].rtt_us, x[0].up, x[0].down);\n}\n", name);
        return;
    }
    fprintf(out,
            "    struct %s_link links[%zu];\n    for (int i = 0; i < %zu; i++) {\n"
            "        links[i].rtt_us = x[i].rtt_us;\n        links[i].up_ps_per_byte = x[i].up;\n"
            "        links[i].down_ps_per_byte = x[i].down;\n    }\n"
            "    return %s_choose_links(n, links);\n}\n",
            name, n_targets - 1, n_targets - 1, name);
}

static void put_header(FILE *out, const char *name, const struct model_set *models,
                       const struct link_table *table, const struct link_certificate *proved,
                       const struct target_names *names)
{
    struct campaign campaign = {.name = (char *)"test"};
    struct target targets[TARGETS_MAX];
    const struct link_facts links = {table, proved, names, targets};
    const struct header_facts facts = {.name = name,
                                       .campaign = &campaign,
                                       .set = models,
                                       .means = models,
                                       .links = &links,
                                       .up_bit_s = NAN,
                                       .down_bit_s = NAN};
    for (size_t k = 0; k < table->costs.n_targets; k++)
        targets[k] = (struct target){.name = (char *)(uintptr_t)site_names[k]};
    header_write(out, &facts);
}

static void put_row(FILE *out, const char *name, const struct link_set *set,
                    const struct link_table *table, const struct link_certificate *proved,
                    const struct target_names *names)
{
    const struct objective *objective = &table->costs.objective;
    char upper[16];
    size_t i = 0;
    for (; name[i]; i++)
        upper[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
    upper[i] = '\0';
    fprintf(out, "{\"%s\", %uu, %s_N_MAX, %zu, %d, %.17g, %.17g, %.17g, %.17g, %d, %d,\n ", name,
            set->n_max, upper, set->n_targets, (int)objective->kind, objective->parameter,
            objective->mean_time_s, objective->mean_energy_j, table->max_regret,
            set->link == LINK_FIXED, set->link == LINK_BANDWIDTH);
    fprintf(out, "%.17g, %.17g, %.17g,\n ", set->design.rtt_s, set->design.up_s_per_byte,
            set->design.down_s_per_byte);
    put_sites(out, set);
    put_promises(out, table, proved);
    fprintf(out, "%s_choose, %s_any, {0", name, name);
    for (size_t k = 1; k < set->n_targets; k++)
        fprintf(out, ", %s_%s%sremote_us", name, set->n_targets > 2 ? names->of[k] : "",
                set->n_targets > 2 ? "_" : "");
    fprintf(out, "},\n %lluull},\n", (unsigned long long)interpreted(table));
}

/* One set that has a table; those that are refused for a reason are drawn again. */
static void write_set(const char *folder, FILE *list, FILE *rows, struct random *random, int i)
{
    char name[16], file_name[24];
    struct link_set set;
    struct model_set models;
    struct link_table table;
    struct link_certificate proved;
    struct target_names names;
    struct error error = {0};
    for (;; model_set_free(&models), error = (struct error){0}) {
        set = link_set_random(random);
        enum status status = link_set_table(&set, &models, &table, &error);
        if (!status)
            break;
        if (status != STATUS_UNSUPPORTED)
            fail_msg("set %d: %s", i, error.text);
    }
    if (link_certificate_make(&table, NULL, &proved, &error) ||
        target_names_make(site_names, set.n_targets, &names, &error))
        fail_msg("set %d: %s", i, error.text);
    assert_true(proved.bound_relative <= fmax(table.max_regret, LINK_ROUNDING));
    snprintf(name, sizeof name, "set%d", i);
    snprintf(file_name, sizeof file_name, "%s.h", name);
    FILE *header = file_in(folder, file_name);
    put_header(header, name, &models, &table, &proved, &names);
    fclose(header);
    fprintf(list, "#include \"%s\"\n#include \"%s\"\n", file_name, file_name);
    put_wrapper(list, name, set.link, set.n_targets);
    put_row(rows, name, &set, &table, &proved, &names);
    link_table_free(&table);
    model_set_free(&models);
}

static void write_program(const char *folder, struct random *random, int n)
{
    char *text = NULL;
    size_t size = 0;
    FILE *list = file_in(folder, "list.c"), *rows = open_memstream(&text, &size);
    assert_non_null(rows);
    fputs("#include \"codegen/test/compare_links.h\"\n", list);
    for (int i = 0; i < n; i++)
        write_set(folder, list, rows, random, i);
    fclose(rows);
    fprintf(list, "const struct compared_set compared_sets[] = {\n%s{0}};\n", text);
    fclose(list);
    free(text);
}

static void run_in(const char *folder, const char *command)
{
    char *out, *err, root[4096];
    assert_non_null(getcwd(root, sizeof root));
    char *line = text_format("export ROOT='%s'; cd %s && %s", root, folder, command);
    int code = test_shell(line, &out, &err);
    if (code != 0)
        fail_msg("%s: exit %d\n%s%s", line, code, out, err);
    if (*out)
        print_message("%s", out);
    free(out);
    free(err);
    free(line);
}

/* The judging program without headers; the folder it lies in is to be freed. */
static char *compile_judge(void)
{
    char *folder = test_scratch("judge");
    run_in(folder, "gcc -std=gnu11 -Wall -Wextra -Werror -O2 -I\"$ROOT\" -c "
                   "\"$ROOT\"/codegen/test/compare_links.c -o compare.o");
    return folder;
}

/* As C, and with `others` optimised and as C++ too. */
static void compile_and_run(struct random *random, const char *judge, int n, bool others)
{
    char *folder = test_scratch("compiled-links");
    const char *flags = STRICT " -Wno-missing-field-initializers -I\"$ROOT\"";
    write_program(folder, random, n);
    char *c = text_format("gcc -std=c99 %s -O%d -c list.c -o list.o", flags, others ? 2 : 0);
    char *link = text_format("gcc list.o \"$ROOT\"/%s/compare.o -lm -o c && ./c", judge);
    char *cpp = text_format("g++ -std=c++11 %s -O2 -x c++ -c list.c -o listpp.o", flags);
    char *linkpp = text_format("g++ listpp.o \"$ROOT\"/%s/compare.o -lm -o cpp && ./cpp", judge);
    run_in(folder, c);
    run_in(folder, link);
    if (others) {
        run_in(folder, cpp);
        run_in(folder, linkpp);
    }
    free(c);
    free(link);
    free(cpp);
    free(linkpp);
    free(folder);
}

static void test_random(void **state)
{
    (void)state;
    struct random random = {(uint64_t)clock_ns()};
    int n_programs = test_long() ? 200 : 10;
    const char *seed = getenv("CODEGEN_SEED");
    if (seed)
        random.state = strtoull(seed, NULL, 10);
    printf("CODEGEN_SEED=%llu\n", (unsigned long long)random.state);
    char *judge = compile_judge();
    for (int k = 0; k < n_programs; k++)
        compile_and_run(&random, judge, PER_PROGRAM, k % 10 == 0);
    free(judge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
