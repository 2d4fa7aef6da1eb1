// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnlink --fit: what it measures against sums by hand, what it prints and leaves, how it fails. */
#include "base/memory.h"
#include "base/random.h"
#include "base/test/support.h"
#include "testbed/linkfit_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *folder, *trace_path;

/* ---- measuring */

static void autocorrelation_by_hand(void **state)
{
    (void)state;
    /* deviations -1 1 -1 1: sum of squares 4, lag 1: -3, lag 2: 2 */
    const double zigzag[] = {1, 3, 1, 3}, flat[] = {5, 5, 5, 5};
    assert_close(autocorrelation(zigzag, 4, 0), 1, 1e-15, 0);
    assert_close(autocorrelation(zigzag, 4, 1), -0.75, 1e-15, 0);
    assert_close(autocorrelation(zigzag, 4, 2), 0.5, 1e-15, 0);
    assert_true(isnan(autocorrelation(zigzag, 4, 3)));
    assert_close(autocorrelation(flat, 4, 1), 0, 0, 0);
}

/* A trace of 100 rows: 10 ms for 60 of them in a row, 30 ms for the rest; up has too few values. */
static char *two_levels(void)
{
    char text[8000] = "t_s,rtt_ms,up_mbps\n";
    size_t used = strlen(text);
    for (int i = 0; i < 100; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%d,%d,%s\n", i, i < 60 ? 10 : 30,
                                 i < 19 ? "5" : "");
    return test_write(folder, "two levels.csv", text);
}

static void two_levels_are_measured(void **state)
{
    (void)state;
    struct link_trace trace;
    struct link_model model;
    struct goodness goodness[N_LINK_COLUMNS];
    struct error error = {0};
    if (link_trace_read(trace_path, &trace, &error) || link_model_fit(&trace, &model, &error) ||
        goodness_measure(&trace, &model, goodness, &error))
        fail_msg("%s", error.text);
    const struct goodness *g = &goodness[COLUMN_RTT];
    assert_true(g->fitted);
    assert_false(goodness[COLUMN_UP].fitted);
    assert_int_equal(goodness[COLUMN_UP].n_values, 19);
    assert_int_equal(goodness[COLUMN_DOWN].n_values, 0);
    for (int side = 0; side < N_SIDES; side++) {
        assert_close(g->means[side], 0.018, 1e-12, 0);
        for (int i = 0; i < GOODNESS_SHARES; i++)
            assert_close(g->quantiles[side][i], goodness_shares[i] < 0.6 ? 0.010 : 0.030, 1e-12, 0);
    }
    /* the chain leaves 10 ms once in 60 and 30 ms once in 40: eigenvalue 1 - 1/60 - 1/40 */
    for (int i = 0; i < GOODNESS_LAGS; i++)
        assert_close(g->autocorrelations[SIDE_MODEL][i],
                     pow(1 - 1.0 / 60 - 1.0 / 40, goodness_lags[i]), 1e-9, 0);
    /* over k steps, of 60 values 8 below the mean and 40 values 12 above: k pairs of opposite sides
     */
    for (int i = 0; i < 5; i++) {
        double k = goodness_lags[i];
        assert_close(g->autocorrelations[SIDE_TRACE][i],
                     ((60 - k) * 64 + (40 - k) * 144 - k * 96) / (60 * 64 + 40 * 144), 1e-9, 0);
    }
    assert_true(isnan(g->autocorrelations[SIDE_TRACE][5])); /* 100 steps of 100 */
    link_model_free(&model);
    link_trace_free(&trace);
}

/* ---- the command */

/* Runs rnnlink with these options; its status, and its outputs to be freed. */
static int rnnlink(const char *options, char **out, char **err)
{
    char *command = text_format("%s/bin/rnnlink %s", test_build(), options);
    int status = test_shell(command, out, err);
    free(command);
    return status;
}

static void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' should hold '%s'", text, part);
}

static void prints_and_writes(void **state)
{
    (void)state;
    char *out, *err;
    char *options = text_format("--fit '%s' -o '%s/m.link' --name two --source 'made up' "
                                "--licence 'none, needed'",
                                trace_path, folder);
    assert_int_equal(rnnlink(options, &out, &err), 0);
    assert_string_equal(err, "");
    assert_holds(out, "link model two: 100 rows in 100 s, 1 s apart\n");
    assert_holds(out, "rtt: 100 values, steps of 1 s, 2 bins; ms:\n");
    assert_holds(out, "  model   10  10   10   10   30   30   30   30    18\n");
    assert_holds(out, "  model  0.96  0.92  0.81  0.65  0.28  0.01\n");
    assert_holds(out, "up: left out: 19 values, fewer than 20\n");
    free(out);
    free(options);
    struct link_model model;
    struct error error = {0};
    char *path = text_format("%s/m.link", folder);
    if (link_model_read(path, &model, &error))
        fail_msg("%s", error.text);
    assert_string_equal(model.name, "two");
    assert_string_equal(model.source, "made up");
    assert_string_equal(model.licence, "none, needed");
    assert_int_equal(model.chains[COLUMN_RTT].transitions[0][0], 59);
    assert_int_equal(model.chains[COLUMN_UP].n_bins, 0);
    link_model_free(&model);

    /* the model on standard output, the table beside it; the name of the file */
    options = text_format("--fit '%s' -o -", trace_path);
    char *table;
    free(err);
    assert_int_equal(rnnlink(options, &out, &table), 0);
    assert_holds(out, "name = two levels\n");
    assert_holds(out, "bin = 10 10 10 10 10\nnext = 59 1\nbin = 30 30 30 30 30\nnext = 1 39\n");
    assert_holds(table, "link model two levels");
    free(options);
    free(out);
    free(table);
    free(path);
}

