// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The command line of rnngen: real databases, real fits, real processes.
 */
#include "base/memory.h"
#include "base/test/support.h"
#include "records/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char hostile[] =
    "evil */ int x; /* ?\?/ \\ \"quoted\" 'single' \n#error\x01 \xc3\xbc \xff";

/* A campaign of `n_targets` targets on lines whose break-even at 20 ms is near length 390. */
static void add_campaign(struct store *store, const char *name, const char *text, int n_targets,
                         int64_t shift_ns)
{
    static const char *const names[] = {"edge", "cloud", "fog"};
    struct error error = {0};
    struct campaign campaign = {
        .name = (char *)name,
        .network = (char *)text,
        .device = (char *)"{\"cpu\":{\"model\":\"Test */ CPU\",\"cores\":2},\"kernel\":\"6.1\"}",
        .spacing = (char *)"back-to-back",
        .timer_overhead_ns = -1,
        .harness_overhead_ns = -1};
    assert_int_equal(store_campaign_add(store, &campaign, &error), STATUS_OK);
    for (int t = 0; t < n_targets; t++) {
        struct target target = {.name = (char *)names[t],
                                .engine = (char *)text,
                                .url = (char *)(t ? "http://endpoint/*/v2" : NULL)};
        assert_int_equal(store_target_add(store, campaign.id, &target, &error), STATUS_OK);
        struct sample samples[200];
        for (int i = 0; i < 200; i++) {
            struct sample *sample = &samples[i];
            *sample = sample_unknown();
            sample->target_id = target.id;
            sample->length = (uint32_t)(1 + i % 20 * 27);
            sample->round = i / 20;
            int64_t noise = (i * 7919) % 2003 - 1001;
            int64_t n = sample->length;
            sample->time_ns = t ? 20900000 + 12000 * n + noise : 120000 + 65000 * n + noise;
            sample->time_ns += shift_ns;
            if (t)
                sample->rtt_ns = 20000000;
        }
        assert_int_equal(store_samples_append(store, samples, 200, &error), STATUS_OK);
    }
}

/* A database with one campaign, fitted. */
static char *make_database(const char *folder, const char *file, const char *campaign,
                           const char *text, int n_targets, int64_t shift_ns)
{
    struct error error = {0};
    struct store *store;
    char *path = text_format("%s/%s", folder, file);
    if (store_open(path, STORE_CREATE, &store, &error))
        fail_msg("%s", error.text);
    add_campaign(store, campaign, text, n_targets, shift_ns);
    store_close(store);
    char *out, *err, *command = text_format("%s/bin/rnnfit -q --db %s", test_build(), path);
    if (test_shell(command, &out, &err) != 0)
        fail_msg("%s: %s", command, err);
    free(out);
    free(err);
    free(command);
    return path;
}

/* Runs rnngen with the arguments; checks its exit status, and that its message has `part`. */
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
    assert_null(strstr(err, "Sanitizer"));
    free(command);
    free(arguments);
    free(err);
    return out;
}

static void compiles(const char *header)
{
    static const char *const compilers[][2] = {
        {"gcc", "-std=c99"}, {"g++", "-std=c++11 -x c++"}, {"clang", "-std=c99"}};
    for (size_t i = 0; i < sizeof compilers / sizeof *compilers; i++) {
        char *err,
            *command = text_format(
                "command -v %s >/dev/null || exit 0; echo '#include \"%s\"' > %s.c && %s %s -I. "
                "-ffreestanding -Wall -Wextra -Wpedantic -Wconversion -Werror -O2 -c %s.c -o "
                "/dev/null",
                compilers[i][0], header, header, compilers[i][0], compilers[i][1], header);
        if (test_shell(command, NULL, &err) != 0)
            fail_msg("%s: %s", command, err);
        free(command);
        free(err);
    }
}

