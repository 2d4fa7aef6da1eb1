// SPDX-License-Identifier: GPL-3.0-or-later
/* Samples as CSV: what is exported comes back, what is malformed stores nothing. */
#include "records/test/fixture.h"

#include "base/clock.h"
#include "records/sample_csv.h"

/* Opens a new store in `folder`. */
static struct store *fresh_store(const char *folder, const char *name, char **path)
{
    struct store *store;
    *path = text_format("%s/%s", folder, name);
    assert_ok(store_open(*path, STORE_CREATE, &store, &error));
    return store;
}

/* What is exported of the only campaign. Freed by the caller. */
static char *export_text(struct store *store)
{
    char *text = NULL;
    size_t size;
    struct campaign campaign;
    FILE *out = open_memstream(&text, &size);
    assert_ok(store_campaign_find(store, NULL, &campaign, &error));
    assert_ok(sample_csv_export(store, campaign.id, out, &error));
    campaign_free(&campaign);
    fclose(out);
    return text;
}

/* Imports `text` as the file `name`, whose path is freed by the caller. */
static enum status import_text(struct store *store, const char *folder, const char *name,
                               const char *text, char **path, uint64_t *n, struct error *error)
{
    *path = test_write(folder, name, text);
    return sample_csv_import(store, "imported", *path, "edge", n, error);
}

static void fields_by_hand(void **state)
{
    (void)state;
    char *folder = test_scratch("csv"), *db, *path;
    struct store *store = fresh_store(folder, "a.db", &db);
    struct collected all = {0};
    struct campaign campaign;
    uint64_t n;
    assert_ok(import_text(store, folder, "a.csv",
                          "\xef\xbb\xbfround,target,time_s,note,length,energy_j,server_s,rtt_s,"
                          "bytes_down,bytes_up\r\n"
                          "# a comment, with commas\r\n"
                          "0,edge,0.000000001,x,1,0.000001,,,,\r\n"
                          ",cloud,1e-3,\"\", 2147483647 ,,0.5,0.25,12,34\r\n"
                          "\r\n"
                          "7,edge,1125899.906842624,,5,0,0,0,0,1125899906842624",
                          &path, &n, &error));
    assert_int_equal(n, 3);
    assert_ok(store_campaign_find(store, NULL, &campaign, &error));
    assert_string_equal(campaign.name, "imported");
    assert_string_equal(campaign.spacing, "imported");
    assert_true(campaign.timer_overhead_ns == -1);
    assert_ok(store_samples_each(store, campaign.id, collect, &all, &error));
    struct sample expected[3] = {sample_unknown(), sample_unknown(), sample_unknown()};
    expected[0].length = 1;
    expected[0].time_ns = 1;
    expected[0].round = 0;
    expected[0].energy_uj = 1;
    expected[1].length = 2147483647;
    expected[1].time_ns = 1000000;
    expected[1].server_ns = 500000000;
    expected[1].rtt_ns = 250000000;
    expected[1].bytes_down = 12;
    expected[1].bytes_up = 34;
    expected[2].length = 5;
    expected[2].time_ns = INT64_C(1) << 50;
    expected[2].round = 7;
    expected[2].energy_uj = expected[2].server_ns = expected[2].rtt_ns = 0;
    expected[2].bytes_down = 0;
    expected[2].bytes_up = INT64_C(1) << 50;
    assert_int_equal(all.n, 3);
    for (int i = 0; i < 3; i++) {
        expected[i].target_id = all.samples[i].target_id;
        assert_true(same_sample(&all.samples[i], &expected[i]));
    }
    assert_int_equal(all.samples[0].target_id, all.samples[2].target_id);
    assert_int_not_equal(all.samples[0].target_id, all.samples[1].target_id);
    /* again: added to, under the same targets */
    assert_ok(sample_csv_import(store, NULL, path, "edge", &n, &error));
    assert_int_equal(raw_integer(db, "SELECT count(*) FROM sample"), 6);
    assert_int_equal(raw_integer(db, "SELECT count(*) FROM target"), 2);
    assert_int_equal(raw_integer(db, "SELECT count(*) FROM campaign"), 1);
    campaign_free(&campaign);
    store_close(store);
    free(all.samples);
    free(path);
    free(db);
    free(folder);
}

