// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What rnnlink does: its options, checked, and the relay that they ask for.
 */
#ifndef TESTBED_LINKCOMMAND_H
#define TESTBED_LINKCOMMAND_H

#include "base/tool.h"
#include "testbed/linkfit.h"

#include <stdbool.h>
#include <stdint.h>

struct linkcommand {
    const char *listen, *to;          /* NULL: not given, as below */
    const char *link, *trace, *model; /* one of them at most */
    double round_trip_s;              /* NAN: not given */
    double up_bit_s, down_bit_s;      /* NAN: not given; INFINITY: unlimited */
    int pace;                         /* enum link_pace */
    bool once, slow_start;
    uint64_t seed, connections;
    double jitter_s;
    const char *outages, *control, *log;
    struct linkfit_settings fit;
};

extern const struct linkcommand linkcommand_defaults;
extern const struct option_row linkcommand_options[];
extern const size_t linkcommand_n_options;

/* A command's run (base/tool.h): prints where it listens to `out`, relays until SIGINT or SIGTERM
 * (or the end of standard input with --control -), then reports. As link_source_open, control_open,
 * relay_open and relay_run; STATUS_MISUSE: an option is missing, contradicts another or is out of
 * range. */
enum status linkcommand_run(const struct invocation *call, const void *settings,
                            struct error *error);

#endif
