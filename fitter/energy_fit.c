// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/energy_fit.h"

#include "fitter/chosen.h"
#include "fitter/gather.h"
#include "fitter/normal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Of a variance by the other parts: an error of 1 % in the windows is then one of 30 %. */
static const double most_inflation = 1000;

/* Whether the window is the target's. */
static bool is_of(const struct energy_window *w, int64_t target_id, bool busy_only)
{
    return w->target_id == target_id && (w->kind == WINDOW_BUSY || !busy_only);
}

static double inference_j(const struct energy_window *w)
{
    return w->energy_net_uj * 1e-6 / w->n_inferences;
}

/* The series of a gather that is done with. */
static enum status series_of(struct gather *gather, struct series *series, struct error *error)
{
    enum status status = gather_finish(gather, error);
    if (!status)
        status = gather_series(gather, series, error);
    if (!status) {
        series->own_cells = gather->cells;
        gather->cells = NULL;
    }
    return status;
}

static enum status gather_windows(const struct energy_data *data, int64_t target_id, bool busy_only,
                                  struct series *series, enum provenance *provenance,
                                  struct error *error)
{
    struct gather gather = {0};
    enum status status = STATUS_OK;
    *provenance = PROVENANCE_MEASURED;
    for (size_t i = 0; !status && i < data->n_windows; i++) {
        const struct energy_window *w = &data->windows[i];
        if (!is_of(w, target_id, busy_only))
            continue;
        int32_t round = w->round < 0 || w->round > INT32_MAX ? -1 : (int32_t)w->round;
        status = gather_add(&gather, w->length, round, inference_j(w), error);
        if (w->provenance > *provenance) /* the least that any of them is */
            *provenance = w->provenance;
    }
    if (!status && gather.n_samples == 0)
        status = error_set(error, STATUS_NOT_FOUND, "there are no windows of its energy");
    if (!status)
        status = series_of(&gather, series, error);
    gather_free(&gather);
    return status;
}

/* ---- weights */

/* The mean square of the bounds of a length's windows, per inference. */
static double bound_squared(const struct energy_data *data, int64_t target_id, uint32_t length)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < data->n_windows; i++) {
        const struct energy_window *w = &data->windows[i];
        if (!is_of(w, target_id, true) || w->length != length || !isfinite(w->error_uj))
            continue;
        sum += pow(w->error_uj * 1e-6 / w->n_inferences, 2);
        n++;
    }
    return n > 0 ? sum / n : 0;
}

/* The variance of one window of weight 1; 0 where there are too few windows to say. */
static double scatter(const struct series *series)
{
    double dof = (double)series->n_samples - (double)series->n_lengths, squares = 0;
    for (size_t i = 0; i < series->n_lengths; i++)
        squares += series->lengths[i].weight * series->lengths[i].m2;
    return dof >= 10 ? squares / dof : 0;
}

static void weigh(const struct energy_data *data, int64_t target_id, struct series *series)
{
    series_weigh(series);
    double top = 0, spread = scatter(series);
    double *variances = malloc(series->n_lengths * sizeof *variances);
    bool known = variances != NULL;
    for (size_t i = 0; known && i < series->n_lengths; i++) {
        struct series_length *l = &series->lengths[i];
        variances[i] = spread / l->weight + bound_squared(data, target_id, l->length) / 3;
        known = variances[i] > 0;
        top = fmax(top, variances[i]);
    }
    for (size_t i = 0; known && i < series->n_lengths; i++)
        series->lengths[i].weight = top / variances[i];
    free(variances);
}

enum status energy_fit(const struct dataset_target *target, const struct fit_options *options,
                       struct series *series, struct fit *fit, enum provenance *provenance,
                       struct error *error)
{
    const struct energy_data *data = options->energy;
    int64_t id = data && !target->remote ? energy_data_target(data, target->name) : -1;
    *series = (struct series){0};
    enum status status =
        id >= 0 ? gather_windows(data, id, true, series, provenance, error) : STATUS_NOT_FOUND;
    bool windows = !status;
    if (status == STATUS_NOT_FOUND && target->energy) {
        *provenance = PROVENANCE_MEASURED;
        status = gather_series(target->energy, series, error);
    }
    if (status)
        return status;
    if (!options->equal_weights && windows)
        weigh(data, id, series);
    else if (!options->equal_weights)
        series_weigh(series);
    status = fit_chosen(series, options, false, target->name, QUANTITY_ENERGY_J, fit, error);
    if (status)
        series_free(series);
    return status;
}

/* ---- offloading */

/* From all windows but those of the round `without` (< 0: none); `rest` has room for all. */
static enum status fit_without(const struct energy_data *data, struct energy_window *rest,
                               int64_t without, int64_t target_id, struct offload_energy *energy,
                               struct error *error)
{
    size_t n = 0;
    for (size_t i = 0; i < data->n_windows; i++) {
        if (without < 0 || data->windows[i].round != without)
            rest[n++] = data->windows[i];
    }
    return offload_energy_of(rest, n, data->meter.id, target_id,
                             data->has_radio ? &data->radio : NULL, energy, error);
}

static enum status room_for_rounds(struct offload_fit *fit, size_t n_rounds, struct error *error)
{
    for (int k = 0; k < N_OFFLOAD_PARTS; k++) {
        struct fit *f = &fit->fits[k];
        f->leave_out = malloc(n_rounds * sizeof *f->leave_out);
        f->rounds = malloc(n_rounds * sizeof *f->rounds);
        if (!f->leave_out || !f->rounds)
            return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu rounds", n_rounds);
    }
    return STATUS_OK;
}

