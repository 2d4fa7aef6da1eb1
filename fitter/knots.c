// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/knots.h"

#include "fitter/interval.h"
#include "fitter/normal.h"

#include <math.h>
#include <stdlib.h>

enum { K = PIECEWISE_MAX_KNOTS, P = 2 + 2 * K };

/* Gaps are looked at one by one, farther away with strides of a part of their distance, until one
 * is out of the question: no place in it passes at so many times what is significant. */
static const size_t stride = 4;
static const double clearly = 4;
/* A knot so close to a length, in gaps between lengths, is on it. */
static const double on_length = 0.1;
static const size_t few = 4;

/* One knot among the lengths. */
struct knot {
    const struct series *series;
    const struct fit *fit;
    size_t k;
    double least;    /* weighted squares of the lengths' means about the fit */
    double t, scale; /* Student's; the variance over the classical one where rounds are not in the
                        series */
};

/* What a form in two numbers is at a scaled place z: v00 + 2 v01 z + v11 z^2. */
struct form {
    double v00, v01, v11;
};

/* What two free lines miss each other by at a scaled place z: d[0] + d[1] z. */
struct miss {
    double d[2];
    struct form variance,
        squared;   /* squared: what missing by 1 saves of the squares is 1 over it */
    double excess; /* the squares that these lines leave more than the fit */
};

static double form_at(const struct form *form, double z)
{
    return form->v00 + (2 * form->v01 + form->v11 * z) * z;
}

struct range {
    double low, high; /* low > high: empty */
};

static double scaled(const struct fit *fit, double n)
{
    return (n - fit->centre) / fit->unit;
}

/* A row of the shape with two lines apart behind length `gap` in place of the knot, the others with
 * their tangents, at a scaled place z: from + along*z, for all lengths of one piece. */
struct piece {
    double from[P], along[P];
};

enum { PIECES = K + 1 };

/* Pieces are counted by the knots, and the gap, that a length is behind. */
static size_t piece_of(const struct knot *knot, size_t gap, double n)
{
    const struct fit_shape *shape = &knot->fit->shape;
    size_t piece = n > knot->series->lengths[gap].length;
    for (size_t l = 0; l < shape->n_knots; l++)
        piece += l != knot->k && n > shape->knots[l];
    return piece;
}

/* Of the piece in which length n is. */
static void make_piece(const struct knot *knot, size_t gap, double n, struct piece *piece)
{
    const struct fit_shape *shape = &knot->fit->shape;
    bool behind = n > knot->series->lengths[gap].length;
    size_t p = 4;
    *piece = (struct piece){{1, 0, behind, 0}, {0, 1, 0, behind}};
    for (size_t l = 0; l < shape->n_knots; l++) {
        if (l == knot->k)
            continue;
        bool beyond = n > shape->knots[l];
        piece->from[p] = beyond ? -scaled(knot->fit, shape->knots[l]) : 0;
        piece->along[p++] = beyond;
        piece->from[p++] = beyond;
    }
}

static void make_pieces(const struct knot *knot, size_t gap, struct piece pieces[PIECES])
{
    for (size_t i = 0; i < knot->series->n_lengths; i++) {
        double n = knot->series->lengths[i].length;
        size_t piece = piece_of(knot, gap, n);
        if (i == 0 || piece != piece_of(knot, gap, knot->series->lengths[i - 1].length))
            make_piece(knot, gap, n, &pieces[piece]);
    }
}

static void sums_add(struct normal_sums *sums, double z, double weight, double what)
{
    sums->w += weight;
    sums->wz += weight * z;
    sums->wzz += weight * z * z;
    sums->wy += what;
    sums->wyz += what * z;
}

static void add_pieces(struct normal *normal, const struct piece *pieces,
                       const struct normal_sums sums[PIECES])
{
    for (size_t piece = 0; piece < PIECES; piece++) {
        if (fabs(sums[piece].w) > 0)
            normal_add_line(normal, pieces[piece].from, pieces[piece].along, &sums[piece]);
    }
}

