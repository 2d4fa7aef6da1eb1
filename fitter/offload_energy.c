// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/offload_energy.h"

#include "base/memory.h"
#include "base/units.h"
#include "fitter/nnls.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *key, *unit;
    enum dimension dimension;
} parts[] = {
    [OFFLOAD_E0] = {"e0", "e0", "J", DIMENSION_ENERGY},
    [OFFLOAD_TX] = {"p_tx", "tx", "W", DIMENSION_POWER},
    [OFFLOAD_RX] = {"p_rx", "rx", "W", DIMENSION_POWER},
    [OFFLOAD_WAIT] = {"p_wait", "wait", "W", DIMENSION_POWER},
};
_Static_assert(sizeof parts / sizeof *parts == N_OFFLOAD_PARTS, "one each");

static const double least_error = 1e-3; /* of an energy: no bound is worth more weight */

const char *offload_part_name(enum offload_part part)
{
    return parts[part].name;
}

const char *offload_part_unit(enum offload_part part)
{
    return parts[part].unit;
}

/* Takes "tx=1.2W". */
static enum status take_part(char *item, struct radio_model *radio, bool *given,
                             struct error *error)
{
    char *value = strchr(item, '=');
    if (value)
        *value++ = '\0';
    for (int i = 0; value && i < N_OFFLOAD_PARTS; i++) {
        if (strcmp(item, parts[i].key) != 0)
            continue;
        if (given[i])
            return error_set(error, STATUS_INVALID, "radio: %s is there twice", item);
        given[i] = true;
        enum status status = parse_quantity(value, parts[i].dimension, &radio->values[i], error);
        error_prefix(error, "radio: %s", item);
        return status;
    }
    return error_set(error, STATUS_INVALID,
                     "radio: '%s' is none of tx=WATTS, rx=WATTS, wait=WATTS and e0=JOULES", item);
}

enum status radio_model_parse(const char *text, struct radio_model *radio, struct error *error)
{
    bool given[N_OFFLOAD_PARTS] = {false}, any = false;
    char *items = text_copy(text), *rest = NULL;
    enum status status =
        items ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for a radio");
    *radio = (struct radio_model){{0}};
    for (char *item = items ? strtok_r(items, ", ", &rest) : NULL; item && !status;
         item = strtok_r(NULL, ", ", &rest)) {
        status = take_part(item, radio, given, error);
        any = true;
    }
    free(items);
    if (!status && !any)
        status = error_set(error, STATUS_INVALID,
                           "radio: empty; such as tx=1.2W,rx=0.9W,wait=0.3W,e0=0.5J");
    return status;
}

/* The row's regressors and energy, divided by its weight. */
static void weigh(const struct offload_row *row, double *x, double *y)
{
    double error = fmax(row->error_j, least_error * fabs(row->energy_j));
    error = error > 0 ? error : 1;
    x[OFFLOAD_E0] = row->isolated / error;
    x[OFFLOAD_TX] = row->tx_s / error;
    x[OFFLOAD_RX] = row->rx_s / error;
    x[OFFLOAD_WAIT] = row->wait_s / error;
    *y = row->energy_j / error;
}

static double residual_of(const struct offload_row *rows, size_t n,
                          const struct offload_energy *fit)
{
    double squares = 0, energies = 0;
    for (size_t i = 0; i < n; i++) {
        double e = offload_energy_j(fit, rows[i].tx_s, rows[i].rx_s, rows[i].wait_s);
        e -= rows[i].isolated ? 0 : fit->values[OFFLOAD_E0];
        squares += pow(rows[i].energy_j - e, 2);
        energies += pow(rows[i].energy_j, 2);
    }
    return energies > 0 ? sqrt(squares / energies) : 0;
}

