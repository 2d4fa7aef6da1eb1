// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where an adaptive sweep measures: the shares of its time that pairs get, such that the aims that
 * are not reached yet (sweep_aims_private.h) come nearest per second. docs/sweep.md has the rule.
 *
 * Life cycle: sweep_design_open, sweep_design_update as often as wanted, sweep_design_close.
 */
#ifndef PROFILER_SWEEP_DESIGN_PRIVATE_H
#define PROFILER_SWEEP_DESIGN_PRIVATE_H

#include "profiler/sweep_aims_private.h"
#include "profiler/sweep_private.h"

struct sweep_design {
    double *shares; /* of the time, by pair; their sum is 1 */
    double *cost_s; /* of one sample, by pair */
    double round_s; /* one sample of every pair of the places that an aim depends on */
    bool aimed[CONFIG_MAX_ENDPOINTS + 1]; /* which places these are */
    struct sweep_aim *aims;
    size_t n_aims;
    size_t n_missed;                /* aims whose interval is too wide */
    const struct sweep_aim *widest; /* of them, or of all; NULL: no aim */
    double *noise_sd, *work;        /* by pair; what a solution needs */
};

enum status sweep_design_open(const struct sweep_state *state, struct sweep_design *design,
                              struct error *error);

/*
 * Fits what is stored, finds the aims, and moves the shares where that gains 5 % or more. Where no
 * model can be fitted yet, there is no aim, and the shares stay.
 */
enum status sweep_design_update(struct sweep_state *state, struct sweep_design *design,
                                struct error *error);

void sweep_design_close(struct sweep_design *design);

#endif
