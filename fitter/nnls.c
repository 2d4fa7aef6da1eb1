// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/nnls.h"

#include <gsl/gsl_linalg.h>

#include <math.h>
#include <string.h>

enum { MAX_STEPS = 3 * NNLS_MAX * NNLS_MAX };
static const double negligible = 1e-11; /* of a gradient, and of a pivot, in scaled columns */

/* The normal equations with columns scaled to length 1. */
struct problem {
    size_t n;
    double gram[NNLS_MAX][NNLS_MAX], right[NNLS_MAX], scale[NNLS_MAX], length_b;
};

static enum status form(const double *a, const double *b, size_t m, size_t n, struct problem *p,
                        struct error *error)
{
    double squares = 0;
    *p = (struct problem){.n = n};
    for (size_t r = 0; r < m; r++) {
        for (size_t i = 0; i < n; i++) {
            p->right[i] += a[r * n + i] * b[r];
            for (size_t j = 0; j < n; j++)
                p->gram[i][j] += a[r * n + i] * a[r * n + j];
        }
        squares += b[r] * b[r];
    }
    for (size_t i = 0; i < n; i++)
        p->scale[i] = sqrt(p->gram[i][i]);
    p->length_b = sqrt(squares);
    bool finite = isfinite(squares);
    for (size_t i = 0; i < n; i++) {
        finite = finite && isfinite(p->right[i]) && isfinite(p->scale[i]);
        p->right[i] /= p->scale[i] > 0 ? p->scale[i] : 1;
        for (size_t j = 0; j < n; j++)
            p->gram[i][j] /=
                (p->scale[i] > 0 ? p->scale[i] : 1) * (p->scale[j] > 0 ? p->scale[j] : 1);
    }
    if (m == 0 || !finite)
        return error_set(error, STATUS_INVALID,
                         m == 0 ? "nothing to fit" : "a value to fit is not finite");
    return STATUS_OK;
}

/* The unconstrained solution over the free columns, 0 elsewhere, and where wanted their inverse;
 * false where they depend on each other. */
static bool solve(const struct problem *p, const bool *free, double *x, double *inverse)
{
    size_t index[NNLS_MAX], k = 0;
    double cells[NNLS_MAX * NNLS_MAX], right[NNLS_MAX];
    for (size_t i = 0; i < p->n; i++) {
        x[i] = 0;
        if (free[i])
            index[k++] = i;
    }
    if (k == 0)
        return true;
    for (size_t i = 0; i < k; i++) {
        right[i] = p->right[index[i]];
        for (size_t j = 0; j < k; j++)
            cells[i * k + j] = p->gram[index[i]][index[j]];
    }
    gsl_matrix_view gram = gsl_matrix_view_array(cells, k, k);
    gsl_vector_view solution = gsl_vector_view_array(right, k);
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    bool regular = gsl_linalg_cholesky_decomp1(&gram.matrix) == GSL_SUCCESS;
    for (size_t i = 0; regular && i < k; i++)
        regular = cells[i * k + i] * cells[i * k + i] > negligible;
    if (regular) {
        gsl_linalg_cholesky_svx(&gram.matrix, &solution.vector);
        for (size_t i = 0; i < k; i++)
            x[index[i]] = right[i];
    }
    if (regular && inverse) {
        gsl_linalg_cholesky_invert(&gram.matrix);
        for (size_t i = 0; i < k; i++) {
            for (size_t j = 0; j < k; j++)
                inverse[index[i] * p->n + index[j]] =
                    cells[i * k + j] / (p->scale[index[i]] * p->scale[index[j]]);
        }
    }
    gsl_set_error_handler(handler);
    return regular;
}

/* The column at 0 along which the residual falls fastest; n: none. */
static size_t steepest(const struct problem *p, const double *x, const bool *free,
                       const bool *barred)
{
    size_t best = p->n;
    double most = negligible * p->length_b;
    for (size_t i = 0; i < p->n; i++) {
        double gradient = p->right[i];
        for (size_t j = 0; j < p->n; j++)
            gradient -= p->gram[i][j] * x[j];
        if (!free[i] && !barred[i] && gradient > most) {
            most = gradient;
            best = i;
        }
    }
    return best;
}

/* Walks from x towards z until the first free column reaches 0, and holds those that did. */
static void step_back(const struct problem *p, double *x, const double *z, bool *free)
{
    double share = 1;
    for (size_t i = 0; i < p->n; i++) {
        if (free[i] && z[i] <= 0)
            share = fmin(share, x[i] / (x[i] - z[i]));
    }
    for (size_t i = 0; i < p->n; i++) {
        bool first = free[i] && z[i] <= 0 && x[i] / (x[i] - z[i]) <= share;
        x[i] += share * (z[i] - x[i]);
        if (first || (free[i] && x[i] <= 0)) {
            x[i] = 0;
            free[i] = false;
        }
    }
}

static bool inside(const struct problem *p, const double *z, const bool *free)
{
    for (size_t i = 0; i < p->n; i++) {
        if (free[i] && z[i] <= 0)
            return false;
    }
    return true;
}

static double residual_squares(const double *a, const double *b, size_t m, size_t n,
                               const double *x)
{
    double rss = 0;
    for (size_t r = 0; r < m; r++) {
        double rest = b[r];
        for (size_t i = 0; i < n; i++)
            rest -= a[r * n + i] * x[i];
        rss += rest * rest;
    }
    return rss;
}

enum status nnls(const double *a, const double *b, size_t m, size_t n, double *x, bool *free,
                 double *inverse, double *rss, struct error *error)
{
    struct problem p;
    bool barred[NNLS_MAX] = {false};
    double z[NNLS_MAX];
    enum status status = form(a, b, m, n, &p, error);
    if (status)
        return status;
    memset(inverse, 0, n * n * sizeof *inverse);
    for (size_t i = 0; i < n; i++) {
        x[i] = 0;
        free[i] = false;
    }
    for (int steps = 0; steps < MAX_STEPS; steps++) {
        size_t next = steepest(&p, x, free, barred);
        if (next == n)
            break;
        free[next] = true;
        if (!solve(&p, free, z, NULL) || z[next] <= 0) { /* the others say all that it does */
            free[next] = false;
            barred[next] = true;
            continue;
        }
        while (!inside(&p, z, free)) {
            step_back(&p, x, z, free);
            if (!solve(&p, free, z, NULL))
                break;
        }
        memcpy(x, z, n * sizeof *x);
        memset(barred, 0, sizeof barred);
    }
    solve(&p, free, z, inverse);
    for (size_t i = 0; i < n; i++)
        x[i] = free[i] ? z[i] / p.scale[i] : 0;
    *rss = residual_squares(a, b, m, n, x);
    return STATUS_OK;
}
