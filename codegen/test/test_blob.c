// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Tables as data: the answers of runtime/rnnmap_table.h against the interpreter's, those of a
 * reader that knows only the format's page, and what becomes of damaged and of hostile ones.
 */
#include "codegen/test/pairs.h"

#include "base/clock.h"
#include "codegen/blob.h"
#include "runtime/rnnmap_table.h"

enum { N_FILES = 8 };

struct made {
    struct model_set set;
    struct decision_table table;
    char *bytes;
    size_t n;
};

static void make_blob(struct made *made)
{
    struct error error = {0};
    struct campaign campaign = {.name = (char *)"test"};
    struct target edge = {.name = (char *)"edge"}, cloud = {.name = (char *)"cloud"};
    struct header_facts facts = {.name = "pair",
                                 .campaign = &campaign,
                                 .edge = &edge,
                                 .cloud = &cloud,
                                 .set = &made->set,
                                 .means = &made->set,
                                 .table = &made->table,
                                 .up_bit_s = NAN,
                                 .down_bit_s = NAN};
    if (blob_make(&facts, &made->bytes, &made->n, &error))
        fail_msg("%s", error.text);
}

static void make(const struct pair *pair, enum link_kind link, struct made *made)
{
    struct error error = {0};
    struct table_options options;
    pair_set(pair, &made->set);
    pair_options(pair, &options);
    options.link = link;
    if (decision_table_build(&made->set, &options, &made->table, &error))
        fail_msg("%s: %s", pair->what, error.text);
    make_blob(made);
}

static void drop(struct made *made)
{
    free(made->bytes);
    decision_table_free(&made->table);
    model_set_free(&made->set);
}

static struct rnnmap_table open_made(const struct made *made)
{
    struct rnnmap_table table;
    assert_int_equal(rnnmap_table_open((const uint8_t *)made->bytes, made->n, &table),
                     RNNMAP_TABLE_OK);
    assert_int_equal(table.n_max, made->table.threshold.n_max);
    assert_int_equal(table.n_targets, 2);
    assert_int_equal(table.size, made->n);
    return table;
}

/* ---- the same answers */

static void compare_at(const struct pair *pair, const struct made *made,
                       const struct rnnmap_table *table, uint32_t n, uint32_t rtt_us)
{
    int choose = rnnmap_table_choose(table, n);
    int by_rtt = rnnmap_table_choose_rtt(table, n, rtt_us);
    uint32_t remote_us = rnnmap_table_remote_us(table, n);
    if (choose != decision_table_choose_fixed(&made->table, n) ||
        by_rtt != decision_table_choose(&made->table, n, rtt_us) ||
        remote_us != decision_table_remote_us(&made->table, n))
        fail_msg("%s: n %u rtt %u: %d %d %u, not %d %d %u", pair->what, n, rtt_us, choose, by_rtt,
                 remote_us, decision_table_choose_fixed(&made->table, n),
                 decision_table_choose(&made->table, n, rtt_us),
                 decision_table_remote_us(&made->table, n));
}

static void compare_made(const struct pair *pair, enum link_kind link, const struct made *made,
                         struct random *random)
{
    static const uint32_t ends[] = {0x7fffffff, 0x80000000, UINT32_MAX - 1, UINT32_MAX};
    struct rnnmap_table table = open_made(made);
    for (uint32_t n = 0; n < 2 * pair->n_max + 4; n++) {
        for (size_t k = 0; k < 4; k++) {
            uint64_t even =
                link == LINK_RTT ? decision_table_break_even_us(&made->table, n) : 1000 * n;
            compare_at(pair, made, &table, n, (uint32_t)(even + k - 2));
            compare_at(pair, made, &table, n,
                       (uint32_t)(random_u64(random) >> 32) >> random_below(random, 32));
            compare_at(pair, made, &table, ends[k], (uint32_t)random_u64(random));
            compare_at(pair, made, &table, n, ends[k]);
        }
        compare_at(pair, made, &table, n, 0);
    }
}

static void compare(const struct pair *pair, enum link_kind link, struct random *random)
{
    struct made made;
    make(pair, link, &made);
    compare_made(pair, link, &made, random);
    drop(&made);
}

static void test_answers(void **state)
{
    (void)state;
    struct random random = {(uint64_t)clock_ns()};
    const char *seed = getenv("CODEGEN_SEED");
    int n = test_long() ? 10000 : 150;
    if (seed)
        random.state = strtoull(seed, NULL, 10);
    printf("CODEGEN_SEED=%llu\n", (unsigned long long)random.state);
    for (int i = 0; i < N_HAND_PICKED; i++) {
        compare(&hand_picked[i], LINK_RTT, &random);
        compare(&hand_picked[i], LINK_FIXED, &random);
    }
    for (int i = 0; i < n; i++) {
        struct pair pair = pair_random(&random);
        compare(&pair, i % 8 ? LINK_RTT : LINK_FIXED, &random);
    }
}

