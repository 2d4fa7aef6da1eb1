// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/drift.h"

#include "base/memory.h"
#include "fitter/contrast.h"
#include "fitter/interval.h"
#include "fitter/prediction.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const double drift_level = 0.05;

enum { Q = PREDICTION_MAX, GRID = 256 };
static const double least_difference = 1e-9; /* relative */
static const double least_eigenvalue = 1e-10;

static const char *const verdicts[] = {
    [DRIFT_SAME] = "same",         [DRIFT_DIFFERS] = "differs",   [DRIFT_UNTESTED] = "untested",
    [DRIFT_ONLY_OLD] = "only old", [DRIFT_ONLY_NEW] = "only new",
};
_Static_assert(sizeof verdicts / sizeof *verdicts == N_DRIFT_VERDICTS, "a name each");

const char *drift_verdict_name(enum drift_verdict verdict)
{
    return verdicts[verdict];
}

/* A model and the set that holds its covariance. */
struct side {
    const struct model_set *set;
    const struct cost_model *model;
};

/* What the test is made from, in units of each difference's standard error. */
struct test {
    size_t q;
    double d[Q];
    double share[2][Q * Q]; /* correlations: the old fit's part and the new one's */
    double floor[Q];        /* what a billionth of the value adds: without noise, nothing else is */
};

static void fill(const struct side sides[2], const struct contrasts *contrasts, struct test *test)
{
    double scale[Q];
    size_t q = test->q = contrasts->n;
    for (size_t k = 0; k < q; k++) {
        double variance = 0, size = 0, values[2];
        for (int s = 0; s < 2; s++) {
            values[s] = contrast_value(contrasts, k, sides[s].model);
            variance += contrast_covariance(contrasts, k, k, sides[s].set, sides[s].model);
            size = fmax(size, fabs(values[s]));
        }
        double floor = fmax(least_difference * size, 1e-150);
        scale[k] = sqrt(fmax(variance, 0) + floor * floor);
        test->floor[k] = floor * floor / (scale[k] * scale[k]);
        test->d[k] = (values[1] - values[0]) / scale[k];
    }
    for (int s = 0; s < 2; s++) {
        for (size_t i = 0; i < q * q; i++)
            test->share[s][i] =
                contrast_covariance(contrasts, i / q, i % q, sides[s].set, sides[s].model) /
                (scale[i / q] * scale[i % q]);
    }
}

static void whiten(struct test *test, const gsl_vector *values, const gsl_matrix *vectors)
{
    size_t q = test->q;
    double most = gsl_vector_max(values), d[Q], to[Q][Q];
    for (size_t k = 0; k < q; k++) {
        double root = sqrt(fmax(gsl_vector_get(values, k), least_eigenvalue * most));
        d[k] = 0;
        for (size_t i = 0; i < q; i++) {
            to[k][i] = gsl_matrix_get(vectors, i, k) / root;
            d[k] += to[k][i] * test->d[i];
        }
    }
    memcpy(test->d, d, q * sizeof *d);
    for (int s = 0; s < 2; s++) {
        double white[Q * Q] = {0};
        for (size_t k = 0; k < q * q; k++) {
            for (size_t i = 0; i < q * q; i++)
                white[k] += to[k / q][i / q] * test->share[s][i] * to[k % q][i % q];
        }
        memcpy(test->share[s], white, sizeof white);
    }
}

static enum status standardise(struct test *test, struct error *error)
{
    size_t q = test->q;
    gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(q);
    gsl_matrix *sum = gsl_matrix_alloc(q, q), *vectors = gsl_matrix_alloc(q, q);
    gsl_vector *values = gsl_vector_alloc(q);
    enum status status = STATUS_OK;
    if (work && sum && vectors && values) {
        for (size_t i = 0; i < q * q; i++)
            gsl_matrix_set(sum, i / q, i % q,
                           test->share[0][i] + test->share[1][i] +
                               (i / q == i % q ? test->floor[i / q] : 0));
        gsl_eigen_symmv(sum, values, vectors, work);
        whiten(test, values, vectors);
    } else {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for a comparison");
    }
    gsl_eigen_symmv_free(work);
    gsl_matrix_free(sum);
    gsl_matrix_free(vectors);
    gsl_vector_free(values);
    return status;
}

