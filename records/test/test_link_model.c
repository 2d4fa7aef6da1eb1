// SPDX-License-Identifier: GPL-3.0-or-later
/* Link models: chains against closed forms and naive counts, files there and back, hostile files,
 * players of them. */
#include "records/link_model.h"
#include "records/link_source.h"
#include "records/test/fixture.h"

#include "base/clock.h"
#include "base/order.h"

#include <math.h>

static char *folder;

static struct random seeded(void)
{
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    return random;
}

/* ---- closed forms */

/* Two states of which one is twice as frequent: P = [.8 .2; .4 .6], whose second eigenvalue is .4.
 */
static const struct link_chain two_states = {
    .n_bins = 2,
    .step_s = 0.5,
    .quantiles = {{1, 1.25, 1.5, 1.75, 2}, {10, 11, 12, 13, 14}}, /* uniform in 1..2 and 10..14 */
    .transitions = {{8, 2}, {2, 3}},
    .n_values = 15};

static void two_states_by_hand(void **state)
{
    (void)state;
    const struct link_chain *chain = &two_states;
    double shares[2];
    link_chain_shares(chain, shares);
    assert_close(shares[0], 2.0 / 3, 1e-15, 0);
    assert_close(shares[1], 1.0 / 3, 1e-15, 0);
    static const double quantiles[][2] = {{0, 1},       {1.0 / 3, 1.5}, {0.5, 1.75},
                                          {2.0 / 3, 2}, {0.75, 11},     {5.0 / 6, 12},
                                          {1, 14},      {-1, 1},        {2, 14}};
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        assert_close(link_chain_quantile(chain, quantiles[i][0]), quantiles[i][1], 1e-12, 0);
    assert_close(link_chain_mean(chain), (2 * 1.5 + 12) / 3, 1e-15, 0);
    double between = 2.0 / 9 * 10.5 * 10.5, within = (2 * 1.0 / 12 + 16.0 / 12) / 3;
    assert_close(link_chain_autocorrelation(chain, 0), 1, 0, 0);
    for (unsigned k = 1; k < 30; k++)
        assert_close(link_chain_autocorrelation(chain, k),
                     between / (between + within) * pow(0.4, k), 1e-9, 1e-15);
    struct link_chain still = {.n_bins = 1, .quantiles = {{3, 3, 3, 3, 3}}, .transitions = {{7}}};
    assert_close(link_chain_autocorrelation(&still, 1), 0, 0, 0);
    assert_close(link_chain_mean(&still), 3, 0, 0);
}

static void draws_follow_the_chain(void **state)
{
    (void)state;
    enum { STEPS = 200000 };
    struct random random = seeded();
    double starts = 0, pairs[2][2] = {{0}}, sums[2] = {0};
    for (int i = 0; i < STEPS; i++)
        starts += (double)link_chain_start(&two_states, &random) / STEPS;
    size_t bin = 0;
    for (int i = 0; i < STEPS; i++) {
        size_t next = link_chain_next(&two_states, bin, &random);
        pairs[bin][next]++;
        double value = link_chain_draw(&two_states, bin, &random);
        assert_true(bin == 0 ? value >= 1 && value <= 2 : value >= 10 && value <= 14);
        sums[bin] += value;
        bin = next;
    }
    /* five standard deviations of the counts */
    assert_close(starts, 1.0 / 3, 0, 5 * sqrt(2.0 / 9 / STEPS));
    double n[2] = {pairs[0][0] + pairs[0][1], pairs[1][0] + pairs[1][1]};
    assert_close(pairs[0][1] / n[0], 0.2, 0, 5 * sqrt(0.16 / n[0]));
    assert_close(pairs[1][0] / n[1], 0.4, 0, 5 * sqrt(0.24 / n[1]));
    assert_close(sums[0] / n[0], 1.5, 0, 5 * sqrt(1.0 / 12 / n[0]));
    assert_close(sums[1] / n[1], 12, 0, 5 * sqrt(16.0 / 12 / n[1]));
}

/* ---- fits */