static void test_buckets(void **state)
{
    (void)state;
    struct random random = {(uint64_t)clock_ns()};
    printf("CODEGEN_SEED=%llu\n", (unsigned long long)random.state);
    for (unsigned shift = 0; shift < 12; shift++) {
        const struct pair *pair = &hand_picked[0];
        struct made made;
        make(pair, LINK_RTT, &made);
        free(made.bytes);
        uint32_t limit = 2 * pair->n_max, offset = (uint32_t)random_below(&random, 1u << shift);
        struct bucket_table buckets = {.n_rows = ((limit + offset) >> shift) + 1,
                                       .shift = shift,
                                       .offset = offset,
                                       .narrow = shift % 2,
                                       .limit = limit};
        buckets.rows = calloc(buckets.n_rows, sizeof *buckets.rows);
        for (size_t i = 0; i < buckets.n_rows; i++)
            buckets.rows[i] = (uint32_t)random_u64(&random) >> (buckets.narrow ? 16 : 4);
        /* it is one of the table's forms, which own it */
        made.table.break_even = (struct integer_map){.kind = MAP_BUCKETED, .buckets = buckets};
        made.table.choose_rtt = REPRESENTATION_BUCKETED;
        make_blob(&made);
        compare_made(pair, LINK_RTT, &made, &random);
        free(buckets.rows);
        drop(&made);
    }
}

/* ---- files for other programs */

