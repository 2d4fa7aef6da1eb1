// SPDX-License-Identifier: GPL-3.0-or-later
/* What the files that measure a campaign's energy share. */
#ifndef PROFILER_ENERGY_PRIVATE_H
#define PROFILER_ENERGY_PRIVATE_H

#include "profiler/energy.h"
#include "profiler/window.h"

/* What windows are wanted of, again and again. */
struct energy_job {
    size_t place;
    enum window_kind kind; /* busy or isolated */
    uint32_t length;       /* of isolated ones the first: they go through all */
    int state;             /* index into the campaign's link states; -1: none */
    uint64_t n_done;
};

/* A window that waits for the idle window behind it. */
struct pending {
    struct energy_window window;
    struct stretch stretch;
};

struct energy {
    struct energy_setup setup;
    struct store *store;
    int64_t campaign_id;
    struct meter *meter;
    struct watch *watch;
    struct meter_record record;
    struct energy_job *jobs; /* n_jobs */
    size_t n_jobs;
    struct pending *pending; /* n_pending of n_jobs + 1 */
    size_t *pending_jobs;    /* whose they are */
    size_t n_pending;
    struct idle_power idle; /* the last one */
    bool has_idle;
    bool was_idle;       /* whether the window before was ... */
    double before_uw;    /* ... and the last power reading in it; NAN: none */
    double lowest_uw;    /* power at rest so far; 0: none */
    double drift_uw;     /* largest difference between successive idle windows */
    double least_net_uw; /* of the busy windows so far; 0: none */
    int64_t started_ns, next_round;
    int in_force; /* the link state */
    bool failed, capped;
    struct error why; /* it failed */
    struct energy_summary summary;
};

/* One round of what is lacking (energy_round.c). A failure of the meter is noted and no error. */
enum status energy_round(struct energy *energy, int64_t round, struct error *error);

/* Whether the job lacks a window. */
bool energy_lacks(const struct energy *energy, const struct energy_job *job);

/* The wall clock's time of a moment of clock_ns. */
int64_t energy_epoch_ms(int64_t t_ns);

/* The windows themselves (energy_window.c); what they return besides is of the meter (watch.h).
 * *usable is false where the place failed. */
enum status energy_measure_idle(struct energy *energy, struct stretch *stretch,
                                struct error *error);
enum status energy_measure_job(struct energy *energy, const struct energy_job *job,
                               struct pending *pending, bool *usable, struct error *error);

#endif