/* Export, import elsewhere, export: the same bytes, for every value the format can carry. */
static void round_trip(void **state)
{
    (void)state;
    enum { N = 5000 };
    char *folder = test_scratch("csv"), *db, *other_db, *path;
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    struct made made = make_store(db = text_format("%s/a.db", folder));
    size_t n_good = 0;
    for (int i = 0; i < N; i++) {
        struct sample sample =
            draw_sample(random_u64(&random) % 2 ? made.edge_id : made.cloud_id, &random);
        int64_t *const carried[] = {&sample.time_ns,     &sample.energy_uj,
                                    &sample.rtt_ns,      &sample.bytes_up,
                                    &sample.bytes_down,  &sample.server_ns,
                                    &sample.round,       &sample.up_ps_per_byte,
                                    &sample.link_rtt_ns, &sample.down_ps_per_byte,
                                    &sample.connect_ns,  &sample.output_length};
        for (size_t k = 0; k < sizeof carried / sizeof *carried; k++) {
            int64_t most = (INT64_C(1) << 50) - (int64_t)random_below(&random, 3);
            *carried[k] = *carried[k] > most ? most : *carried[k];
        }
        n_good += sample.failure == FAILURE_NONE;
        assert_ok(store_samples_append(made.store, &sample, 1, &error));
    }
    char *first = export_text(made.store);
    uint64_t n;
    struct store *other = fresh_store(folder, "b.db", &other_db);
    assert_ok(import_text(other, folder, "a.csv", first, &path, &n, &error));
    assert_int_equal(n, n_good); /* the failed ones stay behind */
    char *second = export_text(other);
    assert_string_equal(first, second);
    store_close(other);
    store_close(made.store);
    char *all[] = {first, second, path, other_db, db, folder};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* A good row, then the row (or header) in question at line 3 (or 1). */
static const struct {
    const char *text, *where, *says;
} malformed[] = {
    {"length,time_s\n1,1\n0,1\n", ":3", "length"},
    {"length,time_s\n1,1\n-1,1\n", ":3", "length"},
    {"length,time_s\n1,1\n2147483648,1\n", ":3", "length"},
    {"length,time_s\n1,1\n1.5,1\n", ":3", "length"},
    {"length,time_s\n1,1\n,1\n", ":3", "length"},
    {"length,time_s\n1,1\n\"1\",1\n", ":3", "length"},
    {"length,time_s\n1,1\n1,nan\n", ":3", "time_s"},
    {"length,time_s\n1,1\n1,inf\n", ":3", "time_s"},
    {"length,time_s\n1,1\n1,1e999\n", ":3", "time_s"},
    {"length,time_s\n1,1\n1,1e300\n", ":3", "too large"},
    {"length,time_s\n1,1\n1,1125899.906842625\n", ":3", "too large"},
    {"length,time_s\n1,1\n1,-1\n", ":3", "negative"},
    {"length,time_s\n1,1\n1,0\n", ":3", "at least 1 ns"},
    {"length,time_s\n1,1\n1,-0\n", ":3", "at least 1 ns"},
    {"length,time_s\n1,1\n1,1e-10\n", ":3", "at least 1 ns"},
    {"length,time_s\n1,1\n1,0x1p3\n", ":3", "time_s"},
    {"length,time_s\n1,1\n1,1s\n", ":3", "time_s"},
    {"length,time_s\n1,1\n1,\n", ":3", "time_s"},
    {"length,time_s\n1,1\n1\n", ":3", "1 fields"},
    {"length,time_s\n1,1\n1,1,1\n", ":3", "3 fields"},
    {"length,time_s\n1,1\n1,0,5\n", ":3", "3 fields"},
    {"length,time_s,round\n1,1,0\n1,1,0.5\n", ":3", "whole"},
    {"length,time_s,round\n1,1,0\n1,1,-1\n", ":3", "negative"},
    {"length,time_s,round\n1,1,0\n1,1,9007199254740993\n", ":3", "too large"},
    {"length,time_s,energy_j\n1,1,0\n1,1,nan\n", ":3", "energy_j"},
    {"length,time_s,energy_j\n1,1,0\n1,1,-1e-9\n", ":3", "negative"},
    {"length,time_s,bytes_up\n1,1,0\n1,1,1e20\n", ":3", "too large"},
    {"length,time_s,target\n1,1,edge\n1,1,\n", ":3", "target: is empty"},
    {"length,time_s,target\n1,1,edge\n1,1,\"edge\"\n", ":3", "quote"},
    {"length,time_s,target\n1,1,edge\n1,1,\"a,b\"\n", ":3", "4 fields"},
    {"length,time_s,target\n1,1,edge\n1,1,a\x01\n", ":3", "control"},
    {"length,time_s,target\n1,1,edge\n1,1,a\xff\n", ":3", "UTF-8"},
    {"length,time_s,target\n1,1,edge\n1,1,\xc0\xaf\n", ":3", "UTF-8"},
    {"length,time_s,target\n1,1,edge\n1,1,\xed\xa0\x80\n", ":3", "UTF-8"},
    {"length,time_s,target\n1,1,edge\n1,1,\xf4\x90\x80\x80\n", ":3", "UTF-8"},
    {"length,time_s,target\n1,1,edge\n1,1,\xe2\x82\n", ":3", "UTF-8"},
    {"", "", "no header"},
    {"length,time_s\n", "", "no samples"},
    {"length,time_s\n# 1,1\n\n", "", "no samples"},
    {"length\n1\n", ":1", "time_s"},
    {"time_s\n1\n", ":1", "length"},
    {"length,time_ms\n1,1\n", ":1", "time_s"},
    {"1,2\n3,4\n", ":1", "length"},
    {"length;time_s\n1;1\n", ":1", "length"},
    {"length,time_s,\n1,1,\n", ":1", "without a name"},
    {"length,time_s,time_s\n1,1,1\n", ":1", "twice"},
    {"length,time_s,rtt_ms\n1,1,1\n", "", "'rtt_ms' must be 'rtt_s', in seconds"},
    {"length,time_s,energy_mJ\n1,1,1\n", "", "'energy_mJ' must be 'energy_j', in joules"},
    {"length,time_s,server_us\n1,1,1\n", "", "'server_us' must be 'server_s'"},
};

static void malformed_files_store_nothing(void **state)
{
    (void)state;
    char *folder = test_scratch("csv"), *db;
    struct store *store = fresh_store(folder, "a.db", &db);
    uint64_t n;
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        char *path = test_write(folder, "bad.csv", malformed[i].text);
        char *where = text_format("%s%s", path, malformed[i].where);
        assert_fails(STATUS_INVALID, where, malformed[i].says,
                     sample_csv_import(store, "new", path, "edge", &n, &error));
        free(where);
        free(path);
    }
    assert_fails(STATUS_IO, "/no/such", "",
                 sample_csv_import(store, "new", "/no/such.csv", "edge", &n, &error));
    assert_fails(STATUS_IO, folder, "",
                 sample_csv_import(store, "new", folder, "edge", &n, &error));
    assert_int_equal(raw_integer(db, "SELECT (SELECT count(*) FROM campaign) + (SELECT count(*) "
                                     "FROM target) + (SELECT count(*) FROM sample)"),
                     0);
    store_close(store);
    free(db);
    free(folder);
}

