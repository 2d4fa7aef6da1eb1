// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/choose.h"

#include "fitter/knots.h"
#include "fitter/piecewise_private.h"
#include "fitter/runs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 5 % of chi^2 with one degree of freedom: what a quadratic must fit better by. */
static const double significance = 3.841458820694124;

/* A step's levels are looked for between at most so many groups of neighbouring lengths. */
enum { STEP_GROUPS_MAX = 1024, MAX_CANDIDATES = 3 + CHOICE_MAX_KNOTS + CHOICE_MAX_LEVELS };

struct search {
    const struct series *series;
    const struct choice *choice;
    struct fit *candidates[MAX_CANDIDATES]; /* n; owned */
    size_t n;
    struct error why; /* why the first of those could not be fitted that could not */
};

/* Shapes that the samples are too few for are passed over. */
static enum status try_shape(struct search *search, const struct fit_shape *shape,
                             struct error *error)
{
    struct fit *fit = malloc(sizeof *fit);
    struct error why = {0};
    if (!fit)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a fit");
    enum status status = fit_shape(search->series, shape, fit, &why);
    if (!status && search->choice->automatic && isinf(fit->classical[0]))
        status = error_set(&why, STATUS_INVALID, "too few lengths beside a knot");
    if (!status && search->choice->automatic && isinf(fit->bic))
        status = error_set(&why, STATUS_INVALID, "too few samples for the form");
    if (status)
        free(fit);
    else
        search->candidates[search->n++] = fit;
    if (status && status != STATUS_INVALID)
        return error_set(error, status, "%s", why.text);
    if (status) /* the first reason stays */
        error_set(&search->why, status, "%s", why.text);
    return STATUS_OK;
}

static enum status try_form(struct search *search, enum model_form form, struct error *error)
{
    const struct fit_shape shape = {.form = form};
    return try_shape(search, &shape, error);
}

/* Of all but one form; N_FORMS: of all. */
static const struct fit *least_bic(const struct search *search, enum model_form but)
{
    const struct fit *best = NULL;
    for (size_t i = 0; i < search->n; i++) {
        const struct fit *fit = search->candidates[i];
        if (fit->form != but && (!best || fit->bic < best->bic))
            best = fit;
    }
    return best;
}

/* The largest difference of two fits at the lengths, relative to `fit`. */
static double largest_change(const struct series *series, const struct fit *fit,
                             const struct fit *other)
{
    double most = 0;
    for (size_t i = 0; i < series->n_lengths; i++) {
        double n = series->lengths[i].length, value = fit_value(fit, n);
        double off = fabs(fit_value(other, n) - value);
        if (off > 0)
            most = fmax(most, off / fabs(value));
    }
    return most;
}

/* ---- knots */

static enum status try_knots(struct search *search, const struct piecewise_point *points, size_t k,
                             struct error *error)
{
    size_t n = search->series->n_lengths, before = search->n;
    struct fit_shape shape = {.form = FORM_PIECEWISE, .n_knots = k};
    struct piecewise found;
    if (n < 2 + 2 * k || search->series->n_samples <= 2 + 2 * k) {
        error_set(&search->why, STATUS_INVALID,
                  "form piecewise needs %zu lengths for %zu knot%s and more samples, there are %zu",
                  2 + 2 * k, k, k == 1 ? "" : "s", n);
        return STATUS_OK;
    }
    enum status status = piecewise_fit(points, n, k, &found, error);
    if (status)
        return status;
    memcpy(shape.knots, found.knots, k * sizeof *shape.knots);
    status = try_shape(search, &shape, error);
    if (!status && search->n > before)
        search->candidates[before]->exact_knots = found.exact;
    return status;
}

/* The least squares that k + 1 lines leave which need not meet: no k knots leave less. least[k],
 * k = 0 .. most. */