/* A trace of one column in memory, its arrays the caller's. */
static struct link_trace trace_of(double *t_s, double *values, size_t n, enum link_column column)
{
    struct link_trace trace = {.n_rows = n, .row_s = 1, .duration_s = t_s[n - 1] + 1};
    trace.columns[column] = (struct trace_series){t_s, NULL, values, n};
    return trace;
}

static void steps_by_hand(void **state)
{
    (void)state;
    /* intervals 1, 1, 3, 1.2, 0.1: the median is 1; the gap of 3 holds, the short one counts once
     */
    double t_s[] = {0, 1, 2, 5, 6.2, 6.3}, values[] = {1, 2, 3, 4, 5, 6};
    const struct trace_series series = {t_s, NULL, values, 6};
    static const double expected[] = {1, 2, 3, 3, 3, 4, 5, 6};
    double step_s, *steps;
    size_t n;
    assert_ok(link_series_steps(&series, &step_s, &steps, &n, &error));
    assert_close(step_s, 1, 1e-12, 0);
    assert_int_equal(n, 8);
    assert_memory_equal(steps, expected, sizeof expected);
    free(steps);
    const struct trace_series five = {t_s, NULL, values, 5}; /* of an even number the lower one */
    assert_ok(link_series_steps(&five, &step_s, &steps, &n, &error));
    assert_close(step_s, 1, 1e-12, 0);
    free(steps);
    t_s[5] = 1e8;
    assert_fails(STATUS_INVALID, "1.2 s apart", "cut the trace",
                 link_series_steps(&series, &step_s, &steps, &n, &error));
}

/* A series of two values gives a chain of two still bins whose figures are those of the series
 * closed to a loop, counted naively. */
static void two_values_are_counted(void **state)
{
    (void)state;
    enum { N = 5000 };
    static double t_s[N], values[N];
    struct random random = seeded();
    bool high = false;
    double n_high = 0, both_high[4] = {0};
    for (int i = 0; i < N; i++) {
        t_s[i] = i;
        high = random_below(&random, 100) < (high ? 90 : 5);
        values[i] = high ? 0.2 : 0.1;
        n_high += high;
    }
    for (int k = 1; k < 4; k++) {
        for (int i = 0; i < N; i++)
            both_high[k] += values[i] > 0.15 && values[(i + k) % N] > 0.15;
    }
    struct link_model model;
    struct link_trace trace = trace_of(t_s, values, N, COLUMN_RTT);
    assert_ok(link_model_fit(&trace, &model, &error));
    const struct link_chain *chain = &model.chains[COLUMN_RTT];
    assert_int_equal(chain->n_bins, 2);
    assert_int_equal(chain->n_values, N);
    assert_int_equal(chain->transitions[1][1], both_high[1]);
    assert_int_equal(chain->transitions[1][0], n_high - both_high[1]);
    assert_int_equal(chain->transitions[0][1], n_high - both_high[1]);
    double share = n_high / N;
    assert_close(link_chain_mean(chain), 0.1 + 0.1 * share, 1e-12, 0);
    assert_close(link_chain_autocorrelation(chain, 1),
                 (both_high[1] / N - share * share) / (share * (1 - share)), 1e-9, 0);
    /* of a first-order series the later ones follow: 0.85^k, within its sampling error */
    for (unsigned k = 2; k < 4; k++)
        assert_close(link_chain_autocorrelation(chain, k),
                     (both_high[k] / N - share * share) / (share * (1 - share)), 0, 0.08);
    link_model_free(&model);
}

