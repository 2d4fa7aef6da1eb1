// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The command line of rnngen where a link's bandwidth or several endpoints come in: real databases,
 * real fits, real processes.
 */
#include "base/memory.h"
#include "base/test/support.h"
#include "records/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An endpoint's request takes base + slope*n, `trips` round trips, and its bytes; in ns. */
struct place {
    const char *name;
    int64_t base, slope, rtt;
};

static void add_samples(struct store *store, int64_t campaign, const struct place *place, bool edge,
                        int64_t shift)
{
    struct error error = {0};
    struct target target = {.name = (char *)(uintptr_t)place->name,
                            .url = (char *)(uintptr_t)(edge ? NULL : "http://endpoint")};
    struct sample samples[400];
    assert_int_equal(store_target_add(store, campaign, &target, &error), STATUS_OK);
    for (int i = 0; i < 400; i++) {
        int64_t n = 1 + i % 20 * 27, noise = (i * 7919) % 2003 - 1001 + shift;
        int64_t rtt = place->rtt * (i / 20 % 2 ? 2 : 1), bytes = 100 + 10 * n;
        struct sample *sample = &samples[i];
        *sample = sample_unknown();
        sample->target_id = target.id;
        sample->length = (uint32_t)n;
        sample->round = i / 40;
        sample->time_ns = place->base + place->slope * n + noise;
        if (edge)
            continue;
        sample->time_ns += rtt + 1000 * bytes;
        sample->rtt_ns = rtt;
        sample->bytes_up = bytes;
        sample->bytes_down = 300;
        sample->up_ps_per_byte = 1000000;
        sample->down_ps_per_byte = 0;
    }
    assert_int_equal(store_samples_append(store, samples, 400, &error), STATUS_OK);
}

/* A fitted campaign of these places, the device first. */
static char *make_database(const char *folder, const char *file, const struct place *places,
                           size_t n, int64_t shift)
{
    struct error error = {0};
    struct store *store;
    char *path = text_format("%s/%s", folder, file), *err;
    struct campaign campaign = {
        .name = (char *)"c", .timer_overhead_ns = -1, .harness_overhead_ns = -1};
    if (store_open(path, STORE_CREATE, &store, &error))
        fail_msg("%s", error.text);
    assert_int_equal(store_campaign_add(store, &campaign, &error), STATUS_OK);
    for (size_t i = 0; i < n; i++)
        add_samples(store, campaign.id, &places[i], i == 0, shift);
    store_close(store);
    char *command = text_format("%s/bin/rnnfit -q --db %s", test_build(), path);
    if (test_shell(command, NULL, &err) != 0)
        fail_msg("%s: %s", command, err);
    free(err);
    free(command);
    return path;
}

/* Runs rnngen; checks its exit status and that its message has `part`. Returns its output. */
__attribute__((format(printf, 3, 4))) static char *run(int status, const char *part,
                                                       const char *format, ...)
{
    char *arguments = NULL, *out, *err;
    va_list args;
    va_start(args, format);
    if (vasprintf(&arguments, format, args) < 0)
        fail_msg("no memory");
    va_end(args);
    char *command = text_format("%s/bin/rnngen %s", test_build(), arguments);
    int got = test_shell(command, &out, &err);
    if (got != status || (part && !strstr(err, part)))
        fail_msg("%s: exit %d instead of %d\nstderr: %s(wanted: %s)", command, got, status, err,
                 part ? part : "");
    free(command);
    free(arguments);
    free(err);
    return out;
}

static void holds(const char *text, const char *const *parts)
{
    for (; *parts; parts++) {
        if (!strstr(text, *parts))
            fail_msg("no \"%s\" in\n%s", *parts, text);
    }
}

/* What the choice takes on the processors whose compilers are here: for people. */
static void print_sizes(const char *path)
{
    char *out, *err;
    char *command = text_format("codegen/bench/count_instructions.sh %s m", path);
    if (test_shell(command, &out, &err) != 0)
        fail_msg("%s: %s", command, err);
    for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, "choose_link", strlen("choose_link")) == 0)
            print_message("%s\n", line);
    }
    free(command);
    free(out);
    free(err);
}