static void strange_bytes(void **state)
{
    (void)state;
    char *folder = test_scratch("csv"), *db, *path = text_format("%s/odd.csv", folder);
    char *where = text_format("%s:3", path);
    struct store *store = fresh_store(folder, "a.db", &db);
    uint64_t n;
    FILE *file = fopen(path, "w"); /* a line of 70000 bytes */
    fputs("length,time_s,note\n1,1,x\n2,1,", file);
    for (int i = 0; i < 70000; i++)
        fputc('x', file);
    fputs("\n3,1,x\n", file);
    fclose(file);
    assert_fails(STATUS_INVALID, where, "64 KiB",
                 sample_csv_import(store, "new", path, "edge", &n, &error));
    static const char nul[] = "length,time_s\n1,1\n2,1\0000\n3,1\n"; /* "2,1" NUL "0" */
    file = fopen(path, "w");
    fwrite(nul, 1, sizeof nul - 1, file);
    fclose(file);
    assert_fails(STATUS_INVALID, where, "NUL",
                 sample_csv_import(store, "new", path, "edge", &n, &error));
    file = fopen(path, "w"); /* more targets than any campaign has */
    fputs("length,time_s,target\n", file);
    for (int i = 0; i < 1001; i++)
        fprintf(file, "1,1,t%d\n", i);
    fclose(file);
    assert_fails(STATUS_INVALID, "more than 1000 targets", "",
                 sample_csv_import(store, "new", path, "edge", &n, &error));
    assert_int_equal(raw_integer(db, "SELECT count(*) FROM campaign"), 0);
    store_close(store);
    free(where);
    free(path);
    free(db);
    free(folder);
}

