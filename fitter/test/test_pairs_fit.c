// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The output's length by the input's: against arithmetic, the committed data sets and simulated
 * pairs whose truth is known; costs in two lengths likewise.
 */
#include "base/test/support.h"

#include "base/memory.h"
#include "fitter/interval.h"
#include "fitter/pairs_fit.h"
#include "fitter/sequence_cost.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void a_line_by_hand(void **state)
{
    (void)state;
    /* x 1 2 2 3, y 2 3 5 6: Sxx 2, Sxy 4; residuals 0 -1 1 0, so only the middle has influence:
     * var(delta) = (1 + 1)/16 * 4/2, var(gamma) = 0 as dx is 0 there */
    struct length_pair pairs[] = {{1, 2}, {2, 3}, {2, 5}, {3, 6}};
    uint64_t counts[] = {1, 1, 1, 1};
    struct pair_histogram h = {pairs, counts, 4, 4};
    struct output_length o;
    assert_int_equal(pairs_fit(&h, "hand", &o, NULL), STATUS_OK);
    assert_close(o.gamma, 2, 1e-14, 0);
    assert_close(o.delta, 0, 0, 1e-14);
    assert_close(o.r2, 0.8, 1e-14, 0);
    assert_close(o.var_delta, 0.25, 1e-12, 0);
    assert_close(o.var_gamma, 0, 0, 1e-14);
    assert_int_equal(o.n_outliers, 0);
    output_length_free(&o);
}

static void what_no_line_goes_through(void **state)
{
    (void)state;
    struct length_pair pairs[] = {{7, 2}, {7, 3}, {7, 4}};
    uint64_t counts[] = {1, 1, 1};
    struct pair_histogram same = {pairs, counts, 3, 3}, few = {pairs, counts, 2, 2};
    struct output_length o;
    struct error error = {0};
    assert_int_equal(pairs_fit(&same, "x", &o, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "all inputs have length 7"));
    error_clear(&error);
    assert_int_equal(pairs_fit(&few, "x", &o, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "three pairs"));
    /* outputs of one length need no input to be told */
    struct length_pair level[] = {{1, 9}, {2, 9}, {8, 9}};
    struct pair_histogram flat = {level, counts, 3, 3};
    assert_int_equal(pairs_fit(&flat, "x", &o, NULL), STATUS_OK);
    assert_close(output_length_mean(&o, 100), 9, 1e-12, 0);
    assert_true(output_length_predicts(&o));
    output_length_free(&o);
}

/* Which of the committed pairs the input's length tells about: by Pearson's r in the table of
 * datasets/README.md all but the questions. */
static void the_committed_pairs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double gamma, delta; /* of the table, over all pairs */
        bool predicts;
    } rows[] = {
        {"multi30k_de_en", 0.834, 2.64, true}, {"multi30k_en_fr", 1.033, 0.68, true},
        {"iwslt14_de_en", 0.989, 1.08, true},  {"wmt24_en_de_segments", 0.962, 1.06, true},
        {"tatoeba_en_fr", 0.933, 0.96, true},  {"squad_sentence_question", 0.017, 10.97, false},
        {"cmudict_g2p", 0.832, 0.12, true},    {"turk_simplification", 0.950, 0.70, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *path = text_format("datasets/%s.csv", rows[i].name);
        struct output_length o;
        struct pair_histogram h;
        assert_int_equal(pairs_fit_file(path, &o, NULL), STATUS_OK);
        assert_close(o.gamma_all, rows[i].gamma, 0, 6e-4);
        assert_close(o.delta_all, rows[i].delta, 0, 6e-3);
        assert_int_equal(output_length_predicts(&o), rows[i].predicts);
        assert_true(o.n_outliers < o.n_pairs / 100);
        /* the interval holds for the pairs it was made from, as whole lengths allow */
        assert_int_equal(pair_histogram_read(path, &h, NULL), STATUS_OK);
        double inside = 0;
        for (size_t k = 0; k < h.n; k++) {
            double low, high;
            output_length_interval(&o, h.pairs[k].n_in, &low, &high);
            inside += h.pairs[k].n_out >= low && h.pairs[k].n_out <= high ? (double)h.counts[k] : 0;
        }
        printf("  %-24s %.2f %% inside, width %.0f %%\n", rows[i].name,
               100 * inside / (double)h.total, 100 * o.width_share);
        assert_close(inside / (double)h.total, 0.95, 0, 0.01);
        pair_histogram_free(&h);
        output_length_free(&o);
        free(path);
    }
}

