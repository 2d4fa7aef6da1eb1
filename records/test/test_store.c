// SPDX-License-Identifier: GPL-3.0-or-later
/* What is put into a store comes back, for good data; whose files it refuses is in
 * test_store_files.c, what it survives in test_store_crash.c. */
#include "records/test/fixture.h"

#include "base/clock.h"
#include "base/tool.h"

static void assert_text(const char *got, const char *expected)
{
    if (!expected)
        assert_null(got);
    else
        assert_string_equal(got, expected);
}

static void campaigns_come_back(void **state)
{
    (void)state;
    char *folder = test_scratch("store"), *path = text_format("%s/a.db", folder);
    struct campaign added[] = {
        {.name = "one",
         .tool_version = "9.9",
         .network = "lstm 64->128 x1",
         .device = "{\"cpu\":\"\xc3\xa9\"}",
         .config = "[campaign]\nname = one\n",
         .spacing = "isolated:2",
         .seed = UINT64_MAX,
         .timer_overhead_ns = 21.123456789012345,
         .harness_overhead_ns = 0},
        {.name = "it's; DROP TABLE campaign", .timer_overhead_ns = -1, .harness_overhead_ns = -3},
    };
    struct store *store;
    assert_ok(store_open(path, STORE_CREATE, &store, &error));
    struct campaign *list, found;
    size_t n;
    assert_fails(STATUS_NOT_FOUND, path, "no campaign",
                 store_campaign_find(store, NULL, &found, &error));
    assert_fails(STATUS_NOT_FOUND, path, "no campaign",
                 store_campaign_find(store, "x", &found, &error));
    assert_ok(store_campaign_add(store, &added[0], &error));
    assert_ok(store_campaign_find(store, NULL, &found, &error));
    assert_int_equal(found.id, added[0].id);
    campaign_free(&found);
    assert_ok(store_campaign_add(store, &added[1], &error));
    assert_int_not_equal(added[0].id, added[1].id);
    struct campaign again = {.name = "one"}, nameless = {0};
    assert_fails(STATUS_INVALID, path, "'one' already", store_campaign_add(store, &again, &error));
    assert_fails(STATUS_INVALID, path, "name", store_campaign_add(store, &nameless, &error));
    store_close(store);

    assert_ok(store_open(path, STORE_READ, &store, &error));
    assert_string_equal(store_path(store), path);
    assert_fails(STATUS_NOT_FOUND, "'two'", "one, it's",
                 store_campaign_find(store, "two", &found, &error));
    assert_fails(STATUS_MISUSE, "--campaign", "one, it's",
                 store_campaign_find(store, NULL, &found, &error));
    assert_ok(store_campaign_find(store, added[1].name, &found, &error));
    assert_int_equal(found.id, added[1].id);
    campaign_free(&found);
    assert_ok(store_campaigns(store, &list, &n, &error));
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(list[i].id, added[i].id);
        assert_text(list[i].name, added[i].name);
        assert_text(list[i].tool_version, i == 0 ? "9.9" : RNNMAP_VERSION);
        assert_text(list[i].network, added[i].network);
        assert_text(list[i].device, added[i].device);
        assert_text(list[i].config, added[i].config);
        assert_text(list[i].spacing, i == 0 ? "isolated:2" : "back-to-back");
        assert_true(list[i].seed == added[i].seed);
        assert_true(list[i].timer_overhead_ns == added[i].timer_overhead_ns);
        assert_true(list[i].harness_overhead_ns == (i == 0 ? 0 : -1));
        campaign_free(&list[i]);
    }
    free(list);
    store_close(store);
    free(path);
    free(folder);
}