/* Takes the cells from `first` on off the equations that are of one round; returns those behind. */
static size_t take_round(const struct knot *knot, size_t gap, size_t first,
                         const struct piece *pieces, struct normal *rest)
{
    const struct series *series = knot->series;
    struct normal_sums sums[PIECES] = {0};
    size_t end = first;
    for (; end < series->n_cells && series->cells[end].round == series->cells[first].round; end++) {
        const struct series_cell *cell = &series->cells[end];
        const struct series_length *l = &series->lengths[cell->length];
        sums_add(&sums[piece_of(knot, gap, l->length)], scaled(knot->fit, l->length),
                 -l->weight * cell->n, -l->weight * cell->sum);
    }
    add_pieces(rest, pieces, sums);
    return end;
}

/* The scatter of the two coefficients over the rounds left out; false: some round is needed. */
static bool leave_rounds_out(const struct knot *knot, size_t gap, const struct piece *pieces,
                             const struct normal *all, struct miss *miss)
{
    double mean[2] = {0}, squares[3] = {0}, g = 0;
    for (size_t cell = 0; cell < knot->series->n_cells;) {
        struct normal rest;
        double c[P];
        normal_copy(&rest, all);
        cell = take_round(knot, gap, cell, pieces, &rest);
        if (!normal_solve(&rest, c))
            return false;
        double off[2] = {c[2] - mean[0], c[3] - mean[1]};
        g++;
        for (int i = 0; i < 2; i++)
            mean[i] += off[i] / g;
        for (int i = 0; i < 3; i++)
            squares[i] += off[i > 1] * (c[2 + (i > 0)] - mean[i > 0]);
    }
    double factor = (g - 1) / g;
    miss->variance = (struct form){factor * squares[0], factor * squares[1], factor * squares[2]};
    return true;
}

/* Squares of the lengths' means about two lines apart. */
static double squares_about(const struct knot *knot, size_t gap, const struct piece *pieces,
                            const double *c, size_t p)
{
    double squares = 0;
    for (size_t i = 0; i < knot->series->n_lengths; i++) {
        const struct series_length *l = &knot->series->lengths[i];
        const struct piece *piece = &pieces[piece_of(knot, gap, l->length)];
        double off = l->mean, z = scaled(knot->fit, l->length);
        for (size_t j = 0; j < p; j++)
            off -= c[j] * (piece->from[j] + piece->along[j] * z);
        squares += l->weight * (double)l->n * off * off;
    }
    return squares;
}

/* False: the lengths on one side are too few. */
static bool fit_gap(const struct knot *knot, size_t gap, struct miss *miss)
{
    const struct series *series = knot->series;
    const struct fit *fit = knot->fit;
    struct normal all = {.p = 2 + 2 * fit->shape.n_knots};
    struct normal_sums sums[PIECES] = {0};
    struct piece pieces[PIECES];
    double c[P], inverse[NORMAL_MAX * NORMAL_MAX];
    make_pieces(knot, gap, pieces);
    for (size_t i = 0; i < series->n_lengths; i++) {
        const struct series_length *l = &series->lengths[i];
        double w = l->weight * (double)l->n;
        sums_add(&sums[piece_of(knot, gap, l->length)], scaled(fit, l->length), w, w * l->mean);
    }
    add_pieces(&all, pieces, sums);
    if (!normal_solve(&all, c) || !normal_invert(&all, inverse))
        return false;
    const struct form squared = {inverse[2 * all.p + 2], inverse[3 * all.p + 2],
                                 inverse[3 * all.p + 3]};
    double s2 = fit->chisq / fit->dof * knot->scale;
    double excess = squares_about(knot, gap, pieces, c, all.p) - knot->least;
    *miss = (struct miss){
        {c[2], c[3]}, {s2 * squared.v00, s2 * squared.v01, s2 * squared.v11}, squared, excess};
    return series->n_cells == 0 || !fit->leave_out ||
           leave_rounds_out(knot, gap, pieces, &all, miss);
}

/* The places of a gap where lines that meet there leave no more than `allowed` variances more than
 * the fit: what they miss each other by when free, and what the free ones leave more. */
