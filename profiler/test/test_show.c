// SPDX-License-Identifier: GPL-3.0-or-later
/* What rnnprof show says of a campaign, against figures worked out by hand. */
#include "base/test/support.h"

#include "base/memory.h"
#include "base/quantile.h"
#include "profiler/keyindex.h"
#include "profiler/show_forms.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *db; /* the campaign that all tests show */

#define ok(call) assert_int_equal((call), STATUS_OK)

static struct energy_window window(int64_t meter_id, int64_t target_id, enum window_kind kind,
                                   uint32_t length)
{
    struct energy_window w = energy_window_unknown();
    w.meter_id = meter_id;
    w.target_id = target_id;
    w.kind = kind;
    w.length = length;
    w.duration_ns = 2000000000;
    w.provenance = PROVENANCE_MEASURED;
    return w;
}

/* Edge at length 8: 1 to 20 ms in rounds 0 to 19, of which 4 and 9 are flagged; one failure, one
 * outlier. Length 16: one sample, a window in which an inference failed, one without energy. Cloud:
 * a modelled meter, and two requests sent alone. */
static void fill(struct store *store)
{
    struct campaign campaign = {.name = "lab",
                                .seed = 7,
                                .timer_overhead_ns = -1,
                                .harness_overhead_ns = 20,
                                .device = "{\"cpu\":\"x\",\"since_round_9\":{\"cpu\":\"y\"}}"};
    struct target edge = {.name = "edge"}, cloud = {.name = "cloud", .url = "http://h"};
    struct meter_record rail = {.name = "VDD_IN",
                                .kind = "hwmon",
                                .source = "/sys/a",
                                .scope = SCOPE_BOARD,
                                .radio = true,
                                .resolution_uj = NAN,
                                .resolution_uw = 1000,
                                .update_ns = 66000000};
    struct meter_record radio = {.name = "radio, modelled",
                                 .kind = "constant",
                                 .source = "2 W",
                                 .scope = SCOPE_RAIL,
                                 .provenance = PROVENANCE_MODELLED,
                                 .resolution_uj = NAN,
                                 .resolution_uw = NAN,
                                 .update_ns = -1};
    int64_t cycles, misses;
    ok(store_campaign_add(store, &campaign, NULL));
    ok(store_target_add(store, campaign.id, &edge, NULL));
    ok(store_target_add(store, campaign.id, &cloud, NULL));
    ok(store_counter_add(store, campaign.id, "PAPI_TOT_CYC", &cycles, NULL));
    ok(store_counter_add(store, campaign.id, "sde:::A,B", &misses, NULL));
    ok(store_meter_put(store, campaign.id, &rail, NULL));
    ok(store_meter_put(store, campaign.id, &radio, NULL));
    for (int64_t i = 0; i < 20; i++) {
        struct counter_reading reading = {cycles, 1000 * (i + 1)};
        struct sample s = sample_unknown();
        s.target_id = edge.id;
        s.length = 8;
        s.time_ns = 1000000 * (20 - i);
        s.round = i;
        s.outlier = i == 0;
        s.counters = &reading;
        s.n_counters = 1;
        struct round_state state = {i, 600000, i == 4 ? 600000 : 1500000, i == 9, i % 5 == 4};
        state.flagged = i == 4 || i == 9;
        ok(store_samples_append(store, &s, 1, NULL));
        ok(store_round_put(store, campaign.id, &state, NULL));
    }
    struct sample rest[3] = {sample_unknown(), sample_unknown(), sample_unknown()};
    rest[0].target_id = edge.id;
    rest[0].length = 8;
    rest[0].failure = FAILURE_ENGINE;
    rest[1].target_id = edge.id;
    rest[1].length = 16;
    rest[1].time_ns = 5000000;
    rest[2].target_id = cloud.id;
    rest[2].length = 8;
    rest[2].time_ns = 9000000;
    rest[2].rtt_ns = 4000000;
    rest[2].server_ns = 3000000;
    ok(store_samples_append(store, rest, 3, NULL));
    struct convergence found[] = {{edge.id, 8, 20, 0.1, true}, {cloud.id, 8, 1, -1, false}};
    ok(store_convergence_set(store, found, 2, NULL));

    struct energy_window w[8];
    w[0] = energy_window_unknown(); /* 1 W for 2 s */
    w[0].meter_id = rail.id;
    w[0].duration_ns = 2000000000;
    w[0].energy_uj = 2e6;
    w[0].provenance = PROVENANCE_MEASURED;
    w[1] = window(rail.id, edge.id, WINDOW_BUSY, 8); /* 5 W, 4 of them net, 10 ms each */
    w[1].round = 3;
    w[1].energy_uj = 1e7;
    w[1].baseline_uw = 1e6;
    w[1].energy_net_uj = 8e6;
    w[1].error_uj = 4e4;
    w[1].n_inferences = 200;
    w[1].inference_ns = 1e7;
    w[2] = w[1]; /* 6 W, 5 net */
    w[2].energy_uj = 1.2e7;
    w[2].energy_net_uj = 1e7;
    w[2].error_uj = 3e4;
    w[3] = window(rail.id, edge.id, WINDOW_BUSY, 16);
    w[3].energy_uj = w[3].energy_net_uj = 1e7;
    w[3].inference_ns = 1e7;
    w[3].n_inferences = 200;
    w[3].n_failed = 1;
    w[4] = window(rail.id, edge.id, WINDOW_BUSY, 16);
    w[4].provenance = PROVENANCE_UNAVAILABLE;
    w[5] = window(radio.id, cloud.id, WINDOW_BUSY, 8);
    w[5].provenance = PROVENANCE_MODELLED;
    w[5].energy_uj = w[5].energy_net_uj = 4e6;
    w[5].inference_ns = 9e6;
    w[5].n_inferences = 222.2;
    w[6] = window(rail.id, cloud.id, WINDOW_ISOLATED, 8);
    w[6].energy_uj = 3e6;
    w[6].energy_net_uj = 1e6;
    w[6].error_uj = 1e5;
    w[6].n_inferences = 1;
    w[7] = w[6];
    w[7].energy_net_uj = 2e6;
    ok(store_windows_append(store, w, 8, NULL));
}

