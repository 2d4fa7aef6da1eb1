// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/memory.h"
#include "fitter/break_even.h"
#include "fitter/campaign_fit.h"
#include "fitter/choose.h"
#include "fitter/fit.h"
#include "fitter/interval.h"
#include "fitter/line.h"
#include "fitter/test/observed.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NIST StRD, Norris (linear regression, lower difficulty): certified values. */
static const double norris[][2] = {
    {0.1, 0.2},     {338.8, 337.4}, {118.1, 118.2}, {888.0, 884.6}, {9.2, 10.1},    {228.1, 226.5},
    {668.5, 666.3}, {998.5, 996.3}, {449.1, 448.6}, {778.9, 777.0}, {559.2, 558.2}, {0.3, 0.4},
    {0.1, 0.6},     {778.1, 775.5}, {668.8, 666.9}, {339.3, 338.0}, {448.9, 447.5}, {10.8, 11.6},
    {557.7, 556.0}, {228.3, 228.1}, {998.0, 995.8}, {888.8, 887.6}, {119.6, 120.2}, {0.3, 0.3},
    {0.6, 0.3},     {557.6, 556.8}, {339.3, 339.1}, {888.0, 887.2}, {998.5, 999.0}, {778.9, 779.0},
    {10.2, 11.1},   {117.6, 118.3}, {228.9, 229.2}, {668.4, 669.1}, {449.2, 448.9}, {0.2, 0.5},
};
/* The certified x is the second figure of the file's rows, y the first: y = B0 + B1 x. */

static void a_line_through_norris(void **state)
{
    (void)state;
    enum { N = sizeof norris / sizeof *norris };
    double x[N], y[N], intercept, slope;
    for (int i = 0; i < N; i++) {
        y[i] = norris[i][0];
        x[i] = norris[i][1];
    }
    assert_int_equal(line_fit(x, y, N, &intercept, &slope, NULL), STATUS_OK);
    assert_close(intercept, -0.262323073774029, 1e-9, 0);
    assert_close(slope, 1.00211681802045, 1e-9, 0);
}

static struct series series_of(struct series_length *lengths, size_t n)
{
    struct series series = {.lengths = lengths, .n_lengths = n};
    for (size_t i = 0; i < n; i++)
        series.n_samples += lengths[i].n;
    return series;
}

/* The same data as lengths (x times ten are whole numbers) with the fit's own errors. */
static void a_fit_to_norris_by_lengths(void **state)
{
    (void)state;
    enum { N = sizeof norris / sizeof *norris };
    struct series_length lengths[N];
    for (int i = 0; i < N; i++)
        lengths[i] =
            (struct series_length){(uint32_t)lround(norris[i][1] * 10), 1, norris[i][0], 0, 1};
    struct series series = series_of(lengths, N);
    struct fit fit;
    assert_int_equal(fit_series(&series, FORM_LINEAR, &fit, NULL), STATUS_OK);
    assert_close(fit.coefficients[0], -0.262323073774029, 1e-9, 0);
    assert_close(fit.coefficients[1] * 10, 1.00211681802045, 1e-9, 0);
    assert_close(sqrt(fit.classical[0]), 0.232818234301152, 1e-9, 0);
    assert_close(sqrt(fit.classical[3]) * 10, 0.429796848199937e-3, 1e-9, 0);
    assert_close(fit.residual_sd, 0.884796396144373, 1e-9, 0);
    assert_close(fit.r2, 0.999993745883712, 1e-9, 0);
    fit_free(&fit);
}

static void flat_data_choose_the_constant(void **state)
{
    (void)state;
    struct series_length lengths[] = {
        {10, 50, 5.001, 0.5, 1}, {20, 50, 4.999, 0.5, 1}, {30, 50, 5.0005, 0.5, 1}};
    struct series series = series_of(lengths, 3);
    const struct choice choice = {.automatic = true, .max_knots = 4, .tolerance = 0.005};
    struct choice_note note;
    struct fit fit;
    assert_int_equal(choose_fit(&series, &choice, &fit, &note, NULL), STATUS_OK);
    assert_int_equal(fit.form, FORM_CONSTANT);
    lengths[2].mean = 5.2;
    fit_free(&fit);
    assert_int_equal(choose_fit(&series, &choice, &fit, &note, NULL), STATUS_OK);
    assert_int_equal(fit.form, FORM_LINEAR);
    fit_free(&fit);
}

