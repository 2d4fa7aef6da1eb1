// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The power that the virtual board draws: a model of watts for what its processor and its radio
 * do. What the processor did is the scheduler's own account, in ns; the radio is on from a packet
 * until `tail_ns` after the last one. What the process that asks takes is left out: it stands for
 * circuits beside the processor.
 *
 * Life cycle: activity_open; activity_read at the end of each period, power_mean_w of two
 * successive ones; activity_close, also when activity_open failed. One thread.
 */
#ifndef TESTBED_BOARD_POWER_H
#define TESTBED_BOARD_POWER_H

#include "base/status.h"

#include <stdint.h>

struct power_model {
    double idle_w;  /* everything at rest */
    double busy_w;  /* the processor at work, the radio off */
    double radio_w; /* what the radio adds while it is on */
    int64_t tail_ns;
};

/* All that was done until `at_ns`. */
struct activity {
    int64_t at_ns;
    int64_t ran_ns;   /* programs, summed over all processors */
    int64_t own_ns;   /* of it, this one */
    uint64_t packets; /* both ways, by all interfaces but the loopback */
    int64_t n_cpus;
};

/* Files of the kernel that stay open. */
struct activity_files {
    int scheduler, network;
};

/* STATUS_NOT_FOUND: the message says which file is not there. */
enum status activity_open(struct activity_files *files, struct error *error);
void activity_close(struct activity_files *files);

/* STATUS_IO, STATUS_INVALID: a file cannot be read, or is not as it should be. */
enum status activity_read(const struct activity_files *files, struct activity *now,
                          struct error *error);

/* Mean watts between two moments. *radio_until_ns is kept from period to period, 0 at first. */
double power_mean_w(const struct power_model *model, const struct activity *before,
                    const struct activity *now, int64_t *radio_until_ns);

#endif