static void targets_come_back(void **state)
{
    (void)state;
    char *folder = test_scratch("store"), *path = text_format("%s/a.db", folder);
    struct campaign campaign = {.name = "late edge"}, other = {.name = "other"};
    struct target far = {.name = "far", .url = "http://far"},
                  edge = {.name = "edge", .engine = "e"};
    struct target again = {.name = "far", .engine = "changed"}, nameless = {0},
                  stray = {.name = "s"};
    struct store *store;
    assert_ok(store_open(path, STORE_CREATE, &store, &error));
    assert_ok(store_campaign_add(store, &campaign, &error));
    assert_ok(store_campaign_add(store, &other, &error));
    assert_ok(store_target_add(store, campaign.id, &far, &error));
    assert_ok(store_target_add(store, campaign.id, &edge, &error));
    assert_ok(store_target_add(store, campaign.id, &again, &error));
    assert_int_equal(again.id, far.id);
    assert_ok(store_target_add(store, other.id, &stray, &error));
    assert_fails(STATUS_INVALID, path, "name",
                 store_target_add(store, campaign.id, &nameless, &error));
    assert_fails(STATUS_INVALID, path, "FOREIGN KEY", store_target_add(store, 99, &again, &error));
    struct target *list;
    size_t n;
    assert_ok(store_targets(store, campaign.id, &list, &n, &error));
    assert_int_equal(n, 2);
    assert_string_equal(list[0].name, "edge");
    assert_int_equal(list[0].id, edge.id);
    assert_text(list[0].engine, "e");
    assert_text(list[0].url, NULL);
    assert_string_equal(list[1].name, "far");
    assert_text(list[1].engine, NULL);
    assert_text(list[1].url, "http://far");
    target_free(&list[0]);
    target_free(&list[1]);
    free(list);
    store_close(store);
    free(path);
    free(folder);
}

static void samples_come_back(void **state)
{
    (void)state;
    enum { N = 3000, BATCH = 250 };
    char *folder = test_scratch("store"), *path = text_format("%s/a.db", folder);
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    struct made made = make_store(path);
    struct campaign other = {.name = "other"};
    struct target stray = {.name = "edge"};
    assert_ok(store_campaign_add(made.store, &other, &error));
    assert_ok(store_target_add(made.store, other.id, &stray, &error));
    struct sample *samples = malloc(N * sizeof *samples);
    int64_t n_rounds, greatest = -1;
    assert_ok(store_rounds(made.store, made.campaign_id, &n_rounds, &error));
    assert_int_equal(n_rounds, 0);
    for (size_t i = 0; i < N; i++) {
        samples[i] = draw_sample(random_u64(&random) % 2 ? made.edge_id : made.cloud_id, &random);
        samples[i].round >>= 8;
        greatest = samples[i].round > greatest ? samples[i].round : greatest;
    }
    for (size_t i = 0; i < N; i += BATCH) {
        struct sample foreign = draw_sample(stray.id, &random);
        assert_ok(store_samples_append(made.store, samples + i, BATCH, &error));
        assert_ok(store_samples_append(made.store, &foreign, 1, &error));
    }
    assert_ok(store_samples_append(made.store, NULL, 0, &error));
    store_close(made.store);

    struct collected all = {0};
    assert_ok(store_open(path, STORE_READ, &made.store, &error));
    assert_ok(store_samples_each(made.store, made.campaign_id, collect, &all, &error));
    assert_int_equal(all.n, N);
    for (size_t i = 0; i < N; i++)
        assert_true(same_sample(&all.samples[i], &samples[i]));
    assert_ok(store_rounds(made.store, made.campaign_id, &n_rounds, &error));
    assert_int_equal(n_rounds, greatest + 1);
    assert_fails(STATUS_IO, path, "write-protected",
                 store_samples_append(made.store, samples, 1, &error));
    store_close(made.store);
    free(all.samples);
    free(samples);
    free(path);
    free(folder);
}

static enum status stop_at_three(void *user, const struct sample *sample, struct error *error)
{
    (void)sample;
    return ++*(int *)user == 3 ? error_set(error, STATUS_INTERRUPTED, "enough") : STATUS_OK;
}