static void test_header(void **state)
{
    (void)state;
    char *folder = test_scratch("rnngen");
    char *db = make_database(folder, "a.db", "first", "lstm 64->128 x1", 2, 0);
    free(run(0, "worst regret", "--db %s --name imdb -o %s/imdb.h", db, folder));
    free(run(0, NULL, "--db %s --name imdb -o %s/again.h", db, folder));
    free(
        run(0, NULL, "-q --db %s --campaign first --name imdb -o %s/rtt.h --link rtt", db, folder));
    char *printed = run(0, NULL, "--db %s --name imdb -o -", db);
    char *path = text_format("%s/imdb.h", folder), *again = text_format("%s/again.h", folder);
    char *rtt_path = text_format("%s/rtt.h", folder);
    char *header = test_read(path), *other = test_read(again), *rtt = test_read(rtt_path);
    assert_string_equal(header, other);
    assert_string_equal(header, printed);
    static const char *const parts[] = {"SPDX-License-Identifier: 0BSD",
                                        "#define IMDB_MAP_FORMAT 1",
                                        "#define IMDB_N_MAX 514",
                                        "enum { IMDB_EDGE = 0, IMDB_CLOUD = 1 };",
                                        "static inline int imdb_choose(uint32_t n)",
                                        "static inline uint32_t imdb_remote_us(uint32_t n)",
                                        "rnngen 0.1.0",
                                        "SHA-256 ",
                                        "cpu.model: Test * / CPU",
                                        "lstm 64->128 x1",
                                        "back-to-back",
                                        "energy         not used",
                                        "objective      time",
                                        "200 samples",
                                        "standard error",
                                        "95 % interval",
                                        "certificate",
                                        "rnngen --check imdb.h --db DB",
                                        "--link fixed:0.02s",
                                        "length 39"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!strstr(header, parts[i]))
            fail_msg("no \"%s\" in\n%s", parts[i], header);
    }
    assert_null(strstr(header, "imdb_choose_rtt"));
    assert_non_null(strstr(rtt, "imdb_choose_rtt(uint32_t n, uint32_t rtt_us)"));
    compiles(path);
    compiles(rtt_path);
    free(header);
    free(other);
    free(rtt);
    free(path);
    free(again);
    free(rtt_path);
    free(printed);
    free(db);
    free(folder);
}

static void test_hostile_texts(void **state)
{
    (void)state;
    char *folder = test_scratch("hostile");
    char *db = make_database(folder, "h.db", hostile, hostile, 2, 0);
    free(run(0, NULL, "-q --db %s --name evil -o %s/evil.h --link rtt", db, folder));
    char *path = text_format("%s/evil.h", folder);
    compiles(path);
    free(run(0, NULL, "--check %s --db %s", path, db));
    char *json = run(0, NULL, "--db %s --name evil --json", db);
    assert_non_null(strstr(json, "rnnmap.gen/1"));
    free(json);
    free(path);
    free(db);
    free(folder);
}

