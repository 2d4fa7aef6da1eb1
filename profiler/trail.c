// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/trail.h"

#include "base/memory.h"
#include "base/quantile.h"

#include <math.h>
#include <stdlib.h>

enum { MIN_CHANGES = 4 };
static const double reach = 3; /* standard errors */

double stretch_power_uw(const struct stretch *stretch)
{
    return stretch->energy_uj / ((double)(stretch->to_ns - stretch->from_ns) * 1e-9);
}

static int64_t middle(const struct counter_change *change)
{
    return change->earliest_ns + (change->latest_ns - change->earliest_ns) / 2;
}

static double half_width_s(const struct counter_change *change)
{
    return (double)(change->latest_ns - change->earliest_ns) * 0.5e-9;
}

struct stretch counter_stretch(const struct counter_change *first,
                               const struct counter_change *last, double resolution_uj,
                               size_t parts, int64_t update_ns)
{
    struct stretch stretch = {.from_ns = middle(first),
                              .to_ns = middle(last),
                              .energy_uj = last->value_uj - first->value_uj,
                              .last_uw = NAN};
    double uncertain_s = half_width_s(first) + half_width_s(last);
    if (parts > 1)
        uncertain_s += (double)update_ns * 1e-9;
    stretch.error_uj = fabs(stretch_power_uw(&stretch)) * uncertain_s + resolution_uj;
    return stretch;
}

enum status trail_add(struct trail *trail, struct meter_reading reading, struct error *error)
{
    if (trail->n > 0 && reading.t_ns <= trail->readings[trail->n - 1].t_ns)
        return STATUS_OK;
    enum status status =
        array_reserve(&trail->readings, trail->n, &trail->capacity, sizeof *trail->readings, error);
    if (!status)
        trail->readings[trail->n++] = reading;
    return status;
}

void trail_clear(struct trail *trail)
{
    trail->n = 0;
}

void trail_free(struct trail *trail)
{
    free(trail->readings);
    *trail = (struct trail){0};
}

static double seconds_between(const struct meter_reading *a, const struct meter_reading *b)
{
    return (double)(b->t_ns - a->t_ns) * 1e-9;
}

/* The energy from reading `first` to reading `last`: trapezoids, or what the means are of. */
static double energy_between_uj(const struct trail *trail, size_t first, size_t last)
{
    const struct meter_reading *r = trail->readings;
    double energy_uj = 0;
    for (size_t i = first; i < last; i++) {
        double begin_uw = trail->means ? r[i + 1].value : r[i].value;
        energy_uj += 0.5 * (begin_uw + r[i + 1].value) * seconds_between(&r[i], &r[i + 1]);
    }
    return energy_uj;
}

double trail_recent_uw(const struct trail *trail, int64_t span_ns)
{
    const struct meter_reading *r = trail->readings;
    if (trail->n < 2 || r[trail->n - 1].t_ns - r[0].t_ns < span_ns)
        return NAN;
    size_t last = trail->n - 1, first = last - 1;
    while (first > 0 && r[last].t_ns - r[first].t_ns < span_ns)
        first--;
    return energy_between_uj(trail, first, last) / seconds_between(&r[first], &r[last]);
}

/* The standard error of the mean power from reading 0 to reading `last`, from what successive ones
 * differ by. */
static double standard_error_uw(const struct meter_reading *r, size_t last, int64_t update_ns)
{
    double sum_of_squares = 0, n = (double)last;
    for (size_t i = 0; i < last; i++)
        sum_of_squares += pow(r[i + 1].value - r[i].value, 2);
    if (update_ns > 0) /* readings in between two updates are no news */
        n = fmin(n, seconds_between(&r[0], &r[last]) / ((double)update_ns * 1e-9));
    return sqrt(sum_of_squares / 2) / n;
}

struct stretch trail_stretch(const struct trail *trail, int64_t to_ns, double resolution_uw,
                             int64_t update_ns)
{
    const struct meter_reading *r = trail->readings;
    size_t last = 1;
    while (last + 1 < trail->n && r[last].t_ns < to_ns)
        last++;
    struct stretch stretch = {.from_ns = r[0].t_ns,
                              .to_ns = r[last].t_ns,
                              .energy_uj = energy_between_uj(trail, 0, last),
                              .floor_uw = resolution_uw / 2,
                              .flat = true,
                              .last_uw = r[last].value};
    double least = r[0].value, most = r[0].value;
    for (size_t i = 0; i < trail->n; i++) {
        stretch.flat = stretch.flat && r[i].value == r[0].value;
        if (r[i].t_ns - r[0].t_ns <= 2 * update_ns || r[last].t_ns - r[i].t_ns <= 2 * update_ns) {
            least = fmin(least, r[i].value);
            most = fmax(most, r[i].value);
        }
    }
    stretch.error_uj =
        reach * standard_error_uw(r, last, update_ns) * seconds_between(&r[0], &r[last]) +
        1.5 * (double)update_ns * 1e-9 * (most - least);
    return stretch;
}

int64_t update_period_ns(const int64_t *changes_ns, size_t n, size_t parts)
{
    if (n < MIN_CHANGES)
        return -1;
    size_t n_intervals = n - 1, n_short = 0;
    double mean = (double)(changes_ns[n - 1] - changes_ns[0]) / (double)n_intervals;
    if (parts > 1)
        return (int64_t)(mean * (double)parts);
    double *intervals = malloc(n_intervals * sizeof *intervals);
    if (!intervals)
        return -1;
    for (size_t i = 0; i < n_intervals; i++)
        intervals[i] = (double)(changes_ns[i + 1] - changes_ns[i]);
    double quartile = quantile_select(intervals, n_intervals, 0.25);
    for (size_t i = 0; i < n_intervals; i++) {
        if (intervals[i] <= 1.5 * quartile)
            intervals[n_short++] = intervals[i];
    }
    double median = quantile_select(intervals, n_short, 0.5);
    free(intervals);
    return (int64_t)median;
}