enum { N = 400 };

/* M = 0.8 n + 4 with a spread of 6 % of M. */
static struct pair_histogram simulate(struct random *random, struct length_pair *pairs,
                                      uint64_t *counts)
{
    for (size_t i = 0; i < N; i++) {
        uint32_t n = 10 + (uint32_t)random_below(random, 1000);
        double mean = 0.8 * n + 4;
        pairs[i] = (struct length_pair){
            n, (uint32_t)lround(fmax(mean * (1 + 0.06 * random_normal(random)), 1))};
        counts[i] = 1;
    }
    return (struct pair_histogram){pairs, counts, N, N};
}

static void intervals_cover(void **state)
{
    (void)state;
    struct random random = {7};
    int runs = test_long() ? 2000 : 500, gamma = 0, delta = 0;
    double next = 0;
    for (int run = 0; run < runs; run++) {
        struct length_pair pairs[N], other[N];
        uint64_t counts[N];
        struct pair_histogram h = simulate(&random, pairs, counts);
        struct output_length o;
        assert_int_equal(pairs_fit(&h, "simulated", &o, NULL), STATUS_OK);
        double t = interval_t((double)(o.n_pairs - o.n_outliers) - 2);
        gamma += fabs(o.gamma - 0.8) <= t * sqrt(o.var_gamma);
        delta += fabs(o.delta - 4) <= t * sqrt(o.var_delta);
        simulate(&random, other, counts); /* pairs that the fit has not seen */
        for (size_t i = 0; i < N; i++) {
            double low, high;
            output_length_interval(&o, other[i].n_in, &low, &high);
            next += other[i].n_out >= low && other[i].n_out <= high;
        }
        output_length_free(&o);
    }
    printf("seed 7, %d runs: gamma %.1f %%, delta %.1f %%, new pairs %.2f %%\n", runs,
           100.0 * gamma / runs, 100.0 * delta / runs, 100 * next / runs / N);
    double margin = test_long() ? 0.02 : 0.03;
    assert_close((double)gamma / runs, 0.95, 0, margin);
    assert_close((double)delta / runs, 0.95, 0, margin);
    assert_close(next / runs / N, 0.95, 0, 0.01);
}

/* One in forty output belongs to another input: the line stands, the count says so. */
static void strangers_are_left_out(void **state)
{
    (void)state;
    struct random random = {11};
    struct length_pair pairs[N];
    uint64_t counts[N];
    struct pair_histogram h = simulate(&random, pairs, counts);
    for (size_t i = 0; i < N; i += 40)
        pairs[i] = (struct length_pair){900, 20};
    struct output_length o;
    assert_int_equal(pairs_fit(&h, "simulated", &o, NULL), STATUS_OK);
    assert_int_equal(o.n_outliers, N / 40);
    assert_close(o.gamma, 0.8, 0, 4 * sqrt(o.var_gamma));
    assert_true(fabs(o.gamma_all - 0.8) > 0.02);
    output_length_free(&o);
}

/* T = 2 + 0.01 n + 0.05 m ms: the line in n that it becomes, and how often its intervals hold. */
static void costs_in_two_lengths(void **state)
{
    (void)state;
    struct random random = {13};
    int runs = test_long() ? 2000 : 500, slope = 0, intercept = 0;
    for (int run = 0; run < runs; run++) {
        struct length_pair pairs[N];
        uint64_t counts[N];
        struct sequence_sample samples[60];
        struct pair_histogram h = simulate(&random, pairs, counts);
        struct output_length o;
        struct sequence_cost cost;
        assert_int_equal(pairs_fit(&h, "simulated", &o, NULL), STATUS_OK);
        for (size_t i = 0; i < 60; i++) {
            uint32_t n = 10 + (uint32_t)random_below(&random, 1000);
            uint32_t m = 10 + (uint32_t)random_below(&random, 800);
            samples[i] = (struct sequence_sample){
                n, m, 2e-3 + 1e-5 * n + 5e-5 * m + 2e-4 * random_normal(&random)};
        }
        assert_int_equal(sequence_cost_fit(samples, 60, &cost, NULL), STATUS_OK);
        struct sequence_line line = sequence_cost_expected(&cost, &o);
        double t = interval_t(cost.dof);
        slope += fabs(line.slope - 5e-5) <= t * sqrt(line.var_slope);
        intercept += fabs(line.intercept - 2.2e-3) <= t * sqrt(line.var_intercept);
        assert_close(line.intercept + 300 * line.slope,
                     sequence_cost_value(&cost, 300, output_length_mean(&o, 300)), 1e-12, 0);
        double low, high;
        sequence_cost_range(&cost, &o, 300, &low, &high);
        assert_true(low < line.intercept + 300 * line.slope);
        assert_true(high > line.intercept + 300 * line.slope);
        output_length_free(&o);
    }
    printf("seed 13, %d runs: slope %.1f %%, intercept %.1f %%\n", runs, 100.0 * slope / runs,
           100.0 * intercept / runs);
    double margin = test_long() ? 0.02 : 0.03;
    assert_close((double)slope / runs, 0.95, 0, margin);
    assert_close((double)intercept / runs, 0.95, 0, margin);
}