static void test_refusals(void **state)
{
    (void)state;
    char *folder = test_scratch("refusals");
    char *db = make_database(folder, "r.db", "c", "net", 2, 0);
    static const char *const names[] = {"1st", "a-b", "int", "class", "a b", "x;y", "_x", "*/", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        free(run(2, "--name", "--db %s --name '%s' -o %s/x.h", db, names[i], folder));
    free(run(2, "longer", "--db %s --name %0100d -o x.h", db, 0));
    free(run(2, "--name", "--db %s -o x.h", db));
    free(run(2, "--db", "--name a -o x.h"));
    free(run(2, "-o", "--db %s --name a", db));
    free(run(1, "its energy is not known", "--db %s --name a -o x.h --objective energy", db));
    free(run(1, "its energy is not known", "--db %s --name a -o x.h --objective weighted:0.3", db));
    free(run(2, "choose an --objective", "--db %s --name a -o x.h --baseline none", db));
    free(run(1, "rnnfit", "--db %s --name a -o x.h --statistic p95", db));
    free(run(2, "choose time", "--db %s --name a -o x.h --objective speed", db));
    free(run(2, "--link", "--db %s --name a -o x.h --link rtt+bandwidth,1", db));
    free(run(2, "--link", "--db %s --name a -o x.h --link fixed:20ms,1", db));
    free(run(2, "--link", "--db %s --name a -o x.h --link rtt,1", db));
    free(run(2, "--link", "--db %s --name a -o x.h --link fixed:20ms,0,1", db));
    free(run(2, "choose fixed:RTT", "--db %s --name a -o x.h --link slow", db));
    free(run(2, "--link", "--db %s --name a -o x.h --link fixed:20furlongs", db));
    free(run(2, "--max-regret", "--db %s --name a -o x.h --max-regret much", db));
    free(run(2, "regret", "--db %s --name a -o x.h --max-regret 2", db));
    free(run(1, "cannot be written", "--db %s --name a -o %s/no/such/x.h", db, folder));
    free(run(1, "no.db", "--db %s/no.db --name a -o x.h", folder));
    free(run(1, "'b'", "--db %s --campaign b --name a -o x.h", db));
    free(run(2, "leave out", "--check x.h --db %s --name a", db));
    free(run(1, "cannot be read", "--check %s/none.h --db %s", folder, db));
    /* a database whose samples were never fitted */
    struct store *store;
    struct error error = {0};
    char *raw = text_format("%s/raw.db", folder);
    assert_int_equal(store_open(raw, STORE_CREATE, &store, &error), STATUS_OK);
    add_campaign(store, "raw", "net", 2, 0);
    store_close(store);
    free(run(1, "rnnfit", "--db %s --name a -o x.h", raw));
    free(raw);
    free(db);
    free(folder);
}

/* A database whose endpoint opened a connection for each request (two round trips) over 5 and 40 ms
 * at 1 us per byte up: 0.2 + 0.065 n ms here, 0.9 + 0.012 n ms and 100 + 10 n bytes there. */
static char *make_link_database(const char *folder)
{
    struct error error = {0};
    struct store *store;
    char *path = text_format("%s/link.db", folder), *command, *err;
    assert_int_equal(store_open(path, STORE_CREATE, &store, &error), STATUS_OK);
    struct campaign campaign = {
        .name = (char *)"c", .timer_overhead_ns = -1, .harness_overhead_ns = -1};
    assert_int_equal(store_campaign_add(store, &campaign, &error), STATUS_OK);
    for (int t = 0; t < 2; t++) {
        struct target target = {.name = (char *)(t ? "cloud" : "edge"),
                                .url = (char *)(t ? "http://endpoint" : NULL)};
        struct sample samples[400];
        assert_int_equal(store_target_add(store, campaign.id, &target, &error), STATUS_OK);
        for (int i = 0; i < 400; i++) {
            int64_t n = 1 + i % 20 * 27, noise = (i * 7919) % 2003 - 1001;
            int64_t rtt_ns = i / 20 % 2 ? 40000000 : 5000000, bytes = 100 + 10 * n;
            samples[i] = sample_unknown();
            samples[i].target_id = target.id;
            samples[i].length = (uint32_t)n;
            samples[i].round = i / 40;
            samples[i].time_ns = 200000 + 65000 * n + noise;
            if (t == 0)
                continue;
            samples[i].time_ns = 900000 + 12000 * n + 2 * rtt_ns + 1000 * bytes + noise;
            samples[i].rtt_ns = samples[i].connect_ns = rtt_ns;
            samples[i].bytes_up = bytes;
            samples[i].bytes_down = 300;
            samples[i].up_ps_per_byte = 1000000;
            samples[i].down_ps_per_byte = 0;
        }
        assert_int_equal(store_samples_append(store, samples, 400, &error), STATUS_OK);
    }
    store_close(store);
    command = text_format("%s/bin/rnnfit -q --db %s", test_build(), path);
    if (test_shell(command, NULL, &err) != 0)
        fail_msg("%s", err);
    free(err);
    free(command);
    return path;
}

static void test_link(void **state)
{
    (void)state;
    char *folder = test_scratch("link"), *db = make_link_database(folder);
    static const struct {
        const char *link, *says[4];
    } cases[] = {
        {"fixed:10ms", {"--link fixed:0.01s ", "(8 Mbit/s)", "bytes that take no time down"}},
        {"fixed:10ms,4,50",
         {"--link fixed:0.01s,4e+06bit/s,5e+07bit/s", "2e-06 s per byte up", "(50 Mbit/s)"}},
        {"fixed:10ms,unlimited,0.1",
         {"--link fixed:0.01s,unlimited,100000bit/s", "no time up", "8e-05 s per byte down"}},
        {"rtt", {"--link rtt ", "1e-06 s per byte up (8 Mbit/s)"}},
        {"rtt,3,unlimited", {"--link rtt,3e+06bit/s,unlimited ", "per byte up (3 Mbit/s)"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        free(run(0, NULL, "--db %s --name m -o %s/m.h --link %s", db, folder, cases[i].link));
        free(run(0, NULL, "--check %s/m.h --db %s", folder, db));
        char *path = text_format("%s/m.h", folder), *text = test_read(path);
        for (size_t k = 0; k < 4 && cases[i].says[k]; k++) {
            if (!strstr(text, cases[i].says[k]))
                fail_msg("no \"%s\" in\n%s", cases[i].says[k], text);
        }
        assert_non_null(strstr(text, "cloud round_trips: constant"));
        assert_non_null(strstr(text, "cloud bytes_up: linear"));
        compiles(path);
        free(text);
        free(path);
    }
    /* (0.065 - 0.012 - 0.01) n > 0.9 + 0.1 - 0.2 + 2*10: above 483.7 */
    char *json = run(0, NULL, "--db %s --name m --json --link fixed:10ms", db);
    const char *up = strstr(json, "\"up_s_per_byte\": ");
    assert_non_null(up);
    assert_close(strtod(up + strlen("\"up_s_per_byte\": "), NULL), 1e-6, 1e-12, 0);
    const char *at = strstr(json, "\"changes_at\": [");
    assert_non_null(at);
    assert_int_equal(strtol(at + strlen("\"changes_at\": ["), NULL, 10), 484);
    free(json);
    /* what the samples do not know is not charged, and that is said */
    char *plain = make_database(folder, "plain.db", "c", "net", 2, 0);
    free(run(0, "--link's is ignored", "--db %s --name m -o %s/p.h --link fixed:20ms,1,2", plain,
             folder));
    char *path = text_format("%s/p.h", folder), *text = test_read(path);
    assert_non_null(strstr(text, "--link fixed:0.02s "));
    assert_null(strstr(text, "per byte"));
    free(run(0, NULL, "--check %s --db %s", path, plain));
    free(text);
    free(path);
    free(plain);
    free(db);
    free(folder);
}

static void write_copy(const char *folder, const char *name, const char *text, size_t length)
{
    char *copy = strndup(text, length);
    free(test_write(folder, name, copy));
    free(copy);
}

static void test_check(void **state)
{
    (void)state;
    char *folder = test_scratch("check");
    char *db = make_database(folder, "a.db", "c", "net", 2, 0);
    char *other = make_database(folder, "b.db", "c", "net", 2, 50000);
    static const char *const links[] = {"rtt", "fixed:7.125ms", "fixed:0"};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        free(run(0, NULL, "-q --db %s --name m -o %s/m.h --link %s", db, folder, links[i]));
        free(run(0, NULL, "--check %s/m.h --db %s", folder, db));
        free(run(1, "other samples", "--check %s/m.h --db %s", folder, other));
    }
    free(run(0, NULL, "-q --db %s --name m -o %s/m.h --link rtt --max-regret 1%%", db, folder));
    free(run(0, NULL, "--check %s/m.h --db %s --campaign c", folder, db));
    char *path = text_format("%s/m.h", folder), *text = test_read(path);
    size_t length = strlen(text);
    write_copy(folder, "cut.h", text, length - 30);
    free(run(1, "truncated", "--check %s/cut.h --db %s", folder, db));
    static const size_t starts[] = {0, 1, 60, 300};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        write_copy(folder, "head.h", text, starts[i]);
        free(run(1, "truncated in its head comment", "--check %s/head.h --db %s", folder, db));
    }
    write_copy(folder, "other.h", "int x;\n", 7);
    free(run(1, "not a header made by rnngen", "--check %s/other.h --db %s", folder, db));
    free(run(0, NULL, "-q --db %s --name m -o - --link rtt | sed 's/$/\\r/' >%s/crlf.h", db,
             folder));
    free(run(1, "line 1 differs", "--check %s/crlf.h --db %s", folder, db));
    char *digit = strstr(text, "return");
    digit[strcspn(digit, "0123456789")] ^= 1;
    write_copy(folder, "edited.h", text, length);
    free(run(1, "edited", "--check %s/edited.h --db %s", folder, db));
    char *version = strstr(text, "rnngen 0.1.0");
    version[7] = '9';
    write_copy(folder, "version.h", text, length);
    free(run(1, "another version of rnngen (9.1.0", "--check %s/version.h --db %s", folder, db));
    free(text);
    free(path);
    free(other);
    free(db);
    free(folder);
}

static void test_json(void **state)
{
    (void)state;
    char *folder = test_scratch("json");
    char *db = make_database(folder, "a.db", "c", "net", 2, 0);
    char *json = run(0, NULL, "--db %s --name m --json --link rtt -o %s/m.h", db, folder);
    static const char *const parts[] = {
        "\"rnnmap.gen/1\"",   "\"affine\"",     "\"threshold\"", "\"crossing\"",
        "\"worst_relative\"", "\"n_max\": 514", "\"ci95\": [",   "\"cheaper_above\": \"cloud\""};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!strstr(json, parts[i]))
            fail_msg("no %s in %s", parts[i], json);
    }
    free(json);
    json = run(0, NULL, "--db %s --name m --json", db);
    assert_non_null(strstr(json, "\"output\": null"));
    assert_non_null(strstr(json, "\"choose_rtt\": null"));
    free(json);
    free(db);
    free(folder);
}