static void json_is_one_document(void **state)
{
    (void)state;
    char *out, *err, *options = text_format("--fit '%s' --json --licence CC0", trace_path);
    assert_int_equal(rnnlink(options, &out, &err), 0);
    assert_string_equal(err, "");
    assert_string_equal(strchr(out, '\n'), "\n");
    assert_holds(out, "{\"schema\":\"rnnmap.linkfit/1\",\"name\":\"two levels\",\"source\":null,"
                      "\"licence\":\"CC0\",\"rows\":100,\"row_s\":1,\"duration_s\":100,");
    assert_holds(out, "{\"column\":\"rtt\",\"unit\":\"s\",\"values\":100,\"fitted\":true,");
    assert_holds(out, "{\"p\":0.05,\"trace\":0.01,\"model\":0.01}");
    assert_holds(out, "\"mean\":{\"trace\":0.018,\"model\":0.018}");
    assert_holds(out, "{\"steps\":100,\"trace\":null,\"model\":");
    assert_holds(out, "{\"column\":\"up\",\"unit\":\"bit/s\",\"values\":19,\"fitted\":false}]}\n");
    int depth = 0;
    for (const char *c = out; *c; c++)
        depth += (*c == '{' || *c == '[') - (*c == '}' || *c == ']');
    assert_int_equal(depth, 0);
    free(out);
    free(err);
    free(options);
}

static void draws_both(void **state)
{
    (void)state;
    static const char *const names[] = {"link_model.png", "link_model.svg", "link_model.gnuplot"};
    char *out, *err;
    if (test_shell("command -v gnuplot", NULL, NULL) != 0) {
        print_message("[  SKIPPED ] plot: gnuplot is not here; scripts/setup brings it\n");
        skip();
    }
    char *options =
        text_format("--fit '%s' --plot '%s/new/plots' --name \"it's\"", trace_path, folder);
    if (rnnlink(options, &out, &err) != 0)
        fail_msg("%s", err);
    for (int i = 0; i < 3; i++) {
        char *path = text_format("%s/new/plots/%s", folder, names[i]);
        assert_int_equal(access(path, R_OK), 0);
        free(path);
    }
    free(options);
    free(out);
    free(err);
}

static void fails_clearly(void **state)
{
    (void)state;
    char *bad = test_write(folder, "bad.csv", "t_s,rtt_ms\n0,1\n1,x\n");
    char *few = test_write(folder, "few.csv", "t_s,rtt_ms\n0,1\n1,2\n");
    const struct {
        int status;
        char *options; /* freed */
        const char *message;
    } rows[] = {
        {1, text_format("--fit '%s' -o '%s/no.link'", bad, folder), "bad.csv:3: rtt_ms: 'x'"},
        {1, text_format("--fit '%s' -o '%s/no.link'", few, folder), "few.csv: no column has 20"},
        {1, text_format("--fit /no/such -o '%s/no.link'", folder), "/no/such"},
        {1, text_format("--fit '%s' -o /no/such/m.link", trace_path), "/no/such/m.link"},
        {2, text_format("--fit '%s' -o '%s/no.link' --name a,b", trace_path, folder), "the name"},
        {2, text_format("--fit '%s' -o '%s/no.link' --source ''", trace_path, folder),
         "the source"},
        {2, text_format("--fit '%s' -o - --json", trace_path), "both want"},
        {2, text_format("--fit '%s' --listen 127.0.0.1:0", trace_path), "--fit plays nothing"},
        {2, text_format("--fit '%s' --trace x.csv", trace_path), "--fit plays nothing"},
        {2, text_format("--fit '%s' --rtt 20", trace_path), "--fit plays nothing"},
        {2, text_format("--fit '%s' --once", trace_path), "--fit plays nothing"},
        {2, text_format("--fit '%s' --seed 7", trace_path), "--fit plays nothing"},
        {2, text_format("-o '%s/no.link' --listen 127.0.0.1:0 --to 127.0.0.1:9 --rtt 1", folder),
         "for --fit"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *out, *err;
        int status = rnnlink(rows[i].options, &out, &err);
        if (status != rows[i].status || out[0] || !strstr(err, rows[i].message) ||
            strchr(err, '\n') != err + strlen(err) - 1)
            fail_msg("rnnlink %s: %d, '%s', '%s'", rows[i].options, status, out, err);
        free(out);
        free(err);
        free(rows[i].options);
    }
    char *none = text_format("ls '%s' | grep '^no[.]link'", folder);
    assert_int_equal(test_shell(none, NULL, NULL), 1); /* nothing was left, not even a part */
    free(none);
    free(bad);
    free(few);
}

static int make_folder(void **state)
{
    (void)state;
    folder = test_scratch("linkfit");
    trace_path = two_levels();
    return folder && trace_path ? 0 : -1;
}

static int free_folder(void **state)
{
    (void)state;
    free(trace_path);
    free(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(autocorrelation_by_hand),
        cmocka_unit_test(two_levels_are_measured),
        cmocka_unit_test(prints_and_writes),
        cmocka_unit_test(json_is_one_document),
        cmocka_unit_test(draws_both),
        cmocka_unit_test(fails_clearly),
    };
    return cmocka_run_group_tests(tests, make_folder, free_folder);
}