static enum status bound_knots(const struct piecewise_point *points, size_t n, size_t most,
                               double *least, struct error *error)
{
    struct piecewise_sums sums;
    double *lines = malloc(n * n * sizeof *lines), *rest = malloc(2 * (n + 1) * sizeof *rest);
    enum status status = piecewise_sums_make(points, n, &sums, error);
    if (!status && (!lines || !rest))
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n);
    if (!status) {
        for (size_t a = 0; a < n; a++) {
            for (size_t b = a; b < n; b++)
                lines[a * n + b] = piecewise_line_rss(&sums, a, b + 1);
        }
        double *now = rest, *next = rest + n + 1;
        for (size_t a = 0; a < n; a++)
            now[a] = lines[a * n + n - 1];
        now[n] = next[n] = 0;
        least[0] = now[0];
        for (size_t k = 1; k <= most; k++) {
            for (size_t a = 0; a < n; a++) {
                next[a] = now[a];
                for (size_t b = a; b + 1 < n && lines[a * n + b] < next[a]; b++)
                    next[a] = fmin(next[a], lines[a * n + b] + now[b + 1]);
            }
            double *keep = now;
            now = next;
            next = keep;
            least[k] = now[0];
        }
        piecewise_sums_free(&sums);
    }
    free(lines);
    free(rest);
    return status;
}

/* A shape of `p` parameters that leaves so much of the lengths' means has at least this BIC. */
static double bic_of(const struct fit *line, double line_rss, double rss, size_t p,
                     double n_samples)
{
    double more = line->chisq - line_rss + rss;
    if (!(more > 0))
        return -INFINITY;
    return line->bic + n_samples * log(more / line->chisq) + fit_penalty(p, n_samples) -
           fit_penalty(fit_n_parameters(&line->shape), n_samples);
}

static const struct fit *find_form(const struct search *search, enum model_form form)
{
    for (size_t i = 0; i < search->n; i++) {
        if (search->candidates[i]->form == form)
            return search->candidates[i];
    }
    return NULL;
}

/* Whether every length's mean is within the tolerance of a fit: then no knot matters. */
static bool is_close(const struct search *search, const struct fit *fit)
{
    for (size_t i = 0; i < search->series->n_lengths; i++) {
        const struct series_length *l = &search->series->lengths[i];
        double value = fit_value(fit, l->length);
        if (!(fabs(l->mean - value) <= search->choice->tolerance * fabs(value)))
            return false;
    }
    return true;
}

/* 1 .. max_knots; automatically only those numbers that could have the least BIC yet. */
static enum status try_all_knots(struct search *search, struct error *error)
{
    const struct series *series = search->series;
    size_t n = series->n_lengths, most = search->choice->max_knots;
    double least[CHOICE_MAX_KNOTS + 1] = {0}, samples = (double)series->n_samples;
    struct piecewise_point *points = knots_points(series);
    enum status status = STATUS_OK;
    if (!points)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n);
    const struct fit *line = find_form(search, FORM_LINEAR);
    bool bounded = line && n >= 4 && n <= PIECEWISE_EXACT_POINTS;
    if (bounded)
        status = bound_knots(points, n, most, least, error);
    for (size_t k = 1; !status && k <= most; k++) {
        const struct fit *best = least_bic(search, FORM_QUADRATIC);
        size_t p = 2 + 2 * k;
        if (best && bounded && bic_of(line, least[0], least[k], p, samples) > best->bic)
            continue;
        if (search->choice->automatic && is_close(search, least_bic(search, N_FORMS)))
            break;
        size_t before = search->n;
        status = try_knots(search, points, k, error);
        if (!bounded && k > 1 && search->n > before &&
            search->candidates[before]->bic > search->candidates[before - 1]->bic)
            break;
    }
    free(points);
    return status;
}

/* ---- steps */

