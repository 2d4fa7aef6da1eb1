// SPDX-License-Identifier: GPL-3.0-or-later
/* What the parts of the command rnneval share: one job, live or replayed, and what becomes of its
 * evaluations. */
#ifndef EVALUATOR_COMMAND_PRIVATE_H
#define EVALUATOR_COMMAND_PRIVATE_H

#include "evaluator/command.h"
#include "evaluator/report.h"
#include "evaluator/subject.h"
#include "records/lengths.h"

struct job {
    const struct invocation *call;
    const struct rnneval_settings *settings;
    struct objective objective;
    struct subject subject;
    bool wanted[MAX_POLICIES];
};

/* Reads a histogram and leaves out what is longer than allowed; starts the cell's context. */
enum status job_lengths(const struct job *job, const char *source, struct histogram *histogram,
                        struct report_context *context, struct error *error);

/* Tables or the JSON document, and the files that were asked for; n may be less than was asked for,
 * where a signal came. */
enum status job_publish(const struct job *job, const struct cell *cells, size_t n,
                        struct error *error);

enum status run_live(const struct job *job, struct error *error);
enum status run_replay(struct job *job, struct error *error);

#endif
