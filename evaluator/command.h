// SPDX-License-Identifier: GPL-3.0-or-later
/* The command rnneval: its options and what it does with them. */
#ifndef EVALUATOR_COMMAND_H
#define EVALUATOR_COMMAND_H

#include "base/tool.h"

#include <stdbool.h>
#include <stdint.h>

/* A count that was not given: as many as suit. */
#define RNNEVAL_NOT_GIVEN UINT64_MAX

struct rnneval_settings {
    const char *db, *campaign, *target, *objective, *policies, *plot, *report, *output;
    const char *journal;
    struct option_list lengths, links;
    struct option_list across; /* documents to be judged together; nothing is evaluated then */
    double margin;             /* < 0: not given */
    const char *arrivals, *up, *down;
    const char *url, *model; /* with `live` */
    bool live, tables;
    uint64_t n_requests, max_length; /* RNNEVAL_NOT_GIVEN: not given */
    uint64_t seed;
    double rtt_s, think_s, timeout_s; /* < 0: not given */
};

enum status rnneval_run(const struct invocation *call, const void *settings, struct error *error);

#endif