/* The levels of runs over groups of `size` lengths; `one` is a single run. */
static enum status try_steps(struct search *search, const struct runs *one, const struct runs *runs,
                             size_t size, struct error *error)
{
    const struct series *series = search->series;
    struct fit_shape shape = {.form = FORM_STEP, .n_knots = runs->n - 1};
    for (size_t i = 0; i < shape.n_knots; i++) {
        size_t first = runs->first[i + 1] * size;
        double from = series->lengths[first - 1].length, to = series->lengths[first].length;
        shape.knots[i] = floor((from + to) / 2);
    }
    const struct fit *level = find_form(search, FORM_CONSTANT), *best = least_bic(search, N_FORMS);
    size_t p = fit_n_parameters(&shape);
    double samples = (double)series->n_samples;
    /* levels change the squares by what the runs' differ: what cannot win need not be fitted */
    if (level && bic_of(level, one->misfit, runs->misfit, p, samples) > best->bic)
        return STATUS_OK;
    return search->n < MAX_CANDIDATES ? try_shape(search, &shape, error) : STATUS_OK;
}

/* 2 .. CHOICE_MAX_LEVELS levels, by the squares that each number leaves. */
static enum status try_all_steps(struct search *search, struct error *error)
{
    const struct series *series = search->series;
    size_t n = series->n_lengths, size = (n - 1) / STEP_GROUPS_MAX + 1, m = (n + size - 1) / size;
    struct run_estimate *groups = calloc(m, sizeof *groups);
    struct runs *runs = malloc(CHOICE_MAX_LEVELS * sizeof *runs);
    size_t most = CHOICE_MAX_LEVELS < m ? (size_t)CHOICE_MAX_LEVELS : m;
    enum status status = STATUS_OK;
    if (!groups || !runs)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n);
    for (size_t i = 0; !status && i < n; i++) {
        const struct series_length *l = &series->lengths[i];
        struct run_estimate *group = &groups[i / size];
        double w = l->weight * (double)l->n, before = group->variance > 0 ? 1 / group->variance : 0;
        group->value += (l->mean - group->value) * w / (w + before);
        group->variance = 1 / (w + before);
    }
    if (!status)
        status = runs_all(groups, m, most, runs, error);
    for (const struct runs *r = runs + 1; !status && r < runs + most; r++)
        status = try_steps(search, runs, r, size, error);
    free(groups);
    free(runs);
    return status;
}

/* ---- the choice */

static enum status try_all(struct search *search, struct error *error)
{
    const struct choice *choice = search->choice;
    size_t n = search->series->n_lengths;
    bool all = choice->automatic, curves = all && !choice->straight;
    enum status status = STATUS_OK;
    /* lines joined nowhere are one line, a step with one level is a constant */
    bool level = choice->lenient && choice->form == FORM_STEP;
    bool line = choice->lenient && choice->form == FORM_PIECEWISE;
    if (all || choice->form == FORM_CONSTANT || level)
        status = try_form(search, FORM_CONSTANT, error);
    if (!status && (all || choice->form == FORM_LINEAR || line))
        status = try_form(search, FORM_LINEAR, error);
    if (!status && ((curves && n > 3) || (!all && choice->form == FORM_QUADRATIC)))
        status = try_form(search, FORM_QUADRATIC, error);
    if (!status && ((curves && n > 4) || (!all && choice->form == FORM_PIECEWISE)))
        status = try_all_knots(search, error);
    if (!status && ((curves && n > 3) || (!all && choice->form == FORM_STEP)))
        status = try_all_steps(search, error);
    return status;
}

/* The least BIC; of a quadratic only where it fits better than joined lines. */
static const struct fit *most_significant(const struct search *search)
{
    const struct fit *best = least_bic(search, N_FORMS), *rival = NULL;
    if (best->form != FORM_QUADRATIC)
        return best;
    for (size_t i = 0; i < search->n; i++) {
        const struct fit *fit = search->candidates[i];
        if (fit->form == FORM_PIECEWISE && (!rival || fit->bic < rival->bic))
            rival = fit;
    }
    const struct fit *line = find_form(search, FORM_LINEAR);
    double samples = (double)search->series->n_samples;
    bool fits = rival && samples * log(rival->chisq / best->chisq) <= significance;
    return fits && line && rival->bic < line->bic ? rival : best;
}