static void a_sink_ends_the_scan(void **state)
{
    (void)state;
    char *folder = test_scratch("store"), *path = text_format("%s/a.db", folder);
    struct made made = make_store(path);
    struct sample samples[5];
    for (int i = 0; i < 5; i++) {
        samples[i] = sample_unknown();
        samples[i].target_id = made.edge_id;
        samples[i].length = 1;
    }
    int n = 0;
    assert_ok(store_samples_append(made.store, samples, 5, &error));
    assert_fails(STATUS_INTERRUPTED, "enough", "",
                 store_samples_each(made.store, made.campaign_id, stop_at_three, &n, &error));
    assert_int_equal(n, 3);
    /* the store goes on working */
    assert_ok(store_samples_append(made.store, samples, 5, &error));
    store_close(made.store);
    assert_int_equal(raw_integer(path, "SELECT count(*) FROM sample"), 10);
    free(path);
    free(folder);
}

/* One bad sample anywhere in a batch, and none of the batch is there. */
static void append_is_atomic(void **state)
{
    (void)state;
    enum { N = 500 };
    char *folder = test_scratch("store"), *path = text_format("%s/a.db", folder);
    struct made made = make_store(path);
    struct random random = {3};
    struct sample samples[N];
    for (int i = 0; i < N; i++)
        samples[i] = draw_sample(made.edge_id, &random);
    for (int at = 0; at < N; at += 166) {
        struct sample good = samples[at];
        samples[at].target_id = 999;
        assert_fails(STATUS_INVALID, path, "FOREIGN KEY",
                     store_samples_append(made.store, samples, N, &error));
        samples[at] = good;
        samples[at].length = 0;
        assert_fails(STATUS_INVALID, path, "length 0",
                     store_samples_append(made.store, samples, N, &error));
        samples[at] = good;
        samples[at].time_ns = -1;
        assert_fails(STATUS_INVALID, path, "-1 ns",
                     store_samples_append(made.store, samples, N, &error));
        samples[at] = good;
    }
    assert_int_equal(raw_integer(path, "SELECT count(*) FROM sample"), 0);
    assert_ok(store_samples_append(made.store, samples, N, &error));
    assert_int_equal(raw_integer(path, "SELECT count(*) FROM sample"), N);
    store_close(made.store);
    free(path);
    free(folder);
}