static void names(void **state)
{
    (void)state;
    char *folder = test_scratch("csv"), *db, *path, *again;
    static const char rows[] = "length,time_s,target,energy_j,rtt_s,bytes_up,bytes_down,server_s,"
                               "round,up_ps_per_byte,down_ps_per_byte,link_rtt_s,connect_s,"
                               "output_length\n"
                               "1,1.000000000,it's; DROP TABLE sample,,,,,,,,,,,\n"
                               "1,1.000000000,#1 \xe2\x82\xac \xf0\x9f\x98\x80 %s %n,,,,,,,,,,,\n"
                               "1,1.000000000,\xc3\xa9<b>&\\,,,,,,,,,,,\n";
    struct store *store = fresh_store(folder, "a.db", &db);
    uint64_t n;
    assert_ok(import_text(store, folder, "a.csv", rows, &path, &n, &error));
    again = export_text(store);
    assert_string_equal(again, rows);
    /* the default target's name is held to the same rules, where it is used */
    static const char *const bad[] = {"", "a,b", " a", "a\n", "\""};
    char *bare = test_write(folder, "bare.csv", "length,time_s\n1,1\n");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_fails(STATUS_MISUSE, "target's name", "",
                     sample_csv_import(store, "x", bare, bad[i], &n, &error));
        assert_ok(sample_csv_import(store, "imported", path, bad[i], &n, &error));
    }
    assert_fails(STATUS_MISUSE, "target", "",
                 sample_csv_import(store, "x", bare, NULL, &n, &error));
    /* a target that came otherwise and cannot be written is no silent damage */
    struct campaign campaign;
    struct target target = {.name = "a,b"};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_ok(store_campaign_find(store, NULL, &campaign, &error));
    assert_ok(store_target_add(store, campaign.id, &target, &error));
    assert_fails(STATUS_UNSUPPORTED, db, "'a,b'",
                 sample_csv_export(store, campaign.id, out, &error));
    fclose(out);
    assert_string_equal(text, "");
    campaign_free(&campaign);
    store_close(store);
    char *all[] = {text, bare, again, path, db, folder};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void which_campaign(void **state)
{
    (void)state;
    char *folder = test_scratch("csv"), *db, *path;
    path = test_write(folder, "a.csv", "length,time_s\n1,1\n");
    struct store *store = fresh_store(folder, "a.db", &db);
    uint64_t n;
    assert_fails(STATUS_MISUSE, db, "--campaign",
                 sample_csv_import(store, NULL, path, "edge", &n, &error));
    assert_ok(sample_csv_import(store, "one", path, "edge", &n, &error));
    assert_ok(sample_csv_import(store, NULL, path, "edge", &n, &error));
    assert_ok(sample_csv_import(store, "two", path, "edge", &n, &error));
    assert_fails(STATUS_MISUSE, "one, two", "--campaign",
                 sample_csv_import(store, NULL, path, "edge", &n, &error));
    assert_int_equal(raw_integer(db, "SELECT count(*) FROM sample"), 3);
    store_close(store);
    free(db);
    free(path);
    free(folder);
}

/* The whole import is one transaction: samples that cannot be stored take the campaign and its
 * targets, made before them, back with them. */
