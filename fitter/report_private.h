// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The parts of a report: tables (the caller's to free), lines of text, and JSON values (the
 * caller's to release).
 */
#ifndef FITTER_REPORT_PRIVATE_H
#define FITTER_REPORT_PRIVATE_H

#include "base/texttable.h"
#include "fitter/report.h"

#include <jansson.h>

/* Half the 95 % interval of a coefficient. */
double report_half_width(const struct model_set *set, const struct cost_model *model, size_t i);

/* JSON has no NaN and no infinity: what is not finite becomes null. */
json_t *report_number(double value);

/* A row for each model; what it is about; lines on what has no room in it. */
struct text_table *report_models_table(const struct model_set *set);
void report_models_head(const struct model_set *set, FILE *out);
void report_models_notes(const struct model_set *set, FILE *out);

/* What a break-even means, in one line or more. */
void report_break_even_text(const struct report_break_even *b, FILE *out);

/* A line on a form with more than an intercept and a slope. */
void report_form_text(const struct model_set *set, const struct cost_model *model, FILE *out);

/* A line on all crossings where there are several, or on what there is instead of one. */
void report_crossings_text(const struct report_break_even *b, FILE *out);

/* The intervals of a piecewise line's knots; all crossings; where two costs are closest. */
json_t *report_knots_json(const struct cost_model *model);
json_t *report_crossings_json(const struct break_even *value);
json_t *report_evidence_json(const struct break_even *value);

/* Whether a model's energies came with samples; the scope of the meter, NULL where none was behind
 * it. */
bool report_is_imported(const struct model_set *set, const struct cost_model *model);
const char *report_scope(const struct model_set *set, const struct cost_model *model);

/* What energies are of; nothing where there are none. A break-even of energy, or why there is none.
 */
void report_energy_note(const struct model_set *set, FILE *out);
void report_energy_row_text(const struct model_set *set, const struct energy_break_even *row,
                            FILE *out);
json_t *report_energy_json(const struct model_set *set,
                           const struct energy_report *energy); /* NULL: there are none */
json_t *report_energy_row_json(const struct model_set *set, const struct energy_break_even *row);

void report_pairs_text(const struct output_length *o, FILE *out);
json_t *report_pairs_json(const struct output_length *o);

struct text_table *report_drift_table(const struct drift *drift);
void report_drift_head(const struct drift *drift, FILE *out);
void report_drift_notes(const struct drift *drift, FILE *out); /* the break-evens then and now */
json_t *report_drift_json(const struct drift *drift);

#endif