/* A program that prints what the header says, as strictly compiled as a product. */
static char *say(const char *folder, const char *header, const char *call)
{
    char *out, *err;
    char *command = text_format(
        "cd %s && printf '#include \"%s\"\\n#include <stdio.h>\\nint main(void)\\n{\\n%s\\n"
        "return 0;\\n}\\n' > say.c && gcc -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Werror "
        "-O2 say.c -o say && ./say && cp say.c say.cpp && g++ -std=c++11 -Wall -Wextra -Wpedantic "
        "-Wconversion -Werror say.cpp -o say && ./say >/dev/null",
        folder, header, call);
    if (test_shell(command, &out, &err) != 0)
        fail_msg("%s: %s", command, err);
    free(command);
    free(err);
    return out;
}

static const struct place places[] = {{"edge", 200000, 65000, 0},
                                      {"near", 900000, 30000, 2000000},
                                      {"Far-GPU", 500000, 4000, 20000000}};

static void test_one_endpoint(void **state)
{
    (void)state;
    char *folder = test_scratch("one-link");
    char *db = make_database(folder, "a.db", places, 2, 0);
    free(run(0, "m_choose_link: at most", "--db %s --name m -o %s/m.h --link rtt+bandwidth", db,
             folder));
    char *path = text_format("%s/m.h", folder), *text = test_read(path);
    static const char *const parts[] = {
        "enum { M_EDGE = 0, M_CLOUD = 1 };",
        "static inline int m_choose(uint32_t n)",
        "static inline int m_choose_link(uint32_t n, uint32_t rtt_us, uint32_t up_ps_per_byte,",
        "static inline uint32_t m_remote_us(uint32_t n)",
        "round trips and times per byte; the design link's: 0.003 s",
        "and 1e-06 s per byte up (8 Mbit/s)",
        "--link rtt+bandwidth --max-regret 0 ",
        "choose_link: proved: at most",
        NULL};
    holds(text, parts);
    free(run(0, "equal to", "--check %s --db %s >&2", path, db));
    /* n = 100: 6.7 - 3.9 = 2.8 ms for the link; 1100 bytes up */
    char *said = say(folder, "m.h",
                     "printf(\"%%d%%d%%d%%d%%d%%d\", m_choose_link(100, 2799, 0, 0), "
                     "m_choose_link(100, 2801, 0, 0), m_choose_link(100, 1699, 1000000, 0), "
                     "m_choose_link(100, 1703, 1000000, 7), m_choose_link(1, 0, 0, 0), "
                     "m_choose_link(4000000000u, 4294967295u, 4294967295u, 4294967295u));");
    assert_string_equal(said, "101000");
    free(said);
    print_sizes(path);
    /* the design link's bandwidths can be given */
    free(run(0, NULL, "-q --db %s --name m -o %s --link rtt+bandwidth,1,unlimited", db, path));
    free(text);
    text = test_read(path);
    static const char *const given[] = {"--link rtt+bandwidth,1e+06bit/s,unlimited ", "(1 Mbit/s)",
                                        NULL};
    holds(text, given);
    free(run(0, NULL, "--check %s --db %s", path, db));
    free(text);
    free(path);
    free(db);
    free(folder);
}

static void test_several_endpoints(void **state)
{
    (void)state;
    char *folder = test_scratch("many-links");
    char *db = make_database(folder, "a.db", places, 3, 0);
    static const char *const links[] = {"fixed:4ms", "rtt", "rtt+bandwidth"};
    static const char *const parts[] = {
        "    M_EDGE = 0,\n    M_NEAR = 1,\n    M_FAR_GPU = 2,\n    M_N_TARGETS = 3\n",
        "static inline int m_choose(uint32_t n)",
        "static inline uint32_t m_near_remote_us(uint32_t n)",
        "static inline uint32_t m_far_gpu_remote_us(uint32_t n)",
        "far_gpu: Far-GPU, http://endpoint",
        "Far-GPU remote_s: linear",
        NULL};
    char *path = text_format("%s/m.h", folder);
    for (size_t i = 0; i < 3; i++) {
        free(run(0, NULL, "-q --db %s --name m -o %s --link %s", db, path, links[i]));
        char *text = test_read(path);
        holds(text, parts);
        free(run(0, NULL, "--check %s --db %s", path, db));
        if (i == 0 && strstr(text, "choose_links"))
            fail_msg("a fixed link needs no links:\n%s", text);
        free(text);
    }
    print_sizes(path);
    /* n = 400: 26.2; 12.9 + up 4.1 + r1; 2.1 + up 4.1 + r2 ms */
    char *said = say(
        folder, "m.h",
        "struct m_link a[2] = {{9190, 1000000, 0}, {30000, 1000000, 0}}, b[2] = {{9210, 1000000, "
        "0}, {30000, 1000000, 0}}, c[2] = {{9190, 1000000, 0}, {19900, 1000000, 0}};\\n"
        "printf(\"%%d%%d%%d %%d\", m_choose_links(400, a), m_choose_links(400, b), "
        "m_choose_links(400, c), M_N_TARGETS);");
    assert_string_equal(said, "102 3");
    free(said);
    char *explained = run(0, NULL, "-q --db %s --name m --explain --link rtt+bandwidth", db);
    static const char *const rows[] = {"far_gpu          time     up     affine",
                                       "near             remote   us     affine",
                                       "edge             time     base   affine", NULL};
    holds(explained, rows);
    free(explained);
    char *json = run(0, NULL, "--db %s --name m --json --link rtt+bandwidth", db);
    static const char *const keys[] = {"\"kind\": \"rtt+bandwidth\"",    "\"Far-GPU\"",
                                       "\"function\": \"choose_links\"", "\"changes_to\": [",
                                       "\"bound_relative\": ",           NULL};
    holds(json, keys);
    free(json);
    free(path);
    free(db);
    free(folder);
}

