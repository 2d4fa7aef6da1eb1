// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * From what a meter said over a stretch of time to a window of energy: what ran in it, and its
 * energy beyond what the device takes at rest.
 */
#ifndef PROFILER_WINDOW_H
#define PROFILER_WINDOW_H

#include "fitter/interval.h"
#include "profiler/trail.h"
#include "records/energy_store.h"

/* The inferences of a window. Starts as {0}. */
struct window_load {
    double n, time_ns; /* of the successful ones, each by its share in the window */
    struct running rtt_ns, send_ns, wait_ns, receive_ns, bytes_up, bytes_down;
    uint64_t n_failed;
};

/*
 * Adds one of which this share, over 0 to 1, was within the window. What a window cuts through at
 * its ends is likely to be one that took long: by shares the mean is that of all (the expected sum
 * of them over a span of time is that span over the mean time), and a straggler that has outlived
 * the window does not rule it.
 */
void window_load_add(struct window_load *load, const struct sample *sample, double share);

/* The power at rest, once. */
struct idle_power {
    int64_t at_ns; /* the middle of its window */
    double power_uw, error_uw;
};

struct idle_power idle_power_of(const struct stretch *stretch);

/*
 * The power at rest at a moment between two idle windows: on the straight line between them. Its
 * bound is the larger of theirs and the way from the line to the farther of both: the power need
 * not have gone straight from one to the other. With one of them alone (after == NULL) it is that
 * one's, and `drift_uw`, the largest difference between successive idle windows so far, takes the
 * place of the difference.
 */
struct idle_power idle_power_at(int64_t at_ns, const struct idle_power *before,
                                const struct idle_power *after, double drift_uw);

/*
 * Fills in what the meter said: duration, energy, net energy over the baseline (NULL: an idle
 * window, which has none) and the bound on the net energy's error:
 *     error of the energy + (half the meter's step + the baseline's error) * duration.
 */
void window_account(struct energy_window *window, const struct stretch *stretch,
                    const struct idle_power *baseline);

/* Fills in what ran in it: back to back, as many inferences as their mean time fits into its
 * duration; isolated, one. */
void window_fill(struct energy_window *window, const struct window_load *load);

#endif