static void lengths_that_go_together(void **state)
{
    (void)state;
    struct sequence_sample samples[10];
    struct sequence_cost cost;
    struct error error = {0};
    for (uint32_t i = 0; i < 10; i++)
        samples[i] = (struct sequence_sample){10 + i, 25 + 2 * i, 1 + 0.1 * i * i};
    assert_int_equal(sequence_cost_fit(samples, 10, &cost, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "always go together"));
    error_clear(&error);
    assert_int_equal(sequence_cost_fit(samples, 3, &cost, &error), STATUS_INVALID);
}

static int rnnfit(const char *arguments, char **out, char **err)
{
    char *command = text_format("%s/bin/rnnfit %s", test_build(), arguments);
    int exit = test_shell(command, out, err);
    free(command);
    return exit;
}

/* Stored beside a campaign's models and read back to the bit; alone it needs no samples. */
static void the_command(void **state)
{
    (void)state;
    char *folder = test_scratch("pairs_fit"), *out, *err;
    char *db = text_format("%s/x.db", folder);
    char *csv = test_write(folder, "times.csv", "length,time_s\n1,0.1\n2,0.2\n3,0.31\n4,0.39\n");
    char *import =
        text_format("%s/bin/rnnprof import %s --db %s --campaign lab", test_build(), csv, db);
    assert_int_equal(test_shell(import, NULL, NULL), 0);
    char *fit = text_format("--db %s --pairs datasets/squad_sentence_question.csv --json -q", db);
    assert_int_equal(rnnfit(fit, &out, &err), 0);
    json_t *document = json_loads(out, 0, NULL);
    json_t *found = json_object_get(document, "output_length");
    assert_true(json_is_false(json_object_get(found, "predicts")));
    assert_int_equal(json_array_size(json_object_get(document, "models")), 1);
    struct store *store;
    struct campaign campaign;
    struct output_length o;
    assert_int_equal(store_open(db, STORE_READ, &store, NULL), STATUS_OK);
    assert_int_equal(store_campaign_find(store, "lab", &campaign, NULL), STATUS_OK);
    assert_int_equal(store_output_length_get(store, campaign.id, &o, NULL), STATUS_OK);
    assert_true(json_real_value(json_object_get(found, "gamma")) == o.gamma);
    assert_int_equal(json_integer_value(json_object_get(found, "n_pairs")), o.n_pairs);
    assert_string_equal(o.source, "datasets/squad_sentence_question.csv");
    assert_int_equal(o.n_max, 263);
    struct error error = {0};
    struct output_length none;
    assert_int_equal(store_output_length_get(store, campaign.id + 1, &none, &error),
                     STATUS_NOT_FOUND);
    output_length_free(&o);
    campaign_free(&campaign);
    store_close(store);
    json_decref(document);
    free(out);
    free(err);
    assert_int_equal(rnnfit("--pairs datasets/squad_sentence_question.csv", &out, &err), 0);
    assert_non_null(strstr(out, "WARNING: the input's length does not predict"));
    free(out);
    free(err);
    assert_int_equal(rnnfit("--pairs datasets/iwslt14_de_en.csv", &out, &err), 0);
    assert_null(strstr(out, "WARNING"));
    free(out);
    free(err);
    assert_int_equal(rnnfit("--pairs datasets/imdb.csv", &out, &err), 1);
    assert_non_null(strstr(err, "datasets/imdb.csv: a histogram of single lengths"));
    free(out);
    free(err);
    free(fit);
    free(import);
    free(csv);
    free(db);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_by_hand),           cmocka_unit_test(what_no_line_goes_through),
        cmocka_unit_test(the_committed_pairs),      cmocka_unit_test(intervals_cover),
        cmocka_unit_test(strangers_are_left_out),   cmocka_unit_test(costs_in_two_lengths),
        cmocka_unit_test(lengths_that_go_together), cmocka_unit_test(the_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
