// SPDX-License-Identifier: GPL-3.0-or-later
/* The best knots of all: no other knots, tried on a grid or at random, leave less. */
#include "base/random.h"
#include "base/test/support.h"
#include "fitter/piecewise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_POINTS = 1200 };

/* What a fit with these knots leaves, by normal equations and elimination on values shifted and
 * scaled: an implementation of its own. Infinity: singular. */
static double squares(const struct piecewise_point *points, size_t n, const double *knots, size_t k)
{
    enum { P = 6 };
    long double a[P][P + 1] = {{0}}, left = 0;
    size_t p = k + 2;
    double from = points[0].x, width = points[n - 1].x - from;
    for (size_t i = 0; i < n; i++) {
        long double row[P + 1] = {1, (points[i].x - from) / width};
        for (size_t j = 0; j < k; j++)
            row[2 + j] = fmax(points[i].x - knots[j], 0) / width;
        row[p] = points[i].y;
        for (size_t r = 0; r < p; r++) {
            for (size_t c = 0; c <= p; c++)
                a[r][c] += points[i].weight * row[r] * row[c];
        }
    }
    for (size_t r = 0; r < p; r++) {
        size_t best = r;
        for (size_t s = r + 1; s < p; s++)
            best = fabsl(a[s][r]) > fabsl(a[best][r]) ? s : best;
        if (fabsl(a[best][r]) < 1e-12L)
            return INFINITY;
        for (size_t c = 0; c <= p; c++) {
            long double keep = a[r][c];
            a[r][c] = a[best][c];
            a[best][c] = keep;
        }
        for (size_t s = 0; s < p; s++) {
            long double factor = s == r ? 0 : a[s][r] / a[r][r];
            for (size_t c = r; c <= p; c++)
                a[s][c] -= factor * a[r][c];
        }
    }
    for (size_t i = 0; i < n; i++) {
        long double off =
            points[i].y - a[0][p] / a[0][0] - a[1][p] / a[1][1] * ((points[i].x - from) / width);
        for (size_t j = 0; j < k; j++)
            off -= a[2 + j][p] / a[2 + j][2 + j] * (fmax(points[i].x - knots[j], 0) / width);
        left += points[i].weight * off * off;
    }
    return (double)left;
}

static double squares_of(const struct piecewise_point *points, size_t n,
                         const struct piecewise *fit)
{
    double left = 0;
    for (size_t i = 0; i < n; i++) {
        double off = points[i].y - piecewise_value(fit, points[i].x);
        left += points[i].weight * off * off;
    }
    return left;
}

/* Random abscissas, weights and values about a bent line, of any scale. */
static void draw(struct random *random, struct piecewise_point *points, size_t n, double noise)
{
    double x = (double)random_below(random, 50), scale = pow(10, 6 * random_uniform(random) - 6);
    double bend = 100 * random_uniform(random), more = 4 * random_uniform(random) - 2;
    for (size_t i = 0; i < n; i++) {
        x += 1 + (double)random_below(random, 12);
        points[i] = (struct piecewise_point){
            x, scale * (3 + x + more * fmax(x - bend, 0) + noise * random_normal(random)),
            pow(10, 3 * random_uniform(random))};
    }
}

static struct piecewise fitted(const struct piecewise_point *points, size_t n, size_t k)
{
    struct piecewise fit;
    struct error error = {0};
    if (piecewise_fit(points, n, k, &fit, &error))
        fail_msg("%zu points, %zu knots: %s", n, k, error.text);
    assert_close(squares_of(points, n, &fit), fit.rss, 1e-7, 1e-24);
    for (size_t i = 0; i < k; i++)
        assert_true(fit.knots[i] >= (i ? fit.knots[i - 1] : points[0].x) &&
                    fit.knots[i] <= points[n - 1].x);
    return fit;
}

static void no_knots_on_a_grid_fit_better(void **state)
{
    enum { STEPS = 24 };
    struct random random = {11};
    struct piecewise_point points[12];
    (void)state;
    for (int trial = 0; trial < (test_long() ? 400 : 40); trial++) {
        size_t n = 6 + random_below(&random, 7);
        draw(&random, points, n, pow(10, 3 * random_uniform(&random) - 1));
        double from = points[0].x, step = (points[n - 1].x - from) / (STEPS * 4), best[3] = {0};
        for (size_t k = 1; k <= 2; k++) {
            struct piecewise fit = fitted(points, n, k);
            best[k] = INFINITY;
            for (int i = 1; i < STEPS * 4; i++) {
                for (int j = k == 1 ? STEPS * 4 - 1 : i + 1; j < STEPS * 4; j++) {
                    double knots[] = {from + i * step, from + j * step};
                    best[k] = fmin(best[k], squares(points, n, knots, k));
                }
            }
            assert_true(fit.exact);
            if (!(fit.rss <= best[k] * (1 + 1e-9)))
                fail_msg("trial %d, %zu points, %zu knots: %.17g, on a grid %.17g", trial, n, k,
                         fit.rss, best[k]);
        }
    }
}