static char *write_bytes(const char *folder, const char *name, const char *bytes, size_t n)
{
    char *path = text_format("%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void shell(const char *command, char **out)
{
    char *err;
    if (test_shell(command, out, &err) != 0)
        fail_msg("%s\n%s%s", command, out ? *out : "", err);
    free(err);
}

/* Kinds that differ: constant, 32 bits, two products, 64 bits, segments. */
static const int picked[N_FILES] = {0, 2, 3, 5, 13, 15, 22, 24};

static void test_by_the_page(void **state)
{
    (void)state;
    char *folder = test_scratch("table");
    for (int i = 0; i < N_FILES; i++) {
        const struct pair *pair = &hand_picked[picked[i]];
        struct made made;
        make(pair, i == 1 ? LINK_FIXED : LINK_RTT, &made);
        char *path = write_bytes(folder, "t.rmt", made.bytes, made.n);
        char *questions = text_format("%s/questions", folder), *answers;
        FILE *ask = fopen(questions, "w");
        assert_non_null(ask);
        for (uint32_t n = 0; n < 2 * pair->n_max + 3; n++)
            fprintf(ask, "%u %u\n%u %u\n", n, n * 997, UINT32_MAX - n, n);
        fclose(ask);
        char *command = text_format("python3 codegen/test/read_table.py %s <%s", path, questions);
        shell(command, &answers);
        char first[128], *line = answers;
        snprintf(first, sizeof first, "targets 2 n_max %u name pair digest 5555555555555555\n",
                 pair->n_max);
        assert_memory_equal(line, first, strlen(first));
        for (uint32_t k = 0; k < 2 * (2 * pair->n_max + 3); k++) {
            uint32_t n = k % 2 ? UINT32_MAX - k / 2 : k / 2, rtt_us = k % 2 ? k / 2 : k / 2 * 997;
            char wanted[64];
            line = strchr(line, '\n') + 1;
            snprintf(wanted, sizeof wanted, "%d %d %u\n",
                     decision_table_choose_fixed(&made.table, n),
                     decision_table_choose(&made.table, n, rtt_us),
                     decision_table_remote_us(&made.table, n));
            if (strncmp(line, wanted, strlen(wanted)) != 0)
                fail_msg("%s: n %u rtt %u: %.20s, not %s", pair->what, n, rtt_us, line, wanted);
        }
        free(answers);
        free(command);
        free(questions);
        free(path);
        drop(&made);
    }
    free(folder);
}

static void test_damaged_and_hostile(void **state)
{
    (void)state;
    char *folder = test_scratch("hostile-tables"), *out, *command;
    for (int i = 0; i < N_FILES; i++) {
        struct made made;
        char name[32];
        make(&hand_picked[picked[i]], i == 1 ? LINK_FIXED : LINK_RTT, &made);
        snprintf(name, sizeof name, "%d.rmt", i);
        free(write_bytes(folder, name, made.bytes, made.n));
        drop(&made);
    }
    command = text_format("gcc -std=c11 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined "
                          "-fno-sanitize-recover=all -I. -o %s/mutations "
                          "runtime/test/table_mutations.c && %s/mutations %llu %d %s/*.rmt",
                          folder, folder, (unsigned long long)clock_ns(),
                          test_long() ? 3000000 : 40000, folder);
    printf("%s\n", command);
    shell(command, &out);
    printf("%s", out);
    free(out);
    free(command);
    free(folder);
}

/* ---- what opening says */

static int verdict, n_asked;

static int vouch(void *user, const uint8_t *bytes, size_t n, const uint8_t *signature,
                 size_t n_signature)
{
    const struct made *made = user;
    n_asked++;
    assert_int_equal(n, made->n);
    assert_ptr_equal(signature, bytes + n);
    return verdict && n_signature == 3 && memcmp(signature, "sig", 3) == 0;
}

static void test_signature(void **state)
{
    (void)state;
    struct made made;
    struct rnnmap_table table;
    make(&hand_picked[0], LINK_RTT, &made);
    uint8_t *with = malloc(made.n + 3);
    memcpy(with, made.bytes, made.n);
    memcpy(with + made.n, "sig", 3);
    for (verdict = 0; verdict < 2; verdict++) {
        assert_int_equal(rnnmap_table_open_signed(with, made.n + 3, vouch, &made, &table),
                         verdict ? RNNMAP_TABLE_OK : RNNMAP_TABLE_SIGNATURE);
        assert_int_equal(rnnmap_table_choose(&table, 1u << 30), verdict);
    }
    assert_int_equal(rnnmap_table_open_signed(with, made.n, vouch, &made, &table),
                     RNNMAP_TABLE_SIGNATURE);
    /* nobody is asked about what is damaged anyway */
    n_asked = 0;
    with[20] ^= 1;
    assert_int_equal(rnnmap_table_open_signed(with, made.n + 3, vouch, &made, &table),
                     RNNMAP_TABLE_CHECKSUM);
    assert_int_equal(n_asked, 0);
    free(with);
    drop(&made);
}

static void set_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* Opens a table of the sections given as bytes. */
static enum rnnmap_table_status open_sections(const uint8_t *sections, size_t n)
{
    struct rnnmap_table table;
    uint8_t *bytes = calloc(1, n + 16);
    memcpy(bytes, "RNMT\1", 5);
    set_u32(bytes + 8, (uint32_t)n + 16);
    memcpy(bytes + 12, sections, n);
    set_u32(bytes + 12 + n, rnnmap_table_checksum(bytes, 12 + n));
    enum rnnmap_table_status status = rnnmap_table_open(bytes, n + 16, &table);
    free(bytes);
    return status;
}

#define DOMAIN 1, 5, 0, 0, 10, 0, 0, 0, 2
#define CHOOSE 2, 5, 0, 0, 0, 0, 0, 0, 1
#define ZEROS  0, 0, 0, 0, 0, 0, 0, 0
#define LINE   0, 0, 0, 0, ZEROS, ZEROS
#define REMOTE 3, 24, 0, 0, 0, 0, 1, 0, LINE
#define OPENS(status, ...)                                                      \
    do {                                                                        \
        const uint8_t sections_[] = {__VA_ARGS__};                              \
        assert_int_equal(open_sections(sections_, sizeof sections_), (status)); \
    } while (0)

static void test_refusals(void **state)
{
    (void)state;
    OPENS(RNNMAP_TABLE_OK, DOMAIN, CHOOSE, REMOTE);
    OPENS(RNNMAP_TABLE_OK, DOMAIN, CHOOSE, REMOTE, 0x90, 1, 0, 0, 7); /* unknown, optional */
    OPENS(RNNMAP_TABLE_NEWER, DOMAIN, CHOOSE, REMOTE, 0x7f, 0, 0, 0); /* unknown, required */
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, CHOOSE, REMOTE, 0x90, 2, 0, 0, 7);
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, CHOOSE, REMOTE, 0x90, 0, 0);
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, CHOOSE);
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, REMOTE);
    OPENS(RNNMAP_TABLE_CONTENT, CHOOSE, REMOTE);         /* targets unknown */
    OPENS(RNNMAP_TABLE_CONTENT, CHOOSE, DOMAIN, REMOTE); /* order */
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, DOMAIN, CHOOSE, REMOTE);
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, 2, 5, 0, 0, 0, 0, 0, 0, 2, REMOTE);      /* target 2 of 2 */
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, 2, 5, 0, 0, 1, 0, 0, 0, 1, REMOTE);      /* begins at 1 */
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, CHOOSE, 3, 24, 0, 0, 0, 64, 1, 0, LINE); /* shift 64 */
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, CHOOSE, 3, 24, 0, 0, 0, 0, 2, 0, LINE);  /* 2 rows */
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, CHOOSE, 3, 25, 0, 0, 0, 0, 1, 0, LINE, 0); /* a byte more */
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, CHOOSE, 3, 4, 0, 0, 0, 0, 0, 0);           /* no row */
    OPENS(RNNMAP_TABLE_NEWER, DOMAIN, CHOOSE, 3, 24, 0, 0, 3, 0, 1, 0, LINE);      /* kind 3 */
    OPENS(RNNMAP_TABLE_OK, DOMAIN, CHOOSE, 3, 10, 0, 0, 1, 31, 1, 0, 0, 0, 0, 0, 7,
          0); /* buckets */
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, CHOOSE, 3, 10, 0, 0, 1, 32, 1, 0, 0, 0, 0, 0, 7, 0);
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, CHOOSE, 3, 10, 0, 0, 2, 31, 1, 0, 0, 0, 0, 0, 7, 0);
    OPENS(RNNMAP_TABLE_CONTENT, DOMAIN, CHOOSE, 3, 0, 0, 0);
    OPENS(RNNMAP_TABLE_CONTENT, 1, 5, 0, 0, 0, 0, 0, 0, 2, CHOOSE, REMOTE); /* N_MAX 0 */
    OPENS(RNNMAP_TABLE_CONTENT, 1, 5, 0, 0, 0, 0, 0, 0x80, 2, CHOOSE, REMOTE);
    struct rnnmap_table table;
    assert_int_equal(rnnmap_table_open((const uint8_t *)"GIF89a, a picture", 17, &table),
                     RNNMAP_TABLE_NOT_ONE);
    assert_int_equal(rnnmap_table_open((const uint8_t *)"RNMT\2\0\0\0\20\0\0\0....", 16, &table),
                     RNNMAP_TABLE_NEWER);
    assert_int_equal(rnnmap_table_choose_rtt(&table, 5, 0), 0);
}