static void a_failed_import_leaves_nothing(void **state)
{
    (void)state;
    char *folder = test_scratch("csv"), *db, *path;
    struct store *store = fresh_store(folder, "a.db", &db);
    static const char counts[] =
        "SELECT (SELECT count(*) FROM campaign) * 10000 + (SELECT count(*) "
        "FROM target) * 100 + (SELECT count(*) FROM sample)";
    uint64_t n;
    path = test_write(folder, "a.csv", "length,time_s,target\n1,1,edge\n13,1,cloud\n");
    raw_run(db, "CREATE TRIGGER unlucky BEFORE INSERT ON sample WHEN new.length = 13 "
                "BEGIN SELECT raise(ABORT, 'unlucky'); END");
    assert_fails(STATUS_INVALID, db, "unlucky",
                 sample_csv_import(store, "one", path, "edge", &n, &error));
    assert_int_equal(raw_integer(db, counts), 0);
    /* the store goes on working, and what was there before stays */
    char *good = test_write(folder, "good.csv", "length,time_s\n1,1\n");
    assert_ok(sample_csv_import(store, "one", good, "edge", &n, &error));
    assert_int_equal(raw_integer(db, counts), 10101);
    assert_fails(STATUS_INVALID, db, "unlucky",
                 sample_csv_import(store, "one", path, "edge", &n, &error));
    assert_int_equal(raw_integer(db, counts), 10101);
    store_close(store);
    free(good);
    free(path);
    free(db);
    free(folder);
}

static void a_full_disk_is_no_export(void **state)
{
    (void)state;
    char *folder = test_scratch("csv"), *db = text_format("%s/a.db", folder);
    struct made made = make_store(db);
    struct sample sample = sample_unknown();
    sample.target_id = made.edge_id;
    sample.length = 1;
    FILE *full = fopen("/dev/full", "w");
    assert_ok(store_samples_append(made.store, &sample, 1, &error));
    if (!full) {
        store_close(made.store);
        print_message("[  SKIPPED ] full disk: no /dev/full here\n");
        skip();
    }
    assert_fails(STATUS_IO, "written", "No space",
                 sample_csv_export(made.store, made.campaign_id, full, &error));
    fclose(full);
    store_close(made.store);
    free(db);
    free(folder);
}

/* A million rows there and back; the times are for people to look at. */
static void a_million_rows(void **state)
{
    (void)state;
    const size_t n_rows = test_long() ? 1000000 : 100000;
    char *folder = test_scratch("csv"), *db, *path = text_format("%s/many.csv", folder);
    struct random random = {1};
    FILE *file = fopen(path, "w");
    fputs("length,time_s,target,energy_j,rtt_s,bytes_up,bytes_down,server_s,round,"
          "up_ps_per_byte,down_ps_per_byte,link_rtt_s,connect_s,output_length\n",
          file);
    for (size_t i = 0; i < n_rows; i++)
        fprintf(file, "%u,%.9f,%s,,%.9f,%u,,,%zu,0,800000,,,\n",
                1 + (unsigned)random_below(&random, 512), 1e-9 + random_uniform(&random),
                i % 2 ? "cloud" : "edge", random_uniform(&random),
                (unsigned)random_below(&random, 10000), i / 1000);
    fclose(file);
    struct store *store = fresh_store(folder, "a.db", &db);
    uint64_t n;
    int64_t started_ns = clock_ns();
    assert_ok(sample_csv_import(store, "one", path, "edge", &n, &error));
    int64_t imported_ns = clock_ns();
    assert_int_equal(n, n_rows);
    char *exported = export_text(store), *original = test_read(path);
    int64_t exported_ns = clock_ns();
    assert_string_equal(exported, original);
    print_message("%zu rows: import %.2f s, export %.2f s\n", n_rows,
                  (double)(imported_ns - started_ns) * 1e-9,
                  (double)(exported_ns - imported_ns) * 1e-9);
    store_close(store);
    unlink(db);
    unlink(path);
    char *all[] = {exported, original, path, db, folder};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_by_hand),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(malformed_files_store_nothing),
        cmocka_unit_test(strange_bytes),
        cmocka_unit_test(names),
        cmocka_unit_test(which_campaign),
        cmocka_unit_test(a_failed_import_leaves_nothing),
        cmocka_unit_test(a_full_disk_is_no_export),
        cmocka_unit_test(a_million_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
