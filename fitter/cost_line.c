// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/cost_line.h"

#include "fitter/prediction.h"

#include <math.h>

static void add(struct cost_line *line, const struct cost_model *model, double scale)
{
    if (!model || !(fabs(scale) > 0))
        return;
    line->terms[line->n_terms].model = model;
    line->terms[line->n_terms++].scale = scale;
}

struct cost_line cost_line_edge(const struct model_set *set, const struct cost_pair *pair)
{
    struct cost_line line = {.set = set};
    add(&line, pair->time_s, 1);
    return line;
}

struct cost_line cost_line_cloud(const struct model_set *set, const struct cost_pair *pair,
                                 const struct cost_link *link)
{
    struct cost_line line = {.set = set};
    add(&line, pair->remote_s, 1);
    add(&line, pair->round_trips, link->rtt_s);
    if (!pair->round_trips)
        line.constant_s = link->rtt_s;
    if (pair->charges_up)
        add(&line, pair->bytes_up, link->up_s_per_byte);
    if (pair->charges_down)
        add(&line, pair->bytes_down, link->down_s_per_byte);
    return line;
}

struct cost_line cost_line_edge_j(const struct model_set *set, const struct energy_pair *pair)
{
    struct cost_line line = {.set = set};
    add(&line, pair->edge, 1);
    return line;
}

static struct cost_factor *add_factor(struct cost_line *line, const struct cost_model *model)
{
    struct cost_factor *factor = &line->factors[line->n_factors];
    *factor = (struct cost_factor){.model = model};
    line->n_factors += model != NULL;
    return factor;
}

static void multiply(struct cost_factor *factor, const struct cost_model *model, double scale)
{
    factor->of[factor->n_of].model = model;
    factor->of[factor->n_of++].scale = scale;
}

static void add_transfer(struct cost_line *line, const struct cost_model *watts,
                         const struct cost_model *bytes, double s_per_byte)
{
    if (!watts || !(s_per_byte > 0))
        return;
    add(line, bytes, watts->coefficients[0] * s_per_byte);
    multiply(add_factor(line, watts), bytes, s_per_byte);
}

struct cost_line cost_line_cloud_j(const struct model_set *set, const struct energy_pair *pair,
                                   const struct cost_link *link)
{
    struct cost_line line = {.set = set};
    const struct cost_pair *times = &pair->times;
    const struct cost_model *e0 = pair->parts[ENERGY_E0], *wait = pair->parts[ENERGY_WAIT];
    if (pair->cloud) {
        add(&line, pair->cloud, 1);
        return line;
    }
    if (e0) {
        line.constant_s += e0->coefficients[0];
        add_factor(&line, e0)->constant = 1;
    }
    if (wait) {
        double watts = wait->coefficients[0];
        struct cost_factor *factor = add_factor(&line, wait);
        add(&line, times->remote_s, watts);
        multiply(factor, times->remote_s, 1);
        add(&line, times->round_trips, watts * link->rtt_s);
        if (times->round_trips)
            multiply(factor, times->round_trips, link->rtt_s);
        else
            factor->constant = link->rtt_s;
        line.constant_s += times->round_trips ? 0 : watts * link->rtt_s;
    }
    if (times->charges_up)
        add_transfer(&line, pair->parts[ENERGY_TX], times->bytes_up, link->up_s_per_byte);
    if (times->charges_down)
        add_transfer(&line, pair->parts[ENERGY_RX], times->bytes_down, link->down_s_per_byte);
    return line;
}

struct cost_line cost_line_subtract(const struct cost_line *from, const struct cost_line *line)
{
    struct cost_line difference = *from;
    difference.constant_s -= line->constant_s;
    for (size_t i = 0; i < line->n_terms; i++)
        add(&difference, line->terms[i].model, -line->terms[i].scale);
    for (size_t i = 0; i < line->n_factors; i++) {
        struct cost_factor *factor = &difference.factors[difference.n_factors++];
        *factor = line->factors[i];
        factor->constant = -factor->constant;
        for (size_t k = 0; k < factor->n_of; k++)
            factor->of[k].scale = -factor->of[k].scale;
    }
    return difference;
}

const struct cost_model *cost_line_bent(const struct cost_line *line)
{
    for (size_t i = 0; i < line->n_terms; i++) {
        const struct cost_model *model = line->terms[i].model;
        bool step = model->form == FORM_STEP && model->quantity == QUANTITY_ROUND_TRIPS;
        if (model->form != FORM_CONSTANT && model->form != FORM_LINEAR && !step)
            return model;
    }
    return NULL;
}

/* The index of the model's coefficient of n^power at n; n_coefficients: it has none. */
static size_t coefficient_index(const struct cost_model *model, size_t power, double n)
{
    if (model->form != FORM_STEP)
        return power < model->n_coefficients ? power : model->n_coefficients;
    size_t segment = 0;
    while (segment + 1 < model->n_segments && n > model->segments[segment].to)
        segment++;
    return power == 0 ? segment : model->n_coefficients;
}

