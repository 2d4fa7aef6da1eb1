// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What offloading takes out of the device, from windows of energy at an endpoint:
 *
 *   E_cloud = e0 + p_tx*u*bytes_up + p_rx*d*bytes_down + p_wait*(the rest of the elapsed time)
 *
 * with u and d the link's times per byte as it was set, all coefficients at least 0. Windows of
 * requests back to back tell p_tx, p_rx and p_wait: in them the radio never comes to rest. Isolated
 * requests, integrated until the power is back at its baseline, hold e0 besides: waking up, and the
 * tail. Energies are net of the power at rest.
 *
 * Fitted by non-negative least squares (nnls.h), each window weighted by the bound on its energy's
 * error. Standard errors are those of ordinary least squares over the coefficients that are not
 * held at 0, s^2 (X'WX)^-1 with s^2 from the residuals: they take for granted that those at 0 are
 * 0. One that is truly near its bound is therefore known less well than they say.
 */
#ifndef FITTER_OFFLOAD_ENERGY_H
#define FITTER_OFFLOAD_ENERGY_H

#include "base/status.h"
#include "records/energy_store.h"

#include <stdbool.h>
#include <stddef.h>

enum offload_part { OFFLOAD_E0, OFFLOAD_TX, OFFLOAD_RX, OFFLOAD_WAIT, N_OFFLOAD_PARTS };

/* "e0", "p_tx", "p_rx", "p_wait"; "J" or "W". Constant. */
const char *offload_part_name(enum offload_part part);
const char *offload_part_unit(enum offload_part part);

/* A radio from its data sheet, beside a meter that does not see it. */
struct radio_model {
    double values[N_OFFLOAD_PARTS]; /* J, W, W, W */
};

/* "tx=1.2W,rx=0.9W,wait=0.3W,e0=0.5J", each at most once; one left out is 0.
 * STATUS_INVALID: malformed, or nothing in it. */
enum status radio_model_parse(const char *text, struct radio_model *radio, struct error *error);

/* One window, per request. */
struct offload_row {
    double energy_j; /* net */
    double error_j;  /* bound on its error, > 0 */
    double tx_s, rx_s, wait_s;
    bool isolated;
};

struct offload_energy {
    double values[N_OFFLOAD_PARTS];                       /* J, W, W, W */
    double standard_errors[N_OFFLOAD_PARTS];              /* NAN: held at 0, or too few windows */
    double covariance[N_OFFLOAD_PARTS * N_OFFLOAD_PARTS]; /* row-major; 0 where there is no error */
    bool told[N_OFFLOAD_PARTS]; /* whether any window says something about it */
    size_t n_windows, n_isolated;
    double dof;
    double residual; /* root mean square of the residuals over the energies */
    enum provenance provenance;
};

/* STATUS_INVALID: no rows, or one with a value that is not finite. The provenance is the caller's
 * to set. */
enum status offload_energy_fit(const struct offload_row *rows, size_t n, struct offload_energy *fit,
                               struct error *error);

/* The row of a window; false: it is idle, had failures, or lacks what a row needs. */
bool offload_row_of(const struct energy_window *window, struct offload_row *row);

/*
 * Fits the windows of one meter and target. Those of a meter without the radio are `partial`; with
 * `radio` (NULL: none) its watts and joules are added to what was fitted, and all of it is
 * `modelled`. STATUS_NOT_FOUND: there are none that can be used.
 */
enum status offload_energy_of(const struct energy_window *windows, size_t n, int64_t meter_id,
                              int64_t target_id, const struct radio_model *radio,
                              struct offload_energy *fit, struct error *error);

/* Whether decisions about energy may rest on it. STATUS_UNSUPPORTED: it is partial, and what to do.
 */
enum status offload_energy_check(const struct offload_energy *fit, const char *target,
                                 struct error *error);

/* The energy of one request, J. */
double offload_energy_j(const struct offload_energy *fit, double tx_s, double rx_s, double wait_s);

#endif
