// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What rnnfit says about a set of models: a page of text for people, the JSON document
 * rnnmap.fit/1 for programs.
 */
#ifndef FITTER_REPORT_H
#define FITTER_REPORT_H

#include "base/status.h"
#include "fitter/break_even.h"
#include "fitter/drift.h"
#include "fitter/energy_report.h"
#include "records/model.h"
#include "records/output_length.h"

#include <stdio.h>

/* A break-even and the endpoint it is with. */
struct report_break_even {
    const char *edge, *cloud;
    struct break_even value;
};

/* All that one run found. */
struct report {
    const struct model_set *set; /* without models where only pairs were fitted */
    const struct report_break_even *break_evens;
    size_t n_break_evens;
    const struct output_length *output_length; /* NULL: no pairs were given */
    const struct drift *drift;                 /* NULL: compared with nothing */
    const struct energy_report *energy;        /* NULL: only pairs were fitted */
};

/* Human text. */
void report_text(const struct report *report, FILE *out);

/* One JSON document with a newline at its end. STATUS_NO_MEMORY. */
enum status report_json(const struct report *report, FILE *out, struct error *error);

#endif
