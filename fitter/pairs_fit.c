// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/pairs_fit.h"

#include "base/memory.h"
#include "fitter/interval.h"
#include "fitter/spread.h"

#include <math.h>
#include <stdlib.h>

const double pairs_outlier_reach = 5;

enum { MAX_PASSES = 10, LEAST_FOR_QUANTILES = 40 };

struct scaled {
    double value, count;
};

struct work {
    const struct pair_histogram *pairs;
    struct scaled *residuals;     /* one per bar, in order of value when sorted */
    struct spread_sample *spread; /* per bar */
    bool *outlier;                /* per bar */
    double gamma, delta, power;
};

static int by_value(const void *left, const void *right)
{
    const struct scaled *a = left, *b = right;
    return (a->value > b->value) - (a->value < b->value);
}

/* The value of that rank, counted from 1. */
static double of_rank(const struct scaled *sorted, size_t n, double rank)
{
    double seen = 0;
    for (size_t i = 0; i < n; i++) {
        seen += sorted[i].count;
        if (seen >= rank)
            return sorted[i].value;
    }
    return sorted[n - 1].value;
}

static double mean_at(const struct work *w, size_t i)
{
    return w->gamma * w->pairs->pairs[i].n_in + w->delta;
}

static double residual(const struct work *w, size_t i)
{
    return w->pairs->pairs[i].n_out - mean_at(w, i);
}

static double spread(const struct work *w, size_t i)
{
    return pow(fmax(mean_at(w, i), 1), w->power);
}

/* Moments of what is in the fit. */
struct moments {
    double n, x, y, xx, xy;
};

static struct moments moments_of(const struct work *w)
{
    struct moments m = {0};
    for (size_t i = 0; i < w->pairs->n; i++) {
        double count = w->outlier[i] ? 0 : (double)w->pairs->counts[i];
        m.n += count;
        m.x += count * w->pairs->pairs[i].n_in;
        m.y += count * w->pairs->pairs[i].n_out;
    }
    m.x /= m.n;
    m.y /= m.n;
    for (size_t i = 0; i < w->pairs->n; i++) {
        double count = w->outlier[i] ? 0 : (double)w->pairs->counts[i];
        double dx = w->pairs->pairs[i].n_in - m.x;
        m.xx += count * dx * dx;
        m.xy += count * dx * (w->pairs->pairs[i].n_out - m.y);
    }
    return m;
}

static bool fit_line(struct work *w)
{
    struct moments m = moments_of(w);
    if (!(m.n >= 3) || !(m.xx > 0))
        return false;
    w->gamma = m.xy / m.xx;
    w->delta = m.y - w->gamma * m.x;
    return true;
}

/* Outliers count for nothing. */
static double best_power(struct work *w)
{
    for (size_t i = 0; i < w->pairs->n; i++)
        w->spread[i] = (struct spread_sample){mean_at(w, i), residual(w, i),
                                              w->outlier[i] ? 0 : (double)w->pairs->counts[i]};
    return spread_power(w->spread, w->pairs->n, 1);
}

/* Scaled residuals of all pairs about `centre`, sorted; absolute ones where asked. */
static void sort_residuals(struct work *w, double centre, bool absolute)
{
    for (size_t i = 0; i < w->pairs->n; i++) {
        double value = residual(w, i) / spread(w, i) - centre;
        w->residuals[i] =
            (struct scaled){absolute ? fabs(value) : value, (double)w->pairs->counts[i]};
    }
    qsort(w->residuals, w->pairs->n, sizeof *w->residuals, by_value);
}

/* Whether the set of outliers changed. */
static bool flag_outliers(struct work *w)
{
    size_t n = w->pairs->n;
    double middle = ceil((double)w->pairs->total / 2);
    bool changed = false;
    sort_residuals(w, 0, false);
    double median = of_rank(w->residuals, n, middle);
    sort_residuals(w, median, true);
    double reach = pairs_outlier_reach * 1.4826 * of_rank(w->residuals, n, middle);
    for (size_t i = 0; i < n; i++) {
        bool far = reach > 0 && fabs(residual(w, i) / spread(w, i) - median) > reach;
        changed = changed || far != w->outlier[i];
        w->outlier[i] = far;
    }
    return changed;
}

/* The sandwich of the two coefficients, from each pair's influence on them. */
static void fill_covariance(const struct work *w, struct output_length *o)
{
    struct moments m = moments_of(w);
    for (size_t i = 0; i < w->pairs->n; i++) {
        if (w->outlier[i])
            continue;
        double dx = w->pairs->pairs[i].n_in - m.x, off = residual(w, i);
        double on_gamma = dx * off / m.xx, on_delta = off / m.n - m.x * on_gamma;
        double count = (double)w->pairs->counts[i] * m.n / (m.n - 2);
        o->var_gamma += count * on_gamma * on_gamma;
        o->var_delta += count * on_delta * on_delta;
        o->covariance += count * on_gamma * on_delta;
    }
}