/* An autoregressive series x' = 0.9 x + noise: marginal and correlation within what bins cost. */
static void an_autoregression_is_met(void **state)
{
    (void)state;
    enum { N = 40000 };
    static double t_s[N], values[N];
    struct random random = seeded();
    double x = 0;
    for (int i = 0; i < N; i++) {
        x = 0.9 * x + sqrt(1 - 0.81) * random_normal(&random);
        t_s[i] = i * 0.25;
        values[i] = 0.1 * exp(0.3 * x); /* log-normal: quantiles known */
    }
    struct link_model model;
    struct link_trace trace = trace_of(t_s, values, N, COLUMN_RTT);
    assert_ok(link_model_fit(&trace, &model, &error));
    const struct link_chain *chain = &model.chains[COLUMN_RTT];
    assert_int_equal(chain->n_bins, 13); /* tenths, 0.95, 0.99, 0.999 */
    assert_close(chain->step_s, 0.25, 1e-12, 0);
    assert_close(link_chain_quantile(chain, 0.5), 0.1, 0.03, 0);
    assert_close(link_chain_quantile(chain, 0.95), 0.1 * exp(0.3 * 1.644854), 0.05, 0);
    assert_close(link_chain_quantile(chain, 0.05), 0.1 * exp(-0.3 * 1.644854), 0.05, 0);
    assert_close(link_chain_mean(chain), 0.1 * exp(0.045), 0.03, 0);
    assert_close(link_chain_autocorrelation(chain, 1), 0.9, 0, 0.06);
    assert_close(link_chain_autocorrelation(chain, 5), pow(0.9, 5), 0, 0.12);
    double shares[LINK_MODEL_MAX_BINS];
    link_chain_shares(chain, shares);
    for (int bin = 0; bin < 9; bin++)
        assert_close(shares[bin], 0.1, 0, 1e-9);
    assert_close(shares[12], 0.001, 0, 1e-9);
    link_model_free(&model);
}

static bool same_chain(const struct link_chain *a, const struct link_chain *b)
{
    return a->n_bins == b->n_bins && a->step_s == b->step_s && a->n_values == b->n_values &&
           memcmp(a->quantiles, b->quantiles, sizeof a->quantiles) == 0 &&
           memcmp(a->transitions, b->transitions, sizeof a->transitions) == 0;
}

static void assert_same_model(const struct link_model *a, const struct link_model *b)
{
    assert_string_equal(a->name, b->name);
    assert_true(!a->source == !b->source && (!a->source || strcmp(a->source, b->source) == 0));
    assert_true(!a->licence == !b->licence && (!a->licence || strcmp(a->licence, b->licence) == 0));
    assert_true(a->row_s == b->row_s && a->duration_s == b->duration_s);
    for (int c = 0; c < N_LINK_COLUMNS; c++)
        assert_true(same_chain(&a->chains[c], &b->chains[c]));
}

/* The model written and read again is the same one. Its path, freed by the caller. */
static char *there_and_back(const struct link_model *model)
{
    char *path = text_format("%s/back.link", folder);
    FILE *out = fopen(path, "w");
    struct link_model back;
    link_model_write(model, out);
    fclose(out);
    assert_ok(link_model_read(path, &back, &error));
    assert_same_model(model, &back);
    link_model_free(&back);
    return path;
}

/* What must hold of every fit: all steps counted, every value in one bin only, extremes kept,
 * outages a bin of their own, and the shares those of the steps. */
static void assert_sound(const struct link_chain *chain, const struct trace_series *series)
{
    double step_s, *steps, shares[LINK_MODEL_MAX_BINS];
    size_t n;
    assert_ok(link_series_steps(series, &step_s, &steps, &n, &error));
    reals_sort(steps, n);
    assert_true(chain->n_bins >= 1 && chain->n_bins <= LINK_MODEL_MAX_BINS);
    link_chain_shares(chain, shares);
    size_t done = 0;
    for (size_t bin = 0; bin < chain->n_bins; bin++) {
        size_t in = (size_t)lround(shares[bin] * (double)n);
        assert_close(chain->quantiles[bin][0], steps[done], 1e-5, 0);
        done += in;
        assert_close(chain->quantiles[bin][4], steps[done - 1], 1e-5, 0);
        assert_true(done == n || steps[done] > steps[done - 1]);
        if (chain->quantiles[bin][0] == 0)
            assert_true(bin == 0 && chain->quantiles[bin][4] == 0);
        for (int i = 1; i < LINK_MODEL_QUANTILES; i++)
            assert_true(chain->quantiles[bin][i] >= chain->quantiles[bin][i - 1]);
    }
    assert_int_equal(done, n);
    free(steps);
}

