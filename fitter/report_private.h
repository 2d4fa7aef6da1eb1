// SPDX-License-Identifier: GPL-3.0-or-later
/* The parts of a report, each in text and JSON. The JSON values are the caller's to release. */
#ifndef FITTER_REPORT_PRIVATE_H
#define FITTER_REPORT_PRIVATE_H

#include "fitter/report.h"

#include <jansson.h>

void report_pairs_text(const struct output_length *o, FILE *out);
json_t *report_pairs_json(const struct output_length *o);

void report_drift_text(const struct drift *drift, FILE *out);
json_t *report_drift_json(const struct drift *drift);

#endif
