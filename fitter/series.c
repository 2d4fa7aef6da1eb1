// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/series.h"

#include "fitter/gather.h"
#include "fitter/sums.h"

#include <math.h>
#include <stdlib.h>

const double series_outlier_reach = 8;

double series_outlier_limit(size_t n, double mad)
{
    return n >= SERIES_OUTLIER_VALUES && mad > 0 ? series_outlier_reach * 1.4826 * mad : INFINITY;
}

/* The elapsed time less what the link took. One round trip is taken off in whole nanoseconds. */
static bool remote_s(const struct dataset_target *target, size_t i, const struct round_trips *trips,
                     double *value)
{
    const struct observation *o = &target->observations[i];
    const struct link_terms *link = &target->link;
    if (!target->remote || link_terms_reason(link, o))
        return false;
    double more = round_trips_at(trips, o->length) - 1;
    *value = (double)(o->time_ns - (link->rtt ? o->rtt_ns : 0)) * 1e-9 -
             more * link_terms_rtt_s(link, o) - link_terms_bytes_s(link, o);
    return !trips || !trips->n_runs || !isnan(trips->instruments[i]);
}

static bool value_of(const struct dataset_target *target, size_t i, enum quantity quantity,
                     const struct round_trips *trips, double *value)
{
    const struct observation *o = &target->observations[i];
    switch (quantity) {
    case QUANTITY_TIME_S:
        *value = (double)o->time_ns * 1e-9;
        return true;
    case QUANTITY_REMOTE_S:
        return remote_s(target, i, trips, value);
    case QUANTITY_BYTES_UP:
        *value = (double)o->bytes_up;
        return o->bytes_up >= 0;
    case QUANTITY_BYTES_DOWN:
        *value = (double)o->bytes_down;
        return o->bytes_down >= 0;
    default:
        return false;
    }
}

static enum status from_observations(const struct dataset_target *target, enum quantity quantity,
                                     const struct round_trips *trips, struct series *series,
                                     struct error *error)
{
    struct gather gather = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < target->n; i++) {
        const struct observation *o = &target->observations[i];
        double value;
        if (value_of(target, i, quantity, trips, &value))
            status = gather_add(&gather, o->length, o->round, value, error);
    }
    if (!status)
        status = gather_finish(&gather, error);
    if (!status)
        status = gather_series(&gather, series, error);
    if (!status) {
        series->own_cells = gather.cells;
        gather.cells = NULL;
    }
    gather_free(&gather);
    return status;
}

enum status series_gather(const struct dataset_target *target, enum quantity quantity,
                          const struct round_trips *trips, struct series *series,
                          struct error *error)
{
    *series = (struct series){0};
    const struct gather *sums = target->sums ? sums_of(target->sums, target, quantity) : NULL;
    enum status status = !target->sums ? from_observations(target, quantity, trips, series, error)
                         : sums        ? gather_series(sums, series, error)
                                       : STATUS_OK;
    if (!status && series->n_samples == 0)
        status = error_set(error, STATUS_NOT_FOUND, "no %s of target %s", quantity_name(quantity),
                           target->name);
    if (status)
        series_free(series);
    return status;
}

/* Minus twice the pseudo-log-likelihood of theta, up to a constant. */
static double deviance(const struct series *series, const double *log_mean, double theta)
{
    double dof = 0, scaled = 0, logs = 0;
    for (size_t i = 0; i < series->n_lengths; i++) {
        double d = (double)series->lengths[i].n - 1;
        dof += d;
        scaled += series->lengths[i].m2 * exp(-2 * theta * log_mean[i]);
        logs += d * 2 * theta * log_mean[i];
    }
    return dof * log(scaled / dof) + logs;
}

/* The minimum over theta in 0..2 by golden section; the deviance has one valley there. */
static double best_theta(const struct series *series, const double *log_mean)
{
    const double golden = 0.6180339887498949;
    double low = 0, high = 2;
    for (int i = 0; i < 30; i++) {
        double a = high - golden * (high - low), b = low + golden * (high - low);
        if (deviance(series, log_mean, a) < deviance(series, log_mean, b))
            high = b;
        else
            low = a;
    }
    return (low + high) / 2;
}

double series_weigh(struct series *series)
{
    double dof = 0, spread = 0, top = 0, theta = 0;
    double *log_mean = malloc(series->n_lengths * sizeof *log_mean);
    for (size_t i = 0; i < series->n_lengths; i++) {
        dof += (double)series->lengths[i].n - 1;
        spread += series->lengths[i].m2;
        top = fmax(top, series->lengths[i].mean);
    }
    if (!log_mean || dof < 10 || spread <= 0 || top <= 0) {
        free(log_mean);
        return 0;
    }
    /* Noise can push a short length's mean to 0 and below; a floor keeps its weight in bounds. */
    for (size_t i = 0; i < series->n_lengths; i++)
        log_mean[i] = log(fmax(series->lengths[i].mean, top * 1e-3) / top);
    theta = best_theta(series, log_mean);
    for (size_t i = 0; i < series->n_lengths; i++)
        series->lengths[i].weight = exp(-2 * theta * log_mean[i]);
    free(log_mean);
    return theta;
}

double series_weight(const struct series *series, uint32_t length)
{
    size_t low = 0, high = series->n_lengths;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (series->lengths[middle].length <= length)
            low = middle;
        else
            high = middle;
    }
    return series->lengths[low].weight;
}

void series_free(struct series *series)
{
    free(series->lengths);
    free(series->own_cells);
    *series = (struct series){0};
}