/* A round without which something is not told any more cannot be resampled. */
static enum status leave_rounds_out(const struct energy_data *data, int64_t target_id,
                                    struct energy_window *rest, struct offload_fit *fit,
                                    struct error *error)
{
    const struct series *s = &fit->series;
    size_t g = 0;
    enum status status = room_for_rounds(fit, s->n_rounds, error);
    for (size_t c = 0; !status && c < s->n_cells; c++) {
        struct offload_energy without;
        if (c > 0 && s->cells[c].round == s->cells[c - 1].round)
            continue;
        status = fit_without(data, rest, s->cells[c].round, target_id, &without, error);
        for (int k = 0; !status && k < N_OFFLOAD_PARTS; k++) {
            if (without.told[k] != fit->energy.told[k])
                status = STATUS_NOT_FOUND;
            fit->fits[k].leave_out[g] = without.values[k];
            fit->fits[k].rounds[g] = s->cells[c].round;
        }
        g++;
    }
    for (int k = 0; k < N_OFFLOAD_PARTS; k++) {
        if (status)
            fit_forget_rounds(&fit->fits[k]);
        else
            fit->fits[k].n_rounds = g;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* The normal equations' inverse over the parts that are told, row-major by *index; false: some say
 * all that another does. */
static bool invert_told(const struct energy_data *data, int64_t target_id,
                        const struct offload_energy *energy, struct normal *normal, double *inverse,
                        int *index)
{
    *normal = (struct normal){.p = 0};
    for (int k = 0; k < N_OFFLOAD_PARTS; k++) {
        if (energy->told[k])
            index[normal->p++] = k;
    }
    for (size_t i = 0; i < data->n_windows; i++) {
        struct offload_row row;
        if (!is_of(&data->windows[i], target_id, false) || !offload_row_of(&data->windows[i], &row))
            continue;
        const double all[] = {row.isolated, row.tx_s, row.rx_s, row.wait_s};
        double x[N_OFFLOAD_PARTS], weight = 1 / fmax(row.energy_j * row.energy_j, 1e-18);
        for (size_t k = 0; k < normal->p; k++)
            x[k] = all[index[k]];
        normal_add(normal, x, weight, 0);
    }
    return normal_invert(normal, inverse);
}

/* Watts that go up and down together cannot be told apart, whatever their errors say: those take
 * for granted that what is held at 0 is 0. */
static void remark_alike(const struct dataset_target *target, const struct fit_options *options,
                         int64_t target_id, const struct offload_energy *energy)
{
    struct normal normal;
    double inverse[N_OFFLOAD_PARTS * N_OFFLOAD_PARTS];
    int index[N_OFFLOAD_PARTS] = {0};
    char line[ERROR_TEXT_SIZE];
    bool apart = invert_told(options->energy, target_id, energy, &normal, inverse, index);
    for (size_t k = 0; apart && k < normal.p;
         k++) /* the factor that the others blow up its variance by */
        apart = inverse[k * normal.p + k] * normal.a[k * normal.p + k] < most_inflation;
    if (apart || !options->remark)
        return;
    snprintf(line, sizeof line,
             "%.40s: its windows hardly tell the watts of sending, receiving and waiting apart: "
             "together they hold for links like those measured; measure over several states of the "
             "link ([link] states)",
             target->name);
    options->remark(options->user, line);
}

static void fill_constants(struct offload_fit *fit)
{
    const struct offload_energy *e = &fit->energy;
    for (int k = 0; k < N_OFFLOAD_PARTS; k++)
        fit->fits[k] = (struct fit){
            .form = FORM_CONSTANT,
            .n_coefficients = 1,
            .coefficients = {e->values[k]},
            .shape = {.form = FORM_CONSTANT},
            .exact_knots = true,
            .classical = {e->covariance[k * N_OFFLOAD_PARTS + k]},
            .residual_sd = NAN,
            .r2 = NAN,
            .bic = NAN,
            .dof = fmax(e->dof, 0),
            .unit = 1,
        };
}

enum status offload_fit(const struct dataset_target *target, const struct fit_options *options,
                        struct offload_fit *fit, struct error *error)
{
    const struct energy_data *data = options->energy;
    int64_t id = data ? energy_data_target(data, target->name) : -1;
    enum provenance unused;
    *fit = (struct offload_fit){.energy = {.n_windows = 0}};
    if (id < 0)
        return STATUS_NOT_FOUND;
    enum status status = gather_windows(data, id, false, &fit->series, &unused, error);
    if (status)
        return status;
    struct energy_window *rest = malloc((data->n_windows + 1) * sizeof *rest);
    if (!rest)
        status =
            error_set(error, STATUS_NO_MEMORY, "out of memory for %zu windows", data->n_windows);
    else
        status = fit_without(data, rest, -1, id, &fit->energy, error);
    if (!status)
        fill_constants(fit);
    if (!status && fit->series.n_rounds >= 3)
        status = leave_rounds_out(data, id, rest, fit, error);
    free(rest);
    if (status)
        offload_fit_free(fit);
    else
        remark_alike(target, options, id, &fit->energy);
    return status;
}

void offload_fit_free(struct offload_fit *fit)
{
    for (int k = 0; k < N_OFFLOAD_PARTS; k++)
        fit_free(&fit->fits[k]);
    series_free(&fit->series);
    *fit = (struct offload_fit){.energy = {.n_windows = 0}};
}