/* With every length once in every round the jackknife is the variance of the rounds' own lines. */
static void the_jackknife_of_balanced_rounds(void **state)
{
    (void)state;
    enum { ROUNDS = 7, LENGTHS = 4 };
    struct observation observations[ROUNDS * LENGTHS];
    double intercepts[ROUNDS], slopes[ROUNDS];
    struct running a = {0}, b = {0};
    for (int r = 0; r < ROUNDS; r++) {
        double x[LENGTHS], y[LENGTHS];
        for (int i = 0; i < LENGTHS; i++) {
            x[i] = 10 * (i + 1);
            y[i] = 3 + 0.1 * r + (2 - 0.01 * r * r) * x[i] + 0.2 * ((r * 5 + i * 3) % 7);
            observations[r * LENGTHS + i] = observed((uint32_t)x[i], r, y[i]);
        }
        line_fit(x, y, LENGTHS, &intercepts[r], &slopes[r], NULL);
        running_add(&a, intercepts[r] * 1e-3);
        running_add(&b, slopes[r] * 1e-3);
    }
    struct dataset_target target = {
        .name = (char *)"edge", .observations = observations, .n = ROUNDS * LENGTHS};
    struct dataset dataset = {.campaign = (char *)"x", .targets = &target, .n_targets = 1};
    struct fit_options options = {.form = FORM_LINEAR, .equal_weights = true};
    struct model_set set;
    struct error error = {0};
    if (campaign_fit(&dataset, &options, &set, &error))
        fail_msg("%s", error.text);
    assert_int_equal(set.n_rounds, ROUNDS);
    assert_close(set.models[0].dof, ROUNDS - 1, 0, 0);
    assert_close(set.models[0].coefficients[0], a.mean, 1e-9, 0);
    assert_close(set.covariance[0], running_sd(&a) * running_sd(&a) / ROUNDS, 1e-6, 0);
    assert_close(set.covariance[3], running_sd(&b) * running_sd(&b) / ROUNDS, 1e-6, 0);
    model_set_free(&set);
}

/* Two lines without noise cross where the closed form says, for every verdict. */
static void verdicts(void **state)
{
    (void)state;
    static const struct {
        double edge[2], cloud[2], rtt_ms;
        enum verdict verdict;
        double length;
        bool cloud_above;
    } cases[] = {
        {{3, 2}, {203, 0.5}, 0, VERDICT_CROSSING, 400.0 / 3, true},
        {{3, 2}, {3, 0.5}, 60, VERDICT_CROSSING, 40, true},
        {{203, 0.5}, {3, 2}, 0, VERDICT_CROSSING, 400.0 / 3, false},
        {{3, 2}, {203, 3}, 0, VERDICT_ALWAYS_EDGE, 0, false},
        {{203, 3}, {3, 2}, 10, VERDICT_ALWAYS_CLOUD, 0, true},
        {{3, 2}, {1003, 0.5}, 0, VERDICT_NONE_IN_RANGE, 0, true},
        {{5, 1}, {5, 1}, 0, VERDICT_ALWAYS_EDGE, 0, false},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct observation observations[2][40];
        for (uint32_t i = 0; i < 40; i++) {
            uint32_t n = 5 * (i + 1);
            observations[0][i] = observed(n, -1, cases[c].edge[0] + cases[c].edge[1] * n);
            observations[1][i] = observed(n, -1, cases[c].cloud[0] + cases[c].cloud[1] * n);
        }
        struct dataset_target targets[] = {
            {.name = (char *)"edge", .observations = observations[0], .n = 40},
            {.name = (char *)"cloud", .remote = true, .observations = observations[1], .n = 40}};
        struct dataset dataset = {.campaign = (char *)"x", .targets = targets, .n_targets = 2};
        struct fit_options options = {.automatic = true};
        struct model_set set;
        struct break_even found;
        const struct cost_link link = {cases[c].rtt_ms * 1e-3, 0, 0};
        assert_int_equal(campaign_fit(&dataset, &options, &set, NULL), STATUS_OK);
        assert_int_equal(break_even_time(&set, "edge", "cloud", &link, &found, NULL), STATUS_OK);
        assert_int_equal(found.verdict, cases[c].verdict);
        assert_int_equal(found.cloud_above, cases[c].cloud_above);
        if (found.verdict == VERDICT_CROSSING)
            assert_close(found.length, cases[c].length, 1e-6, 0);
        model_set_free(&set);
    }
}

static char *csv(const char *folder, const char *text)
{
    return test_write(folder, "times.csv", text);
}

