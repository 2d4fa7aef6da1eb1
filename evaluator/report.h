// SPDX-License-Identifier: GPL-3.0-or-later
/* An evaluation for people and as JSON (schema rnnmap.eval/1). */
#ifndef EVALUATOR_REPORT_H
#define EVALUATOR_REPORT_H

#include "evaluator/outcome.h"

#include <stdio.h>

/* What was evaluated; the strings belong to the caller. */
struct report_context {
    const char *campaign, *network, *engine;
    const char *url, *server;
    const char *lengths; /* the histogram's file */
    double mean_length;  /* of the lengths drawn */
    double left_out;     /* share of the histogram beyond the longest length allowed */
    uint32_t max_length; /* which is this */
    size_t n_wanted;     /* requests asked for; fewer were made where a signal came */
    uint64_t seed;
};

/* STATUS_NO_MEMORY, STATUS_IO: it cannot be written. */
enum status report_json(const struct evaluation *evaluation, const struct report_context *context,
                        FILE *out, struct error *error);

/* A table and a verdict. */
void report_text(const struct evaluation *evaluation, const struct report_context *context,
                 FILE *out);

#endif
