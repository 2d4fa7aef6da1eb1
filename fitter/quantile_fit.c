// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/quantile_fit.h"

#include "fitter/chosen.h"
#include "fitter/knots.h"
#include "fitter/values.h"

#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double shares[N_STATISTICS] = {
    [STATISTIC_P50] = 0.5, [STATISTIC_P90] = 0.9, [STATISTIC_P95] = 0.95, [STATISTIC_P99] = 0.99};

/* The quantile of ascending values, each `times` its round's place (NULL: once). NAN: none. */
static double quantile_of(const struct value *list, size_t n, const uint32_t *times, double share)
{
    uint64_t total = 0, before = 0;
    for (size_t i = 0; i < n; i++)
        total += times ? times[list[i].round] : 1;
    if (total == 0)
        return NAN;
    double n_all = (double)total, low = NAN;
    double place = fmin(fmax((n_all + 1.0 / 3) * share + 1.0 / 3 - 1, 0), n_all - 1);
    uint64_t rank = (uint64_t)place;
    for (size_t i = 0; i < n; i++) {
        before += times ? times[list[i].round] : 1;
        if (isnan(low) && before > rank)
            low = list[i].value;
        if (before > rank + 1 || before == total)
            return low + (place - (double)rank) * (list[i].value - low);
    }
    return low;
}

/* The quantiles of all lengths, of sorted values. */
static void find_quantiles(const struct values *values, const uint32_t *times, double share,
                           double *quantiles)
{
    size_t at = 0;
    for (size_t first = 0, end; first < values->n; first = end) {
        for (end = first; end < values->n && values->list[end].length == values->list[first].length;
             end++)
            ;
        quantiles[at++] = quantile_of(values->list + first, end - first, times, share);
    }
}

/* A series with one point for each length. */
static enum status make_points(const struct series *series, const double *quantiles,
                               struct series *points, struct error *error)
{
    double mean = 0, n = (double)series->n_lengths;
    *points = (struct series){.n_lengths = series->n_lengths, .n_samples = series->n_lengths};
    points->lengths = malloc(series->n_lengths * sizeof *points->lengths);
    if (!points->lengths)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths",
                         series->n_lengths);
    for (size_t i = 0; i < series->n_lengths; i++)
        mean += series->lengths[i].weight * (double)series->lengths[i].n / n;
    for (size_t i = 0; i < series->n_lengths; i++) {
        const struct series_length *l = &series->lengths[i];
        points->lengths[i] =
            (struct series_length){l->length, 1, quantiles[i], 0, l->weight * (double)l->n / mean};
    }
    return STATUS_OK;
}

static int by_number(const void *left, const void *right)
{
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

/* Rounds by their places among all of them; their number, 0: some value has none. */
static size_t number_rounds(struct values *values, int32_t *rounds)
{
    size_t n = 0;
    for (size_t i = 0; i < values->n; i++)
        rounds[i] = values->list[i].round;
    qsort(rounds, values->n, sizeof *rounds, by_number);
    for (size_t i = 0; i < values->n; i++) {
        if (n == 0 || rounds[i] != rounds[n - 1])
            rounds[n++] = rounds[i];
    }
    if (rounds[0] < 0)
        return 0;
    for (size_t i = 0; i < values->n; i++) {
        const int32_t *place =
            bsearch(&values->list[i].round, rounds, n, sizeof *rounds, by_number);
        values->list[i].round = (int32_t)(place - rounds);
    }
    return n;
}

/* The scatter of so many replicates, as the jackknife counts it (campaign_fit.h). */
static void scale_replicates(struct fit *fit)
{
    double n = (double)fit->n_rounds, factor = sqrt(n) / (n - 1);
    for (size_t j = 0; j < fit->n_coefficients; j++) {
        double mean = 0;
        for (size_t b = 0; b < fit->n_rounds; b++)
            mean += fit->leave_out[b * fit->n_coefficients + j] / n;
        for (size_t b = 0; b < fit->n_rounds; b++) {
            double *value = &fit->leave_out[b * fit->n_coefficients + j];
            *value = mean + factor * (*value - mean);
        }
    }
}

/* Coefficients of rounds drawn with replacement, by one step from the fitted ones. */
static enum status draw_rounds(const struct values *values, const struct series *points,
                               size_t n_rounds, double share, uint64_t seed, struct fit *fit,
                               struct error *error)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    uint32_t *times = malloc(n_rounds * sizeof *times);
    double *quantiles = malloc(points->n_lengths * sizeof *quantiles);
    size_t p = fit->n_coefficients, done = 0;
    enum status status = STATUS_OK;
    fit->leave_out = malloc(QUANTILE_REPLICATES * p * sizeof *fit->leave_out);
    fit->rounds = malloc(QUANTILE_REPLICATES * sizeof *fit->rounds);
    if (!random || !times || !quantiles || !fit->leave_out || !fit->rounds)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu rounds", n_rounds);
    if (!status)
        gsl_rng_set(random, (unsigned long)seed);
    for (int32_t b = 0; !status && b < QUANTILE_REPLICATES; b++) {
        for (size_t i = 0; i < n_rounds; i++)
            times[i] = 0;
        for (size_t i = 0; i < n_rounds; i++)
            times[gsl_rng_uniform_int(random, n_rounds)]++;
        find_quantiles(values, times, share, quantiles);
        if (!fit_step(points, fit, quantiles, fit->leave_out + done * p))
            continue; /* so few rounds leave lengths out that the form needs */
        fit->rounds[done++] = b;
    }
    fit->n_rounds = done;
    fit->n_clusters = n_rounds;
    if (status || done < QUANTILE_REPLICATES / 2)
        fit_forget_rounds(fit);
    else
        scale_replicates(fit);
    if (random)
        gsl_rng_free(random);
    free(times);
    free(quantiles);
    return status;
}