static void every_fit_is_sound(void **state)
{
    (void)state;
    enum { MOST = 600 };
    static double t_s[MOST], values[MOST];
    struct random random = seeded();
    for (int i = 0; i < (test_long() ? 3000 : 300); i++) {
        size_t n = LINK_MODEL_MIN_VALUES + random_below(&random, MOST - LINK_MODEL_MIN_VALUES + 1);
        uint64_t coarse = random_below(&random, 3), zeros = random_below(&random, 3);
        enum link_column column = (enum link_column)random_below(&random, N_LINK_COLUMNS);
        double unit = link_column_unit(column);
        for (size_t k = 0; k < n; k++) {
            double gap = random_below(&random, 10) ? 1 : 5 * random_uniform(&random);
            t_s[k] = k ? t_s[k - 1] + 0.01 + gap : 0;
            double value = exp(2 * random_normal(&random));
            values[k] = unit * (coarse == 0   ? value
                                : coarse == 1 ? floor(value)
                                              : 7 + (double)random_below(&random, 2));
            if (zeros && random_below(&random, zeros == 1 ? 4 : 40) == 0)
                values[k] = 0;
        }
        struct link_trace trace = trace_of(t_s, values, n, column);
        struct link_model model;
        assert_ok(link_model_fit(&trace, &model, &error));
        assert_sound(&model.chains[column], &trace.columns[column]);
        assert_ok(link_model_describe(&model, "drawn", i % 2 ? "here; made up" : NULL,
                                      i % 3 ? "none, 'public'" : NULL, &error));
        free(there_and_back(&model));
        link_model_free(&model);
    }
}

