// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/view.h"

#include "base/quantile.h"
#include "fitter/interval.h"
#include "fitter/link_terms.h"
#include "fitter/series.h"
#include "fitter/spread.h"

#include <math.h>
#include <stdlib.h>

enum { SPREAD_SAMPLES = 20000 };

double view_curve_value(const struct view_curve *curve, double n)
{
    return cost_line_value(&curve->line, n);
}

double view_curve_half_width(const struct view_curve *curve, double n)
{
    return interval_t(curve->main->dof) * sqrt(fmax(cost_line_variance(&curve->line, n), 0));
}

/* Each request met a link of its own; this is what it would have taken more over the view's. */
static double moved_s(const struct dataset_target *target, const struct cost_pair *pair,
                      const struct observation *o, const struct cost_link *link)
{
    if (!target->remote || !target->link.rtt)
        return 0;
    return cost_link_s(pair, o->length, link) - link_terms_bytes_s(&target->link, o) -
           cost_round_trips(pair, o->length) * link_terms_rtt_s(&target->link, o);
}

static int by_length(const void *left, const void *right)
{
    const struct view_sample *a = left, *b = right;
    return (a->length > b->length) - (a->length < b->length);
}

/* Hampel's rule within each length, as the fit counts outliers. */
static void flag_outliers(struct view_target *target, double *work)
{
    for (size_t first = 0, end; first < target->n; first = end) {
        struct view_sample *group = target->samples + first;
        for (end = first; end < target->n && target->samples[end].length == group->length; end++)
            work[end - first] = target->samples[end].time_s;
        double median = quantile_select(work, end - first, 0.5);
        for (size_t i = 0; i < end - first; i++)
            work[i] = fabs(group[i].time_s - median);
        double reach = series_outlier_limit(end - first, quantile_select(work, end - first, 0.5));
        for (size_t i = 0; i < end - first; i++) {
            group[i].outlier = fabs(group[i].time_s - median) > reach;
            target->n_outliers += group[i].outlier;
        }
    }
}

/* Residuals less their mean (0, but for quantiles) over their standard deviation; outliers do not
 * tell what these are. */
static void scale_residuals(struct view_target *target, struct spread_sample *spread)
{
    size_t step = target->n / SPREAD_SAMPLES + 1, n = 0;
    struct running all = {0};
    double floor = view_curve_value(&target->curve, target->curve.main->n_max);
    floor = fmax(fabs(floor) * 1e-3, 1e-12);
    for (size_t i = 0; i < target->n; i += step) {
        const struct view_sample *s = &target->samples[i];
        if (!s->outlier)
            spread[n++] = (struct spread_sample){s->time_s - s->residual_s, s->residual_s, 1};
    }
    target->power = spread_power(spread, n, floor);
    for (size_t i = 0; i < target->n; i++) {
        struct view_sample *s = &target->samples[i];
        s->scaled = s->residual_s / pow(fmax(s->time_s - s->residual_s, floor), target->power);
        if (!s->outlier)
            running_add(&all, s->scaled);
    }
    double sd = running_sd(&all);
    for (size_t i = 0; i < target->n; i++)
        target->samples[i].scaled = (target->samples[i].scaled - all.mean) / (sd > 0 ? sd : 1);
}

static enum status fill_target(const struct dataset_target *from, const struct cost_pair *pair,
                               const struct cost_link *link, struct view_target *target,
                               struct error *error)
{
    enum status status = STATUS_OK;
    double *work = malloc((from->n + 1) * sizeof *work);
    struct spread_sample *spread = malloc((SPREAD_SAMPLES + 2) * sizeof *spread);
    target->samples = malloc((from->n + 1) * sizeof *target->samples);
    if (!work || !spread || !target->samples) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", from->n);
        goto done;
    }
    for (size_t i = 0; from->observations && i < from->n; i++) {
        const struct observation *o = &from->observations[i];
        if (from->remote && link_terms_reason(&from->link, o))
            continue;
        double time_s = (double)o->time_ns * 1e-9 + moved_s(from, pair, o, link);
        target->samples[target->n++] = (struct view_sample){
            .length = o->length,
            .time_s = time_s,
            .residual_s = time_s - view_curve_value(&target->curve, o->length)};
    }
    qsort(target->samples, target->n, sizeof *target->samples, by_length);
    flag_outliers(target, work);
    scale_residuals(target, spread);
done:
    free(work);
    free(spread);
    return status;
}

enum status view_make(const struct dataset *dataset, const struct model_set *set,
                      const struct cost_link *link, struct view *view, struct error *error)
{
    enum status status = STATUS_OK;
    *view = (struct view){
        .link = *link,
        .targets = calloc(dataset->n_targets + 1, sizeof *view->targets),
        .n_max = 1,
    };
    if (!view->targets)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a picture");
    for (size_t t = 0; !status && t < dataset->n_targets; t++) {
        const struct dataset_target *from = &dataset->targets[t];
        struct view_target *target = &view->targets[view->n_targets];
        struct cost_pair pair;
        /* each needs its own half of the pair only */
        cost_pair_find(set, from->name, from->name, &pair, NULL);
        if (!(from->remote ? pair.remote_s : pair.time_s))
            continue;
        view->n_targets++;
        target->name = from->name;
        target->curve.main = from->remote ? pair.remote_s : pair.time_s;
        target->curve.line =
            from->remote ? cost_line_cloud(set, &pair, link) : cost_line_edge(set, &pair);
        view->n_max = fmax(view->n_max, target->curve.main->n_max);
        status = fill_target(from, &pair, link, target, error);
    }
    if (status)
        view_free(view);
    return status;
}

void view_free(struct view *view)
{
    for (size_t t = 0; t < view->n_targets; t++)
        free(view->targets[t].samples);
    free(view->targets);
    *view = (struct view){0};
}
