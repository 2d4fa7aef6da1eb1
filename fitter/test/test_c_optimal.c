// SPDX-License-Identifier: GPL-3.0-or-later
/* The c-optimal design against designs in closed form, all pairs of points and the multiplicative
 * algorithm. */
#include "base/test/support.h"

#include "base/random.h"
#include "fitter/c_optimal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 41 };

static double find(const double *g, size_t n, size_t p, const double *c, struct c_optimal *design)
{
    struct error error = {0};
    double w[N] = {0}, sum = 0;
    if (c_optimal(g, n, p, c, design, &error))
        fail_msg("%s", error.text);
    assert_true(design->n_support >= 1 && design->n_support <= p);
    assert_true(design->gap >= 0 && design->gap <= 1e-9);
    for (size_t k = 0; k < design->n_support; k++) {
        w[design->point[k]] = design->share[k];
        sum += design->share[k];
        assert_true(k == 0 || design->point[k] > design->point[k - 1]);
    }
    assert_close(sum, 1, 1e-12, 0);
    double variance = design->root * design->root;
    assert_close(c_variance(g, w, n, p, c), variance, 1e-6, 0); /* the shares do what is said */
    return variance;
}

/* Powers of x in -1..1 at N equal steps. */
static void powers(double *g, size_t p)
{
    for (size_t i = 0; i < N; i++) {
        double x = -1 + 2.0 * (double)i / (N - 1);
        for (size_t j = 0; j < p; j++)
            g[i * p + j] = pow(x, (double)j);
    }
}

/* A line at x0 > 1: both ends, the near one with (x0+1)/(2 x0); variance x0^2. Its slope: half
 * and half, variance 1. Its value at a point in between: there alone. */
static void lines(void **state)
{
    (void)state;
    double g[N * 2];
    struct c_optimal design;
    powers(g, 2);
    assert_close(find(g, N, 2, (double[]){1, 3}, &design), 9, 1e-9, 0);
    assert_int_equal(design.n_support, 2);
    assert_int_equal(design.point[1], N - 1);
    assert_close(design.share[1], 4.0 / 6, 1e-9, 0);
    assert_close(find(g, N, 2, (double[]){0, 1}, &design), 1, 1e-9, 0);
    assert_close(design.share[0], 0.5, 1e-9, 0);
    assert_close(find(g, N, 2, (double[]){1, 0.5}, &design), 1, 1e-9, 0);
}

/* Polynomials beyond the interval (Hoel and Levine 1964): the variance is the square of the
 * Chebyshev polynomial there, at its extrema; here they are among the points for degree 2. */
static void extrapolation(void **state)
{
    (void)state;
    double g[N * 3];
    struct c_optimal design;
    powers(g, 3);
    for (double x = 1.1; x < 3; x += 0.3) {
        double chebyshev = 2 * x * x - 1;
        assert_close(find(g, N, 3, (double[]){1, x, x * x}, &design), chebyshev * chebyshev, 1e-8,
                     0);
        assert_int_equal(design.n_support, 3);
        assert_int_equal(design.point[0], 0);
        assert_int_equal(design.point[1], N / 2);
        assert_int_equal(design.point[2], N - 1);
    }
}

/* The least variance of two points with the best shares: |u1| + |u2| of u1 g1 + u2 g2 = c. */
static double best_pair(const double *g, size_t n, const double *c)
{
    double best = INFINITY;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++) {
            double det = g[2 * i] * g[2 * k + 1] - g[2 * k] * g[2 * i + 1];
            double u = (c[0] * g[2 * k + 1] - c[1] * g[2 * k]) / det;
            double v = (g[2 * i] * c[1] - g[2 * i + 1] * c[0]) / det;
            if (fabs(det) > 0)
                best = fmin(best, fabs(u) + fabs(v));
        }
    }
    return best * best;
}

/* Shares by the multiplicative algorithm (Titterington 1976; Silvey, Titterington and Torsney
 * 1978), which only comes near. */
static double multiplicative(const double *g, size_t n, size_t p, const double *c)
{
    double w[N], best = INFINITY;
    for (size_t i = 0; i < n; i++)
        w[i] = 1.0 / (double)n;
    for (int step = 0; step < 4000; step++) {
        double now = c_variance(g, w, n, p, c), next[N], sum = 0;
        best = fmin(best, now);
        for (size_t i = 0; i < n; i++) { /* the derivative, from a small step of the share */
            double kept = w[i], by = 1e-4 * kept + 1e-9;
            w[i] += by;
            double down = (now - c_variance(g, w, n, p, c)) / by;
            w[i] = kept;
            next[i] = kept * sqrt(fmax(down, 0));
            sum += next[i];
        }
        for (size_t i = 0; i < n; i++)
            w[i] = next[i] / sum;
    }
    return best;
}

static void random_ones(void **state)
{
    (void)state;
    struct random random = {7};
    printf("seed 7\n");
    for (int round = 0; round < (test_long() ? 400 : 40); round++) {
        double g[N * 4], c[4] = {0};
        size_t n = 5 + random_below(&random, N - 5);
        for (size_t i = 0; i < n; i++) { /* variances and costs over two decades each */
            double scale = pow(10, 4 * random_uniform(&random) - 2);
            g[2 * i] = scale;
            g[2 * i + 1] = scale * (1 + (double)random_below(&random, 1000));
        }
        c[0] = 1;
        c[1] = 1 + 999 * random_uniform(&random);
        struct c_optimal design;
        assert_close(find(g, n, 2, c, &design), best_pair(g, n, c), 1e-7, 0);
    }
    for (int round = 0; round < 3; round++) {
        double g[12 * 4], c[4];
        struct c_optimal design;
        for (size_t i = 0; i < 12 * 4; i++)
            g[i] = random_normal(&random);
        for (size_t j = 0; j < 4; j++)
            c[j] = random_normal(&random);
        double variance = find(g, 12, 4, c, &design), near = multiplicative(g, 12, 4, c);
        assert_true(variance <= near * (1 + 1e-9));
        assert_close(variance, near, 0.01, 0);
    }
}

static void what_cannot_be_known(void **state)
{
    (void)state;
    struct c_optimal design;
    struct error error = {0};
    const double g[] = {1, 2, 2, 4, 3, 6}; /* all along one line */
    assert_int_equal(c_optimal(g, 3, 2, (double[]){1, 0}, &design, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "3 points"));
    const double w[] = {1, 0, 0};
    assert_true(isinf(c_variance(g, w, 3, 2, (double[]){1, 0})));
    assert_close(c_variance(g, w, 3, 2, (double[]){1, 2}), 1, 1e-6, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines), cmocka_unit_test(extrapolation),
                                       cmocka_unit_test(random_ones),
                                       cmocka_unit_test(what_cannot_be_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