static void the_file_is_as_promised(void **state)
{
    (void)state;
    char *folder = test_scratch("store"), *path = text_format("%s/a.db", folder);
    struct made made = make_store(path);
    struct sample sample = sample_unknown();
    sample.target_id = made.edge_id;
    sample.length = 5;
    sample.time_ns = 6;
    assert_ok(store_samples_append(made.store, &sample, 1, &error));
    store_close(made.store);
    assert_int_equal(raw_integer(path, "PRAGMA application_id"), 0x726e6e6d);
    assert_int_equal(raw_integer(path, "PRAGMA user_version"), 6);
    assert_int_equal(raw_integer(path, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    /* what others rely on: columns length and time_ns, unknown is NULL, no index over them */
    assert_int_equal(raw_integer(path, "SELECT length * 100 + time_ns FROM sample"), 506);
    assert_int_equal(raw_integer(path, "SELECT count(*) FROM sample WHERE rtt_ns IS NULL AND "
                                       "energy_uj IS NULL AND failure IS NULL AND round IS NULL"),
                     1);
    assert_int_equal(raw_integer(path, "SELECT count(*) FROM pragma_index_list('sample')"), 0);
    raw_run(path, "PRAGMA foreign_keys = ON; DELETE FROM campaign");
    assert_int_equal(raw_integer(path, "SELECT count(*) FROM sample"), 0);
    free(path);
    free(folder);
}

static void convergence_comes_back(void **state)
{
    (void)state;
    char *folder = test_scratch("store"), *path = text_format("%s/a.db", folder);
    struct made made = make_store(path);
    struct convergence rows[] = {
        {made.cloud_id, 7, 30, 0.01, true},
        {made.edge_id, 9, 20, -1, false},
        {made.edge_id, 8, UINT32_MAX, 0.1 + 0.2, false},
    };
    static const int order[] = {2, 1, 0}; /* edge first, then by length */
    assert_ok(store_convergence_set(made.store, rows, 3, &error));
    rows[1].n_samples = 40;
    assert_ok(store_convergence_set(made.store, rows + 1, 1, &error));
    struct convergence bad[] = {{made.edge_id, 1, 1, 1, true}, {999, 1, 1, 1, true}};
    assert_fails(STATUS_INVALID, path, "FOREIGN KEY",
                 store_convergence_set(made.store, bad, 2, &error));
    struct convergence *got;
    size_t n;
    assert_ok(store_convergence(made.store, made.campaign_id, &got, &n, &error));
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        const struct convergence *expected = &rows[order[i]];
        assert_int_equal(got[i].target_id, expected->target_id);
        assert_int_equal(got[i].length, expected->length);
        assert_int_equal(got[i].n_samples, expected->n_samples);
        assert_true(got[i].relative_half_width == expected->relative_half_width);
        assert_int_equal(got[i].reached, expected->reached);
    }
    free(got);
    store_close(made.store);
    free(path);
    free(folder);
}

/* Times 100 +- few ns with a known few far off; k and MAD by hand: times 90..110 in steps of 1, the
 * median 100, the MAD 5 (with the two far ones 6), so k = 3 reaches 3*1.4826*6 = 26.7 ns. */
static void outliers_are_marked(void **state)
{
    (void)state;
    char *folder = test_scratch("store"), *path = text_format("%s/a.db", folder);
    struct made made = make_store(path);
    struct sample samples[200];
    size_t n = 0;
    static const struct {
        bool cloud;
        uint32_t length;
        int64_t offset_ns, link_rtt_ns;
    } groups[] = {{false, 1, 0, -1},
                  {false, 2, 1000, -1},
                  {true, 1, 1000000, -1},
                  {true, 1, 5000000, 5},
                  {true, 1, 6000000, 6}}; /* link states apart */
    for (size_t g = 0; g < 5; g++) {
        for (int64_t t = 90; t <= 112; t++) {
            struct sample sample = sample_unknown();
            sample.target_id = groups[g].cloud ? made.cloud_id : made.edge_id;
            sample.length = groups[g].length;
            sample.link_rtt_ns = groups[g].link_rtt_ns;
            sample.time_ns = groups[g].offset_ns + (t == 111 ? 127 : t == 112 ? 73 : t);
            sample.outlier = t == 100; /* a stale mark, to be taken back */
            samples[n++] = sample;
        }
    }
    samples[n] = samples[0]; /* a failed one is no outlier, however long it took */
    samples[n].time_ns = 1000000000;
    samples[n++].failure = FAILURE_TIMEOUT;
    samples[n] = samples[0]; /* a group of one has none */
    samples[n++].length = 77;
    assert_ok(store_samples_append(made.store, samples, n, &error));
    uint64_t n_outliers;
    assert_ok(store_flag_outliers(made.store, made.campaign_id, 3, &n_outliers, &error));
    assert_int_equal(n_outliers, 10);
    assert_int_equal(raw_integer(path, "SELECT count(*) FROM sample WHERE outlier"), 10);
    assert_int_equal(raw_integer(path, "SELECT count(*) FROM sample WHERE outlier AND "
                                       "time_ns % 1000 IN (127, 73)"),
                     10);
    assert_ok(store_flag_outliers(made.store, made.campaign_id, 3.1, &n_outliers, &error));
    assert_int_equal(n_outliers, 0);
    assert_int_equal(raw_integer(path, "SELECT count(*) FROM sample WHERE outlier"), 0);
    assert_ok(store_flag_outliers(made.store, 12345, 3, &n_outliers, &error));
    assert_int_equal(n_outliers, 0);
    store_close(made.store);
    free(path);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(campaigns_come_back),    cmocka_unit_test(targets_come_back),
        cmocka_unit_test(samples_come_back),      cmocka_unit_test(a_sink_ends_the_scan),
        cmocka_unit_test(append_is_atomic),       cmocka_unit_test(the_file_is_as_promised),
        cmocka_unit_test(convergence_comes_back), cmocka_unit_test(outliers_are_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