/* Knots on abscissas and everywhere between, three at a time, at random and then moved downhill. */
static void no_random_knots_fit_better(void **state)
{
    struct random random = {12};
    struct piecewise_point points[40];
    (void)state;
    for (int trial = 0; trial < (test_long() ? 300 : 30); trial++) {
        size_t n = 8 + random_below(&random, 32);
        draw(&random, points, n, pow(10, 3 * random_uniform(&random) - 1));
        struct piecewise fit = fitted(points, n, 3);
        double least = INFINITY, width = points[n - 1].x - points[0].x;
        for (int start = 0; start < 100; start++) {
            double knots[3], now = INFINITY;
            for (int i = 0; i < 3; i++)
                knots[i] = start % 2 ? points[random_below(&random, n)].x
                                     : points[0].x + width * random_uniform(&random);
            double reach = width / 4;
            for (int move = 0; move < 120; move++, reach *= 0.93) {
                double other[3];
                memcpy(other, knots, sizeof other);
                other[random_below(&random, 3)] += reach * (2 * random_uniform(&random) - 1);
                double rss = squares(points, n, other, 3);
                if (rss < now) {
                    now = rss;
                    memcpy(knots, other, sizeof knots);
                }
            }
            least = fmin(least, now);
        }
        if (!(fit.rss <= least * (1 + 1e-9)))
            fail_msg("trial %d, %zu points: %.17g, at random %.17g", trial, n, fit.rss, least);
    }
}

/* Data that a bent line made without noise give it back, a jump between neighbours too. */
static void exact_data_come_back(void **state)
{
    static const struct {
        size_t n_knots;
        double knots[4], hinges[4];
    } truths[] = {{1, {37.25}, {2}},
                  {2, {64, 65}, {30, -29}},
                  {3, {20.5, 100, 400}, {-0.5, 3, -2}},
                  {4, {20.5, 100, 300.75, 450}, {-0.5, 3, -2, 0.25}}};
    struct piecewise_point points[512];
    (void)state;
    for (size_t t = 0; t < sizeof truths / sizeof *truths; t++) {
        struct piecewise truth = {.n_knots = truths[t].n_knots, .coefficients = {1e-3, 1e-5}};
        for (size_t k = 0; k < truth.n_knots; k++) {
            truth.knots[k] = truths[t].knots[k];
            truth.coefficients[2 + k] = 1e-5 * truths[t].hinges[k];
        }
        for (size_t i = 0; i < 512; i++) {
            double x = 1 + (double)i;
            points[i] = (struct piecewise_point){x, piecewise_value(&truth, x), 1 + 1 / x};
        }
        struct piecewise fit = fitted(points, 512, truth.n_knots);
        for (size_t k = 0; k < truth.n_knots; k++)
            assert_close(fit.knots[k], truth.knots[k], 0, 1e-6);
        for (size_t k = 0; k < 2 + truth.n_knots; k++)
            assert_close(fit.coefficients[k], truth.coefficients[k], 1e-7, 0);
        assert_int_equal(fit.exact, truth.n_knots <= 3);
    }
}

/* Beyond 512 points: not proved the best, but not worse than the knots of the truth. */
static void many_points_are_searched(void **state)
{
    static struct piecewise_point points[MAX_POINTS];
    struct random random = {13};
    const double knots[] = {151.3, 620, 905.5};
    (void)state;
    for (size_t i = 0; i < MAX_POINTS; i++) {
        double x = (double)i;
        points[i] =
            (struct piecewise_point){x,
                                     x + 2 * fmax(x - knots[0], 0) - 2.5 * fmax(x - knots[1], 0) +
                                         fmax(x - knots[2], 0) + random_normal(&random),
                                     1};
    }
    struct piecewise fit = fitted(points, MAX_POINTS, 3);
    assert_false(fit.exact);
    double truth = squares(points, MAX_POINTS, knots, 3);
    print_message("leaves %.6f, with the true knots %.6f are left\n", fit.rss, truth);
    assert_true(fit.rss <= truth);
    for (int k = 0; k < 3; k++)
        assert_close(fit.knots[k], knots[k], 0, 2);
}

static void what_cannot_be_fitted_is_refused(void **state)
{
    struct piecewise_point points[] = {{1, 1, 1}, {2, 2, 1}, {3, 3, 1}, {4, 5, 1}};
    struct piecewise fit;
    struct error error = {0};
    (void)state;
    assert_int_equal(piecewise_fit(points, 3, 1, &fit, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "need 4 lengths, there are 3"));
    error_clear(&error);
    assert_int_equal(piecewise_fit(points, 4, 5, &fit, &error), STATUS_INVALID);
    error_clear(&error);
    points[2].x = 2;
    assert_int_equal(piecewise_fit(points, 4, 1, &fit, &error), STATUS_INVALID);
    points[2].x = 3;
    points[1].y = NAN;
    assert_int_equal(piecewise_fit(points, 4, 1, &fit, NULL), STATUS_INVALID);
    points[1].y = 2;
    points[1].weight = 0;
    assert_int_equal(piecewise_fit(points, 4, 1, &fit, NULL), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_knots_on_a_grid_fit_better),
        cmocka_unit_test(no_random_knots_fit_better),
        cmocka_unit_test(exact_data_come_back),
        cmocka_unit_test(many_points_are_searched),
        cmocka_unit_test(what_cannot_be_fitted_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