static struct range passing(const struct knot *knot, size_t gap, const struct miss *m,
                            double allowed)
{
    const struct series_length *l = &knot->series->lengths[gap];
    double from = scaled(knot->fit, l[0].length), to = scaled(knot->fit, l[1].length);
    const struct form *v = &m->variance, *s = &m->squared;
    double excess = fmax(m->excess, 0);
    double a = m->d[1] * m->d[1] - allowed * v->v11 + excess * s->v11;
    double b = m->d[0] * m->d[1] - allowed * v->v01 + excess * s->v01;
    double c = m->d[0] * m->d[0] - allowed * v->v00 + excess * s->v00, root = b * b - a * c;
    double q = -(b + copysign(sqrt(fmax(root, 0)), b));
    double places[4] = {from, to, root >= 0 ? q / a : NAN, root >= 0 ? c / q : NAN};
    struct range range = {INFINITY, -INFINITY};
    for (int i = 0; i < 4; i++) {
        double z = places[i];
        bool inside = i < 2 ? (a * z + 2 * b) * z + c <= 0 : z >= from && z <= to;
        if (inside) {
            double place = knot->fit->centre + z * knot->fit->unit;
            range.low = fmin(range.low, place);
            range.high = fmax(range.high, place);
        }
    }
    return range;
}

/* What passes in a gap. Where no sample tells, for the lengths beside it are too few, that is all
 * of it if `all` that does reaches it. *out: nothing by far, or that. */
static struct range look(const struct knot *knot, size_t gap, const struct range *all, bool *out)
{
    const struct series_length *l = &knot->series->lengths[gap];
    struct range none = {INFINITY, -INFINITY}, range;
    struct miss miss;
    *out = !fit_gap(knot, gap, &miss);
    if (*out)
        return all->low <= l[1].length && all->high >= l[0].length
                   ? (struct range){l[0].length, l[1].length}
                   : none;
    range = passing(knot, gap, &miss, knot->t * knot->t);
    struct range far = passing(knot, gap, &miss, clearly * knot->t * knot->t);
    *out = far.low > far.high;
    return range;
}

/* Widens the interval over the gap that is `off` from `start`; whether any place in it passes. */
static bool take_gap(const struct knot *knot, size_t start, bool up, size_t off, struct range *all,
                     bool *out)
{
    struct range range = look(knot, up ? start + off : start - off, all, out);
    all->low = fmin(all->low, range.low);
    all->high = fmax(all->high, range.high);
    return range.low <= range.high;
}

/* Over `n` gaps from `start` on, in one direction. */
static void widen(const struct knot *knot, size_t start, bool up, size_t n, struct range *all)
{
    size_t inside = 0, outside = n;
    bool out = false;
    /* a knot on a length has one of two gaps only */
    for (size_t off = 0; (!out || off < 2) && off < n; off += 1 + off / stride) {
        if (take_gap(knot, start, up, off, all, &out)) {
            inside = off;
            outside = n;
        } else if (outside == n) {
            outside = off;
        }
    }
    while (outside > inside + 1) { /* what a stride went over */
        size_t middle = (inside + outside) / 2;
        if (take_gap(knot, start, up, middle, all, &out))
            inside = middle;
        else
            outside = middle;
    }
}

/* Whether a length passes by what rounds scatter by in both gaps beside it, on average. */
static bool passes_at(const struct knot *knot, size_t i)
{
    double z = scaled(knot->fit, knot->series->lengths[i].length), left = 0, allowed = 0;
    for (size_t gap = i - 1; gap <= i; gap++) {
        struct miss m;
        if (!fit_gap(knot, gap, &m))
            return true;
        double miss = m.d[0] + m.d[1] * z, squared = form_at(&m.squared, z);
        left += miss * miss / squared + m.excess;
        allowed += knot->t * knot->t * form_at(&m.variance, z) / squared;
    }
    return left <= allowed;
}

/* An end on a length is in two gaps, which rounds scatter in differently: the interval may end
 * right beside it. */
static void shut(const struct knot *knot, struct range *all)
{
    const struct series_length *l = knot->series->lengths;
    for (size_t i = 1; i + 1 < knot->series->n_lengths; i++) {
        double length = l[i].length, aside = 1e-9 * length;
        bool low = fabs(all->low - length) < aside && all->high > length + aside;
        bool high = fabs(all->high - length) < aside && all->low < length - aside;
        if ((low || high) && !passes_at(knot, i))
            *(low ? &all->low : &all->high) += low ? aside : -aside;
    }
}

