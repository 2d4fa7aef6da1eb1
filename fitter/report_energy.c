// SPDX-License-Identifier: GPL-3.0-or-later
/* What a report says of energies: what they are of, and where two targets cost the same. */
#include "fitter/report_private.h"

#include "base/units.h"

#include <math.h>
#include <string.h>

static bool has_energies(const struct model_set *set)
{
    bool any = false;
    for (size_t i = 0; i < set->n_models; i++)
        any = any || quantity_is_energy(set->models[i].quantity);
    return any;
}

/* Whether the model is of windows: energies of samples have no scope. */
static bool of_windows(const struct model_set *set, const struct cost_model *model)
{
    return quantity_is_energy(model->quantity) && set->energy.meter &&
           !(model->quantity == QUANTITY_ENERGY_J && report_is_imported(set, model));
}

bool report_is_imported(const struct model_set *set, const struct cost_model *model)
{
    if (model->quantity != QUANTITY_ENERGY_J)
        return false;
    /* windows of endpoints make constants, not an energy_j; the device's come first */
    return !set->energy.meter || model_set_find(set, model->target, QUANTITY_REMOTE_S);
}

const char *report_scope(const struct model_set *set, const struct cost_model *model)
{
    return of_windows(set, model) ? set->energy.scope : NULL;
}

static void put_baseline(const struct model_set *set, FILE *out)
{
    const char *baseline = set->energy.baseline;
    if (strcmp(baseline, "idle") == 0)
        fputs("net of the power at rest as idle windows measured it", out);
    else if (strcmp(baseline, "none") == 0)
        fputs("gross: with what the device takes at rest", out);
    else
        fprintf(out, "net of %s", baseline);
}

void report_energy_note(const struct model_set *set, FILE *out)
{
    bool imported = false, modelled = false, partial = false;
    if (!has_energies(set))
        return;
    for (size_t i = 0; i < set->n_models; i++) {
        const struct cost_model *model = &set->models[i];
        imported =
            imported || (quantity_is_energy(model->quantity) && report_is_imported(set, model));
        modelled = modelled || model->provenance == PROVENANCE_MODELLED;
        partial = partial || model->provenance == PROVENANCE_PARTIAL;
    }
    if (set->energy.meter) {
        fprintf(out, "Energies by meter %s (scope %s), ", set->energy.meter, set->energy.scope);
        put_baseline(set, out);
        fputs(".\n", out);
    }
    if (imported)
        fputs("Energies of samples are taken as they came, over the link as it was.\n", out);
    if (modelled)
        fputs("modelled: from watts of a data sheet, not measured.\n", out);
    if (partial)
        fputs("partial: without the radio, so no ground for decisions about energy.\n", out);
}

/* "measured, board" */
static void put_source(const struct model_set *set, const struct energy_break_even *row, FILE *out)
{
    const struct cost_model *edge = model_set_find(set, row->edge, QUANTITY_ENERGY_J);
    const char *scope = edge ? report_scope(set, edge) : NULL;
    fprintf(out, " (%s%s%s%s)", provenance_name(row->provenance), scope ? ", " : "",
            scope ? scope : "", row->without_e0 ? ", requests back to back: without e0" : "");
}

void report_energy_row_text(const struct model_set *set, const struct energy_break_even *row,
                            FILE *out)
{
    const struct break_even *b = &row->value;
    char rtt[COST_LINK_TEXT_SIZE];
    if (row->refused[0]) {
        fprintf(out, "No break-even of energy with %s\n", row->refused);
        return;
    }
    const struct cost_link link = {b->rtt_s, b->up_s_per_byte, b->down_s_per_byte};
    cost_link_text(&link, !isnan(link.up_s_per_byte), !isnan(link.down_s_per_byte), rtt);
    const char *above = b->cloud_above ? row->cloud : row->edge;
    const char *below = b->cloud_above ? row->edge : row->cloud;
    fprintf(out, "At a round trip of %s, ", rtt);
    if (b->verdict == VERDICT_CROSSING) {
        fprintf(out, "%s and %s take the same energy", row->edge, row->cloud);
        put_source(set, row, out);
        fprintf(out, " at length %.1f", b->length);
        if (b->has_interval)
            fprintf(out, " (95 %% interval %.1f to %.1f)", b->low, b->high);
        else
            fputs(" (no bounded 95 % interval: the energies hardly differ)", out);
        fprintf(out, "; above it %s takes less.\n", above);
    } else {
        bool beyond = b->verdict == VERDICT_NONE_IN_RANGE;
        fprintf(out, "%s takes less energy than %s", beyond ? below : above,
                beyond ? above : below);
        put_source(set, row, out);
        fprintf(out, " at every length%s.\n",
                beyond ? " measured; they meet only beyond them" : "");
    }
    if (b->n_crossings > 1)
        fprintf(out, "That is the last of %zu such lengths.\n", b->n_crossings);
}

/* ---- JSON */

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

json_t *report_energy_json(const struct model_set *set, const struct energy_report *energy)
{
    json_t *refused = json_array();
    if (!has_energies(set)) {
        json_decref(refused);
        return NULL;
    }
    for (size_t i = 0; i < energy->n_rows; i++) {
        const struct energy_break_even *row = &energy->rows[i];
        if (row->refused[0])
            json_array_append_new(refused, json_pack("{s:[s,s],s:s}", "targets", row->edge,
                                                     row->cloud, "reason", row->refused));
    }
    return json_pack("{s:o,s:o,s:o,s:o}", "meter", text_or_null(set->energy.meter), "scope",
                     text_or_null(set->energy.scope), "baseline",
                     text_or_null(set->energy.baseline), "refused", refused);
}

json_t *report_energy_row_json(const struct model_set *set, const struct energy_break_even *row)
{
    const struct break_even *b = &row->value;
    const struct cost_model *edge = model_set_find(set, row->edge, QUANTITY_ENERGY_J);
    bool crossing = b->verdict == VERDICT_CROSSING;
    json_t *interval = crossing && b->has_interval
                           ? json_pack("[o,o]", report_number(b->low), report_number(b->high))
                           : json_null();
    json_t *evidence = json_pack("{s:o,s:o,s:o}", "length", report_number(b->evidence.length),
                                 "margin_j", report_number(b->evidence.margin_s), "half_width_j",
                                 report_number(b->evidence.half_s));
    return json_pack(
        "{s:s,s:[s,s],s:o,s:o,s:o,s:s,s:o,s:o,s:I,s:o,s:o,s:s,s:s,s:o,s:b}", "objective", "energy",
        "targets", row->edge, row->cloud, "rtt_s", report_number(b->rtt_s), "up_s_per_byte",
        report_number(b->up_s_per_byte), "down_s_per_byte", report_number(b->down_s_per_byte),
        "verdict", verdict_name(b->verdict), "length",
        crossing ? report_number(b->length) : json_null(), "ci95", interval, "crossings",
        (json_int_t)b->n_crossings, "all", report_crossings_json(b), "evidence", evidence,
        "cheaper_above", b->cloud_above ? "cloud" : "edge", "provenance",
        provenance_name(row->provenance), "scope",
        text_or_null(edge ? report_scope(set, edge) : NULL), "without_e0", row->without_e0);
}