static void find_interval(struct work *w, struct output_length *o)
{
    double total = (double)w->pairs->total, squares = 0;
    size_t n = w->pairs->n;
    sort_residuals(w, 0, false);
    if (w->pairs->total >= LEAST_FOR_QUANTILES) {
        o->low = of_rank(w->residuals, n, floor((total + 1) * 0.025));
        o->high = of_rank(w->residuals, n, ceil((total + 1) * 0.975));
        return;
    }
    for (size_t i = 0; i < n; i++)
        squares += w->residuals[i].count * w->residuals[i].value * w->residuals[i].value;
    o->high = interval_t(total - 2) * sqrt(squares / (total - 2) * (1 + 1 / total));
    o->low = -o->high;
}

/* The width of the interval that knows nothing of the input: 2.5 % to 97.5 % of all outputs. */
static double marginal_width(struct work *w)
{
    double total = (double)w->pairs->total;
    for (size_t i = 0; i < w->pairs->n; i++)
        w->residuals[i] = (struct scaled){w->pairs->pairs[i].n_out, (double)w->pairs->counts[i]};
    qsort(w->residuals, w->pairs->n, sizeof *w->residuals, by_value);
    return of_rank(w->residuals, w->pairs->n, fmin(ceil((total + 1) * 0.975), total)) -
           of_rank(w->residuals, w->pairs->n, fmax(floor((total + 1) * 0.025), 1));
}

static void judge(struct work *w, struct output_length *o)
{
    double total = (double)w->pairs->total, mean = 0, width = 0, rss = 0, tss = 0;
    for (size_t i = 0; i < w->pairs->n; i++)
        mean += (double)w->pairs->counts[i] * w->pairs->pairs[i].n_out / total;
    for (size_t i = 0; i < w->pairs->n; i++) {
        double count = (double)w->pairs->counts[i], off = residual(w, i), low, high;
        double from_mean = w->pairs->pairs[i].n_out - mean;
        output_length_interval(o, w->pairs->pairs[i].n_in, &low, &high);
        width += count * (high - low) / total;
        rss += count * off * off;
        tss += count * from_mean * from_mean;
        o->n_outliers += w->outlier[i] ? w->pairs->counts[i] : 0;
    }
    double marginal = marginal_width(w);
    o->r2 = tss > 0 ? 1 - rss / tss : 1; /* outputs of one length are known without any input */
    o->width_share = marginal > 0 ? width / marginal : width > 0 ? 1 : 0;
}

static enum status fit_all(struct work *w, struct output_length *o, struct error *error)
{
    if (w->pairs->total < 3)
        return error_set(error, STATUS_INVALID, "three pairs or more are needed, there are %llu",
                         (unsigned long long)w->pairs->total);
    if (!fit_line(w))
        return error_set(error, STATUS_INVALID,
                         "all inputs have length %u: nothing tells how the output's goes with it",
                         w->pairs->pairs[0].n_in);
    o->gamma_all = w->gamma;
    o->delta_all = w->delta;
    for (int pass = 0; pass < MAX_PASSES; pass++) {
        w->power = best_power(w);
        if (!flag_outliers(w) || !fit_line(w))
            break;
    }
    o->gamma = w->gamma;
    o->delta = w->delta;
    o->power = w->power;
    o->n_pairs = w->pairs->total;
    o->n_min = w->pairs->pairs[0].n_in;
    o->n_max = w->pairs->pairs[w->pairs->n - 1].n_in;
    fill_covariance(w, o);
    find_interval(w, o);
    judge(w, o);
    return STATUS_OK;
}

enum status pairs_fit(const struct pair_histogram *pairs, const char *source,
                      struct output_length *o, struct error *error)
{
    struct work w = {
        .pairs = pairs,
        .residuals = malloc((pairs->n + 1) * sizeof *w.residuals),
        .spread = malloc((pairs->n + 1) * sizeof *w.spread),
        .outlier = calloc(pairs->n + 1, sizeof *w.outlier),
    };
    enum status status = STATUS_OK;
    *o = (struct output_length){.source = text_copy(source)};
    if (!w.residuals || !w.spread || !w.outlier || !o->source)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu pairs", pairs->n);
    if (!status)
        status = fit_all(&w, o, error);
    free(w.residuals);
    free(w.spread);
    free(w.outlier);
    if (status)
        output_length_free(o);
    return status;
}

enum status pairs_fit_file(const char *path, struct output_length *o, struct error *error)
{
    struct pair_histogram pairs;
    struct error why = {0};
    *o = (struct output_length){0};
    enum status status = pair_histogram_read(path, &pairs, error);
    if (status)
        return status;
    status = pairs_fit(&pairs, path, o, &why);
    if (status)
        error_set(error, status, "%s: %s", path, why.text);
    pair_histogram_free(&pairs);
    return status;
}
