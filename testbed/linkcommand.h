// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What rnnlink does: its options, checked, and the relay that they ask for.
 */
#ifndef TESTBED_LINKCOMMAND_H
#define TESTBED_LINKCOMMAND_H

#include "base/tool.h"

#include <stdint.h>

struct linkcommand {
    const char *listen, *to;     /* NULL: not given */
    double round_trip_s;         /* NAN: not given */
    double up_bit_s, down_bit_s; /* INFINITY: unlimited */
    uint64_t connections;
};

extern const struct linkcommand linkcommand_defaults;
extern const struct option_row linkcommand_options[];
extern const size_t linkcommand_n_options;

/* A command's run (base/tool.h): prints where it listens to `out`, relays until SIGINT or SIGTERM,
 * then reports. As relay_open and relay_run; STATUS_MISUSE: an option is missing or out of range.
 */
enum status linkcommand_run(const struct invocation *call, const void *settings,
                            struct error *error);

#endif
