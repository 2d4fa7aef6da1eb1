// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/normal.h"

#include <math.h>
#include <string.h>

enum { P = NORMAL_MAX };

/* What is left of a column once those before it are taken out, relative to it. */
static const double least_share = 1e-13;

void normal_copy(struct normal *to, const struct normal *from)
{
    to->p = from->p;
    memcpy(to->a, from->a, from->p * from->p * sizeof *to->a);
    memcpy(to->b, from->b, from->p * sizeof *to->b);
}

void normal_add(struct normal *normal, const double *x, double weight, double what)
{
    size_t p = normal->p;
    for (size_t i = 0; i < p; i++) {
        if (!(fabs(x[i]) > 0))
            continue;
        for (size_t j = 0; j <= i; j++)
            normal->a[i * p + j] += weight * x[i] * x[j];
        normal->b[i] += what * x[i];
    }
}

void normal_add_line(struct normal *normal, const double *from, const double *along,
                     const struct normal_sums *sums)
{
    size_t p = normal->p;
    for (size_t i = 0; i < p; i++) {
        double w = sums->w * from[i] + sums->wz * along[i];
        double wz = sums->wz * from[i] + sums->wzz * along[i];
        for (size_t j = 0; j <= i; j++)
            normal->a[i * p + j] += w * from[j] + wz * along[j];
        normal->b[i] += sums->wy * from[i] + sums->wyz * along[i];
    }
}

/* The lower triangle l with l l' = a. */
static bool decompose(const struct normal *normal, double *l)
{
    size_t p = normal->p;
    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = normal->a[i * p + j];
            for (size_t k = 0; k < j; k++)
                sum -= l[i * p + k] * l[j * p + k];
            if (j < i)
                l[i * p + j] = sum / l[j * p + j];
            else if (sum > least_share * normal->a[i * p + i])
                l[i * p + i] = sqrt(sum);
            else
                return false;
        }
    }
    return true;
}

static void substitute(const double *l, size_t p, double *x)
{
    for (size_t i = 0; i < p; i++) {
        for (size_t k = 0; k < i; k++)
            x[i] -= l[i * p + k] * x[k];
        x[i] /= l[i * p + i];
    }
    for (size_t i = p; i-- > 0;) {
        for (size_t k = i + 1; k < p; k++)
            x[i] -= l[k * p + i] * x[k];
        x[i] /= l[i * p + i];
    }
}

bool normal_solve(const struct normal *normal, double *solution)
{
    double l[P * P];
    if (!decompose(normal, l))
        return false;
    for (size_t i = 0; i < normal->p; i++)
        solution[i] = normal->b[i];
    substitute(l, normal->p, solution);
    return true;
}

bool normal_invert(const struct normal *normal, double *inverse)
{
    double l[P * P], column[P];
    size_t p = normal->p;
    if (!decompose(normal, l))
        return false;
    for (size_t j = 0; j < p; j++) {
        for (size_t i = 0; i < p; i++)
            column[i] = i == j;
        substitute(l, p, column);
        for (size_t i = 0; i < p; i++)
            inverse[i * p + j] = column[i];
    }
    return true;
}
