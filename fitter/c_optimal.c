// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/c_optimal.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { P = C_OPTIMAL_MAX, MAX_STEPS = 1000, PATIENCE = 20 };
static const double gap_wanted = 1e-9, tiny = 1e-12;

/* The programme with each coordinate divided by its largest value, which changes no u. */
struct simplex {
    const double *g;
    size_t n, p;
    double unit[P], c[P];
    size_t point[P]; /* of the basis */
    double sign[P];  /* with which each takes part */
    double u[P];     /* how much, >= 0 */
    double h[P];     /* the dual solution */
};

static double coordinate(const struct simplex *s, size_t i, size_t j)
{
    return s->g[i * s->p + j] / s->unit[j];
}

static double dot(const struct simplex *s, size_t i, const double *h)
{
    double sum = 0;
    for (size_t j = 0; j < s->p; j++)
        sum += coordinate(s, i, j) * h[j];
    return sum;
}

/* Solves a x = b of order p by elimination; a and b are overwritten, x is b. */
static bool solve(double a[P][P], double *b, size_t p)
{
    for (size_t k = 0; k < p; k++) {
        size_t pivot = k;
        for (size_t i = k + 1; i < p; i++)
            pivot = fabs(a[i][k]) > fabs(a[pivot][k]) ? i : pivot;
        if (!(fabs(a[pivot][k]) > tiny * tiny))
            return false;
        for (size_t j = 0; j < p; j++) {
            double other = a[k][j];
            a[k][j] = a[pivot][j];
            a[pivot][j] = other;
        }
        double other = b[k];
        b[k] = b[pivot];
        b[pivot] = other;
        for (size_t i = 0; i < p; i++) {
            double factor = i == k ? 0 : a[i][k] / a[k][k];
            for (size_t j = k; j < p && i != k; j++)
                a[i][j] -= factor * a[k][j];
            b[i] -= factor * b[k];
        }
    }
    for (size_t k = 0; k < p; k++)
        b[k] /= a[k][k];
    return true;
}

/* x of B x = b, or of B'x = b; the basis' columns with their signs. */
static bool solve_basis(const struct simplex *s, bool transposed, double *b)
{
    double a[P][P];
    for (size_t k = 0; k < s->p; k++) {
        for (size_t j = 0; j < s->p; j++) {
            double value = s->sign[k] * coordinate(s, s->point[k], j);
            *(transposed ? &a[k][j] : &a[j][k]) = value;
        }
    }
    return solve(a, b, s->p);
}

/* A basis to start from: each time the point that is furthest from the span of those before. */
static bool start(struct simplex *s)
{
    double axes[P][P];
    for (size_t k = 0; k < s->p; k++) {
        double best = 0;
        for (size_t i = 0; i < s->n; i++) {
            double rest[P], size = 0, whole = 0;
            for (size_t j = 0; j < s->p; j++)
                rest[j] = coordinate(s, i, j);
            for (size_t j = 0; j < s->p; j++)
                whole += rest[j] * rest[j];
            for (size_t a = 0; a < k; a++) {
                double along = 0;
                for (size_t j = 0; j < s->p; j++)
                    along += rest[j] * axes[a][j];
                for (size_t j = 0; j < s->p; j++)
                    rest[j] -= along * axes[a][j];
            }
            for (size_t j = 0; j < s->p; j++)
                size += rest[j] * rest[j];
            if (size <= best || size <= 1e-20 * whole)
                continue;
            best = size;
            s->point[k] = i;
            for (size_t j = 0; j < s->p; j++)
                axes[k][j] = rest[j] / sqrt(size);
        }
        s->sign[k] = 1;
        if (!(best > 0))
            return false;
    }
    memcpy(s->u, s->c, sizeof s->u);
    if (!solve_basis(s, false, s->u))
        return false;
    for (size_t k = 0; k < s->p; k++) {
        s->sign[k] = s->u[k] < 0 ? -1 : 1;
        s->u[k] = fabs(s->u[k]);
    }
    return true;
}

/* The point that lowers the sum most per unit; where that went nowhere for long, the first that
 * lowers it (Bland 1977: no cycles). Its |g'h| is *most, that of the worst point. */
