// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/band_private.h"

#include <math.h>
#include <stdlib.h>

static double break_even_us(const struct threshold *threshold, uint32_t n)
{
    return threshold_s(threshold, n) * 1e6;
}

/* The least break-even that is good enough. */
static double least_us(const struct threshold *threshold, double max_regret, uint32_t n)
{
    return threshold_range(threshold, n, max_regret).least * 1e6;
}

static bool offloading_can_pay(const struct threshold *threshold, const void *user, uint32_t n)
{
    (void)user;
    return break_even_us(threshold, n) > 0;
}

static bool offloading_must_pay(const struct threshold *threshold, const void *max_regret,
                                uint32_t n)
{
    return least_us(threshold, *(const double *)max_regret, n) > 0;
}

static bool offloading_always_pays(const struct threshold *threshold, const void *max_regret,
                                   uint32_t n)
{
    return least_us(threshold, *(const double *)max_regret, n) >= microseconds_end;
}

static bool offloading_may_always(const struct threshold *threshold, const void *max_regret,
                                  uint32_t n)
{
    double most = threshold_range(threshold, n, *(const double *)max_regret).most;
    return most * 1e6 >= microseconds_end;
}

/* Whether a microsecond's rounding reaches further than the accepted regret. */
static bool rounding_rules(const struct threshold *threshold, const void *max_regret, uint32_t n)
{
    return break_even_us(threshold, n) <= least_us(threshold, *(const double *)max_regret, n) + 1;
}

static bool remote_is_positive(const struct threshold *threshold, const void *user, uint32_t n)
{
    (void)user;
    return threshold_remote_s(threshold, n) > 0;
}

static bool remote_is_endless(const struct threshold *threshold, const void *user, uint32_t n)
{
    (void)user;
    return threshold_remote_s(threshold, n) * 1e6 >= microseconds_end - 1;
}

typedef struct band_point point_maker(const struct threshold *threshold, double parameter,
                                      uint32_t n);

static struct band_point break_even_point(const struct threshold *threshold, double max_regret,
                                          uint32_t n)
{
    struct threshold_range range = threshold_range(threshold, n, max_regret);
    double value = threshold_s(threshold, n) * 1e6, low = range.least * 1e6;
    /* a line's integer part is up to 1 below it */
    struct band_point point = {n, fmin(value, low + 1), range.most * 1e6 + 1, value};
    if (low <= 0)
        point.low = -INFINITY;
    if (low >= microseconds_end) {
        point.low = microseconds_end;
        point.high = INFINITY;
    }
    if (value <= 0)
        point.high = 1;
    return point;
}

static struct band_point remote_point(const struct threshold *threshold, double parameter,
                                      uint32_t n)
{
    (void)parameter;
    double value = threshold_remote_s(threshold, n) * 1e6;
    struct band_point point = {n, value, value + 1, value};
    if (value <= 0) {
        point.low = -INFINITY;
        point.high = 1;
    }
    if (value >= microseconds_end - 1) {
        point.low = microseconds_end - 1;
        point.high = microseconds_end;
    }
    return point;
}

static enum status band_make(const struct threshold *threshold, point_maker *make, double parameter,
                             struct band *band, struct error *error)
{
    *band = (struct band){.n_pieces = threshold->n_pieces, .n_limit = threshold->n_limit};
    band->points = malloc(2 * band->n_pieces * sizeof *band->points);
    if (!band->points)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu pieces", band->n_pieces);
    for (size_t i = 0; i < band->n_pieces; i++) {
        band->points[2 * i] = make(threshold, parameter, threshold->pieces[i].from);
        band->points[2 * i + 1] = make(threshold, parameter, threshold->pieces[i].to);
    }
    return STATUS_OK;
}

enum status band_of_break_even(struct threshold *threshold, double max_regret, struct band *band,
                               struct error *error)
{
    threshold_question *const questions[] = {offloading_can_pay, offloading_must_pay,
                                             offloading_always_pays, offloading_may_always,
                                             rounding_rules};
    enum status status = threshold_split_ranges(threshold, max_regret, error);
    for (size_t i = 0; !status && i < sizeof questions / sizeof *questions; i++)
        status = threshold_split(threshold, questions[i], &max_regret, error);
    return status ? status : band_make(threshold, break_even_point, max_regret, band, error);
}

enum status band_of_remote(struct threshold *threshold, struct band *band, struct error *error)
{
    enum status status = threshold_split(threshold, remote_is_positive, NULL, error);
    if (!status)
        status = threshold_split(threshold, remote_is_endless, NULL, error);
    return status ? status : band_make(threshold, remote_point, 0, band, error);
}

/* The point a fraction of the way from a to b. Infinite limits are infinite at both ends. */
static struct band_point between(const struct band_point *a, const struct band_point *b, uint32_t n)
{
    double share = (double)(n - a->n) / (double)(b->n - a->n);
    struct band_point point = {.n = n, .value = a->value};
    if (!isinf(a->value) && !isinf(b->value))
        point.value += share * (b->value - a->value);
    point.low = isinf(a->low) ? a->low : a->low + share * (b->low - a->low);
    point.high = isinf(a->high) ? a->high : a->high + share * (b->high - a->high);
    return point;
}

enum status band_halve(const struct band *band, struct band *halved, struct error *error)
{
    *halved = (struct band){.n_limit = band->n_limit};
    halved->points = malloc(4 * band->n_pieces * sizeof *halved->points);
    if (!halved->points)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu pieces", band->n_pieces);
    size_t n = 0;
    for (size_t i = 0; i < band->n_pieces; i++) {
        const struct band_point *from = &band->points[2 * i], *to = from + 1;
        halved->points[n++] = *from;
        if (to->n - from->n >= 3) {
            uint32_t middle = from->n + (to->n - from->n) / 2;
            halved->points[n++] = between(from, to, middle);
            halved->points[n++] = between(from, to, middle + 1);
        }
        halved->points[n++] = *to;
    }
    halved->n_pieces = n / 2;
    return STATUS_OK;
}

void band_free(struct band *band)
{
    free(band->points);
    *band = (struct band){0};
}