static void few_values(void **state)
{
    (void)state;
    double t_s[40], values[40];
    struct link_model model;
    for (int i = 0; i < 40; i++) {
        t_s[i] = i;
        values[i] = 1 + i;
    }
    struct link_trace trace = trace_of(t_s, values, LINK_MODEL_MIN_VALUES - 1, COLUMN_RTT);
    assert_fails(STATUS_INVALID, "no column", "20", link_model_fit(&trace, &model, &error));
    double close_s[40]; /* a burst of values among rows that are far apart */
    for (int i = 0; i < 40; i++)
        close_s[i] = 1e-6 * i;
    struct link_trace burst = trace_of(close_s, values, 40, COLUMN_RTT);
    burst.row_s = 1;
    assert_fails(STATUS_INVALID, "rtt", "less than 10 us", link_model_fit(&burst, &model, &error));
    trace.columns[COLUMN_UP] = (struct trace_series){t_s, NULL, values, LINK_MODEL_MIN_VALUES};
    assert_ok(link_model_fit(&trace, &model, &error));
    assert_int_equal(model.chains[COLUMN_RTT].n_bins, 0);
    assert_int_equal(model.chains[COLUMN_UP].n_bins, 4); /* floor(sqrt(20)) */
    /* 15 outages and 25 values: a bin for those, floor(sqrt(25)) for these */
    for (int i = 0; i < 15; i++)
        values[i] = 0;
    struct link_model with_zeros;
    trace.columns[COLUMN_UP] = (struct trace_series){t_s, NULL, values, 40};
    assert_ok(link_model_fit(&trace, &with_zeros, &error));
    assert_int_equal(with_zeros.chains[COLUMN_UP].n_bins, 6);
    link_model_free(&with_zeros);
    static const struct {
        const char *name, *source, *licence, *says;
    } bad[] = {{"", NULL, NULL, "the name is empty"},
               {"a,b", NULL, NULL, "the name holds a comma"},
               {"a", "", NULL, "the source is empty"},
               {"a", "b ; c", NULL, "' ;'"},
               {"a", ";b", NULL, "' ;'"},
               {"a", "b\nc", NULL, "control"},
               {"a", "b", "\"c\"", "the licence holds a quote"},
               {"a", "b", "c ", "blank"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(
            STATUS_INVALID, bad[i].says, "",
            link_model_describe(&model, bad[i].name, bad[i].source, bad[i].licence, &error));
    char text[LINK_MODEL_TEXT_MAX + 2];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_fails(STATUS_INVALID, "the source is longer", "160",
                 link_model_describe(&model, "a", text, NULL, &error));
    text[LINK_MODEL_TEXT_MAX] = '\0';
    assert_ok(link_model_describe(&model, text, text, text, &error));
    free(there_and_back(&model));
    link_model_free(&model);
}

/* ---- files */

static void malformed_models(void **state)
{
    (void)state;
#define LINK "[link]\nformat = 1\nname = a\nrow_s = 1\nduration_s = 9\n"
#define RTT  LINK "[rtt]\nvalues = 3\nstep_s = 1\n"
#define ONE  "bin = 1 1 1 1 1\nnext = 3\n"
    static const struct {
        const char *text, *where, *says;
    } rows[] = {
        {"", "", "[link] has no 'format'"},
        {"[link]\nformat = 2\n", ":2", "reads format 1"},
        {"[link]\nformat = 1\nname = a\nrow_s = 1\n", "", "no 'duration_s'"},
        {"[link]\nformat = 1\nrow_s = 1\nduration_s = 1\n", "", "no 'name'"},
        {"[link]\nname = a\nname = b\n", ":3", "twice"},
        {"[link]\ncolour = red\n", ":2", "not known"},
        {"[link]\nrow_s = 0\n", ":2", "not above 0"},
        {"[link]\nrow_s = -1\n", ":2", "not above 0"},
        {"[link]\nrow_s = nan\n", ":2", "'nan'"},
        {"[lnik]\nrow_s = 1\n", ":2", "[lnik]"},
        {LINK, "", "none of [rtt]"},
        {RTT, "", "[rtt] has no 'bin'"},
        {LINK "[rtt]\nvalues = 3\n" ONE, "", "no 'step_s'"},
        {LINK "[rtt]\nstep_s = 3\n" ONE, "", "no 'values'"},
        {RTT "values = 4\n" ONE, ":9", "twice"},
        {RTT "bin = 1 2 3 4\nnext = 3\n", ":9", "not five"},
        {RTT "bin = 1 2 3 4 5 6\nnext = 3\n", ":9", "too many"},
        {RTT "bin = 1 2 x 4 5\nnext = 3\n", ":9", "'x'"},
        {RTT "bin = 1 2 2 4 3\nnext = 3\n", ":9", "ascend"},
        {RTT "bin = -1 2 3 4 5\nnext = 3\n", ":9", "negative"},
        {RTT "bin = 1 2 3 4 1e9\nnext = 3\n", ":9", "beyond"},
        {RTT "next = 3\n", ":9", "follow its 'bin'"},
        {RTT "bin = 1 1 1 1 1\n", "", "no 'next'"},
        {RTT "bin = 1 1 1 1 1\nbin = 2 2 2 2 2\n", ":10", "no 'next'"},
        {RTT "bin = 1 1 1 1 1\nnext = 3\nnext = 3\n", ":11", "follow its 'bin'"},
        {RTT "bin = 2 2 2 2 2\nnext = 1 1\nbin = 1 1 1 1 1\nnext = 1 1\n", ":11", "ascend"},
        {RTT "bin = 1 1 1 1 1\nnext = 3 1\n", ":10", "2 counts where there are 1"},
        {RTT "bin = 1 1 1 1 1\nnext = 0\n", ":10", "left 0 times"},
        {RTT "bin = 1 1 1 1 1\nnext = 1.5\n", ":10", "whole numbers"},
        {RTT "bin = 1 1 1 1 1\nnext = 4294967296\n", ":10", "whole numbers"},
        {RTT "bin = 1 1 1 1 1\nnext = -3\n", ":10", "negative"},
        {RTT "bin = 1 1 1 1 1\nnext =\n", ":10", "0 counts"},
        {RTT "bin = 1 1 1 1 1\nnext = 1 1\nbin = 2 2 2 2 2\nnext = 2 1\n", ":10", "left 2 times"},
        {RTT "bin = 1 1 1 1 1\nnext = 1 0\nbin = 2 2 2 2 2\nnext = 0 1\n", "", "leads to 1 of 2"},
        {RTT "bin = 1 1 1 1 1\nnext = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n", ":10", "too many"},
        {RTT "speed = 1\n", ":9", "not known"},
        /* either would keep a player busy with steps for ever */
        {LINK "[rtt]\nvalues = 3\nstep_s = 9e-6\n" ONE, "", "[rtt] step_s: steps of less than 10"},
        {LINK "[rtt]\nvalues = 3\nstep_s = 1e-300\n" ONE, "", "[rtt] step_s: steps of less"},
        {"[link]\nformat = 1\nname = a\nrow_s = 1e300\nduration_s = 9\n"
         "[rtt]\nvalues = 3\nstep_s = 1\n" ONE,
         "", "[rtt] step_s: over a million steps"},
        {"x = 1\n", ":1", "before the first"},
        {"t_s,rtt_ms\n0,1\n", ":1", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct link_model model;
        char *path = test_write(folder, "bad.link", rows[i].text);
        char *where = text_format("%s%s", path, rows[i].where);
        assert_fails(STATUS_INVALID, where, rows[i].says, link_model_read(path, &model, &error));
        assert_null(model.name);
        assert_int_equal(model.chains[COLUMN_RTT].n_bins, 0);
        free(where);
        free(path);
    }
    struct link_model model;
    assert_fails(STATUS_IO, "/no/such", "", link_model_read("/no/such", &model, &error));
    char *path = test_write(folder, "good.link", RTT ONE);
    assert_ok(link_model_read(path, &model, &error));
    assert_close(link_chain_quantile(&model.chains[COLUMN_RTT], 0.5), 0.001, 1e-12, 0);
    link_model_free(&model);
    link_model_free(&model);
    free(path);
}

static void mangled_models(void **state)
{
    (void)state;
    static const char whole[] = RTT "bin = 1 2 3 4 5\nnext = 8 2\nbin = 6 7 8 9 10\nnext = 2 3\n";
    struct random random = seeded();
    for (int i = 0; i < (test_long() ? 20000 : 2000); i++) {
        char text[sizeof whole];
        struct link_model model;
        struct error error = {0};
        memcpy(text, whole, sizeof whole);
        for (int k = 0; k < 2; k++)
            text[random_below(&random, sizeof whole - 1)] =
                "\0[]=-.e9\n ;x"[random_below(&random, 12)];
        char *path = test_write(folder, "mangled.link", text);
        enum status status = link_model_read(path, &model, &error);
        assert_int_equal(status, error.code);
        if (status)
            assert_non_null(strstr(error.text, path));
        else
            free(there_and_back(&model));
        link_model_free(&model);
        free(path);
    }
}

/* ---- playing */

static struct link_source *play_file(const char *path)
{
    static const struct link_rest rest = {0.020, 1e7, 1e7};
    struct link_source *source;
    assert_ok(link_source_open(path, &rest, &source, &error));
    return source;
}

static void copies_have_the_same_future(void **state)
{
    (void)state;
    struct link_model model = {.row_s = 0.5, .duration_s = 100, .chains = {two_states, two_states}};
    for (int bin = 0; bin < 2; bin++) {
        for (int i = 0; i < LINK_MODEL_QUANTILES; i++)
            model.chains[COLUMN_UP].quantiles[bin][i] *= bin * 1e6; /* one state is an outage */
    }
    assert_ok(link_model_describe(&model, "two", NULL, NULL, &error));
    char *path = there_and_back(&model);
    struct link_source *source = play_file(path);
    assert_string_equal(link_source_name(source), "composed: rtt two, up two, down 10 Mbit/s");
    assert_false(link_source_constant(source) || link_source_ends(source) ||
                 link_source_by_request(source));
    struct random random = seeded();
    for (int i = 0; i < 200; i++) {
        struct link_player player, other, copy;
        uint64_t seed = random_u64(&random);
        enum link_pace pace = i % 2 ? PACE_CLOCK : PACE_REQUEST;
        link_player_start(&player, source, seed, pace, i % 4 < 2);
        link_player_start(&other, source, seed, pace, true);
        double t_s = 0;
        for (int k = 0; k < 50; k++) {
            t_s += random_uniform(&random) * 3;
            copy = player;
            for (int ahead = 0; ahead < 7; ahead++) /* the copy goes there and on in small steps */
                link_player_at(&copy, t_s * (0.9 + 0.05 * ahead));
            link_player_transfer(&player, COLUMN_UP, 1e6, 100);
            struct link_conditions now = link_player_at(&player, t_s);
            struct link_conditions same = link_player_at(&other, t_s);
            assert_memory_equal(&now, &same, sizeof now);
            assert_false(link_player_ended(&player));
            link_player_request(&player);
            link_player_request(&other);
            if (k % 10 == 0) { /* one of them looks less often */
                struct link_player rare = player;
                link_player_at(&rare, t_s + 40);
                for (int s = 0; s < 400; s++)
                    link_player_at(&player, t_s + 0.1 * s);
                now = link_player_at(&player, t_s + 40);
                same = link_player_at(&rare, t_s + 40);
                assert_memory_equal(&now, &same, sizeof now);
                t_s += 40;
                other = rare;
            }
        }
    }
    link_source_free(source);
    free(path);
    link_model_free(&model);
}

/* Rows four times as dense as the chain's steps: by the request it moves each fourth time. And two
 * columns of one chain go their own ways. */
static void steps_by_the_request(void **state)
{
    (void)state;
    enum { REQUESTS = 40000 };
    struct link_model model = {
        .row_s = 0.125, .duration_s = 100, .chains = {two_states, two_states}};
    assert_ok(link_model_describe(&model, "two", NULL, NULL, &error));
    char *path = there_and_back(&model);
    struct link_source *source = play_file(path);
    struct link_player player;
    struct random random = seeded();
    link_player_start(&player, source, random.state, PACE_REQUEST, true);
    double before = NAN, both = 0, rtt = 0, up = 0;
    for (int i = 0; i < REQUESTS; i++) {
        struct link_conditions now = link_player_at(&player, 1000.0 * i);
        if (i % 4 > 0)
            assert_true(now.values[COLUMN_RTT] == before);
        else
            assert_true(now.values[COLUMN_RTT] != before);
        before = now.values[COLUMN_RTT];
        rtt += before > 5;
        up += now.values[COLUMN_UP] > 5;
        both += before > 5 && now.values[COLUMN_UP] > 5;
        link_player_request(&player);
    }
    /* a third each, a ninth together; steps correlate by 0.4, so 10000 of them count as a third */
    assert_close(rtt / REQUESTS, 1.0 / 3, 0, 5 * sqrt(2.0 / 9 / 3000));
    assert_close(up / REQUESTS, 1.0 / 3, 0, 5 * sqrt(2.0 / 9 / 3000));
    assert_close(both / REQUESTS, 1.0 / 9, 0, 5 * sqrt(8.0 / 81 / 3000));
    link_source_free(source);
    free(path);
    link_model_free(&model);
}

static int make_folder(void **state)
{
    (void)state;
    folder = test_scratch("link-model");
    return folder ? 0 : -1;
}

static int free_folder(void **state)
{
    (void)state;
    free(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_states_by_hand),
        cmocka_unit_test(draws_follow_the_chain),
        cmocka_unit_test(steps_by_hand),
        cmocka_unit_test(two_values_are_counted),
        cmocka_unit_test(an_autoregression_is_met),
        cmocka_unit_test(every_fit_is_sound),
        cmocka_unit_test(few_values),
        cmocka_unit_test(malformed_models),
        cmocka_unit_test(mangled_models),
        cmocka_unit_test(copies_have_the_same_future),
        cmocka_unit_test(steps_by_the_request),
    };
    return cmocka_run_group_tests(tests, make_folder, free_folder);
}