/* The degrees of freedom of the sum of two covariances (Krishnamoorthy and Yu 2004, equation 8). */
static double pooled_dof(const struct test *test, const struct side sides[2])
{
    double q = (double)test->q, sum = 0;
    for (int s = 0; s < 2; s++) {
        double trace = 0, squares = 0;
        for (size_t i = 0; i < test->q; i++) {
            trace += test->share[s][i * test->q + i];
            for (size_t j = 0; j < test->q; j++)
                squares += test->share[s][i * test->q + j] * test->share[s][j * test->q + i];
        }
        if (sides[s].model->dof > 0)
            sum += (squares + trace * trace) / sides[s].model->dof;
    }
    return sum > 0 ? (q + q * q) / sum : INFINITY;
}

static void refer_to_f(const struct test *test, const struct side sides[2], struct drift_row *row)
{
    double nu = pooled_dof(test, sides), q = (double)test->q, t2 = 0;
    bool resampled = sides[0].set->n_rounds > 0 || sides[1].set->n_rounds > 0;
    for (size_t i = 0; i < test->q; i++)
        t2 += test->d[i] * test->d[i];
    row->dof = q;
    row->error_dof = resampled ? nu - q + 1 : nu;
    if (!(row->error_dof >= 1))
        return;
    row->f = resampled && isfinite(nu) ? t2 * row->error_dof / (nu * q) : t2 / q;
    row->p = isfinite(row->error_dof) && row->error_dof < 1e9
                 ? gsl_cdf_fdist_Q(row->f, q, row->error_dof)
                 : gsl_cdf_chisq_Q(t2, q);
    row->verdict = DRIFT_SAME; /* until Holm has seen all */
}

static void find_change(const struct side sides[2], struct drift_row *row)
{
    for (int i = 0; i <= GRID; i++) {
        double n = row->from + (double)(row->to - row->from) * i / GRID;
        double old = prediction_value(sides[0].model, n), new = prediction_value(sides[1].model, n);
        double change = old > 0 ? new / old - 1 : NAN;
        if (isnan(change) || (!isnan(row->change) && fabs(change) <= fabs(row->change)))
            continue;
        double variance = 0, nu = fmin(sides[0].model->dof, sides[1].model->dof);
        for (int s = 0; s < 2; s++)
            variance += prediction_covariance(sides[s].set, sides[s].model, n, n);
        row->change = change;
        row->change_at = n;
        row->tightest = nu >= 1 ? interval_t(nu) * sqrt(fmax(variance, 0)) / old : NAN;
    }
}

static enum status compare(const struct side sides[2], struct drift_row *row, struct error *error)
{
    const struct cost_model *a = sides[0].model, *b = sides[1].model;
    struct test test;
    row->from = a->n_min > b->n_min ? a->n_min : b->n_min;
    row->to = a->n_max < b->n_max ? a->n_max : b->n_max;
    row->verdict = DRIFT_UNTESTED;
    if (row->from > row->to || a->n_coefficients > Q || b->n_coefficients > Q)
        return STATUS_OK;
    /* with half of what resampling knows left, at least, for the errors */
    double most = (a->dof + b->dof) / 2;
    const struct contrasts contrasts = contrasts_of(a, b, row->from, row->to, most);
    row->compared = contrasts.whole ? "curve" : contrasts.n > 1 ? "mean and slope" : "mean";
    fill(sides, &contrasts, &test);
    enum status status = standardise(&test, error);
    if (status)
        return status;
    refer_to_f(&test, sides, row);
    find_change(sides, row);
    return STATUS_OK;
}

static struct drift_row blank(const struct cost_model *model, enum drift_verdict verdict)
{
    return (struct drift_row){.target = model->target,
                              .quantity = model->quantity,
                              .verdict = verdict,
                              .provenance = model->provenance,
                              .f = NAN,
                              .dof = NAN,
                              .error_dof = NAN,
                              .p = NAN,
                              .p_holm = NAN,
                              .change = NAN,
                              .change_at = NAN,
                              .tightest = NAN};
}

