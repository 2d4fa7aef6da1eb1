// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/piecewise.h"

#include "fitter/least_squares.h"
#include "fitter/piecewise_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { K = PIECEWISE_MAX_KNOTS, MAX_SWEEPS = 50 };

/* What is known while one fit is being looked for. `cells` are runs of points between which knots
 * are looked for: each point by itself, or some together where there are many. */
struct search {
    struct piecewise_sums sums;
    size_t n_cells;
    size_t *last;  /* of each cell: its last point */
    double *lines; /* n_cells*n_cells: of one line through the points of cells a .. b */
    double *tails; /* [k*n_cells + a]: of the best k+1 lines through cells a .. n_cells-1 */
    size_t *cuts;  /* the same: the last cell of the first of these lines */
    double *before, *behind; /* of two joined lines up to a cell, or from one on (bend) */
    size_t n_knots;
    struct piecewise_knot best[K];
    double rss; /* of the best; infinity before there is one */
};

static void consider(struct search *search, const struct piecewise_knot *knots)
{
    double rss = piecewise_rss(&search->sums, 0, search->sums.n, knots, search->n_knots);
    if (rss < search->rss) {
        search->rss = rss;
        memcpy(search->best, knots, search->n_knots * sizeof *knots);
    }
}

static bool in_order(const struct piecewise_knot *knots, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (knots[i - 1].after >= knots[i].after)
            return false;
    }
    return true;
}

/* Moves one knot at a time to where it is best, within `reach` points, until none gains. */
static void improve(struct search *search, size_t reach)
{
    size_t n = search->sums.n;
    double before = INFINITY;
    for (int sweep = 0; sweep < MAX_SWEEPS && search->rss < before; sweep++) {
        before = search->rss;
        for (size_t i = 0; i < search->n_knots; i++) {
            struct piecewise_knot knots[K];
            memcpy(knots, search->best, sizeof knots);
            size_t at = knots[i].after, low = at > reach ? at - reach : 0;
            size_t high = n - 1 - at > reach ? at + reach : n - 2;
            for (size_t after = low; after <= high; after++) {
                for (int free = 0; free < 2; free++) {
                    knots[i] = (struct piecewise_knot){after, free};
                    if (in_order(knots, search->n_knots))
                        consider(search, knots);
                }
            }
        }
    }
}

/* The best place for one more knot among those of `search`, which has one less. */
static void insert(struct search *search, const struct piecewise_knot *others, size_t n_others)
{
    search->n_knots = n_others + 1;
    for (size_t c = 0; c + 1 < search->n_cells; c++) {
        for (int free = 0; free < 2; free++) {
            struct piecewise_knot knots[K] = {0};
            size_t at = 0;
            while (at < n_others && others[at].after < search->last[c])
                at++;
            memcpy(knots, others, at * sizeof *knots);
            knots[at] = (struct piecewise_knot){search->last[c], free};
            memcpy(knots + at + 1, others + at, (n_others - at) * sizeof *knots);
            if (in_order(knots, search->n_knots))
                consider(search, knots);
        }
    }
}

/* From the best independent lines, with knots where they end. */
static void start_from_lines(struct search *search)
{
    struct piecewise_knot knots[K];
    size_t cell = 0, k = search->n_knots;
    for (size_t i = 0; i < search->n_knots; i++) {
        size_t cut = search->cuts[(k - i) * search->n_cells + cell];
        if (cut + 1 >= search->n_cells)
            return;
        knots[i] = (struct piecewise_knot){search->last[cut], false};
        cell = cut + 1;
    }
    consider(search, knots);
}

/* All kinds of knots in gaps that are given. */
static void consider_kinds(struct search *search, const size_t *cells)
{
    for (unsigned kinds = 0; kinds < 1u << search->n_knots; kinds++) {
        struct piecewise_knot knots[K];
        for (size_t i = 0; i < search->n_knots; i++)
            knots[i] = (struct piecewise_knot){search->last[cells[i]], kinds >> i & 1};
        consider(search, knots);
    }
}

/*
 * Considers every choice of gaps from knot `i` on, unless independent lines leave too much:
 * `so_far` is what those before the knot leave, from cell `first` on the rest has to be divided.
 */
static void branch(struct search *search, size_t i, size_t first, double so_far, size_t *cells)
{
    size_t m = search->n_cells, left = search->n_knots - i;
    const double *line = search->lines + first * m;
    const double *rest = search->tails + (left - 1) * m;
    for (size_t c = first; c + left < m; c++) {
        double bound = so_far + line[c];
        if (bound >= search->rss)
            break; /* longer lines leave more */
        if (bound + rest[c + 1] >= search->rss)
            continue;
        cells[i] = c;
        if (left == 1)
            consider_kinds(search, cells);
        else
            branch(search, i + 1, c + 1, bound, cells);
    }
}

