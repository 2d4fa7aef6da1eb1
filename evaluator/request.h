// SPDX-License-Identifier: GPL-3.0-or-later
/* One request of a length histogram that was run once at each target. */
#ifndef EVALUATOR_REQUEST_H
#define EVALUATOR_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

struct request {
    uint32_t n;
    bool cloud_failed;
    int64_t rtt_ns;   /* of a tiny request just before; -1: it failed */
    int64_t edge_ns;  /* elapsed on the device */
    int64_t cloud_ns; /* elapsed at the endpoint; where it failed, until it did */
};

#endif