/* Holm (1979): the least of m values times m, the next times m-1, none below the one before. */
static void adjust(struct drift *drift)
{
    double before = 0;
    for (size_t i = 0; i < drift->n_rows; i++)
        drift->n_tested += isnan(drift->rows[i].p) ? 0 : 1;
    for (size_t rank = 0; rank < drift->n_tested; rank++) {
        struct drift_row *least = NULL;
        for (size_t i = 0; i < drift->n_rows; i++) {
            struct drift_row *row = &drift->rows[i];
            if (!isnan(row->p) && isnan(row->p_holm) && (!least || row->p < least->p))
                least = row;
        }
        if (!least)
            break;
        before = fmax(before, fmin(least->p * (double)(drift->n_tested - rank), 1));
        least->p_holm = before;
        if (before <= drift_level) {
            least->verdict = DRIFT_DIFFERS;
            drift->n_differ++;
        }
    }
}

/* The break-evens of each device and endpoint that both sets know; what has none is passed over. */
static void compare_break_evens(const struct model_set *old, const struct model_set *new,
                                const struct cost_link *link, struct drift *drift)
{
    for (size_t c = 0; c < new->n_models; c++) {
        const struct cost_model *cloud = &new->models[c];
        for (size_t e = 0; cloud->quantity == QUANTITY_REMOTE_S && e < new->n_models; e++) {
            const struct cost_model *edge = &new->models[e];
            struct drift_break_even *b = &drift->break_evens[drift->n_break_evens];
            if (edge->quantity != QUANTITY_TIME_S)
                continue;
            *b = (struct drift_break_even){.edge = edge->target, .cloud = cloud->target};
            drift->n_break_evens += !break_even_time(old, b->edge, b->cloud, link, &b->old, NULL) &&
                                    !break_even_time(new, b->edge, b->cloud, link, &b->new, NULL);
        }
    }
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : !a && !b;
}

/* Energies of another account: what differs between them is no drift of the device. */
static bool other_energy(const struct side sides[2])
{
    const struct energy_basis *a = &sides[0].set->energy, *b = &sides[1].set->energy;
    return quantity_is_energy(sides[1].model->quantity) &&
           (sides[0].model->provenance != sides[1].model->provenance ||
            !same_text(a->scope, b->scope) || !same_text(a->baseline, b->baseline));
}

enum status drift_find(const struct model_set *old, const char *old_name,
                       const struct model_set *new, const struct cost_link *link,
                       struct drift *drift, struct error *error)
{
    size_t n = old->n_models + new->n_models;
    enum status status = STATUS_OK;
    *drift = (struct drift){
        .old = text_copy(old_name),
        .rows = calloc(n + 1, sizeof *drift->rows),
        .break_evens = calloc(new->n_models *new->n_models + 1, sizeof *drift->break_evens),
    };
    if (!drift->old || !drift->rows || !drift->break_evens)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for a comparison");
    for (size_t i = 0; !status && i < new->n_models; i++) {
        const struct cost_model *model = &new->models[i];
        const struct side sides[2] = {{old, model_set_find(old, model->target, model->quantity)},
                                      {new, model}};
        struct drift_row *row = &drift->rows[drift->n_rows++];
        *row = blank(model, DRIFT_ONLY_NEW);
        if (sides[0].model && other_energy(sides)) {
            row->verdict = DRIFT_UNTESTED;
            drift->other_energy = true;
        } else if (sides[0].model) {
            status = compare(sides, row, error);
        }
        if (sides[0].model && sides[0].model->provenance > row->provenance)
            row->provenance = sides[0].model->provenance;
    }
    for (size_t i = 0; !status && i < old->n_models; i++) {
        const struct cost_model *model = &old->models[i];
        if (!model_set_find(new, model->target, model->quantity))
            drift->rows[drift->n_rows++] = blank(model, DRIFT_ONLY_OLD);
    }
    if (status) {
        drift_free(drift);
        return status;
    }
    adjust(drift);
    compare_break_evens(old, new, link, drift);
    return STATUS_OK;
}

enum status drift_status(const struct drift *drift, const char *campaign, struct error *error)
{
    if (drift->n_differ == 0)
        return STATUS_OK;
    return error_set(error, STATUS_NOT_REACHED,
                     "campaign %s differs from %s beyond noise in %zu of %zu quantities", campaign,
                     drift->old, drift->n_differ, drift->n_tested);
}

void drift_free(struct drift *drift)
{
    free(drift->old);
    free(drift->rows);
    free(drift->break_evens);
    *drift = (struct drift){0};
}