/* The simplest fit that predicts as the significant one does. */
static const struct fit *simplest(const struct search *search, const struct fit *significant)
{
    const struct fit *constant = find_form(search, FORM_CONSTANT);
    const struct fit *line = find_form(search, FORM_LINEAR), *best = significant;
    if (significant == constant || significant == line)
        return significant;
    for (size_t i = 0; i < search->n; i++) {
        const struct fit *fit = search->candidates[i];
        size_t p = fit_n_parameters(&fit->shape), least = fit_n_parameters(&best->shape);
        if (fit == constant && line && line->bic < fit->bic)
            continue;
        if ((p < least || (p == least && fit->bic < best->bic)) &&
            largest_change(search->series, significant, fit) <= search->choice->tolerance)
            best = fit;
    }
    return best;
}

/* Whether `rival` predicts lengths left out better than `fit`, beyond chance. */
static enum status doubt(const struct series *series, const struct fit *fit,
                         const struct fit *rival, bool *doubted, struct error *error)
{
    size_t n = series->n_lengths;
    double *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b), sum = 0, squares = 0;
    enum status status =
        a && b ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n);
    *doubted = false;
    if (!status) {
        fit_left_out(series, fit, a);
        fit_left_out(series, rival, b);
    }
    for (size_t i = 0; !status && i < n; i++) {
        double w = series->lengths[i].weight * (double)series->lengths[i].n;
        a[i] = w * (a[i] * a[i] - b[i] * b[i]);
        sum += a[i];
    }
    for (size_t i = 0; !status && i < n; i++)
        squares += (a[i] - sum / (double)n) * (a[i] - sum / (double)n);
    *doubted = n > 1 && isfinite(sum) && sum > 2 * sqrt(squares * (double)n / (double)(n - 1));
    free(a);
    free(b);
    return status;
}

static enum status fill_note(const struct search *search, const struct fit *fit,
                             const struct fit *significant, struct choice_note *note,
                             struct error *error)
{
    const struct fit *best = fit;
    *note = (struct choice_note){0};
    if (significant != fit) {
        note->irrelevant = true;
        note->significant = significant->shape;
        note->change = largest_change(search->series, significant, fit);
    }
    for (size_t i = 0; i < search->n; i++) {
        if (search->candidates[i]->cross_validation < best->cross_validation)
            best = search->candidates[i];
    }
    if (best == fit || largest_change(search->series, best, fit) <= search->choice->tolerance)
        return STATUS_OK;
    note->validated = best->shape;
    note->validated_gain = 1 - best->cross_validation / fit->cross_validation;
    return doubt(search->series, fit, best, &note->doubted, error);
}

enum status choose_fit(const struct series *series, const struct choice *choice, struct fit *fit,
                       struct choice_note *note, struct error *error)
{
    struct search *search = calloc(1, sizeof *search);
    if (!search)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a choice");
    search->series = series;
    search->choice = choice;
    enum status status = try_all(search, error);
    if (!status && search->n == 0)
        status = error_set(error, STATUS_INVALID, "%s", search->why.text);
    if (!status) {
        const struct fit *significant = most_significant(search);
        const struct fit *chosen = choice->automatic ? simplest(search, significant) : significant;
        *fit = *chosen;
        status = fill_note(search, chosen, significant, note, error);
    }
    if (!status)
        status = fit_rounds(series, fit, error);
    if (!status)
        knots_find_ends(series, fit);
    for (size_t i = 0; i < search->n; i++)
        free(search->candidates[i]);
    free(search);
    return status;
}

const char *choice_text(const struct fit_shape *shape, char *text)
{
    const char *form = form_name(shape->form), *s = shape->n_knots == 1 ? "" : "s";
    if (shape->form == FORM_PIECEWISE)
        snprintf(text, CHOICE_TEXT_SIZE, "%s with %zu knot%s", form, shape->n_knots, s);
    else if (shape->form == FORM_STEP)
        snprintf(text, CHOICE_TEXT_SIZE, "%s with %zu levels", form, shape->n_knots + 1);
    else
        snprintf(text, CHOICE_TEXT_SIZE, "%s", form);
    return text;
}