static void test_check(void **state)
{
    (void)state;
    char *folder = test_scratch("links-check"), *err;
    char *db = make_database(folder, "a.db", places, 3, 0);
    char *other = make_database(folder, "b.db", places, 3, 50);
    char *path = text_format("%s/m.h", folder);
    free(run(0, NULL, "-q --db %s --name m -o %s --link rtt+bandwidth", db, path));
    free(run(1, "from other samples", "--check %s --db %s", path, other));
    static const char *const damages[][2] = {
        {"s/link->rtt_us \\* [0-9]/link->rtt_us * 7/", "edited"},
        {"s/best = M_NEAR/best = M_EDGE/", "edited"},
        {"s/proved: at most/proved: at most 0/", "edited"},
        {"/remote_us(uint32_t n)$/,$d", "truncated"}};
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        char *command = text_format("sed '%s' %s > %s.bad; ! cmp -s %s %s.bad", damages[i][0], path,
                                    path, path, path);
        if (test_shell(command, NULL, &err) != 0)
            fail_msg("%s: nothing damaged", command);
        free(run(1, damages[i][1], "--check %s.bad --db %s", path, db));
        free(command);
        free(err);
    }
    free(path);
    free(other);
    free(db);
    free(folder);
}

static void test_refusals(void **state)
{
    (void)state;
    char *folder = test_scratch("links-refused");
    const struct place same[] = {places[0], {"a b", 1, 2, 3}, {"A-b", 1, 2, 3}};
    const struct place taken[] = {places[0], {"N max", 1, 2, 3}, {"b", 1, 2, 3}};
    const struct place none[] = {places[0], {"\xc3\xbc", 1, 2, 3}, {"b", 1, 2, 3}};
    struct place many[10];
    char names[10][8];
    for (int i = 0; i < 10; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i);
        many[i] = (struct place){names[i], 1000, 1000, 1000};
    }
    many[0] = places[0];
    const struct {
        const struct place *places;
        size_t n;
        int status;
        const char *says;
    } cases[] = {{same, 3, 2, "\"a b\" and \"A-b\" would both be called a_b"},
                 {taken, 3, 2, "would be called n_max"},
                 {none, 3, 2, "no letter or digit"},
                 {many, 10, 1, "10 targets"},
                 {many, 1, 1, "1 targets"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char file[16];
        snprintf(file, sizeof file, "%zu.db", i);
        char *db = make_database(folder, file, cases[i].places, cases[i].n, 0);
        free(run(cases[i].status, cases[i].says, "--db %s --name m -o %s/x.h", db, folder));
        free(db);
    }
    char *db = make_database(folder, "three.db", places, 3, 0);
    free(run(1, "its energy is not known", "--db %s --name m -o %s/x.h --objective edp", db,
             folder));
    free(run(2, "--link", "--db %s --name m -o %s/x.h --link rtt+bandwidth,1", db, folder));
    free(run(2, "--link", "--db %s --name m -o %s/x.h --link rtt+bandwidth:1", db, folder));
    free(run(2, "--link", "--db %s --name m -o %s/x.h --link rtt+", db, folder));
    free(run(2, "never let a byte through", "--db %s --name m -o %s/x.h --link rtt+bandwidth,0,1",
             db, folder));
    char *left = text_format("! ls %s | grep -q 'x[.]'", folder), *err;
    if (test_shell(left, NULL, &err) != 0)
        fail_msg("something was written");
    free(err);
    free(left);
    free(db);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_endpoint),
        cmocka_unit_test(test_several_endpoints),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