static int set_up(void **state)
{
    (void)state;
    char *folder = test_scratch("show");
    struct store *store;
    db = text_format("%s/a.db", folder);
    ok(store_open(db, STORE_CREATE, &store, NULL));
    fill(store);
    store_close(store);
    free(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(db);
    return 0;
}

/* What "rnnprof show --db DB OPTIONS" prints. */
static char *show(const char *options)
{
    char *out, *command = text_format("%s/bin/rnnprof show --db %s %s", test_build(), db, options);
    if (test_shell(command, &out, NULL) != 0)
        fail_msg("%s fails", command);
    free(command);
    return out;
}

static json_t *show_document(void)
{
    char *out = show("--json");
    json_t *document = json_loads(out, 0, NULL);
    if (!document)
        fail_msg("not JSON: %s", out);
    free(out);
    return document;
}

static double number(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (!json_is_number(value))
        fail_msg("%s is no number", key);
    return json_number_value(value);
}

static void assert_null_at(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (!value || !json_is_null(value))
        fail_msg("%s is not null", key);
}

static void assert_text_at(json_t *object, const char *key, const char *text)
{
    assert_string_equal(json_string_value(json_object_get(object, key)), text);
}

static void times_in_json(void **state)
{
    (void)state;
    json_t *document = show_document(), *lengths = json_object_get(document, "lengths");
    assert_int_equal(json_array_size(lengths), 3);
    json_t *first = json_array_get(lengths, 0);
    assert_text_at(first, "target", "edge");
    assert_close(number(first, "length"), 8, 0, 0);
    assert_close(number(first, "n"), 20, 0, 0);
    assert_close(number(first, "mean_s"), 10.5e-3, 1e-12, 0);
    assert_close(number(first, "sd_s"), sqrt(35) * 1e-3, 1e-12, 0); /* (n^2 + n) / 12 */
    assert_close(number(first, "half_width_s"), 2.093024 * sqrt(35. / 20) * 1e-3, 1e-6, 0);
    assert_close(number(first, "median_s"), 10e-3, 1e-12, 0);
    assert_close(number(first, "p95_s"), 19e-3, 1e-12, 0);
    assert_close(number(first, "failed"), 1, 0, 0);
    assert_close(number(first, "outliers"), 1, 0, 0);
    assert_close(number(first, "in_flagged_rounds"), 2, 0, 0);
    assert_true(json_is_true(json_object_get(first, "converged")));
    assert_null_at(first, "rtt_s");
    json_t *cycles = json_object_get(json_object_get(first, "counters"), "PAPI_TOT_CYC");
    assert_close(number(cycles, "mean"), 10500, 1e-12, 0);
    assert_null_at(json_object_get(first, "counters"), "sde:::A,B");
    json_t *second = json_array_get(lengths, 1);
    assert_null_at(second, "half_width_s"); /* of one sample */
    assert_null_at(second, "converged");
    assert_true(json_is_false(json_object_get(json_array_get(lengths, 2), "converged")));
    assert_close(number(json_array_get(lengths, 2), "rtt_s"), 4e-3, 1e-12, 0);

    json_t *rounds = json_object_get(document, "rounds");
    assert_int_equal(json_array_size(rounds), 20);
    assert_true(json_is_true(json_object_get(json_array_get(rounds, 9), "flagged")));
    assert_close(number(json_array_get(rounds, 9), "throttles"), 1, 0, 0);
    assert_null_at(document, "timer_overhead_ns");
    json_decref(document);
}

static void energy_in_json(void **state)
{
    (void)state;
    json_t *document = show_document(), *lengths = json_object_get(document, "lengths");
    json_t *first = json_array_get(lengths, 0), *windows = json_object_get(first, "windows");
    assert_int_equal(json_array_size(windows), 2);
    json_t *w = json_array_get(windows, 0);
    assert_close(number(w, "duration_s"), 2, 1e-12, 0);
    assert_close(number(w, "energy_j"), 10, 1e-12, 0);
    assert_close(number(w, "energy_net_j"), 8, 1e-12, 0);
    assert_close(number(w, "n_inferences"), 200, 1e-12, 0);
    assert_close(number(w, "error_bound"), 0.005, 1e-12, 0);
    assert_close(number(w, "energy_per_inference_j"), 0.05, 1e-12, 0); /* 5 W times 10 ms */
    assert_close(number(w, "energy_net_per_inference_j"), 0.04, 1e-12, 0);
    assert_text_at(w, "provenance", "measured");
    assert_text_at(w, "meter", "VDD_IN");
    json_t *energy = json_array_get(json_object_get(first, "energy"), 0);
    assert_close(number(energy, "energy_per_inference_j"), 0.055, 1e-12, 0);
    assert_close(number(energy, "energy_net_per_inference_j"), 0.045, 1e-12, 0);
    assert_close(number(energy, "error_bound"), 0.005, 1e-12, 0); /* the wider one */

    windows = json_object_get(json_array_get(lengths, 1), "windows");
    for (size_t i = 0; i < 2; i++) { /* one held a failure, one has no energy */
        assert_null_at(json_array_get(windows, i), "energy_per_inference_j");
        assert_null_at(json_array_get(windows, i), "energy_net_per_inference_j");
    }
    assert_close(number(json_array_get(windows, 0), "energy_j"), 10, 1e-12, 0);
    assert_null_at(json_array_get(windows, 1), "energy_j");
    assert_null_at(json_array_get(windows, 1), "error_bound");
    assert_int_equal(json_array_size(json_object_get(json_array_get(lengths, 1), "energy")), 0);

    json_t *cloud = json_array_get(lengths, 2);
    json_t *modelled = json_array_get(json_object_get(cloud, "energy"), 0);
    assert_text_at(modelled, "provenance", "modelled");
    assert_close(number(modelled, "energy_per_inference_j"), 0.018, 1e-12, 0);
    assert_null_at(modelled, "error_bound");
    json_t *alone = json_array_get(json_object_get(cloud, "windows"), 1);
    assert_text_at(alone, "kind", "isolated");
    assert_null_at(alone, "energy_per_inference_j");
    assert_close(number(alone, "energy_net_per_inference_j"), 1, 1e-12, 0);

    json_t *idle = json_object_get(document, "idle_windows");
    assert_int_equal(json_array_size(idle), 1);
    assert_close(number(json_array_get(idle, 0), "energy_j"), 2, 1e-12, 0);
    json_t *meters = json_object_get(document, "meters");
    assert_int_equal(json_array_size(meters), 2);
    assert_close(number(json_array_get(meters, 0), "resolution_w"), 1e-3, 1e-12, 0);
    assert_close(number(json_array_get(meters, 0), "update_s"), 0.066, 1e-12, 0);
    assert_null_at(json_array_get(meters, 1), "update_s");
    json_decref(document);
}

/* The line of `text` that holds `words`; freed by the caller. */
static char *line_with(const char *text, const char *words)
{
    const char *at = strstr(text, words);
    if (!at)
        fail_msg("no '%s' in: %s", words, text);
    const char *start = at;
    while (start > text && start[-1] != '\n')
        start--;
    return text_format("%.*s", (int)strcspn(start, "\n"), start);
}

static void assert_line(const char *text, const char *words, const char *expected)
{
    char *line = line_with(text, words);
    assert_string_equal(line, expected);
    free(line);
}

static void tables(void **state)
{
    (void)state;
    char *out = show("");
    assert_line(out, "edge         8",
                "edge         8  20  10.5 ms  26.4 %  10.0 ms  19.0 ms  55.0 mJ  45.0 mJ   0.5 %  "
                "measured     converged, 1 failed, 1 outlier, 2 in flagged rounds           -"
                "        -");
    assert_line(out, "edge        16",
                "edge        16   1  5.00 ms       -  5.00 ms  5.00 ms        -        -       -  "
                "unavailable  -                                                             -"
                "        -");
    assert_line(out, "cloud        8  radio",
                "cloud        8  radio, modelled        1  18.0 mJ  18.0 mJ       -  modelled");
    assert_line(out, "cloud               8  VDD_IN", /* t(1) * 0.7071 / sqrt(2) of 1.5 J */
                "cloud               8  VDD_IN  2      1.50 J  >100 %          100 mJ");
    assert_line(out, "hwmon",
                "VDD_IN           hwmon     board  measured     included  66.0 ms             1"
                "      1.00 W  /sys/a");
    assert_line(out, "edge          8", "edge          8         10500          -");
    assert_line(out, "2 of 20 rounds",
                "2 of 20 rounds flagged: clock frequencies from 600 to 1500 MHz, "
                "throttle events: 1");
    assert_line(out, "from round 9", "from round 9 on the device was another one: {\"cpu\":\"y\"}");
    free(out);
    out = show("--only cloud");
    assert_null(strstr(out, "edge"));
    free(out);
}

static void csv(void **state)
{
    (void)state;
    char *out = show("--csv");
    assert_string_equal(
        out, "target,length,n_samples,n_failed,n_outliers,n_in_flagged_rounds,converged,mean_s,"
             "half_width_s,sd_s,median_s,p95_s,rtt_mean_s,server_mean_s,meter,energy_provenance,"
             "n_windows,energy_per_inference_j,energy_net_per_inference_j,energy_error_bound,"
             "PAPI_TOT_CYC_per_inference,\"sde:::A,B_per_inference\"\n"
             "edge,8,20,1,1,2,true,0.0105,0.00276881056802,0.0059160797831,0.01,0.019,,,VDD_IN,"
             "measured,2,0.055,0.045,0.005,10500,\n"
             "edge,16,1,0,0,0,,0.005,,,0.005,0.005,,,VDD_IN,unavailable,0,,,,,\n"
             "cloud,8,1,0,0,0,false,0.009,,,0.009,0.009,0.004,0.003,VDD_IN,unavailable,0,,,,,\n");
    free(out);
}

static void what_cannot_be_shown(void **state)
{
    (void)state;
    static const struct {
        const char *options, *says;
    } rows[] = {
        {"--only moon", "no target 'moon'"},
        {"--length 9", "nothing was measured of length 9"},
        {"--csv --json", "at a time"},
        {"--csv --histogram", "at a time"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *out, *err,
            *command =
                text_format("%s/bin/rnnprof show --db %s %s", test_build(), db, rows[i].options);
        assert_int_equal(test_shell(command, &out, &err), 2);
        assert_string_equal(out, "");
        if (!strstr(err, rows[i].says))
            fail_msg("%s says: %s", command, err);
        free(out);
        free(err);
        free(command);
    }
}

/* ---- histograms */

/* The text of a histogram; freed by the caller. */
static char *histogram(const double *times_s, size_t n, int width, bool blocks)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    show_histogram(times_s, n, width, blocks, out);
    fclose(out);
    return text;
}

/* The most columns of a line; bytes that go on a character do not count. */
static int widest(const char *text)
{
    int most = 0, now = 0;
    for (; *text; text++) {
        now = *text == '\n' ? 0 : now + (((unsigned char)*text & 0xc0) != 0x80);
        most = now > most ? now : most;
    }
    return most;
}

static void bars(void **state)
{
    (void)state;
    /* quartiles 2 and 4 ms: fences at -4 and 10 ms; 8 values: bins of 2*2/2 = 2 ms from 1 to 10 */
    static const double times_s[] = {1e-3, 2e-3, 3e-3, 3.5e-3, 3.6e-3, 4e-3, 9e-3, 50e-3};
    char *text = histogram(times_s, 8, 40, false);
    assert_string_equal(text, "       1.0 ms |######## 2\n"
                              "       2.8 ms |################ 4\n"
                              "       4.6 ms | 0\n"
                              "       6.4 ms | 0\n"
                              "       8.2 ms |#### 1\n"
                              "    > 10.0 ms | 1\n");
    free(text);
    static const double equal[] = {0.25, 0.25, 0.25};
    text = histogram(equal, 3, 40, true);
    assert_string_equal(text, "   250.000 ms |████████████████ 3\n");
    free(text);
}

static void bars_fit(void **state)
{
    (void)state;
    enum { N = 5000 };
    double *times_s = malloc(N * sizeof *times_s);
    for (int i = 0; i < N; i++) /* ascending, most of them near the lower end */
        times_s[i] = 1e-3 * (1 + pow((double)i / N, 6));
    for (int width = 24; width < 200; width += 12) {
        for (int blocks = 0; blocks < 2; blocks++) {
            char *text = histogram(times_s, N, width, blocks);
            if (widest(text) > (width < 28 ? 28 : width))
                fail_msg("%d columns in %d: %s", widest(text), width, text);
            assert_true(widest(text) >= width - 10); /* it uses what there is */
            free(text);
        }
    }
    free(times_s);
}

/* On a terminal of 60 columns, in both kinds of locale. */
static void on_a_narrow_terminal(void **state)
{
    (void)state;
    static const char *const locales[] = {"C", "C.UTF-8"};
    for (int i = 0; i < 2; i++) {
        int master;
        FILE *terminal = test_terminal(60, &master);
        if (!terminal) {
            print_message("[  SKIPPED ] no pseudo-terminal here\n");
            skip();
        }
        struct store *store;
        struct summary summary = {0};
        const struct summary_filter filter = {.target = "edge", .length = 8};
        ok(store_open(db, STORE_READ, &store, NULL));
        ok(summary_read(store, NULL, &filter, &summary, NULL));
        setenv("LC_ALL", locales[i], 1);
        show_histograms(&summary, terminal);
        summary_free(&summary);
        store_close(store);
        char *text = test_terminal_close(terminal, master);
        assert_non_null(strstr(text, "edge, length 8: 20 samples, median 10.0 ms"));
        assert_int_equal(strstr(text, "█") != NULL, i == 1);
        assert_int_equal(strchr(text, '#') != NULL, i == 0);
        assert_true(widest(text) <= 61 && widest(text) > 48); /* a terminal's lines end in \r\n */
        free(text);
    }
    unsetenv("LC_ALL");
}

/* ---- keys */

static void keys_keep_their_numbers(void **state)
{
    (void)state;
    struct key_index index = {0};
    enum { N = 100000 };
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < N; i++) {
            size_t place;
            /* neighbours, and such as differ in the upper half alone */
            uint64_t key = i % 2 ? i : (uint64_t)i << 32;
            ok(key_index_find(&index, key, &place, NULL));
            assert_int_equal(place, i);
        }
        assert_int_equal(index.n, N);
    }
    key_index_free(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_in_json),
        cmocka_unit_test(energy_in_json),
        cmocka_unit_test(tables),
        cmocka_unit_test(csv),
        cmocka_unit_test(what_cannot_be_shown),
        cmocka_unit_test(bars),
        cmocka_unit_test(bars_fit),
        cmocka_unit_test(on_a_narrow_terminal),
        cmocka_unit_test(keys_keep_their_numbers),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
