// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A campaign's energy: opens the meter, finds its update period, and measures windows of every
 * target, length and link state beside the sweep, `[energy] windows` of each, with idle windows in
 * between. docs/energy.md says how.
 *
 * Each round holds one window of all that still lack one, in random order, and for each endpoint
 * and link state one isolated request. Idle windows stand at its beginning, at its end and at
 * random in between; a window is stored when the idle windows on both sides of it are known. What
 * is stored already is not measured again.
 *
 * Life cycle: energy_open, energy_register, the companion in a sweep, energy_finish, energy_close.
 * One thread.
 */
#ifndef PROFILER_ENERGY_H
#define PROFILER_ENERGY_H

#include "profiler/config.h"
#include "profiler/linkcontrol.h"
#include "profiler/place.h"
#include "profiler/sweep.h"
#include "profiler/watch.h"

struct energy_setup {
    const struct campaign_config *config; /* with [energy] meter */
    struct place *places;                 /* n_places */
    size_t n_places;
    struct linkcontrol *link; /* NULL: the link stays as it is */
    const char *sysroot;      /* NULL: this machine */
    FILE *progress;           /* NULL: silent */
};

struct energy;

/*
 * Finds the meter and its update period, before anything is stored.
 * STATUS_NOT_FOUND, STATUS_UNSUPPORTED, STATUS_INVALID: as meter_open; or the counter is stuck.
 */
enum status energy_open(const struct energy_setup *setup, struct energy **energy,
                        struct error *error);

/* Stores the meter with the campaign and takes stock of its windows. The places have their targets'
 * ids by now. */
enum status energy_register(struct energy *energy, struct store *store, int64_t campaign_id,
                            struct error *error);

/* What the sweep is to call. A meter that fails ends the windows, not the sweep: it is told at once
 * and by energy_finish. STATUS_NOT_REACHED: [stop] max_energy is used up. */
struct sweep_companion energy_companion(struct energy *energy);

/*
 * Behind the sweep: rounds of the windows still lacking, within [stop] max_time.
 * STATUS_NOT_REACHED: some are lacking, and why: the meter failed, a signal, a cap.
 */
enum status energy_finish(struct energy *energy, struct error *error);

/* What there is to say of it at the end. */
struct energy_summary {
    const struct meter_info *meter;
    int64_t update_ns;                              /* as found; -1: not */
    uint64_t n_busy, n_isolated, n_idle, n_lacking; /* windows stored by this run; and lacking */
    double total_j;                                 /* gross, since energy_open */
    double worst; /* the largest bound of its windows over their net energy; NAN: none */
    struct watch_cost cost;
};
struct energy_summary energy_summary(struct energy *energy);

/* For people: the meter before the campaign, the windows after it. Nothing where `energy` is NULL.
 */
void energy_announce(struct energy *energy, FILE *out);
void energy_conclude(struct energy *energy, FILE *out);

/* The summary as a JSON object; a new reference. */
struct json_t *energy_json(struct energy *energy);

/* NULL is allowed. */
void energy_close(struct energy *energy);

#endif