static void test_explain(void **state)
{
    (void)state;
    char *folder = test_scratch("explain");
    char *db = make_database(folder, "a.db", "c", "net", 2, 0);
    char *text = run(0, NULL, "--db %s --name m --link rtt --explain", db);
    static const char *const parts[] = {
        "code bytes",   "chosen: the fewest bytes",
        "bytes more",   "affine, two products",
        "bucketed",     "segments",
        "threshold",    "worst regret",
        "changes once", "Cortex-M0+",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!strstr(text, parts[i]))
            fail_msg("no %s in %s", parts[i], text);
    }
    free(text);
    /* standard output is the header's, or the document's */
    free(run(0, "chosen", "--db %s --name m --link rtt --explain -o -", db));
    text = run(0, NULL, "--db %s --name m --link rtt --json", db);
    assert_non_null(strstr(text, "\"candidates\": ["));
    assert_non_null(strstr(text, "\"code_bytes\": "));
    free(text);
    free(db);
    free(folder);
}

/* A tail's times beside the means that the link tracker is told. */
static void test_statistic(void **state)
{
    (void)state;
    char *folder = test_scratch("statistic"), *out, *err;
    char *db = make_database(folder, "a.db", "c", "net", 2, 0);
    free(run(1, "rnnfit", "--db %s --name m -o %s/m.h --statistic p95", db, folder));
    char *command = text_format("%s/bin/rnnfit -q --db %s --statistic p95", test_build(), db);
    if (test_shell(command, &out, &err) != 0)
        fail_msg("%s: %s", command, err);
    free(run(0, NULL, "-q --db %s --name m -o %s/m.h --link rtt --statistic p95", db, folder));
    char *path = text_format("%s/m.h", folder), *text = test_read(path);
    assert_non_null(strstr(text, "statistic      p95 of times"));
    assert_non_null(strstr(text, "cloud remote_s: linear, p95 of"));
    assert_non_null(strstr(text, "cloud remote_s: linear, mean of"));
    assert_non_null(strstr(text, "--statistic p95 "));
    free(run(0, NULL, "--check %s --db %s", path, db));
    free(text);
    free(path);
    free(command);
    free(out);
    free(err);
    free(db);
    free(folder);
}

