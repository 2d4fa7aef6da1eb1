// SPDX-License-Identifier: GPL-3.0-or-later
/* Non-negative least squares against closed forms and all subsets; offloading's energy against
 * windows of known watts, and how often its intervals hold the truth. */
#include "base/test/support.h"

#include "base/random.h"
#include "fitter/nnls.h"
#include "fitter/offload_energy.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

enum { N = 4 };

/* Least squares over the columns of the mask by Gauss and Jordan; false: singular. */
static bool subset(const double *a, const double *b, size_t m, unsigned mask, double *x)
{
    double t[N][N + 1] = {{0}};
    size_t index[N], k = 0;
    for (size_t i = 0; i < N; i++) {
        x[i] = 0;
        if (mask & 1u << i)
            index[k++] = i;
    }
    for (size_t r = 0; r < m; r++) {
        for (size_t i = 0; i < k; i++) {
            for (size_t j = 0; j < k; j++)
                t[i][j] += a[r * N + index[i]] * a[r * N + index[j]];
            t[i][k] += a[r * N + index[i]] * b[r];
        }
    }
    for (size_t p = 0; p < k; p++) {
        if (fabs(t[p][p]) < 1e-9)
            return false;
        for (size_t i = 0; i < k; i++) {
            double f = i == p ? 0 : t[i][p] / t[p][p];
            for (size_t j = 0; j <= k && i != p; j++)
                t[i][j] -= f * t[p][j];
        }
    }
    for (size_t i = 0; i < k; i++)
        x[index[i]] = t[i][k] / t[i][i];
    return true;
}

static double squares(const double *a, const double *b, size_t m, const double *x)
{
    double sum = 0;
    for (size_t r = 0; r < m; r++) {
        double rest = b[r];
        for (size_t i = 0; i < N; i++)
            rest -= a[r * N + i] * x[i];
        sum += rest * rest;
    }
    return sum;
}

/* The best of all subsets whose solution is nowhere negative is the solution. */
static void as_good_as_the_best_subset(void **state)
{
    struct random random = {41};
    int n_problems = test_long() ? 20000 : 2000, held = 0;
    (void)state;
    for (int problem = 0; problem < n_problems; problem++) {
        enum { M = 7 };
        double a[M * N], b[M], x[N], inverse[N * N], rss, best = HUGE_VAL, z[N];
        bool fitted[N];
        for (size_t i = 0; i < M * N; i++)
            a[i] = random_normal(&random);
        for (size_t i = 0; i < M; i++)
            b[i] = random_normal(&random);
        assert_int_equal(nnls(a, b, M, N, x, fitted, inverse, &rss, NULL), STATUS_OK);
        for (unsigned mask = 0; mask < 1u << N; mask++) {
            bool good = subset(a, b, M, mask, z);
            for (size_t i = 0; i < N; i++)
                good = good && z[i] >= 0;
            if (good)
                best = fmin(best, squares(a, b, M, z));
        }
        for (size_t i = 0; i < N; i++) {
            assert_true(x[i] >= 0);
            assert_true(fitted[i] || x[i] == 0);
            held += !fitted[i];
        }
        assert_close(rss, squares(a, b, M, x), 1e-9, 1e-12);
        assert_close(rss, best, 1e-7, 1e-9);
    }
    assert_true(held > n_problems); /* the bound was met often */
}

static void columns_that_say_the_same_stay_out(void **state)
{
    double a[] = {1, 2, 0, 1, 2, 4, 0, 0, 3, 6, 0, 1}, b[] = {3, 4, 7}, x[N], inverse[N * N], rss;
    bool fitted[N];
    (void)state;
    assert_int_equal(nnls(a, b, 3, N, x, fitted, inverse, &rss, NULL), STATUS_OK);
    assert_close(x[0] + 2 * x[1], 2, 1e-9, 0); /* 2 x = 4 and 1 besides */
    assert_close(x[3], 1, 1e-9, 0);
    assert_false(fitted[2]);
    assert_true(fitted[0] != fitted[1]);
    assert_close(rss, 0, 0, 1e-12);
    struct error error = {0};
    assert_int_equal(nnls(a, b, 0, N, x, fitted, inverse, &rss, &error), STATUS_INVALID);
    b[1] = NAN;
    assert_int_equal(nnls(a, b, 3, N, x, fitted, inverse, &rss, NULL), STATUS_INVALID);
}