/* A tail needs samples beyond it: with fewer than so many, its scatter is not seen in full. */
static const double beyond_few = 5;

static void remark_few(const struct series *series, const struct fit_options *options,
                       const char *target)
{
    char line[160];
    double share = shares[options->statistic];
    size_t n_few = 0, n_none = 0;
    for (size_t i = 0; i < series->n_lengths; i++) {
        double beyond = (double)series->lengths[i].n * (1 - share) * (1 + 1e-9);
        n_few += beyond < beyond_few;
        n_none += beyond < 1;
    }
    snprintf(line, sizeof line, "%.40s: %zu of %zu lengths have fewer than %.0f samples: %s",
             target, n_none ? n_none : n_few, series->n_lengths,
             ceil((n_none ? 1 : beyond_few) / (1 - share) * (1 - 1e-9)),
             n_none ? "their quantile is little more than the greatest"
                    : "the intervals of their quantile are too short");
    if (n_few > 0 && options->remark)
        options->remark(options->user, line);
}

enum status quantile_fit(const struct dataset_target *target, const struct fit_options *options,
                         enum quantity quantity, struct series *series, struct fit *fit,
                         struct error *error)
{
    struct values values = {0};
    struct series points = {0};
    double *quantiles = NULL, share = shares[options->statistic];
    int32_t *rounds = NULL;
    *series = (struct series){0};
    enum status status = values_gather(target, true, &values, error);
    if (!status)
        status = values_series(&values, series, error);
    if (!status && series->n_lengths < 2)
        status = error_set(error, STATUS_INVALID, "a %s needs two lengths, there is 1",
                           statistic_name(options->statistic));
    if (!status && !options->equal_weights)
        series_weigh(series);
    if (!status && (!(quantiles = malloc(series->n_lengths * sizeof *quantiles)) ||
                    !(rounds = malloc(values.n * sizeof *rounds))))
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", values.n);
    if (!status) {
        values_sort(&values);
        find_quantiles(&values, NULL, share, quantiles);
        status = make_points(series, quantiles, &points, error);
    }
    if (!status)
        status = fit_chosen(&points, options, false, target->name, quantity, fit, error);
    size_t n_rounds = status ? 0 : number_rounds(&values, rounds);
    if (!status && n_rounds >= 3)
        status = draw_rounds(&values, &points, n_rounds, share, options->hold_out.seed, fit, error);
    if (!status)
        knots_find_ends(&points, fit);
    if (!status)
        remark_few(series, options, target->name);
    free(quantiles);
    free(rounds);
    series_free(&points);
    values_free(&values);
    if (status) {
        series_free(series);
        fit_free(fit);
    }
    return status;
}