/* The least that two lines leave that meet behind cell c, or before the next point, of points first
 * .. end-1; what two lines by themselves leave where that cannot be told. */
static double bend(const struct search *search, size_t first, size_t end, size_t c)
{
    size_t after = search->last[c];
    const struct piecewise_knot kinds[] = {{after, false}, {after, true}, {after + 1, false}};
    double least = INFINITY;
    if (end - first <= 3)
        return 0;
    for (int i = 0; i < 3; i++)
        least = fmin(least, piecewise_rss(&search->sums, first, end, &kinds[i], 1));
    return least < INFINITY ? least
                            : piecewise_line_rss(&search->sums, first, after + 1) +
                                  piecewise_line_rss(&search->sums, after + 1, end);
}

/*
 * Considers three knots in all gaps, unless two pairs of joined lines that need not meet in the
 * middle leave too much: before[i*m + j] of the pair that meets behind cell i up to cell j,
 * behind[j*m + k] of the pair behind cell j that meets behind cell k.
 */
static void branch_three(struct search *search)
{
    size_t m = search->n_cells, cells[K];
    for (size_t i = 0; i + 1 < m; i++) {
        for (size_t j = i + 1; j + 1 < m; j++) {
            search->before[i * m + j] = bend(search, 0, search->last[j] + 1, i);
            search->behind[i * m + j] = bend(search, search->last[i] + 1, search->sums.n, j);
        }
    }
    for (size_t j = 1; j + 2 < m; j++) {
        double rest = INFINITY;
        for (size_t k = j + 1; k + 1 < m; k++)
            rest = fmin(rest, search->behind[j * m + k]);
        for (size_t i = 0; i < j; i++) {
            double so_far = search->before[i * m + j];
            if (so_far + rest >= search->rss)
                continue;
            for (size_t k = j + 1; k + 1 < m; k++) {
                if (so_far + search->behind[j * m + k] >= search->rss)
                    continue;
                cells[0] = i;
                cells[1] = j;
                cells[2] = k;
                consider_kinds(search, cells);
            }
        }
    }
}

/* All choices of gaps for as many knots as can be proved the best. */
static void consider_all(struct search *search)
{
    size_t cells[K];
    if (search->n_knots == 3)
        branch_three(search);
    else if (search->n_knots < 3)
        branch(search, 0, 0, 0, cells);
}

static void fill_lines(struct search *search)
{
    size_t m = search->n_cells;
    for (size_t a = 0; a < m; a++) {
        size_t first = a > 0 ? search->last[a - 1] + 1 : 0;
        for (size_t b = a; b < m; b++)
            search->lines[a * m + b] =
                piecewise_line_rss(&search->sums, first, search->last[b] + 1);
    }
}

/* The discontinuous dynamic programme, from the last cell back. */
static void fill_tails(struct search *search, size_t n_lines)
{
    size_t m = search->n_cells;
    for (size_t a = 0; a < m; a++) {
        search->tails[a] = search->lines[a * m + m - 1];
        search->cuts[a] = m - 1;
    }
    for (size_t k = 1; k < n_lines; k++) {
        const double *shorter = search->tails + (k - 1) * m;
        for (size_t a = 0; a < m; a++) {
            double best = search->tails[(k - 1) * m + a];
            size_t cut = m - 1;
            for (size_t c = a; c + 1 < m && search->lines[a * m + c] < best; c++) {
                double sum = search->lines[a * m + c] + shorter[c + 1];
                if (sum < best) {
                    best = sum;
                    cut = c;
                }
            }
            search->tails[k * m + a] = best;
            search->cuts[k * m + a] = cut;
        }
    }
}

/* Cells of as many points each as leave at most PIECEWISE_EXACT_POINTS of them. */
static void make_cells(struct search *search)
{
    size_t n = search->sums.n;
    search->n_cells = n < PIECEWISE_EXACT_POINTS ? n : PIECEWISE_EXACT_POINTS;
    for (size_t c = 0; c < search->n_cells; c++)
        search->last[c] = (c + 1) * n / search->n_cells - 1;
}

/* Cells that end within `reach` points of the best knots, every `step` points, and one behind. */
static void make_cells_about_knots(struct search *search, size_t reach, size_t step)
{
    size_t n = search->sums.n, m = 0, next = 0;
    for (size_t k = 0; k < search->n_knots; k++) {
        size_t at = search->best[k].after, end = n - 2 - at > reach ? at + reach : n - 2;
        for (size_t i = at > reach ? at - reach : 0; i <= end; i += step) {
            if (i >= next)
                search->last[m++] = i;
            next = i >= next ? i + 1 : next;
        }
    }
    search->last[m++] = n - 1;
    search->n_cells = m;
}

