// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/campaign_fit.h"

#include "base/memory.h"
#include "base/units.h"
#include "fitter/chosen.h"
#include "fitter/energy_fit.h"
#include "fitter/quantile_fit.h"
#include "fitter/remote_fit.h"
#include "fitter/robust.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MODELS = 64 };

/* Where each segment ends: at knots, or where a level does. Knots between the same two lengths
 * leave no segment between them. */
static size_t segment_ends(const struct fit *fit, const struct round_trips *trips, uint32_t n_max,
                           uint32_t *ends)
{
    size_t n = 0;
    if (trips) {
        for (size_t i = 0; i + 1 < trips->n_runs; i++)
            ends[n++] = trips->to[i];
    } else {
        for (size_t i = 0; i < fit->shape.n_knots; i++)
            ends[n++] = (uint32_t)floor(fit->shape.knots[i]);
    }
    ends[n++] = n_max;
    return n;
}

/* The line, curve or level of segment i. */
static struct segment segment_of(const struct fit *fit, bool levels, size_t i)
{
    const double *c = fit->coefficients;
    struct segment s = {.intercept = c[levels ? i : 0]};
    if (levels || fit->form == FORM_CONSTANT)
        return s;
    s.slope = c[1];
    s.quadratic = fit->form == FORM_QUADRATIC ? c[2] : 0;
    for (size_t k = 0; k < i; k++) {
        s.intercept -= c[2 + k] * fit->shape.knots[k];
        s.slope += c[2 + k];
    }
    return s;
}

static void fill_segments(const struct fit *fit, const struct round_trips *trips,
                          struct cost_model *model)
{
    uint32_t ends[FIT_MAX_COEFFICIENTS], from = 1;
    size_t n = segment_ends(fit, trips, model->n_max, ends);
    model->n_segments = 0;
    for (size_t i = 0; i < n; i++) {
        struct segment s = segment_of(fit, trips || fit->form == FORM_STEP, i);
        s.from = from;
        s.to = ends[i];
        if (i + 1 < n)
            model->knots[i] = trips ? ends[i] : fit->shape.knots[i];
        if (s.to < s.from)
            continue;
        model->segments[model->n_segments++] = s;
        from = s.to + 1;
    }
}

static enum status make_model(const struct dataset_target *target, enum quantity quantity,
                              const struct series *series, const struct fit *fit,
                              const struct round_trips *trips, enum statistic statistic,
                              struct cost_model *model, struct error *error)
{
    size_t p = fit->n_coefficients;
    size_t n_segments = trips ? p : fit->shape.n_knots + 1;
    *model = (struct cost_model){
        .target = text_copy(target->name),
        .quantity = quantity,
        .statistic = statistic,
        .form = fit->form,
        .segments = malloc(n_segments * sizeof *model->segments),
        .n_segments = n_segments,
        .knots = malloc(n_segments * sizeof *model->knots),
        .n_knots = n_segments - 1,
        .coefficients = malloc(p * sizeof *model->coefficients),
        .n_coefficients = p,
        .knot_ends =
            fit->form == FORM_PIECEWISE ? malloc(n_segments * sizeof *model->knot_ends) : NULL,
        .n_min = series->lengths[0].length,
        .n_max = series->lengths[series->n_lengths - 1].length,
        .residual_sd = fit->residual_sd,
        .r2 = fit->r2,
        .bic = fit->bic,
        .dof = fit_dof(fit),
        .n_samples = series->n_samples,
        .n_lengths = trips ? trips->n_lengths : series->n_lengths,
        .n_outliers = trips ? 0 : series->n_outliers,
        .provenance = PROVENANCE_MEASURED,
    };
    if (!model->target || !model->segments || !model->knots || !model->coefficients ||
        (fit->form == FORM_PIECEWISE && !model->knot_ends)) {
        cost_model_free(model);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a model");
    }
    memcpy(model->coefficients, fit->coefficients, p * sizeof *fit->coefficients);
    if (model->knot_ends)
        memcpy(model->knot_ends, fit->knot_ends, fit->shape.n_knots * sizeof *fit->knot_ends);
    fill_segments(fit, trips, model);
    return STATUS_OK;
}

/* Where the constants of one endpoint's offloading are among the fits. */
struct offload_block {
    size_t first, n;
    int parts[N_OFFLOAD_PARTS];
    double covariance[N_OFFLOAD_PARTS * N_OFFLOAD_PARTS];
};