enum status offload_energy_fit(const struct offload_row *rows, size_t n, struct offload_energy *fit,
                               struct error *error)
{
    double *x = malloc((n + 1) * N_OFFLOAD_PARTS * sizeof *x), *y = malloc((n + 1) * sizeof *y);
    double inverse[N_OFFLOAD_PARTS * N_OFFLOAD_PARTS], rss = 0;
    bool fitted[N_OFFLOAD_PARTS];
    *fit = (struct offload_energy){.n_windows = n};
    enum status status =
        x && y ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for %zu rows", n);
    for (size_t i = 0; !status && i < n; i++) {
        weigh(&rows[i], &x[i * N_OFFLOAD_PARTS], &y[i]);
        fit->n_isolated += rows[i].isolated;
        for (size_t k = 0; k < N_OFFLOAD_PARTS; k++)
            fit->told[k] = fit->told[k] || x[i * N_OFFLOAD_PARTS + k] > 0;
    }
    if (!status)
        status = nnls(x, y, n, N_OFFLOAD_PARTS, fit->values, fitted, inverse, &rss, error);
    free(x);
    free(y);
    if (status)
        return status;
    fit->dof = (double)n;
    for (size_t k = 0; k < N_OFFLOAD_PARTS; k++)
        fit->dof -= fitted[k];
    for (size_t i = 0; fit->dof > 0 && i < (size_t)N_OFFLOAD_PARTS * N_OFFLOAD_PARTS; i++)
        fit->covariance[i] = rss / fit->dof * inverse[i];
    for (size_t k = 0; k < N_OFFLOAD_PARTS; k++)
        fit->standard_errors[k] =
            fitted[k] && fit->dof > 0 ? sqrt(fit->covariance[k * N_OFFLOAD_PARTS + k]) : NAN;
    fit->residual = residual_of(rows, n, fit);
    return STATUS_OK;
}

/* Seconds on the link in one direction: 0 where its bandwidth is unlimited or not known. */
static double link_s(int64_t ps_per_byte, double bytes)
{
    return ps_per_byte > 0 && bytes > 0 ? (double)ps_per_byte * 1e-12 * bytes : 0;
}

bool offload_row_of(const struct energy_window *window, struct offload_row *row)
{
    bool usable = window->kind != WINDOW_IDLE && window->n_failed == 0 &&
                  window->n_inferences > 0 && isfinite(window->energy_net_uj) &&
                  isfinite(window->error_uj) && isfinite(window->inference_ns);
    if (!usable)
        return false;
    *row = (struct offload_row){
        .energy_j = window->energy_net_uj * 1e-6 / window->n_inferences,
        .error_j = window->error_uj * 1e-6 / window->n_inferences,
        .tx_s = link_s(window->up_ps_per_byte, window->bytes_up),
        .rx_s = link_s(window->down_ps_per_byte, window->bytes_down),
        .isolated = window->kind == WINDOW_ISOLATED,
    };
    row->wait_s = fmax(window->inference_ns * 1e-9 - row->tx_s - row->rx_s, 0);
    return true;
}

enum status offload_energy_of(const struct energy_window *windows, size_t n, int64_t meter_id,
                              int64_t target_id, const struct radio_model *radio,
                              struct offload_energy *fit, struct error *error)
{
    struct offload_row *rows = malloc((n + 1) * sizeof *rows);
    enum provenance worst = PROVENANCE_MEASURED;
    size_t n_rows = 0;
    if (!rows)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu windows", n);
    for (size_t i = 0; i < n; i++) {
        if (windows[i].meter_id != meter_id || windows[i].target_id != target_id ||
            !offload_row_of(&windows[i], &rows[n_rows]))
            continue;
        n_rows++;
        if (windows[i].provenance > worst)
            worst = windows[i].provenance;
    }
    enum status status =
        n_rows > 0 ? offload_energy_fit(rows, n_rows, fit, error)
                   : error_set(error, STATUS_NOT_FOUND, "there are no windows of its energy");
    free(rows);
    if (status)
        return status;
    fit->provenance = worst;
    if (worst != PROVENANCE_PARTIAL || !radio)
        return STATUS_OK;
    for (size_t k = 0; k < N_OFFLOAD_PARTS; k++) {
        fit->values[k] += radio->values[k];
        fit->told[k] = fit->told[k] || radio->values[k] > 0;
    }
    fit->provenance = PROVENANCE_MODELLED;
    return STATUS_OK;
}

enum status offload_energy_check(const struct offload_energy *fit, const char *target,
                                 struct error *error)
{
    if (fit->provenance != PROVENANCE_PARTIAL)
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED,
                     "%s: its energy is known in part only, for the meter's scope leaves out the "
                     "radio: measure with a meter of the whole board, or add [energy] radio = "
                     "tx=..W,rx=..W,wait=..W,e0=..J from its data sheet to the campaign file and "
                     "--resume",
                     target);
}

double offload_energy_j(const struct offload_energy *fit, double tx_s, double rx_s, double wait_s)
{
    const double *v = fit->values;
    return v[OFFLOAD_E0] + v[OFFLOAD_TX] * tx_s + v[OFFLOAD_RX] * rx_s + v[OFFLOAD_WAIT] * wait_s;
}