static enum status allocate(struct search *search, size_t n, struct error *error)
{
    size_t m = PIECEWISE_EXACT_POINTS;
    search->last = malloc(m * sizeof *search->last);
    search->lines = malloc(m * m * sizeof *search->lines);
    search->tails = malloc((K + 1) * m * sizeof *search->tails);
    search->cuts = malloc((K + 1) * m * sizeof *search->cuts);
    search->before = malloc(m * m * sizeof *search->before);
    search->behind = malloc(m * m * sizeof *search->behind);
    if (!search->last || !search->lines || !search->tails || !search->cuts || !search->before ||
        !search->behind)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n);
    return STATUS_OK;
}

/* The best knots, found among few places, are looked for again among the places about them, closer
 * and closer together. */
static void refine(struct search *search)
{
    size_t most = (PIECEWISE_EXACT_POINTS - 1) / search->n_knots - 1;
    size_t reach = 2 * search->sums.n / PIECEWISE_EXACT_POINTS, step;
    do {
        step = 2 * reach / most + 1;
        make_cells_about_knots(search, reach, step);
        fill_lines(search);
        fill_tails(search, search->n_knots + 1);
        consider_all(search);
        reach = 2 * step;
    } while (step > 1);
}

/* Knots one by one, each search starting from the best of the one before. */
static void find_knots(struct search *search, size_t n_knots)
{
    size_t n = search->sums.n;
    bool few = n <= PIECEWISE_EXACT_POINTS;
    for (size_t k = 1; k <= n_knots; k++) {
        struct piecewise_knot others[K];
        memcpy(others, search->best, sizeof others);
        search->rss = INFINITY;
        make_cells(search);
        fill_lines(search);
        fill_tails(search, k + 1);
        insert(search, others, k - 1);
        start_from_lines(search);
        improve(search, few ? n : 2 * n / PIECEWISE_EXACT_POINTS);
        consider_all(search);
        if (!few && k <= PIECEWISE_EXACT_KNOTS)
            refine(search);
    }
}

struct rows {
    const struct piecewise_point *points;
    const struct piecewise *fit;
};

static void fill_row(const void *user, size_t i, double *x, double *y, double *weight)
{
    const struct rows *rows = user;
    const struct piecewise_point *point = &rows->points[i];
    x[0] = 1;
    x[1] = point->x;
    for (size_t k = 0; k < rows->fit->n_knots; k++)
        x[2 + k] = fmax(point->x - rows->fit->knots[k], 0);
    *y = point->y;
    *weight = point->weight;
}

static enum status check(const struct piecewise_point *points, size_t n, size_t n_knots,
                         struct error *error)
{
    if (n_knots > PIECEWISE_MAX_KNOTS)
        return error_set(error, STATUS_INVALID, "%zu knots, at most %d", n_knots,
                         PIECEWISE_MAX_KNOTS);
    if (n < 2 + 2 * n_knots)
        return error_set(error, STATUS_INVALID, "%zu knots need %zu lengths, there are %zu",
                         n_knots, 2 + 2 * n_knots, n);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(points[i].x) || !isfinite(points[i].y) || !isfinite(points[i].weight) ||
            !(points[i].weight > 0) || (i > 0 && !(points[i].x > points[i - 1].x)))
            return error_set(error, STATUS_INVALID,
                             "length %g: no number, no weight, or out of order", points[i].x);
    }
    return STATUS_OK;
}

enum status piecewise_fit(const struct piecewise_point *points, size_t n, size_t n_knots,
                          struct piecewise *fit, struct error *error)
{
    struct search search = {.rss = INFINITY};
    enum status status = check(points, n, n_knots, error);
    *fit = (struct piecewise){.n_knots = n_knots};
    if (status)
        return status;
    if (n_knots > 0) {
        status = piecewise_sums_make(points, n, &search.sums, error);
        if (!status)
            status = allocate(&search, n, error);
        if (!status) {
            make_cells(&search);
            find_knots(&search, n_knots);
            piecewise_places(&search.sums, search.best, n_knots, fit->knots);
        }
        piecewise_sums_free(&search.sums);
        free(search.last);
        free(search.lines);
        free(search.tails);
        free(search.cuts);
        free(search.before);
        free(search.behind);
    }
    fit->exact = n_knots <= PIECEWISE_EXACT_KNOTS && n <= PIECEWISE_EXACT_POINTS;
    const struct rows rows = {points, fit};
    if (!status)
        status =
            least_squares(n, 2 + n_knots, fill_row, &rows, fit->coefficients, &fit->rss, error);
    return status;
}

double piecewise_value(const struct piecewise *fit, double x)
{
    double value = fit->coefficients[0] + fit->coefficients[1] * x;
    for (size_t k = 0; k < fit->n_knots; k++)
        value += fit->coefficients[2 + k] * fmax(x - fit->knots[k], 0);
    return value;
}
