// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/piecewise_private.h"

#include <math.h>
#include <stdlib.h>

enum { K = PIECEWISE_MAX_KNOTS, P = K + 2 };

/* A straight line on the scaled abscissas. */
struct straight {
    double intercept, slope;
};

static void add_up(struct piecewise_sums *sums)
{
    sums->to[0] = (struct piecewise_sum){0};
    for (size_t i = 0; i < sums->n; i++) {
        long double w = sums->weight[i], x = sums->x[i], y = sums->y[i];
        const struct piecewise_sum *before = &sums->to[i];
        sums->to[i + 1] = (struct piecewise_sum){before->w + w,           before->wx + w * x,
                                                 before->wxx + w * x * x, before->wy + w * y,
                                                 before->wxy + w * x * y, before->wyy + w * y * y};
    }
}

/* Takes the line through all points off them. */
static void straighten(struct piecewise_sums *sums)
{
    double w = 0, x = 0, y = 0, xx = 0, xy = 0; /* means, and sums about them, one by one */
    for (size_t i = 0; i < sums->n; i++) {
        double dx = sums->x[i] - x, dy = sums->y[i] - y;
        w += sums->weight[i];
        double share = sums->weight[i] / w, rest = sums->weight[i] * (1 - share);
        x += share * dx;
        y += share * dy;
        xx += rest * dx * dx;
        xy += rest * dx * dy;
    }
    double slope = xx > 0 ? xy / xx : 0;
    for (size_t i = 0; i < sums->n; i++)
        sums->y[i] -= y + slope * (sums->x[i] - x);
}

enum status piecewise_sums_make(const struct piecewise_point *points, size_t n,
                                struct piecewise_sums *sums, struct error *error)
{
    *sums = (struct piecewise_sums){.n = n};
    sums->x = malloc(n * sizeof *sums->x);
    sums->y = malloc(n * sizeof *sums->y);
    sums->weight = malloc(n * sizeof *sums->weight);
    sums->to = malloc((n + 1) * sizeof *sums->to);
    if (!sums->x || !sums->y || !sums->weight || !sums->to)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n);
    sums->centre = (points[0].x + points[n - 1].x) / 2;
    sums->half_width = (points[n - 1].x - points[0].x) / 2;
    for (size_t i = 0; i < n; i++) {
        sums->x[i] = (points[i].x - sums->centre) / sums->half_width;
        sums->y[i] = points[i].y;
        sums->weight[i] = points[i].weight;
    }
    straighten(sums);
    add_up(sums);
    return STATUS_OK;
}

void piecewise_sums_free(struct piecewise_sums *sums)
{
    free(sums->x);
    free(sums->y);
    free(sums->weight);
    free(sums->to);
    *sums = (struct piecewise_sums){0};
}

/* Over points first .. end-1. */
static struct piecewise_sum between(const struct piecewise_sums *sums, size_t first, size_t end)
{
    const struct piecewise_sum *a = &sums->to[first], *b = &sums->to[end];
    return (struct piecewise_sum){b->w - a->w,   b->wx - a->wx,   b->wxx - a->wxx,
                                  b->wy - a->wy, b->wxy - a->wxy, b->wyy - a->wyy};
}

double piecewise_line_rss(const struct piecewise_sums *sums, size_t first, size_t end)
{
    struct piecewise_sum s = between(sums, first, end);
    if (end - first <= 2)
        return 0;
    long double x = s.wx / s.w, y = s.wy / s.w;
    long double xx = s.wxx - s.wx * x, xy = s.wxy - s.wx * y, yy = s.wyy - s.wy * y;
    long double rss = yy - xy * xy / xx;
    return rss > 0 ? (double)rss : 0;
}

/* Solves a*c = b, of size p and positive definite, in place by Cholesky; false: it is not. */
static bool solve(long double a[P][P], long double *b, size_t p)
{
    for (size_t j = 0; j < p; j++) {
        long double pivot = a[j][j];
        for (size_t k = 0; k < j; k++)
            pivot -= a[j][k] * a[j][k];
        if (!(pivot > 1e-13L * a[j][j]))
            return false;
        a[j][j] = sqrtl(pivot);
        for (size_t i = j + 1; i < p; i++) {
            long double sum = a[i][j];
            for (size_t k = 0; k < j; k++)
                sum -= a[i][k] * a[j][k];
            a[i][j] = sum / a[j][j];
        }
        for (size_t k = 0; k < j; k++)
            b[j] -= a[j][k] * b[k];
        b[j] /= a[j][j];
    }
    for (size_t j = p; j-- > 0;) {
        for (size_t k = j + 1; k < p; k++)
            b[j] -= a[k][j] * b[k];
        b[j] /= a[j][j];
    }
    return true;
}