/* ---- the reader in products */

static void test_compiles(void **state)
{
    (void)state;
    static const char *const compilers[] = {
        "gcc -std=c99 -O2",
        "g++ -std=c++11 -x c++",
        "clang -std=c99 -O2",
        "clang++ -std=c++11 -x c++ -Wno-deprecated",
        "arm-none-eabi-gcc -std=c99 -Os -mcpu=cortex-m0plus -mthumb",
        "avr-gcc -std=c99 -Os -mmcu=atmega328p",
        "riscv64-unknown-elf-gcc -std=c99 -Os",
    };
    char *folder = test_scratch("table-compiled"), *out;
    char *source = test_write(
        folder, "t.c",
        "#include \"runtime/rnnmap_table_links.h\"\n#include \"runtime/rnnmap_table.h\"\n"
        "struct rnnmap_table table;\n"
        "int table_open(const uint8_t *b, size_t n);\n"
        "int table_open(const uint8_t *b, size_t n) { return (int)rnnmap_table_open(b, n, &table); "
        "}\n"
        "int choose(uint32_t n);\n"
        "int choose(uint32_t n) { return rnnmap_table_choose(&table, n); }\n"
        "int choose_rtt(uint32_t n, uint32_t r);\n"
        "int choose_rtt(uint32_t n, uint32_t r) { return rnnmap_table_choose_rtt(&table, n, r); }\n"
        "uint32_t remote_us(uint32_t n);\n"
        "uint32_t remote_us(uint32_t n) { return rnnmap_table_remote_us(&table, n); }\n");
    for (size_t i = 0; i < sizeof compilers / sizeof *compilers; i++) {
        const char *compiler = compilers[i];
        char *command = text_format(
            "command -v %.*s >/dev/null || { echo 'not here: %.*s'; exit 0; }; %s -ffreestanding "
            "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Werror -I. -c %s "
            "-o %s/t.o && case '%s' in arm*) arm-none-eabi-size %s/t.o; "
            "arm-none-eabi-nm -u %s/t.o;; esac",
            (int)strcspn(compiler, " "), compiler, (int)strcspn(compiler, " "), compiler, compiler,
            source, folder, compiler, folder, folder);
        shell(command, &out);
        if (*out)
            printf("%s: %s", compiler, out);
        free(out);
        free(command);
    }
    free(source);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_by_the_page),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_compiles),
        cmocka_unit_test(test_damaged_and_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
