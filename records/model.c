// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/model.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const quantities[] = {
    [QUANTITY_TIME_S] = "time_s",     [QUANTITY_REMOTE_S] = "remote_s",
    [QUANTITY_BYTES_UP] = "bytes_up", [QUANTITY_BYTES_DOWN] = "bytes_down",
    [QUANTITY_ENERGY_J] = "energy_j", [QUANTITY_ROUND_TRIPS] = "round_trips",
    [QUANTITY_E0_J] = "e0_j",         [QUANTITY_P_TX_W] = "p_tx_w",
    [QUANTITY_P_RX_W] = "p_rx_w",     [QUANTITY_P_WAIT_W] = "p_wait_w",
};
_Static_assert(sizeof quantities / sizeof *quantities == N_QUANTITIES, "a name each");

static const char *const statistics[] = {
    [STATISTIC_MEAN] = "mean", [STATISTIC_P50] = "p50", [STATISTIC_P90] = "p90",
    [STATISTIC_P95] = "p95",   [STATISTIC_P99] = "p99",
};
_Static_assert(sizeof statistics / sizeof *statistics == N_STATISTICS, "a name each");

static const char *const forms[] = {
    [FORM_CONSTANT] = "constant",   [FORM_LINEAR] = "linear", [FORM_QUADRATIC] = "quadratic",
    [FORM_PIECEWISE] = "piecewise", [FORM_STEP] = "step",
};
_Static_assert(sizeof forms / sizeof *forms == N_FORMS, "a name each");

static const char *const provenances[] = {
    [PROVENANCE_MEASURED] = "measured",
    [PROVENANCE_MODELLED] = "modelled",
    [PROVENANCE_PARTIAL] = "partial",
    [PROVENANCE_UNAVAILABLE] = "unavailable",
};
_Static_assert(sizeof provenances / sizeof *provenances == N_PROVENANCES, "a name each");

const char *quantity_name(enum quantity quantity)
{
    return quantities[quantity];
}

const char *statistic_name(enum statistic statistic)
{
    return statistics[statistic];
}

const char *form_name(enum model_form form)
{
    return forms[form];
}

const char *provenance_name(enum provenance provenance)
{
    return provenances[provenance];
}

bool quantity_is_energy(enum quantity quantity)
{
    return quantity == QUANTITY_ENERGY_J || quantity == QUANTITY_E0_J ||
           quantity == QUANTITY_P_TX_W || quantity == QUANTITY_P_RX_W ||
           quantity == QUANTITY_P_WAIT_W;
}

void model_set_init(struct model_set *set)
{
    *set = (struct model_set){.up_s_per_byte = NAN, .down_s_per_byte = NAN};
}

/* The joint covariance grown by `n` coefficients that are, so far, uncorrelated with all others. */
static double *grown_covariance(const struct model_set *set, size_t n)
{
    size_t old = set->n_coefficients, size = old + n;
    double *grown = calloc(size * size + 1, sizeof *grown);
    for (size_t i = 0; grown && i < old; i++)
        memcpy(grown + i * size, set->covariance + i * old, old * sizeof *grown);
    return grown;
}

enum status model_set_add(struct model_set *set, struct cost_model *model, struct error *error)
{
    enum status status =
        array_reserve(&set->models, set->n_models, &set->capacity, sizeof *set->models, error);
    if (status)
        return status;
    double *covariance = grown_covariance(set, model->n_coefficients);
    if (!covariance)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a model");
    free(set->covariance);
    set->covariance = covariance;
    set->n_coefficients += model->n_coefficients;
    set->models[set->n_models++] = *model;
    *model = (struct cost_model){0};
    return STATUS_OK;
}

const struct cost_model *model_set_find(const struct model_set *set, const char *target,
                                        enum quantity quantity)
{
    for (size_t i = 0; i < set->n_models; i++) {
        const struct cost_model *model = &set->models[i];
        if (model->quantity == quantity && strcmp(model->target, target) == 0)
            return model;
    }
    return NULL;
}

size_t model_set_offset(const struct model_set *set, const struct cost_model *model)
{
    size_t offset = 0;
    for (const struct cost_model *m = set->models; m != model; m++)
        offset += m->n_coefficients;
    return offset;
}

double model_set_covariance(const struct model_set *set, const struct cost_model *a, size_t i,
                            const struct cost_model *b, size_t j)
{
    size_t row = model_set_offset(set, a) + i, column = model_set_offset(set, b) + j;
    return set->covariance[row * set->n_coefficients + column];
}

double cost_model_value(const struct cost_model *model, double n)
{
    const struct segment *s = model->segments;
    const struct segment *last = s + model->n_segments - 1;
    while (s < last && n > s->to)
        s++;
    double value = s->intercept + (s->slope + s->quadratic * n) * n;
    return value < 0 && n < model->n_min ? 0 : value;
}

void cost_model_free(struct cost_model *model)
{
    free(model->target);
    free(model->segments);
    free(model->knots);
    free(model->coefficients);
    free(model->knot_ends);
    *model = (struct cost_model){0};
}

void model_set_free(struct model_set *set)
{
    for (size_t i = 0; i < set->n_models; i++)
        cost_model_free(&set->models[i]);
    free(set->models);
    free(set->covariance);
    free(set->campaign);
    free(set->energy.meter);
    free(set->energy.scope);
    free(set->energy.baseline);
    model_set_init(set);
}