static void bad_input_is_one_clear_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
        int exit;
    } cases[] = {
        {"length,time_s\n1,nan\n", "times.csv:2: time_s: 'nan' is not a number", 1},
        {"length,time_s\n1,0.1\n2,-1\n", "times.csv:3: time_s: must", 1},
        {"length,time_s\n1,0\n", "times.csv:2:", 1},
        {"length,time_s\n0,1\n", "times.csv:2: length:", 1},
        {"length,time_s\n1,1e999\n", "times.csv:2:", 1},
        {"length\n1\n", "no column 'time_s'", 1},
        {"length,time_s\n1\n", "times.csv:2: 1 fields where the header has 2", 1},
        {"length,time_s\n", "no samples", 1},
        {"", "no header", 1},
        {"length,time_s\n5,0.1\n", "needs more than 1 samples", 1},
        {"length,time_s\n5,0.1\n5,0.2\n5,0.15\n", "all samples have length 5: nothing tells", 0},
        {"target,length,time_s,rtt_s\nedge,5,0.1,\nedge,6,0.1,\ncloud,5,0.01,0.02\ncloud,6,0.01,0."
         "02\n",
         "cloud: at length 5 requests took 10 ms less than the round trips", 0},
        {"length,time_s\n2147483647,0.1\n1,0.2\n5,0.15\n", "", 0},
        {"length,time_s\n2147483648,0.1\n", "times.csv:2: length", 1},
        {"length,time_s\n5,0.1\n6,0.2\n", "", 0},
        {"time_s\n1\n", "no column 'length'", 1},
        {"length,time_s\n1,-nan\n", "times.csv:2:", 1},
        {"length,time_s\n1,inf\n", "times.csv:2:", 1},
    };
    char *folder = test_scratch("fit");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = csv(folder, cases[i].text), *err, *out;
        char *command = text_format("%s/bin/rnnfit --csv %s", test_build(), path);
        assert_int_equal(test_shell(command, &out, &err), cases[i].exit);
        if (!strstr(err, cases[i].says))
            fail_msg("case %zu: '%s' does not say '%s'", i, err, cases[i].says);
        free(path);
        free(command);
        free(err);
        free(out);
    }
    free(folder);
}

/* Forms that the samples are too few for say how many they need. */
static void forms_say_what_they_need(void **state)
{
    (void)state;
    static const struct {
        const char *text, *options, *says;
        int exit;
    } cases[] = {
        {"5,0.1\n6,0.2\n", "--form linear", "form linear needs more than 2 samples", 1},
        {"5,0.1\n5,0.2\n", "--form linear", "form linear needs 2 lengths, there is 1", 1},
        {"5,0.1\n6,0.2\n7,0.3\n", "--form quadratic", "needs more than 3 samples", 1},
        {"5,0.1\n6,0.2\n6,0.3\n", "--form quadratic", "needs 3 lengths, there are 2", 1},
        {"5,0.1\n6,0.2\n6,0.3\n", "--form step", "form step needs 3 lengths, there are 2", 1},
        {"5,0.1\n6,0.2\n6,0.3\n", "--form piecewise", "form piecewise needs 4 lengths for 1 knot",
         1},
        {"5,0.1\n", "--robust huber --statistic p95", "--robust is of means", 2},
        {"5,0.1\n5,0.2\n", "--statistic p95", "a p95 needs two lengths, there is 1", 1},
        {"5,0.1\n6,0.2\n7,0.3\n", "--statistic p90",
         "fewer than 10 samples: their quantile is little more", 0},
        {"5,0.1\n5,0.2\n6,0.2\n6,0.3\n", "--statistic p50",
         "fewer than 10 samples: the intervals of", 0},
        {"5,0.1\n", "--knots 0", "--knots: at least 1, at most 4", 2},
        {"5,0.1\n", "--knots 5", "--knots: at least 1, at most 4", 2},
        {"1,0.1\n2147483647,0.2\n2147483646,0.3\n7,0.1\n1,0.11\n", "", "", 0},
    };
    char *folder = test_scratch("fit");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = text_format("length,time_s\n%s", cases[i].text), *err, *out;
        char *path = csv(folder, text);
        char *command =
            text_format("%s/bin/rnnfit --csv %s %s", test_build(), path, cases[i].options);
        int status = test_shell(command, &out, &err);
        if (status != cases[i].exit || !strstr(err, cases[i].says))
            fail_msg("case %zu: exit %d, '%s' does not say '%s'", i, status, err, cases[i].says);
        free(path);
        free(text);
        free(command);
        free(err);
        free(out);
    }
    free(folder);
}

/* Samples without a round trip would carry the link into remote_s: they are left out, and counted.
 */
