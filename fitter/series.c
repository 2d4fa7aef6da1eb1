// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/series.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

const double series_outlier_reach = 8;

struct entry {
    uint32_t length;
    int32_t round;
    double value;
};

static int by_length_then_value(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    return (a->value > b->value) - (a->value < b->value);
}

static int by_round_then_length(const void *left, const void *right)
{
    const struct series_cell *a = left, *b = right;
    if (a->round != b->round)
        return a->round < b->round ? -1 : 1;
    return (a->length > b->length) - (a->length < b->length);
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

/* Mean and sum of squares in one pass (Welford 1962). */
static void summarise(const struct entry *group, size_t n, struct series_length *to)
{
    *to = (struct series_length){.length = group->length, .weight = 1};
    for (size_t i = 0; i < n; i++) {
        double d = group[i].value - to->mean;
        to->mean += d / (double)++to->n;
        to->m2 += d * (group[i].value - to->mean);
    }
}

static uint64_t count_outliers(const struct entry *group, size_t n, double *work)
{
    for (size_t i = 0; i < n; i++)
        work[i] = group[i].value; /* ascending */
    double median = gsl_stats_median_from_sorted_data(work, 1, n);
    for (size_t i = 0; i < n; i++)
        work[i] = fabs(group[i].value - median);
    double mad = gsl_stats_median(work, 1, n);
    uint64_t found = 0;
    for (size_t i = 0; i < n && mad > 0; i++)
        found += fabs(group[i].value - median) > series_outlier_reach * 1.4826 * mad;
    return found;
}

/* Cells out of the entries (sorted by length); merged where length and round agree. */
static void gather_cells(struct series *series, const struct entry *entries, size_t n)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        if (entries[i].length != series->lengths[length].length)
            length++;
        series->cells[i] = (struct series_cell){entries[i].round, length, 1, entries[i].value};
    }
    qsort(series->cells, n, sizeof *series->cells, by_round_then_length);
    for (size_t i = 0; i < n; i++) {
        struct series_cell *last = series->cells + series->n_cells - 1;
        if (series->n_cells > 0 && by_round_then_length(last, &series->cells[i]) == 0) {
            last->n += series->cells[i].n;
            last->sum += series->cells[i].sum;
        } else {
            series->n_rounds += series->n_cells == 0 || last->round != series->cells[i].round;
            series->cells[series->n_cells++] = series->cells[i];
        }
    }
    if (series->cells[0].round < 0)
        series->n_rounds = 0;
}

static enum status condense(struct series *series, struct entry *entries, size_t n,
                            struct error *error)
{
    double *work = malloc(n * sizeof *work);
    series->lengths = malloc(n * sizeof *series->lengths);
    series->cells = malloc(n * sizeof *series->cells);
    if (!work || !series->lengths || !series->cells) {
        free(work);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", n);
    }
    series->n_samples = n;
    qsort(entries, n, sizeof *entries, by_length_then_value);
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first; end < n && entries[end].length == entries[first].length; end++)
            ;
        summarise(entries + first, end - first, &series->lengths[series->n_lengths++]);
        series->n_outliers += count_outliers(entries + first, end - first, work);
    }
    gather_cells(series, entries, n);
    free(work);
    return STATUS_OK;
}

enum status series_gather(const struct dataset_target *target, enum quantity quantity,
                          const struct round_trips *trips, struct series *series,
                          struct error *error)
{
    struct entry *entries = malloc((target->n + 1) * sizeof *entries);
    size_t n = 0;
    *series = (struct series){0};
    if (!entries)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", target->n);
    for (size_t i = 0; i < target->n; i++) {
        const struct observation *o = &target->observations[i];
        if (value_of(target, i, quantity, trips, &entries[n].value)) {
            entries[n].length = o->length;
            entries[n++].round = o->round;
        }
    }
    enum status status;
    if (n == 0)
        status = error_set(error, STATUS_NOT_FOUND, "no %s of target %s", quantity_name(quantity),
                           target->name);
    else
        status = condense(series, entries, n, error);
    free(entries);
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
    free(series->cells);
    *series = (struct series){0};
}
