// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/bootstrap.h"

#include "base/order.h"
#include "base/random.h"
#include "fitter/interval.h"

#include <math.h>
#include <stdlib.h>

void series_sum_start(struct series_sum *series, size_t n)
{
    *series = (struct series_sum){.n = n};
    series->block_length = (n + BOOTSTRAP_BLOCKS - 1) / BOOTSTRAP_BLOCKS;
    series->n_blocks = n ? (n + series->block_length - 1) / series->block_length : 0;
}

void series_sum_add(struct series_sum *series, double value, uint32_t group)
{
    if (series->n_added == 0)
        series->origin = value;
    double excess = value - series->origin;
    series->sums[series->n_added++ / series->block_length] += excess;
    series->sum += excess;
    series->squares += excess * excess;
    series->group_sums[group % BOOTSTRAP_GROUPS] += excess;
    series->group_sizes[group % BOOTSTRAP_GROUPS]++;
}

double series_sum_mean(const struct series_sum *series)
{
    return series->origin + series->sum / (double)series->n;
}

/* Linear between the order statistics (Hyndman and Fan 1996, definition 7). */
static double between(const double *sorted, size_t n, double p)
{
    double place = p * (double)(n - 1), below = floor(place);
    size_t i = (size_t)below;
    return i + 1 < n ? sorted[i] + (place - below) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

/* The mean of as many blocks as there are, drawn with replacement. */
static double resample(const struct series_sum *series, struct random *random)
{
    size_t last = series->n_blocks - 1, n = 0;
    size_t last_length = series->n - last * series->block_length;
    double sum = 0;
    for (size_t b = 0; b < series->n_blocks; b++) {
        size_t drawn = random_below(random, series->n_blocks);
        sum += series->sums[drawn];
        n += drawn == last ? last_length : series->block_length;
    }
    return series->origin + sum / (double)n;
}

/* The square of the half width that the groups add to what the single values explain. */
static double widening(const struct series_sum *series)
{
    struct running pseudo_values = {0};
    size_t n_groups = 0;
    double n = (double)series->n;
    for (size_t g = 0; g < BOOTSTRAP_GROUPS; g++)
        n_groups += series->group_sizes[g] > 0;
    if (n_groups < 2)
        return 0;
    for (size_t g = 0; g < BOOTSTRAP_GROUPS; g++) {
        double size = series->group_sizes[g];
        if (size == 0)
            continue;
        double all = series->sum / n, without = (series->sum - series->group_sums[g]) / (n - size);
        running_add(&pseudo_values, all + ((double)n_groups - 1) * (all - without));
    }
    double variance = running_sd(&pseudo_values) * running_sd(&pseudo_values) / (double)n_groups;
    double single = (series->squares - series->sum * series->sum / n) / (n * (n - 1));
    if (variance <= single)
        return 0;
    double half = running_half_width(&pseudo_values);
    return half * half * (1 - single / variance);
}

enum status series_sum_interval(const struct series_sum *series, size_t n_resamples, uint64_t seed,
                                struct interval *interval, struct error *error)
{
    if (series->n == 0 || series->n_added != series->n || n_resamples < 40)
        return error_set(error, STATUS_INVALID, "no values to resample");
    double *means = malloc(n_resamples * sizeof *means);
    struct random random = {seed};
    if (!means)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for resampling");
    for (size_t r = 0; r < n_resamples; r++)
        means[r] = resample(series, &random);
    reals_sort(means, n_resamples);
    double mean = series_sum_mean(series), wider = widening(series);
    double below = mean - between(means, n_resamples, 0.025);
    double above = between(means, n_resamples, 0.975) - mean;
    interval->low = mean - copysign(sqrt(below * below + wider), wider > 0 ? 1 : below);
    interval->high = mean + copysign(sqrt(above * above + wider), wider > 0 ? 1 : above);
    free(means);
    return STATUS_OK;
}