/* The fits of a campaign so far, in the order of the set's models. */
struct fits {
    const struct fit_options *options;
    struct model_set *set;
    struct fit *list; /* n; owned */
    size_t n, capacity;
    struct offload_block offloads[MAX_MODELS];
    size_t n_offloads;
};

/* Takes over `fit` (emptied), with the model made from it. */
static enum status add_fit(struct fits *fits, const struct dataset_target *target,
                           enum quantity quantity, const struct series *series, struct fit *fit,
                           const struct round_trips *trips, struct error *error)
{
    struct cost_model model = {0};
    if (fits->n == MAX_MODELS)
        return error_set(error, STATUS_UNSUPPORTED, "more than %d models in a campaign",
                         MAX_MODELS);
    enum status status =
        make_model(target, quantity, series, fit, trips, fits->options->statistic, &model, error);
    if (!status)
        status = array_reserve(&fits->list, fits->n, &fits->capacity, sizeof *fits->list, error);
    if (!status)
        status = model_set_add(fits->set, &model, error);
    cost_model_free(&model);
    if (!status) {
        fits->list[fits->n++] = *fit;
        *fit = (struct fit){0};
    }
    return status;
}

static enum status fit_plain(struct fits *fits, const struct dataset_target *target,
                             enum quantity quantity, struct error *error)
{
    struct series series;
    struct fit fit = {0};
    struct fit_options options = *fits->options;
    if (quantity != QUANTITY_TIME_S) { /* messages grow evenly */
        options.curved = false;
        options.automatic = options.form != FORM_CONSTANT && options.form != FORM_LINEAR;
        options.automatic = options.automatic || fits->options->automatic;
    }
    enum status status = series_gather(target, quantity, NULL, &series, error);
    if (!status && !fits->options->equal_weights)
        series_weigh(&series);
    if (!status)
        status = fit_chosen(&series, &options, false, target->name, quantity, &fit, error);
    if (!status && quantity != QUANTITY_TIME_S)
        fit_forget_rounds(
            &fit); /* a length's bytes are the same in every round: rounds tell nothing */
    if (!status)
        status = add_fit(fits, target, quantity, &series, &fit, NULL, error);
    fit_free(&fit);
    series_free(&series);
    return status;
}

static enum status fit_remote(struct fits *fits, const struct dataset_target *target,
                              enum quantity quantity, struct error *error)
{
    struct remote_fit fit;
    enum status status = remote_fit(target, fits->options, &fit, error);
    if (status)
        return status;
    bool several = fit.trips.n_runs > 0;
    status = add_fit(fits, target, quantity, &fit.series, &fit.remote, NULL, error);
    if (!status && several)
        status = add_fit(fits, target, QUANTITY_ROUND_TRIPS, &fit.series, &fit.round_trips,
                         &fit.trips, error);
    remote_fit_free(&fit);
    return status;
}

/* Quantiles, and means that far samples hardly move. */
static enum status fit_from_samples(struct fits *fits, const struct dataset_target *target,
                                    enum quantity quantity, struct error *error)
{
    struct series series = {0};
    struct fit fit = {0};
    const struct fit_options *options = fits->options;
    if (!target->observations)
        return error_set(error, STATUS_MISUSE, "the samples themselves were not kept");
    enum status status = options->statistic != STATISTIC_MEAN
                             ? quantile_fit(target, options, quantity, &series, &fit, error)
                             : robust_fit(target, options, quantity, &series, &fit, error);
    if (!status)
        status = add_fit(fits, target, quantity, &series, &fit, NULL, error);
    fit_free(&fit);
    series_free(&series);
    return status;
}

/* Too few windows are no reason to have no models of times. */
static enum status without_energy(const struct fits *fits, const struct dataset_target *target,
                                  enum status status, const struct error *why, struct error *error)
{
    char line[ERROR_TEXT_SIZE + 80];
    if (status == STATUS_NOT_FOUND)
        return status;
    if (status != STATUS_INVALID)
        return error_set(error, status, "%s", why->text);
    snprintf(line, sizeof line, "%.40s: its energy is not modelled: %s", target->name, why->text);
    if (fits->options->remark)
        fits->options->remark(fits->options->user, line);
    return STATUS_NOT_FOUND;
}

static enum status fit_energy(struct fits *fits, const struct dataset_target *target,
                              enum quantity quantity, struct error *error)
{
    struct series series;
    struct fit fit = {0};
    struct error why = {0};
    enum provenance provenance;
    enum status status = energy_fit(target, fits->options, &series, &fit, &provenance, &why);
    if (status)
        return without_energy(fits, target, status, &why, error);
    status = add_fit(fits, target, quantity, &series, &fit, NULL, error);
    if (!status)
        fits->set->models[fits->n - 1].provenance = provenance;
    fit_free(&fit);
    series_free(&series);
    return status;
}

