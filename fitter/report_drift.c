// SPDX-License-Identifier: GPL-3.0-or-later
/* What rnnfit says about a comparison with an older campaign. */
#include "fitter/report_private.h"

#include "base/units.h"

#include <math.h>
#include <string.h>

static void put_percent(struct text_table *table, double share, bool sign)
{
    if (isnan(share))
        text_table_cell(table, "-");
    else if (sign)
        text_table_cell(table, "%+.3g %%", 100 * share);
    else
        text_table_cell(table, "%.2g %%", 100 * share);
}

static void put_row(struct text_table *table, const struct drift_row *row)
{
    text_table_cell(table, "%s", row->target);
    if (quantity_is_energy(row->quantity))
        text_table_cell(table, "%s (%s)", quantity_name(row->quantity),
                        provenance_name(row->provenance));
    else
        text_table_cell(table, "%s", quantity_name(row->quantity));
    text_table_cell(table, "%s", drift_verdict_name(row->verdict));
    put_percent(table, row->change, true);
    if (isnan(row->change_at))
        text_table_cell(table, "-");
    else
        text_table_cell(table, "%.0f", row->change_at);
    put_percent(table, row->tightest, false);
    if (isnan(row->p)) {
        text_table_cell(table, "-");
        text_table_cell(table, "-");
        return;
    }
    text_table_cell(table, "F(%.0f, %.3g) = %.3g", row->dof, row->error_dof, row->f);
    text_table_cell(table, "%.2g", row->p_holm);
}

static void put_length(const struct break_even *b, FILE *out)
{
    if (b->verdict != VERDICT_CROSSING) {
        fputs(verdict_name(b->verdict), out);
        return;
    }
    fprintf(out, "%.1f", b->length);
    if (b->has_interval)
        fprintf(out, " (%.1f to %.1f)", b->low, b->high);
}

struct text_table *report_drift_table(const struct drift *drift)
{
    struct text_table *table = text_table_new(
        "<target|<quantity|<verdict|largest change|at length|+- of it|<test|p (Holm)");
    for (size_t i = 0; i < drift->n_rows; i++)
        put_row(table, &drift->rows[i]);
    return table;
}

void report_drift_head(const struct drift *drift, FILE *out)
{
    fprintf(out,
            "Against %s: %zu of %zu quantities differ beyond noise (Wald test of the curves, 5 %% "
            "over all by Holm)\n",
            drift->old, drift->n_differ, drift->n_tested);
}

void report_drift_notes(const struct drift *drift, FILE *out)
{
    if (drift->other_energy)
        fputs("Energies are untested where their provenance, the meter's scope or the baseline is "
              "another than it was.\n",
              out);
    for (size_t i = 0; i < drift->n_rows; i++) {
        const struct drift_row *row = &drift->rows[i];
        if (row->compared && strcmp(row->compared, "curve") != 0)
            fprintf(out,
                    "%s, %s: compared in the %s only, as the forms differ or have more levels than "
                    "rounds tell apart: a change of shape that keeps it is not seen.\n",
                    row->target, quantity_name(row->quantity), row->compared);
    }
    for (size_t i = 0; i < drift->n_break_evens; i++) {
        const struct drift_break_even *b = &drift->break_evens[i];
        char rtt[UNITS_TEXT_SIZE];
        fprintf(out, "Break-even of %s and %s at a round trip of %s: was ", b->edge, b->cloud,
                format_time(b->new.rtt_s, rtt));
        put_length(&b->old, out);
        fputs(", is ", out);
        put_length(&b->new, out);
        fputs(".\n", out);
    }
}

static json_t *row_json(const struct drift_row *row)
{
    bool common = row->to >= row->from && row->from > 0;
    return json_pack(
        "{s:s,s:s,s:s,s:s,s:s?,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "target", row->target,
        "provenance", provenance_name(row->provenance), "quantity", quantity_name(row->quantity),
        "verdict", drift_verdict_name(row->verdict), "compared", row->compared, "lengths",
        common ? json_pack("[I,I]", (json_int_t)row->from, (json_int_t)row->to) : json_null(), "f",
        report_number(row->f), "dof", report_number(row->dof), "error_dof",
        report_number(row->error_dof), "p", report_number(row->p), "p_holm",
        report_number(row->p_holm), "largest_change", report_number(row->change), "at_length",
        report_number(row->change_at), "half_width95", report_number(row->tightest));
}

static json_t *side_json(const struct break_even *b)
{
    bool crossing = b->verdict == VERDICT_CROSSING;
    return json_pack("{s:s,s:o,s:o}", "verdict", verdict_name(b->verdict), "length",
                     crossing ? report_number(b->length) : json_null(), "ci95",
                     crossing && b->has_interval
                         ? json_pack("[o,o]", report_number(b->low), report_number(b->high))
                         : json_null());
}

json_t *report_drift_json(const struct drift *drift)
{
    json_t *rows = json_array(), *crossings = json_array();
    for (size_t i = 0; i < drift->n_rows; i++)
        json_array_append_new(rows, row_json(&drift->rows[i]));
    for (size_t i = 0; i < drift->n_break_evens; i++) {
        const struct drift_break_even *b = &drift->break_evens[i];
        json_array_append_new(crossings,
                              json_pack("{s:[s,s],s:o,s:o,s:o}", "targets", b->edge, b->cloud,
                                        "rtt_s", report_number(b->new.rtt_s), "old",
                                        side_json(&b->old), "new", side_json(&b->new)));
    }
    return json_pack("{s:s,s:s,s:s,s:f,s:b,s:o,s:o}", "old", drift->old, "test", "wald",
                     "correction", "holm", "level", drift_level, "differs", drift->n_differ > 0,
                     "quantities", rows, "break_even", crossings);
}
