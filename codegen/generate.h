// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The rnngen command: from stored models to a header, and from a header back to the question
 * whether it is still what the models say.
 */
#ifndef CODEGEN_GENERATE_H
#define CODEGEN_GENERATE_H

#include "base/tool.h"

struct rnngen_settings {
    const char *db, *campaign; /* NULL: not given */
    const char *name, *output, *objective, *link;
    const char *baseline, *lengths;
    int statistic; /* enum statistic; < 0: the default */
    bool explain;
    const char *binary; /* where to write the table as a blob */
    const char *check;  /* a header or a blob to be checked instead of one to be made */
    double max_regret;  /* < 0: the default */
};

/*
 * Makes or checks a header, a blob, or both of one table.
 * STATUS_MISUSE: options that make no sense or are not available.  STATUS_NOT_FOUND: no database,
 * campaign or models.  STATUS_FAILED: what was checked differs; the message says how.
 */
enum status rnngen_run(const struct invocation *call, const void *settings, struct error *error);

#endif