double cost_line_coefficient(const struct cost_line *line, size_t power, double n)
{
    double sum = 0;
    for (size_t i = 0; i < line->n_terms; i++) {
        const struct cost_model *model = line->terms[i].model;
        size_t at = coefficient_index(model, power, n);
        if (at < model->n_coefficients)
            sum += line->terms[i].scale * model->coefficients[at];
    }
    return power == 0 ? sum + line->constant_s : sum;
}

static double covariance(const struct cost_line *line, size_t a, size_t i, size_t b, size_t j,
                         double n)
{
    const struct cost_model *left = line->terms[a].model, *right = line->terms[b].model;
    size_t at_left = coefficient_index(left, i, n), at_right = coefficient_index(right, j, n);
    if (at_left >= left->n_coefficients || at_right >= right->n_coefficients)
        return 0;
    return line->terms[a].scale * line->terms[b].scale *
           model_set_covariance(line->set, left, at_left, right, at_right);
}

double cost_line_covariance(const struct cost_line *line, size_t i, size_t j, double n)
{
    double sum = 0;
    for (size_t a = 0; a < line->n_terms; a++)
        sum += covariance(line, a, i, a, j, n);
    for (size_t a = 0; a < line->n_terms; a++) {
        for (size_t b = a + 1; b < line->n_terms; b++) {
            sum += covariance(line, a, i, b, j, n);
            sum += covariance(line, b, i, a, j, n);
        }
    }
    return sum;
}

double cost_line_value(const struct cost_line *line, double n)
{
    double sum = line->constant_s;
    for (size_t i = 0; i < line->n_terms; i++)
        sum += line->terms[i].scale * prediction_value(line->terms[i].model, n);
    return sum;
}

static double slope_of(const struct cost_model *model, double n)
{
    size_t linear = prediction_n_linear(model),
           k = model->form == FORM_PIECEWISE ? model->n_knots : 0;
    double slope = 0, power = 1;
    if (model->form == FORM_STEP)
        return 0;
    for (size_t i = 1; i < linear - k; i++, power *= n)
        slope += (double)i * power * model->coefficients[i];
    for (size_t i = 0; i < k; i++)
        slope += n > model->knots[i] ? model->coefficients[linear - k + i] : 0;
    return slope;
}

double cost_line_slope(const struct cost_line *line, double n)
{
    double sum = 0;
    for (size_t i = 0; i < line->n_terms; i++)
        sum += line->terms[i].scale * slope_of(line->terms[i].model, n);
    return sum;
}

size_t cost_line_breaks(const struct cost_line *line, double from, double to,
                        struct cost_line_break *breaks, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < line->n_terms; i++) {
        const struct cost_model *model = line->terms[i].model;
        for (size_t k = 0; k < model->n_knots && n < room; k++) {
            struct cost_line_break b = {model->knots[k], model->form == FORM_STEP};
            size_t at = n;
            if (b.at <= from || b.at >= to)
                continue;
            for (; at > 0 && breaks[at - 1].at > b.at; at--)
                breaks[at] = breaks[at - 1];
            breaks[at] = b;
            n++;
        }
    }
    return n;
}

static double factor_value(const struct cost_factor *factor, double n)
{
    double sum = factor->constant;
    for (size_t i = 0; i < factor->n_of; i++)
        sum += factor->of[i].scale * prediction_value(factor->of[i].model, n);
    return sum;
}

/* What the value changes by with a model's coefficients. */
struct share {
    double g[PREDICTION_MAX];
    size_t first, n; /* the coefficients' places in the set's covariance */
    double scale;
};

static struct share share_of(const struct cost_line *line, const struct cost_model *model,
                             double scale, double n)
{
    struct share share = {
        .first = model_set_offset(line->set, model), .n = model->n_coefficients, .scale = scale};
    prediction_gradient(model, n, share.g);
    return share;
}

double cost_line_variance(const struct cost_line *line, double n)
{
    struct share shares[COST_LINE_TERMS + COST_LINE_FACTORS];
    size_t count = 0, size = line->set->n_coefficients;
    double sum = 0;
    for (size_t i = 0; i < line->n_terms; i++)
        shares[count++] = share_of(line, line->terms[i].model, line->terms[i].scale, n);
    for (size_t i = 0; i < line->n_factors; i++)
        shares[count++] =
            share_of(line, line->factors[i].model, factor_value(&line->factors[i], n), n);
    for (const struct share *a = shares; a < shares + count; a++) {
        for (const struct share *b = shares; b < shares + count; b++) {
            const double *block = line->set->covariance + a->first * size + b->first;
            double part = 0;
            for (size_t i = 0; i < a->n; i++) {
                for (size_t j = 0; j < b->n; j++)
                    part += a->g[i] * b->g[j] * block[i * size + j];
            }
            sum += a->scale * b->scale * part;
        }
    }
    return isnan(sum) ? INFINITY : sum; /* of coefficients that nothing determines */
}
