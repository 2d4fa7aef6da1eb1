// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What functions of a length are expected to take, by which the form of a table is chosen, against
 * what compilers make of them: bytes on a Cortex-M0+, and instructions executed on x86-64 as
 * callgrind counts them. Every form that fits is emitted, not only the one that was chosen.
 */
#include "codegen/test/products.h"

#include <math.h>

enum { N_PRODUCTS = 60, N_FUNCTIONS_MAX = N_PRODUCTS * N_MAP_FORMS, N_CALLS = 400 };

/* The most that an estimate is off. Searches are furthest: compilers unroll some, and leave early
 * where a break-even is negative. */
static const struct {
    double bytes, instructions;
} most_off[N_MAP_FORMS] = {
    [MAP_FORM_AFFINE] = {10, 4},    [MAP_FORM_SPLIT] = {10, 4},    [MAP_FORM_WIDE] = {12, 5},
    [MAP_FORM_SEGMENTS] = {32, 15}, [MAP_FORM_BUCKETED] = {12, 3},
};

struct function {
    enum map_form form;
    struct footprint expected;
    uint32_t n_limit;
    double code_bytes, instructions; /* measured; NAN: not */
};

static struct function functions[N_FUNCTIONS_MAX];
static int n_functions;

static FILE *file_in(const char *folder, const char *name)
{
    char *path = text_format("%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    free(path);
    return file;
}

/* Whether it says the same at all lengths, which compilers see. */
static bool is_folded(const struct integer_map *map, int form)
{
    uint64_t first = integer_map_value(map, 0);
    if (map->kind == MAP_SEGMENTS && map->segments.n_rows == 1)
        return true; /* a line, and no search */
    for (uint32_t n = 1; form != MAP_FORM_AFFINE && n < 20000; n++) {
        if (integer_map_value(map, n) != first)
            return false;
    }
    return form != MAP_FORM_AFFINE;
}

/* One header per form that fits the product. */
static void write_forms(const char *folder, FILE *list, FILE *calls, struct product *product)
{
    struct model_set set;
    struct decision_table table;
    product_table(product, &set, &table);
    for (int i = 0; i < N_MAP_FORMS && table.choose_rtt != REPRESENTATION_CONSTANT; i++) {
        if (!table.forms.forms[i].fits || is_folded(&table.forms.forms[i].map, i))
            continue;
        char name[32], file_name[40];
        snprintf(name, sizeof name, "p%d", n_functions);
        snprintf(file_name, sizeof file_name, "%s.h", name);
        table.break_even = table.forms.forms[i].map;
        FILE *out = file_in(folder, file_name);
        product_header(out, &set, &table, name);
        fclose(out);
        fprintf(list, "#include \"%s\"\nint b%d(uint32_t n, uint32_t r);\n", file_name,
                n_functions);
        fprintf(list, "int b%d(uint32_t n, uint32_t r) { return %s_choose_rtt(n, r); }\n",
                n_functions, name);
        fprintf(calls,
                "int b%d(uint32_t, uint32_t);\nstatic void c%d(void) { for (uint64_t i = 0; i < "
                "%d; i++) sum += b%d((uint32_t)(i * %uu / %d), 77u); }\n",
                n_functions, n_functions, N_CALLS, n_functions, table.threshold.n_limit, N_CALLS);
        functions[n_functions++] = (struct function){
            (enum map_form)i, table.forms.forms[i].footprint, table.threshold.n_limit, NAN, NAN};
    }
    decision_table_free(&table);
    model_set_free(&set);
}

static void write_all(const char *folder)
{
    struct random random = {20261130};
    FILE *list = file_in(folder, "list.c"), *calls = file_in(folder, "calls.c");
    fputs("#include <stdint.h>\nstatic volatile int sum;\n", calls);
    for (int i = 0; i < N_PRODUCTS; i++) {
        struct product product = product_random(&random, i);
        write_forms(folder, list, calls, &product);
    }
    fputs("int main(void) {\n", calls);
    for (int i = 0; i < n_functions; i++)
        fprintf(calls, "    c%d();\n", i);
    fputs("    return 0;\n}\n", calls);
    fclose(list);
    fclose(calls);
}

/* Lines "bN COUNT". */
static int read_counts(const char *folder, const char *command, bool bytes)
{
    char *out, *err, *line = text_format("cd %s && %s", folder, command);
    int n_read = 0;
    if (test_shell(line, &out, &err) != 0)
        fail_msg("%s: %s%s", line, out, err);
    for (char *word = strtok(out, " \n"); word; word = strtok(NULL, " \n")) {
        char *value = strtok(NULL, " \n");
        assert_non_null(value);
        struct function *function = &functions[atoi(word + 1)];
        if (bytes)
            function->code_bytes = strtod(value, NULL);
        else
            function->instructions = strtod(value, NULL) / N_CALLS;
        n_read++;
    }
    free(out);
    free(err);
    free(line);
    return n_read;
}

static const char m0_command[] =
    "arm-none-eabi-gcc -std=c99 -Os -mcpu=cortex-m0plus -mthumb -ffreestanding "
    "-ffunction-sections -fno-ipa-icf -c list.c -o m0.o && "
    "arm-none-eabi-nm -S m0.o | awk '$3 == \"T\" { print $4, \"0x\" $2 }' | "
    "while read -r f size; do echo $f $((size)); done";

static const char x86_command[] =
    "gcc -std=c99 -O2 -fcf-protection=none -fno-ipa-icf -c list.c -o x86.o && "
    "gcc -std=c99 -O1 -c calls.c -o calls.o && gcc x86.o calls.o -o calls && "
    "valgrind -q --tool=callgrind --callgrind-out-file=calls.out ./calls 2>valgrind.txt && "
    "callgrind_annotate --threshold=100 --show-percs=no calls.out | tr -d , | "
    "sed -n 's/^ *\\([0-9]\\+\\).*:\\(b[0-9]\\+\\) .*/\\2 \\1/p'";

static bool is_there(const char *program)
{
    char *command = text_format("command -v %s", program);
    int code = test_shell(command, NULL, NULL);
    free(command);
    return code == 0;
}

static void test_footprints(void **state)
{
    (void)state;
    char *folder = test_scratch("footprint");
    bool m0 = is_there("arm-none-eabi-gcc"), x86 = is_there("valgrind");
    int n_off = 0;
#ifndef __x86_64__
    x86 = false;
#endif
    write_all(folder);
    if (!m0)
        printf("[  SKIPPED ] bytes: arm-none-eabi-gcc is not installed\n");
    else
        assert_int_equal(read_counts(folder, m0_command, true), n_functions);
    if (!x86)
        printf("[  SKIPPED ] instructions: no valgrind, or not x86-64\n");
    else
        assert_int_equal(read_counts(folder, x86_command, false), n_functions);
    for (int i = 0; i < n_functions; i++) {
        const struct function *f = &functions[i];
        bool off =
            fabs(f->expected.code_bytes - f->code_bytes) > most_off[f->form].bytes ||
            fabs(f->expected.instructions - f->instructions) > most_off[f->form].instructions;
        n_off += off;
        if (off || getenv("CODEGEN_LIST"))
            printf("p%d %s, %zu bytes of table: %u bytes of code, measured %g; %.4g instructions, "
                   "measured %.4g%s\n",
                   i, map_form_name(f->form), f->expected.table_bytes, f->expected.code_bytes,
                   f->code_bytes, f->expected.instructions, f->instructions, off ? " OFF" : "");
    }
    printf("%d functions, %d off\n", n_functions, n_off);
    assert_int_equal(n_off, 0);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_footprints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