static size_t choose(const struct simplex *s, bool first, double *most)
{
    size_t best = s->n;
    double of_best = 1 + gap_wanted / 4;
    *most = 1;
    for (size_t i = 0; i < s->n; i++) {
        double value = fabs(dot(s, i, s->h));
        *most = fmax(*most, value);
        if (value > of_best && (!first || best == s->n)) {
            best = i;
            of_best = value;
        }
    }
    return best;
}

/* Takes the point into the basis in place of the one that runs out first; how far it came. */
static double exchange(struct simplex *s, size_t point)
{
    double d[P], sign = dot(s, point, s->h) < 0 ? -1 : 1, reach = INFINITY;
    size_t out = s->p;
    for (size_t j = 0; j < s->p; j++)
        d[j] = sign * coordinate(s, point, j);
    if (!solve_basis(s, false, d))
        return -1;
    for (size_t k = 0; k < s->p; k++) {
        double ratio = d[k] > tiny ? s->u[k] / d[k] : INFINITY;
        if (ratio < reach || (ratio <= reach && out < s->p && s->point[k] < s->point[out])) {
            reach = ratio;
            out = k;
        }
    }
    if (out == s->p)
        return -1;
    for (size_t k = 0; k < s->p; k++)
        s->u[k] = fmax(s->u[k] - reach * d[k], 0);
    s->point[out] = point;
    s->sign[out] = sign;
    s->u[out] = reach;
    return reach;
}

static void report(const struct simplex *s, double most, struct c_optimal *design)
{
    double sum = 0;
    *design = (struct c_optimal){.gap = 1 - 1 / (most * most)};
    for (size_t k = 0; k < s->p; k++)
        sum += s->u[k];
    for (size_t k = 0; k < s->p; k++) {
        size_t at = design->n_support;
        if (s->u[k] <= tiny * sum)
            continue;
        for (; at > 0 && design->point[at - 1] > s->point[k]; at--) {
            design->point[at] = design->point[at - 1];
            design->share[at] = design->share[at - 1];
        }
        design->point[at] = s->point[k];
        design->share[at] = s->u[k] / sum;
        design->n_support++;
    }
    design->root = sum;
}

enum status c_optimal(const double *g, size_t n, size_t p, const double *c,
                      struct c_optimal *design, struct error *error)
{
    struct simplex s = {.g = g, .n = n, .p = p};
    for (size_t j = 0; j < p; j++) {
        for (size_t i = 0; i < n; i++)
            s.unit[j] = fmax(s.unit[j], fabs(g[i * p + j]));
        s.unit[j] = s.unit[j] > 0 ? s.unit[j] : 1;
        s.c[j] = c[j] / s.unit[j];
    }
    if (!start(&s))
        return error_set(error, STATUS_INVALID, "%zu points do not determine %zu coefficients", n,
                         p);
    size_t idle = 0;
    for (int step = 0; step < MAX_STEPS; step++) {
        double most;
        for (size_t j = 0; j < p; j++)
            s.h[j] = 1;
        if (!solve_basis(&s, true, s.h))
            break;
        size_t point = choose(&s, idle > PATIENCE, &most);
        if (point == n) {
            report(&s, most, design);
            return STATUS_OK;
        }
        double came = exchange(&s, point);
        if (came < 0)
            break;
        idle = came > 0 ? 0 : idle + 1;
    }
    return error_set(error, STATUS_FAILED, "no c-optimal design found for %zu points", n);
}

double c_variance(const double *g, const double *w, size_t n, size_t p, const double *c)
{
    double unit[P] = {0}, m[P][P] = {{0}}, x[P], variance = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < p; j++)
            unit[j] = fmax(unit[j], fabs(g[i * p + j]));
    }
    for (size_t j = 0; j < p; j++) {
        unit[j] = unit[j] > 0 ? unit[j] : 1;
        x[j] = c[j] / unit[j];
        size += x[j] * x[j];
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < p; j++) {
            for (size_t k = 0; k < p; k++)
                m[j][k] += w[i] * (g[i * p + j] / unit[j]) * (g[i * p + k] / unit[k]);
        }
    }
    /* Each coefficient is told a little about, so that c need only be in the span of the points. */
    for (size_t j = 0; j < p; j++)
        m[j][j] += 1e-13 * m[j][j] + 1e-20;
    if (!solve(m, x, p))
        return INFINITY;
    for (size_t j = 0; j < p; j++)
        variance += c[j] / unit[j] * x[j];
    return variance > 0 && variance < 1e9 * size ? variance : INFINITY;
}
