// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The windows of energy that a fit is made from: those of one meter of a campaign, without the
 * rounds held out, net of the baseline that was asked for.
 *
 * Life cycle: starts as {0}; energy_data_read, energy_data_free. No state.
 */
#ifndef FITTER_ENERGY_DATA_H
#define FITTER_ENERGY_DATA_H

#include "base/digest.h"
#include "base/status.h"
#include "fitter/dataset.h"
#include "fitter/offload_energy.h"
#include "records/energy_store.h"

#include <stdbool.h>
#include <stddef.h>

/* What is taken off an energy: the power at rest as idle windows measured it, nothing, or watts
 * that are known from elsewhere. */
enum baseline_kind { BASELINE_IDLE, BASELINE_NONE, BASELINE_WATTS };
struct baseline {
    enum baseline_kind kind;
    double watts; /* of BASELINE_WATTS */
};

/* "idle", "none" or a power ("1.5W"). STATUS_MISUSE: neither; the message begins with --baseline.
 */
enum status baseline_parse(const char *text, struct baseline *baseline, struct error *error);

/* "idle", "none", "1.5 W"; `text` has room for UNITS_TEXT_SIZE; returned. */
const char *baseline_text(const struct baseline *baseline, char *text);

struct energy_data {
    struct meter_record meter; /* name NULL: there are no windows */
    struct baseline baseline;
    /* Its windows with inferences, energy_net_uj net of `baseline`. */
    struct energy_window *windows;
    size_t n_windows;
    size_t n_passed; /* left out: failures in them, or no idle window to know their baseline by */
    char *others;    /* other meters of the campaign with such windows, "a, b"; NULL: none */
    struct target *targets;
    size_t n_targets;
    bool has_radio; /* a modelled one, of the campaign's [energy] radio */
    struct radio_model radio;
};

/*
 * Reads a campaign's windows. Of several meters `meter` names one; where it is NULL, measured goes
 * before modelled, then the wider scope, then more windows. No windows are no error.
 * STATUS_NOT_FOUND: no such meter (the message lists those there are).  STATUS_INVALID: a damaged
 * window, or a radio in the campaign's configuration that cannot be read.
 */
enum status energy_data_read(struct store *store, const struct campaign *campaign,
                             const struct hold_out *hold_out, const char *meter,
                             const struct baseline *baseline, struct energy_data *data,
                             struct error *error);

/*
 * Feeds all of a campaign's windows, of every meter and kind, less the rounds held out, to a
 * digest; nothing where there are none, so that the digest of samples alone stays. Other errors as
 * energy_data_read.
 */
enum status energy_data_digest(struct store *store, const struct campaign *campaign,
                               const struct hold_out *hold_out, struct digest *digest,
                               struct error *error);

/* The target's id; -1: there is none of that name. */
int64_t energy_data_target(const struct energy_data *data, const char *name);

void energy_data_free(struct energy_data *data);

#endif