/* What offloading takes: the four are fitted together. */
static enum status fit_offload(struct fits *fits, const struct dataset_target *target,
                               enum quantity quantity, struct error *error)
{
    struct offload_fit offload;
    struct error why = {0};
    enum status status = offload_fit(target, fits->options, &offload, &why);
    if (status)
        return without_energy(fits, target, status, &why, error);
    fits->offloads[fits->n_offloads] = (struct offload_block){.first = fits->n};
    struct offload_block *block = &fits->offloads[fits->n_offloads++];
    memcpy(block->covariance, offload.energy.covariance, sizeof block->covariance);
    for (int k = 0; !status && k < N_OFFLOAD_PARTS; k++) {
        if (!offload.energy.told[k])
            continue;
        block->parts[block->n++] = k;
        status = add_fit(fits, target, (enum quantity)((int)quantity + k), &offload.series,
                         &offload.fits[k], NULL, error);
        if (!status)
            fits->set->models[fits->n - 1].provenance = offload.energy.provenance;
    }
    offload_fit_free(&offload);
    return status;
}
_Static_assert(QUANTITY_P_TX_W - QUANTITY_E0_J == (int)OFFLOAD_TX &&
                   QUANTITY_P_RX_W - QUANTITY_E0_J == (int)OFFLOAD_RX &&
                   QUANTITY_P_WAIT_W - QUANTITY_E0_J == (int)OFFLOAD_WAIT,
               "in one order");

/* What is fitted, in the order of the models, and to which kind of target. */
static const struct {
    enum quantity quantity;
    bool remote;
    enum status (*fit)(struct fits *fits, const struct dataset_target *target,
                       enum quantity quantity, struct error *error);
} steps[] = {
    {QUANTITY_TIME_S, false, fit_plain},    {QUANTITY_REMOTE_S, true, fit_remote},
    {QUANTITY_BYTES_UP, true, fit_plain},   {QUANTITY_BYTES_DOWN, true, fit_plain},
    {QUANTITY_ENERGY_J, false, fit_energy}, {QUANTITY_ENERGY_J, true, fit_energy},
    {QUANTITY_E0_J, true, fit_offload},
};

/* Whether charging the bytes by the campaign's bandwidth would count them twice: this endpoint's
 * samples hold their time still. */
static bool bytes_stay(const struct dataset *dataset, const struct dataset_target *target,
                       enum quantity quantity)
{
    return (quantity == QUANTITY_BYTES_UP && !isnan(dataset->up_s_per_byte) && !target->link.up) ||
           (quantity == QUANTITY_BYTES_DOWN && !isnan(dataset->down_s_per_byte) &&
            !target->link.down);
}

static enum status fit_target(struct fits *fits, const struct dataset *dataset,
                              const struct dataset_target *target, struct error *error)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct error why = {0};
        if (steps[i].remote != target->remote || bytes_stay(dataset, target, steps[i].quantity))
            continue;
        bool times = steps[i].quantity == QUANTITY_TIME_S || steps[i].quantity == QUANTITY_REMOTE_S;
        bool sums = fits->options->statistic == STATISTIC_MEAN && !fits->options->robust;
        enum status status = times && !sums
                                 ? fit_from_samples(fits, target, steps[i].quantity, &why)
                                 : steps[i].fit(fits, target, steps[i].quantity, &why);
        if (status && status != STATUS_NOT_FOUND)
            return error_set(error, status, "target %s, %s: %s", target->name,
                             quantity_name(steps[i].quantity), why.text);
    }
    return STATUS_OK;
}

/* The leave-one-out coefficient j when `round` is left out: the full one where the fit has no
 * sample of that round. */
static double replicate(const struct fit *fit, int32_t round, size_t j)
{
    size_t low = 0, high = fit->n_rounds;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (fit->rounds[middle] < round)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < fit->n_rounds && fit->rounds[low] == round)
        return fit->leave_out[low * fit->n_coefficients + j];
    return fit->coefficients[j];
}

