// SPDX-License-Identifier: GPL-3.0-or-later
/* The command rnnfit: its options and what it does with them. */
#ifndef FITTER_COMMAND_H
#define FITTER_COMMAND_H

#include "base/tool.h"

#include <stdint.h>

struct rnnfit_settings {
    const char *db, *csv, *campaign, *link, *plot, *pairs, *compare, *report, *baseline, *meter;
    int form;    /* index into rnnfit_forms */
    int weights; /* index into rnnfit_weights */
    int statistic;
    int robust; /* index into rnnfit_robust */
    double hold_out;
    double tolerance;
    uint64_t knots;
    uint64_t seed;
};

extern const char *const rnnfit_forms[];
extern const char *const rnnfit_weights[];
extern const char *const rnnfit_statistics[];
extern const char *const rnnfit_robust[];

enum status rnnfit_run(const struct invocation *call, const void *settings, struct error *error);

#endif