/* Both ends of a knot's interval; NAN where the lengths about it are too few. */
static void find_ends(const struct series *series, struct fit *fit, size_t k)
{
    const struct fit_shape *shape = &fit->shape;
    size_t p = fit->n_coefficients, place = p - shape->n_knots + k, start = 0;
    double classical = fit->classical[place * p + place];
    struct knot knot = {.series = series, .fit = fit, .k = k, .t = interval_t(fit_dof(fit))};
    for (size_t i = 0; i < series->n_lengths; i++) {
        const struct series_length *l = &series->lengths[i];
        double off = l->mean - fit_value(fit, l->length);
        knot.least += l->weight * (double)l->n * off * off;
    }
    knot.scale = series->n_cells == 0 ? fit_variance(fit, place) / classical : 1;
    fit->knot_ends[k][0] = fit->knot_ends[k][1] = NAN;
    if (!(classical > 0) || !isfinite(classical))
        return;
    while (start + 2 < series->n_lengths && series->lengths[start + 1].length <= shape->knots[k])
        start++;
    struct range all = {shape->knots[k], shape->knots[k]};
    widen(&knot, start, false, start + 1, &all);
    widen(&knot, start, true, series->n_lengths - 1 - start, &all);
    shut(&knot, &all);
    fit->knot_ends[k][0] = all.low;
    fit->knot_ends[k][1] = all.high;
}

/* Where a knot is; a length within its interval or right beside it, where there is one. */
static double nearest_length(const struct series *series, const struct fit *fit, size_t k)
{
    double knot = fit->shape.knots[k], nearest = series->lengths[0].length, before = nearest;
    double gap = INFINITY;
    for (size_t i = 1; i < series->n_lengths; i++) {
        double length = series->lengths[i].length;
        if (before <= knot && knot < length)
            gap = length - before;
        nearest = fabs(length - knot) < fabs(nearest - knot) ? length : nearest;
        before = length;
    }
    bool within = nearest >= fit->knot_ends[k][0] && nearest <= fit->knot_ends[k][1];
    return within || fabs(nearest - knot) <= on_length * gap ? nearest : knot;
}

/* Whether knots k and k + 1 are a jump; if so, both reach from the length before to the length
 * behind them. */
static void join_jump(const struct series *series, struct fit *fit, size_t k)
{
    double from = nearest_length(series, fit, k), to = nearest_length(series, fit, k + 1);
    double low = series->lengths[0].length, high = NAN;
    size_t between = 0;
    for (size_t i = 0; i < series->n_lengths; i++) {
        double length = series->lengths[i].length;
        if (length <= from)
            low = length;
        else if (length < to)
            between++;
        else if (isnan(high))
            high = length;
    }
    if (!(from < to) || between > 1)
        return;
    for (size_t i = k; i <= k + 1; i++) {
        fit->knot_ends[i][0] = low;
        fit->knot_ends[i][1] = high;
    }
}

/* The lengths between two places. */
static size_t count_lengths(const struct series *series, double from, double to)
{
    size_t n = 0;
    for (size_t i = 0; i < series->n_lengths; i++)
        n += series->lengths[i].length > from && series->lengths[i].length <= to;
    return n;
}

uint32_t knots_doubtful_length(const struct series *series, const struct fit *fit)
{
    const double *knots = fit->shape.knots;
    size_t n = fit->form == FORM_PIECEWISE ? fit->shape.n_knots : 0;
    for (size_t k = 0; k < n; k++) {
        double before = k > 0 ? knots[k - 1] : 0, behind = k + 1 < n ? knots[k + 1] : UINT32_MAX;
        if (count_lengths(series, before, knots[k]) >= few &&
            count_lengths(series, knots[k], behind) >= few)
            continue;
        for (size_t i = 0; i < series->n_lengths; i++) {
            double length = series->lengths[i].length;
            if (length >= fit->knot_ends[k][0] && length <= fit->knot_ends[k][1])
                return series->lengths[i].length;
        }
    }
    return 0;
}

struct piecewise_point *knots_points(const struct series *series)
{
    struct piecewise_point *points = malloc((series->n_lengths + 1) * sizeof *points);
    for (size_t i = 0; points && i < series->n_lengths; i++) {
        const struct series_length *l = &series->lengths[i];
        points[i] = (struct piecewise_point){l->length, l->mean, l->weight * (double)l->n};
    }
    return points;
}

void knots_find_ends(const struct series *series, struct fit *fit)
{
    if (fit->form != FORM_PIECEWISE)
        return;
    for (size_t k = 0; k < fit->shape.n_knots; k++)
        find_ends(series, fit, k);
    for (size_t k = 0; k + 1 < fit->shape.n_knots; k++)
        join_jump(series, fit, k);
}
