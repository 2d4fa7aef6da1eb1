// SPDX-License-Identifier: GPL-3.0-or-later
/* The command rnneval: its options and what it does with them. */
#ifndef EVALUATOR_COMMAND_H
#define EVALUATOR_COMMAND_H

#include "base/tool.h"

#include <stdbool.h>
#include <stdint.h>

struct rnneval_settings {
    const char *db, *campaign, *lengths, *target, *url, *model, *policies, *plot, *output;
    bool live;
    uint64_t n_requests, seed;
    uint64_t max_length; /* 0: twice the longest measured */
};

enum status rnneval_run(const struct invocation *call, const void *settings, struct error *error);

#endif