/* One block of the joint covariance from the rounds of `a`, which both fits' targets shared. */
static void jackknife_block(const struct fit *a, const struct fit *b, double *covariance,
                            size_t stride)
{
    double g = (double)a->n_rounds;
    for (size_t i = 0; i < a->n_coefficients; i++) {
        for (size_t j = 0; j < b->n_coefficients; j++) {
            double mean_a = 0, mean_b = 0, sum = 0;
            for (size_t r = 0; r < a->n_rounds; r++) {
                mean_a += replicate(a, a->rounds[r], i) / g;
                mean_b += replicate(b, a->rounds[r], j) / g;
            }
            for (size_t r = 0; r < a->n_rounds; r++)
                sum += (replicate(a, a->rounds[r], i) - mean_a) *
                       (replicate(b, a->rounds[r], j) - mean_b);
            covariance[i * stride + j] = (g - 1) / g * sum;
        }
    }
}

static void fill_covariance(const struct fit *fits, size_t n, struct model_set *set)
{
    size_t size = set->n_coefficients, row = 0;
    for (size_t a = 0; a < n; row += fits[a].n_coefficients, a++) {
        size_t column = 0;
        for (size_t b = 0; b <= a; column += fits[b].n_coefficients, b++) {
            double *block = set->covariance + row * size + column;
            size_t p = fits[a].n_coefficients;
            if (fits[a].leave_out && fits[b].leave_out)
                jackknife_block(&fits[a], &fits[b], block, size);
            else if (a == b)
                for (size_t i = 0; i < p; i++)
                    memcpy(block + i * size, fits[a].classical + i * p, p * sizeof *block);
            else if (a == b + 1 && fits[b].n_next == p)
                for (size_t i = 0; i < p; i++)
                    for (size_t j = 0; j < fits[b].n_coefficients; j++)
                        block[i * size + j] = fits[b].classical_next[j * p + i];
        }
    }
    for (size_t i = 0; i < size; i++) {
        for (size_t j = 0; j < i; j++)
            set->covariance[j * size + i] = set->covariance[i * size + j];
    }
}

/* The classical covariance of constants that were fitted together. */
static void fill_offload(const struct fits *fits, const struct offload_block *block)
{
    struct model_set *set = fits->set;
    size_t size = set->n_coefficients, offset = 0;
    for (size_t i = 0; i < block->first; i++)
        offset += fits->list[i].n_coefficients;
    for (size_t i = 0; i < block->n; i++) {
        for (size_t j = 0; j < block->n && !fits->list[block->first].leave_out; j++)
            set->covariance[(offset + i) * size + offset + j] =
                block->covariance[block->parts[i] * N_OFFLOAD_PARTS + block->parts[j]];
    }
}

/* What the energies are of, where there are any of windows. */
static enum status fill_basis(const struct energy_data *energy, struct model_set *set,
                              struct error *error)
{
    char text[UNITS_TEXT_SIZE];
    if (!energy || !energy->meter.name || energy->n_windows == 0)
        return STATUS_OK;
    enum status status = text_replace(&set->energy.meter, energy->meter.name, error);
    if (!status)
        status = text_replace(&set->energy.scope, scope_name(energy->meter.scope), error);
    if (!status)
        status = text_replace(&set->energy.baseline, baseline_text(&energy->baseline, text), error);
    return status;
}

enum status campaign_fit(const struct dataset *dataset, const struct fit_options *options,
                         struct model_set *set, struct error *error)
{
    struct fits *fits = calloc(1, sizeof *fits);
    enum status status = STATUS_OK;
    model_set_init(set);
    if (!fits)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for fits");
    struct fit_options all = *options;
    all.lenient = dataset->n_targets > 1;
    fits->options = &all;
    fits->set = set;
    for (size_t t = 0; !status && t < dataset->n_targets; t++)
        status = fit_target(fits, dataset, &dataset->targets[t], error);
    if (!status) {
        fill_covariance(fits->list, fits->n, set);
        for (size_t i = 0; i < fits->n_offloads; i++)
            fill_offload(fits, &fits->offloads[i]);
        set->rtt_s = dataset->rtt_s;
        set->has_rtt = dataset->has_rtt;
        set->up_s_per_byte = dataset->up_s_per_byte;
        set->down_s_per_byte = dataset->down_s_per_byte;
        set->n_rounds = fits->list[0].leave_out ? (uint64_t)fit_dof(&fits->list[0]) + 1 : 0;
        set->hold_out = options->hold_out.fraction;
        set->hold_out_seed = options->hold_out.seed;
        memcpy(set->digest, dataset->digest, sizeof set->digest);
        status = text_replace(&set->campaign, dataset->campaign, error);
        if (!status)
            status = fill_basis(options->energy, set, error);
    }
    for (size_t i = 0; i < fits->n; i++)
        fit_free(&fits->list[i]);
    free(fits->list);
    free(fits);
    if (status)
        model_set_free(set);
    return status;
}