static void missing_round_trips(void **state)
{
    (void)state;
    char *folder = test_scratch("rtt"), *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    fputs("length,time_s,target,rtt_s\n", memory);
    for (int n = 10; n <= 400; n += 10) {
        fprintf(memory, "%d,%.6f,edge,\n", n, 0.003 + 0.002 * n);
        fprintf(memory, "%d,%.6f,cloud,%s\n", n, 0.103 + 0.0005 * n, n % 50 ? "0.1" : "");
    }
    fclose(memory);
    char *path = csv(folder, text), *out, *err;
    char *command = text_format("%s/bin/rnnfit --csv %s --json", test_build(), path);
    assert_int_equal(test_shell(command, &out, &err), 0);
    assert_non_null(strstr(err, "8 samples without a round trip left out"));
    json_t *document = json_loads(out, 0, NULL);
    json_t *model = json_array_get(json_object_get(document, "models"), 1);
    json_t *first = json_array_get(json_object_get(model, "coefficients"), 0);
    assert_int_equal(json_integer_value(json_object_get(model, "n_samples")), 32);
    assert_close(json_number_value(first), 0.003, 1e-6, 0);
    json_decref(document);
    free(command);
    free(path);
    free(text);
    free(out);
    free(err);
    free(folder);
}

/* Whichever samples are held out, the first target of the file stays the device. */
static void held_out_rounds_keep_the_order(void **state)
{
    (void)state;
    char *folder = test_scratch("order"), *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    fputs("length,time_s,target,round\n", memory);
    for (int r = 0; r < 12; r++) {
        for (int n = 10; n <= 100; n += 10) {
            bool swap = r % 2;
            for (int t = 0; t < 2; t++)
                fprintf(memory, "%d,%.6f,%s,%d\n", n, 0.01 * n + 1e-4 * ((r * n + t) % 7),
                        (t == 0) != swap ? "phone" : "server", r);
        }
    }
    fclose(memory);
    char *path = csv(folder, text);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct hold_out hold_out = {.fraction = 0.3, .seed = seed};
        struct dataset dataset;
        struct error error = {0};
        if (dataset_from_csv(path, "edge", &hold_out, &dataset, &error))
            fail_msg("%s", error.text);
        assert_string_equal(dataset.targets[0].name, "phone");
        assert_false(dataset.targets[0].remote);
        assert_true(dataset.targets[1].remote);
        assert_in_range(dataset.targets[0].n, 10, 119);
        dataset_free(&dataset);
    }
    free(path);
    free(text);
    free(folder);
}

static void the_documented_json(void **state)
{
    (void)state;
    static const char *const fields[] = {
        "campaign", "target",       "quantity",  "statistic",  "form",        "segments",
        "knots",    "coefficients", "stderr",    "covariance", "residual_sd", "r2",
        "bic",      "n_samples",    "n_lengths", "outliers",   "provenance"};
    char *folder = test_scratch("json"), *out, *err;
    char *data = NULL;
    size_t size;
    FILE *memory = open_memstream(&data, &size);
    fputs("length,time_s,target\n", memory);
    for (int n = 10; n <= 300; n += 10) {
        fprintf(memory, "%d,%.9f,cloud\n", n, 0.203 + 0.0005 * n + 1e-4 * (n % 3));
        fprintf(memory, "%d,%.9f,edge\n", n, 0.003 + 0.002 * n + 1e-4 * (n % 7));
    }
    fclose(memory);
    char *path = csv(folder, data);
    char *command = text_format("%s/bin/rnnfit --csv %s --json -q", test_build(), path);
    assert_int_equal(test_shell(command, &out, &err), 0);
    json_t *document = json_loads(out, 0, NULL);
    assert_non_null(document);
    assert_string_equal(json_string_value(json_object_get(document, "schema")), "rnnmap.fit/1");
    json_t *models = json_object_get(document, "models");
    assert_int_equal(json_array_size(models), 2);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_non_null(json_object_get(json_array_get(models, 0), fields[i]));
    assert_string_equal(json_string_value(json_object_get(json_array_get(models, 0), "target")),
                        "edge");
    json_t *crossing = json_array_get(json_object_get(document, "break_even"), 0);
    assert_string_equal(json_string_value(json_object_get(crossing, "verdict")), "crossing");
    assert_close(json_number_value(json_object_get(crossing, "length")), 133.3, 0.01, 0);
    assert_int_equal(json_array_size(json_object_get(crossing, "ci95")), 2);
    json_decref(document);
    free(command);
    free(path);
    free(data);
    free(out);
    free(err);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_through_norris),
        cmocka_unit_test(a_fit_to_norris_by_lengths),
        cmocka_unit_test(flat_data_choose_the_constant),
        cmocka_unit_test(the_jackknife_of_balanced_rounds),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(bad_input_is_one_clear_line),
        cmocka_unit_test(forms_say_what_they_need),
        cmocka_unit_test(missing_round_trips),
        cmocka_unit_test(held_out_rounds_keep_the_order),
        cmocka_unit_test(the_documented_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