static const double truth[N_OFFLOAD_PARTS] = {0.8, 1.5, 1.1, 0.4};

/* Windows of a campaign over lengths and link states, some isolated. */
static size_t make_rows(struct offload_row *rows, struct random *random, double noise)
{
    static const double up_s_per_byte[] = {8e-6, 8e-7, 4e-7}, rtt_s[] = {0.1, 0.02, 0.05};
    size_t n = 0;
    for (int s = 0; s < 3; s++) {
        for (int length = 16; length <= 256; length *= 2) {
            for (int isolated = 0; isolated < 2; isolated++) {
                struct offload_row *row = &rows[n++];
                row->tx_s = up_s_per_byte[s] * (600 + 64.0 * length);
                row->rx_s = up_s_per_byte[s] / 3 * (400 + 8.0 * length * (1 + s));
                row->wait_s = rtt_s[s] + 1e-4 * length;
                row->isolated = isolated;
                row->energy_j = truth[OFFLOAD_TX] * row->tx_s + truth[OFFLOAD_RX] * row->rx_s +
                                truth[OFFLOAD_WAIT] * row->wait_s + isolated * truth[OFFLOAD_E0];
                row->error_j = 0.01 * row->energy_j + 1e-4;
                if (noise > 0)
                    row->energy_j += noise * row->error_j * random_normal(random);
            }
        }
    }
    return n;
}

static void known_watts_come_back(void **state)
{
    struct offload_row rows[64];
    struct offload_energy fit;
    (void)state;
    size_t n = make_rows(rows, NULL, 0);
    assert_int_equal(offload_energy_fit(rows, n, &fit, NULL), STATUS_OK);
    for (int k = 0; k < N_OFFLOAD_PARTS; k++) {
        assert_close(fit.values[k], truth[k], 1e-6, 0);
        assert_true(fit.told[k]);
    }
    assert_int_equal(fit.n_isolated, n / 2);
    assert_close(fit.dof, (double)n - 4, 0, 0);
    assert_close(offload_energy_j(&fit, 1, 2, 3), 0.8 + 1.5 + 2.2 + 1.2, 1e-6, 0);
    for (size_t i = 0; i < n; i++) /* nobody knows the bandwidth, nothing is isolated */
        rows[i].tx_s = rows[i].rx_s = rows[i].isolated = 0;
    assert_int_equal(offload_energy_fit(rows, n, &fit, NULL), STATUS_OK);
    assert_false(fit.told[OFFLOAD_E0] || fit.told[OFFLOAD_TX] || fit.told[OFFLOAD_RX]);
    assert_true(isnan(fit.standard_errors[OFFLOAD_E0]) && fit.values[OFFLOAD_E0] == 0);
    assert_true(fit.told[OFFLOAD_WAIT] && fit.values[OFFLOAD_WAIT] > 0);
}

static void intervals_hold_the_truth(void **state)
{
    struct random random = {7};
    int n_simulations = test_long() ? 10000 : 1500, held[N_OFFLOAD_PARTS] = {0};
    (void)state;
    for (int i = 0; i < n_simulations; i++) {
        struct offload_row rows[64];
        struct offload_energy fit;
        size_t n = make_rows(rows, &random, 0.5);
        assert_int_equal(offload_energy_fit(rows, n, &fit, NULL), STATUS_OK);
        double t = gsl_cdf_tdist_Pinv(0.975, fit.dof);
        for (int k = 0; k < N_OFFLOAD_PARTS; k++)
            held[k] += fabs(fit.values[k] - truth[k]) <= t * fit.standard_errors[k];
    }
    for (int k = 0; k < N_OFFLOAD_PARTS; k++) {
        double share = (double)held[k] / n_simulations;
        print_message("  %s: 95 %% intervals hold the truth in %.1f %% of %d\n",
                      offload_part_name((enum offload_part)k), 100 * share, n_simulations);
        assert_true(share > 0.93 && share < 0.97);
    }
}

