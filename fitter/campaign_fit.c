// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/campaign_fit.h"

#include "base/memory.h"
#include "fitter/fit.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_MODELS = 64 };

static const enum quantity device_quantities[] = {QUANTITY_TIME_S};
static const enum quantity remote_quantities[] = {QUANTITY_REMOTE_S, QUANTITY_BYTES_UP,
                                                  QUANTITY_BYTES_DOWN};

static enum status make_model(const struct dataset_target *target, enum quantity quantity,
                              const struct series *series, const struct fit *fit,
                              struct cost_model *model, struct error *error)
{
    size_t p = fit->n_coefficients;
    uint32_t n_min = series->lengths[0].length;
    uint32_t n_max = series->lengths[series->n_lengths - 1].length;
    *model = (struct cost_model){
        .target = text_copy(target->name),
        .quantity = quantity,
        .statistic = STATISTIC_MEAN,
        .form = fit->form,
        .segments = malloc(sizeof *model->segments),
        .n_segments = 1,
        .coefficients = malloc(p * sizeof *model->coefficients),
        .n_coefficients = p,
        .n_min = n_min,
        .n_max = n_max,
        .residual_sd = fit->residual_sd,
        .r2 = fit->r2,
        .bic = fit->bic,
        .dof = fit->leave_out ? (double)fit->n_rounds - 1 : fit->dof,
        .n_samples = series->n_samples,
        .n_lengths = series->n_lengths,
        .n_outliers = series->n_outliers,
        .provenance = PROVENANCE_MEASURED,
    };
    if (!model->target || !model->segments || !model->coefficients) {
        cost_model_free(model);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a model");
    }
    memcpy(model->coefficients, fit->coefficients, p * sizeof *fit->coefficients);
    model->segments[0] =
        (struct segment){1, n_max, fit->coefficients[0], p > 1 ? fit->coefficients[1] : 0, 0};
    return STATUS_OK;
}

static enum status fit_quantity(const struct dataset_target *target, enum quantity quantity,
                                const struct fit_options *options, struct model_set *set,
                                struct fit *fit, bool *found, struct error *error)
{
    struct series series;
    struct error why = {0};
    struct cost_model model = {0};
    enum status status = series_gather(target, quantity, &series, &why);
    *found = status == STATUS_OK;
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (!status && !options->equal_weights)
        series_weigh(&series);
    if (!status)
        status = options->automatic ? fit_choose(&series, fit, &why)
                                    : fit_series(&series, options->form, fit, &why);
    if (!status && (quantity == QUANTITY_BYTES_UP || quantity == QUANTITY_BYTES_DOWN))
        fit_forget_rounds(
            fit); /* a length's bytes are the same in every round: rounds tell nothing */
    if (!status) {
        status = make_model(target, quantity, &series, fit, &model, &why);
        if (!status)
            status = model_set_add(set, &model, &why);
        cost_model_free(&model);
        if (status)
            fit_free(fit);
    }
    series_free(&series);
    if (status)
        error_set(error, status, "target %s, %s: %s", target->name, quantity_name(quantity),
                  why.text);
    return status;
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
        }
    }
    for (size_t i = 0; i < size; i++) {
        for (size_t j = 0; j < i; j++)
            set->covariance[j * size + i] = set->covariance[i * size + j];
    }
}

enum status campaign_fit(const struct dataset *dataset, const struct fit_options *options,
                         struct model_set *set, struct error *error)
{
    struct fit fits[MAX_MODELS] = {0};
    size_t n = 0;
    enum status status = STATUS_OK;
    model_set_init(set);
    for (size_t t = 0; !status && t < dataset->n_targets; t++) {
        const struct dataset_target *target = &dataset->targets[t];
        const enum quantity *quantities = target->remote ? remote_quantities : device_quantities;
        size_t n_quantities = target->remote ? sizeof remote_quantities / sizeof *remote_quantities
                                             : sizeof device_quantities / sizeof *device_quantities;
        for (size_t q = 0; !status && q < n_quantities; q++) {
            bool found = false;
            if (n == MAX_MODELS)
                status = error_set(error, STATUS_UNSUPPORTED, "more than %d models in a campaign",
                                   MAX_MODELS);
            else
                status = fit_quantity(target, quantities[q], options, set, &fits[n], &found, error);
            n += !status && found;
        }
    }
    if (!status) {
        fill_covariance(fits, n, set);
        set->rtt_s = dataset->rtt_s;
        set->has_rtt = dataset->has_rtt;
        set->n_rounds = fits[0].leave_out ? fits[0].n_rounds : 0;
        set->hold_out = options->hold_out.fraction;
        set->hold_out_seed = options->hold_out.seed;
        memcpy(set->digest, dataset->digest, sizeof set->digest);
        status = text_replace(&set->campaign, dataset->campaign, error);
    }
    for (size_t i = 0; i < n; i++)
        fit_free(&fits[i]);
    if (status)
        model_set_free(set);
    return status;
}