/*
 * Lines through points first .. end-1 that are joined on the points of `knots`: what they leave,
 * and the first and the last of them.
 */
static double joined(const struct piecewise_sums *sums, size_t first, size_t end,
                     const struct piecewise_knot *knots, size_t n_knots, struct straight *left,
                     struct straight *right)
{
    long double a[P][P], b[P], y[P];
    size_t p = 2 + n_knots;
    struct piecewise_sum all = between(sums, first, end);
    a[0][0] = all.w;
    a[1][0] = all.wx;
    a[1][1] = all.wxx;
    b[0] = all.wy;
    b[1] = all.wxy;
    for (size_t k = 0; k < n_knots; k++) {
        long double at = sums->x[knots[k].after];
        struct piecewise_sum s = between(sums, knots[k].after + 1, end);
        a[2 + k][0] = s.wx - at * s.w;
        a[2 + k][1] = s.wxx - at * s.wx;
        for (size_t l = 0; l <= k; l++) {
            long double before = sums->x[knots[l].after];
            a[2 + k][2 + l] = s.wxx - (at + before) * s.wx + at * before * s.w;
        }
        b[2 + k] = s.wxy - at * s.wy;
    }
    for (size_t i = 0; i < p; i++)
        y[i] = b[i];
    if (!solve(a, b, p))
        return INFINITY;
    long double rss = all.wyy;
    for (size_t i = 0; i < p; i++)
        rss -= b[i] * y[i];
    *left = *right = (struct straight){(double)b[0], (double)b[1]};
    for (size_t k = 0; k < n_knots; k++) {
        right->intercept -= (double)b[2 + k] * sums->x[knots[k].after];
        right->slope += (double)b[2 + k];
    }
    return rss > 0 ? (double)rss : 0;
}

/* Whether two lines meet between point `after` and the next; *place is where. */
static bool meet(const struct piecewise_sums *sums, size_t after, const struct straight *a,
                 const struct straight *b, double *place)
{
    double from = sums->x[after], to = sums->x[after + 1];
    double intercept = a->intercept - b->intercept, slope = a->slope - b->slope;
    double low = intercept + slope * from, high = intercept + slope * to;
    if ((low > 0 && high > 0) || (low < 0 && high < 0))
        return false;
    *place = low == high ? (from + to) / 2 : from + (to - from) * (low / (low - high));
    return true;
}

/* The squares left, and where the free knots are (scaled; the others are where their point is). */
static double left_by(const struct piecewise_sums *sums, size_t first, size_t last_end,
                      const struct piecewise_knot *knots, size_t n_knots, double *places)
{
    double rss = 0;
    size_t first_knot = 0;
    struct straight before = {0};
    for (size_t k = 0; k <= n_knots; k++) {
        if (k < n_knots && !knots[k].free)
            continue;
        struct straight left, right;
        size_t end = k < n_knots ? knots[k].after + 1 : last_end;
        if (end < first + 2)
            return INFINITY;
        rss += joined(sums, first, end, knots + first_knot, k - first_knot, &left, &right);
        if (!(rss < INFINITY) ||
            (first_knot > 0 && !meet(sums, first - 1, &before, &left, &places[first_knot - 1])))
            return INFINITY;
        before = right;
        first = end;
        first_knot = k + 1;
    }
    return rss;
}

double piecewise_rss(const struct piecewise_sums *sums, size_t first, size_t end,
                     const struct piecewise_knot *knots, size_t n_knots)
{
    double places[K];
    return left_by(sums, first, end, knots, n_knots, places);
}

void piecewise_places(const struct piecewise_sums *sums, const struct piecewise_knot *knots,
                      size_t n_knots, double *places)
{
    for (size_t k = 0; k < n_knots; k++)
        places[k] = sums->x[knots[k].after];
    left_by(sums, 0, sums->n, knots, n_knots, places);
    for (size_t k = 0; k < n_knots; k++)
        places[k] = sums->centre + sums->half_width * places[k];
}