static struct energy_window window(enum window_kind kind, double net_j, enum provenance provenance)
{
    struct energy_window w = energy_window_unknown();
    w.meter_id = 1;
    w.target_id = 2;
    w.kind = kind;
    w.length = 8;
    w.duration_ns = 1000000000;
    w.n_inferences = kind == WINDOW_BUSY ? 10 : 1;
    w.inference_ns = 1e8;
    w.energy_net_uj = net_j * 1e6;
    w.error_uj = 1e3;
    w.bytes_up = 1e4;
    w.bytes_down = 5e3;
    w.up_ps_per_byte = 4000000;
    w.down_ps_per_byte = 2000000;
    w.provenance = provenance;
    return w;
}

static void windows_become_rows(void **state)
{
    struct energy_window w = window(WINDOW_BUSY, 5, PROVENANCE_MEASURED);
    struct offload_row row;
    (void)state;
    assert_true(offload_row_of(&w, &row));
    assert_close(row.energy_j, 0.5, 1e-12, 0);
    assert_close(row.tx_s, 0.04, 1e-12, 0);
    assert_close(row.rx_s, 0.01, 1e-12, 0);
    assert_close(row.wait_s, 0.05, 1e-9, 0);
    assert_false(row.isolated);
    w.n_failed = 1;
    assert_false(offload_row_of(&w, &row));
    w.n_failed = 0;
    w.energy_net_uj = NAN;
    assert_false(offload_row_of(&w, &row));
}

static void a_meter_without_the_radio_decides_nothing(void **state)
{
    struct energy_window windows[] = {window(WINDOW_BUSY, 5, PROVENANCE_PARTIAL),
                                      window(WINDOW_ISOLATED, 0.7, PROVENANCE_PARTIAL)};
    struct offload_energy fit, with;
    struct radio_model radio;
    struct error error = {0};
    (void)state;
    assert_int_equal(offload_energy_of(windows, 2, 1, 2, NULL, &fit, NULL), STATUS_OK);
    assert_int_equal(fit.provenance, PROVENANCE_PARTIAL);
    assert_int_equal(offload_energy_check(&fit, "cloud", &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "[energy] radio"));
    assert_int_equal(radio_model_parse("tx=1200mW, rx=0.9W,e0=500mJ", &radio, NULL), STATUS_OK);
    assert_int_equal(offload_energy_of(windows, 2, 1, 2, &radio, &with, NULL), STATUS_OK);
    assert_int_equal(with.provenance, PROVENANCE_MODELLED);
    assert_int_equal(offload_energy_check(&with, "cloud", NULL), STATUS_OK);
    assert_close(with.values[OFFLOAD_E0] - fit.values[OFFLOAD_E0], 0.5, 1e-12, 0);
    assert_close(with.values[OFFLOAD_TX] - fit.values[OFFLOAD_TX], 1.2, 1e-12, 0);
    assert_close(with.values[OFFLOAD_WAIT], fit.values[OFFLOAD_WAIT], 0, 0);
    windows[0].provenance = windows[1].provenance = PROVENANCE_MEASURED;
    assert_int_equal(offload_energy_of(windows, 2, 1, 2, &radio, &with, NULL), STATUS_OK);
    assert_int_equal(with.provenance, PROVENANCE_MEASURED); /* what is measured is not added to */
    assert_close(with.values[OFFLOAD_E0], fit.values[OFFLOAD_E0], 1e-12, 0);
    assert_int_equal(offload_energy_of(windows, 2, 1, 3, NULL, &fit, NULL), STATUS_NOT_FOUND);
}

static void malformed_radios_are_refused(void **state)
{
    static const char *const bad[] = {"",      "tx",     "tx=",  "tx=1J", "tx=1W,tx=2W",
                                      "up=1W", "tx=-1W", "e0=1W"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct radio_model radio;
        struct error error = {0};
        assert_int_equal(radio_model_parse(bad[i], &radio, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, "radio"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_good_as_the_best_subset),
        cmocka_unit_test(columns_that_say_the_same_stay_out),
        cmocka_unit_test(known_watts_come_back),
        cmocka_unit_test(intervals_hold_the_truth),
        cmocka_unit_test(windows_become_rows),
        cmocka_unit_test(a_meter_without_the_radio_decides_nothing),
        cmocka_unit_test(malformed_radios_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
