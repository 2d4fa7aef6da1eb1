// SPDX-License-Identifier: GPL-3.0-or-later
/* The committed link models: what they generate in a long run is what their closed forms promise,
 * and the figures beside them are theirs. */
#include "records/link_model.h"
#include "records/link_source.h"
#include "records/test/fixture.h"

#include "base/clock.h"
#include "base/csv.h"

#include <dirent.h>
#include <math.h>

static struct link_source *open_file(const char *path)
{
    static const struct link_rest rest = {0.020, 1e7, 1e7};
    struct link_source *source;
    assert_ok(link_source_open(path, &rest, &source, &error));
    return source;
}

/* What a column of a player generates in a long run, against the chain's closed forms. Errors of
 * the means come from batches, since steps are correlated. */
static void assert_generates(const struct link_source *source, const struct link_chain *chain,
                             enum link_column column, uint64_t seed, const char *path)
{
    enum { BATCHES = 64, STEPS = 4096, SHARES = 7 };
    static const double shares[SHARES] = {0.05, 0.1, 0.25, 0.5, 0.75, 0.95, 0.99};
    double sums[3][SHARES] = {{0}}, squares[2][SHARES] = {{0}}, quantiles[SHARES];
    double mean = 0, mean_squares = 0;
    struct link_player player;
    link_player_start(&player, source, seed, PACE_CLOCK, true);
    for (int i = 0; i < SHARES; i++)
        quantiles[i] = link_chain_quantile(chain, shares[i]);
    for (int b = 0; b < BATCHES; b++) {
        double below[2][SHARES] = {{0}}, sum = 0;
        for (int k = 0; k < STEPS; k++) {
            double t_s = chain->step_s * (b * (double)STEPS + k + 0.5);
            double value = link_player_at(&player, t_s).values[column];
            sum += value / STEPS;
            for (int i = 0; i < SHARES; i++) {
                below[0][i] += (value < quantiles[i]) / (double)STEPS;
                below[1][i] += (value <= quantiles[i]) / (double)STEPS;
            }
        }
        mean += sum / BATCHES;
        mean_squares += sum * sum / BATCHES;
        for (int i = 0; i < 2 * SHARES; i++) {
            sums[i / SHARES][i % SHARES] += below[i / SHARES][i % SHARES] / BATCHES;
            squares[i / SHARES][i % SHARES] += pow(below[i / SHARES][i % SHARES], 2) / BATCHES;
        }
    }
    /* P(x < q) <= p <= P(x <= q); six standard errors, and a few samples' worth */
    for (int i = 0; i < SHARES; i++) {
        double error[2];
        for (int side = 0; side < 2; side++)
            error[side] =
                6 * sqrt(fmax(0, squares[side][i] - pow(sums[side][i], 2)) / BATCHES) + 1e-4;
        if (sums[0][i] > shares[i] + error[0] || sums[1][i] < shares[i] - error[1])
            fail_msg("%s: %s: the model's quantile %g has a share of %g to %g below it", path,
                     link_column_name(column), shares[i], sums[0][i], sums[1][i]);
    }
    assert_close(mean, link_chain_mean(chain), 1e-9,
                 6 * sqrt(fmax(0, mean_squares - mean * mean) / BATCHES));
}

static void committed_models(void **state)
{
    (void)state;
    static const char models[] = "datasets/links";
    DIR *listing = opendir(models);
    size_t n = 0;
    if (!listing) {
        print_message("[  SKIPPED ] committed models: %s is not here; run from the root\n", models);
        skip();
    }
    struct random random = {test_long() ? (uint64_t)clock_ns() : 20};
    print_message("seed %llu\n", (unsigned long long)random.state);
    for (const struct dirent *entry; (entry = readdir(listing));) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".link") != 0)
            continue;
        char *path = text_format("%s/%s", models, entry->d_name);
        struct link_model model;
        assert_ok(link_model_read(path, &model, &error));
        assert_true(strncmp(model.name, entry->d_name, strlen(model.name)) == 0);
        assert_true(entry->d_name + strlen(model.name) == dot);
        assert_non_null(model.source);
        assert_non_null(model.licence);
        struct link_source *source = open_file(path);
        for (int c = 0; c < N_LINK_COLUMNS; c++) {
            if (model.chains[c].n_bins > 0)
                assert_generates(source, &model.chains[c], (enum link_column)c, random_u64(&random),
                                 path);
        }
        link_source_free(source);
        link_model_free(&model);
        free(path);
        n++;
    }
    closedir(listing);
    print_message("%zu models\n", n);
    assert_true(n >= 6);
}

/* A cell of goodness.csv is what the model's closed form prints as. */
static void assert_cell(const struct csv *csv, const char *name, const char *format, double value)
{
    char text[32];
    int column = csv_column(csv, name);
    snprintf(text, sizeof text, format, value);
    if (column < 0 || strcmp(csv_text(csv, column), text) != 0)
        fail_msg("goodness.csv: %s: %s: '%s', but the model has %s", csv_text(csv, 0), name,
                 column < 0 ? "no such column" : csv_text(csv, column), text);
}

/* The figures that stand beside the committed models are theirs. */
static void committed_figures(void **state)
{
    (void)state;
    static const char path[] = "datasets/links/goodness.csv";
    static const struct {
        const char *name;
        double p;
    } shares[] = {{"min", 0},    {"p5", 0.05},  {"p25", 0.25}, {"p50", 0.5},
                  {"p75", 0.75}, {"p95", 0.95}, {"p99", 0.99}, {"max", 1}};
    static const struct {
        const char *name;
        unsigned lag;
    } lags[] = {{"r1", 1}, {"r2", 2}, {"r5", 5}, {"r10", 10}, {"r30", 30}, {"r100", 100}};
    if (access(path, R_OK) != 0) {
        print_message("[  SKIPPED ] committed figures: %s is not here; run from the root\n", path);
        skip();
    }
    struct csv *csv;
    bool more;
    size_t n = 0;
    assert_ok(csv_open(path, &csv, &error));
    for (;;) {
        assert_ok(csv_next(csv, &more, &error));
        if (!more)
            break;
        if (strcmp(csv_text(csv, csv_column(csv, "side")), "model") != 0)
            continue;
        struct link_model model;
        char *file = text_format("datasets/links/%s.link", csv_text(csv, 0));
        assert_ok(link_model_read(file, &model, &error));
        int c = 0;
        while (c < N_LINK_COLUMNS &&
               strcmp(csv_text(csv, 1), link_column_name((enum link_column)c)) != 0)
            c++;
        assert_true(c < N_LINK_COLUMNS);
        const struct link_chain *chain = &model.chains[c];
        double unit = link_column_unit((enum link_column)c);
        assert_cell(csv, "seconds", "%.6g", model.duration_s);
        assert_cell(csv, "values", "%.0f", (double)chain->n_values);
        assert_cell(csv, "bins", "%.0f", (double)chain->n_bins);
        for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
            assert_cell(csv, shares[i].name, "%.4g",
                        link_chain_quantile(chain, shares[i].p) / unit);
        assert_cell(csv, "mean", "%.4g", link_chain_mean(chain) / unit);
        for (size_t i = 0; i < sizeof lags / sizeof *lags; i++) {
            double r = link_chain_autocorrelation(chain, lags[i].lag);
            assert_cell(csv, lags[i].name, "%.2f", fabs(r) < 0.005 ? 0 : r);
        }
        link_model_free(&model);
        free(file);
        n++;
    }
    csv_close(csv);
    assert_true(n >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(committed_models),
        cmocka_unit_test(committed_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