/* Expected regret and its check with the lengths that a product sees. */
static void test_lengths(void **state)
{
    (void)state;
    char *folder = test_scratch("lengths");
    char *db = make_database(folder, "a.db", "c", "net", 2, 0);
    char *csv = test_write(folder, "l.csv", "length,count\n10,3\n400,1\n");
    char *other = test_write(folder, "o.csv", "length,count\n10,3\n400,2\n");
    free(run(0, NULL, "-q --db %s --name m -o %s/m.h --link rtt --lengths %s", db, folder, csv));
    char *path = text_format("%s/m.h", folder), *text = test_read(path);
    assert_non_null(strstr(text, "4 sequences of 107.5 steps on average"));
    assert_non_null(strstr(text, "expected: over the lengths above"));
    free(run(0, NULL, "--check %s --db %s --lengths %s", path, db, csv));
    free(run(1, "made with --lengths", "--check %s --db %s", path, db));
    free(run(1, "made with other lengths", "--check %s --db %s --lengths %s", path, db, other));
    free(run(1, "none.csv", "-q --db %s --name m -o %s/n.h --lengths %s/none.csv", db, folder,
             folder));
    free(text);
    free(path);
    free(csv);
    free(other);
    free(db);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),   cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_check),
        cmocka_unit_test(test_json),     cmocka_unit_test(test_explain),
        cmocka_unit_test(test_lengths),  cmocka_unit_test(test_statistic),
        cmocka_unit_test(test_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
