// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/show_offload.h"

#include "base/texttable.h"
#include "fitter/offload_energy.h"
#include "profiler/config.h"

#include <math.h>

/* The radio of the campaign's configuration; false: it has none. */
static bool campaign_radio(const struct summary *summary, struct radio_model *radio)
{
    struct campaign_config config;
    if (!summary->campaign.config ||
        config_read_stored(summary->campaign.config, &config, NULL) != STATUS_OK)
        return false;
    bool has =
        config.energy.radio && radio_model_parse(config.energy.radio, radio, NULL) == STATUS_OK;
    config_free(&config);
    return has;
}

/* Meters times targets, one behind the other; false: none of that number with windows. */
static bool fit_of(const struct summary *summary, size_t i, const struct radio_model *radio,
                   struct offload_energy *fit)
{
    const struct meter_record *meter = &summary->meters[i / summary->n_targets];
    const struct target *target = &summary->targets[i % summary->n_targets];
    return target->url && offload_energy_of(summary->windows, summary->n_windows, meter->id,
                                            target->id, radio, fit, NULL) == STATUS_OK;
}

static void put_fit(struct text_table *table, const struct offload_energy *fit)
{
    for (int k = 0; k < N_OFFLOAD_PARTS; k++) {
        const char *unit = offload_part_unit((enum offload_part)k);
        if (!fit->told[k])
            text_table_cell(table, "-");
        else if (isnan(fit->standard_errors[k]))
            text_table_cell(table, "%.4g %s", fit->values[k], unit);
        else
            text_table_cell(table, "%.4g +- %.2g %s", fit->values[k], fit->standard_errors[k],
                            unit);
    }
    text_table_cell(table, "%zu", fit->n_windows - fit->n_isolated);
    text_table_cell(table, "%zu", fit->n_isolated);
    text_table_cell(table, "%.1f %%", 100 * fit->residual);
    text_table_cell(table, "%s", provenance_name(fit->provenance));
}

void show_offload(const struct summary *summary, FILE *out)
{
    struct radio_model radio;
    bool has_radio = campaign_radio(summary, &radio), any = false, partial = false;
    struct text_table *table = text_table_new(
        "<offloading to|<meter|e0|sending|receiving|waiting|windows|alone|residual|<energy is");
    for (size_t i = 0; i < summary->n_meters * summary->n_targets; i++) {
        struct offload_energy fit;
        if (!fit_of(summary, i, has_radio ? &radio : NULL, &fit))
            continue;
        text_table_cell(table, "%s", summary->targets[i % summary->n_targets].name);
        text_table_cell(table, "%s", summary->meters[i / summary->n_targets].name);
        put_fit(table, &fit);
        any = true;
        partial = partial || fit.provenance == PROVENANCE_PARTIAL;
    }
    if (any) {
        fputc('\n', out);
        text_table_print(table, out, 0);
    }
    if (partial)
        fprintf(out, "partial: without the radio, so no ground for decisions about energy; "
                     "[energy] radio = tx=..W,rx=..W,wait=..W,e0=..J adds a modelled one\n");
    text_table_free(table);
}

static json_t *real(double value, bool known)
{
    return known && isfinite(value) ? json_real(value) : json_null();
}

json_t *show_offload_json(const struct summary *summary)
{
    struct radio_model radio;
    bool has_radio = campaign_radio(summary, &radio);
    json_t *array = json_array();
    for (size_t i = 0; i < summary->n_meters * summary->n_targets; i++) {
        struct offload_energy fit;
        if (!fit_of(summary, i, has_radio ? &radio : NULL, &fit))
            continue;
        json_t *row = json_pack(
            "{s:s,s:s,s:I,s:I,s:f,s:s}", "target", summary->targets[i % summary->n_targets].name,
            "meter", summary->meters[i / summary->n_targets].name, "windows",
            (json_int_t)(fit.n_windows - fit.n_isolated), "isolated", (json_int_t)fit.n_isolated,
            "residual", fit.residual, "provenance", provenance_name(fit.provenance));
        for (int k = 0; k < N_OFFLOAD_PARTS; k++) {
            json_t *part = json_pack("{s:o,s:o,s:s}", "value", real(fit.values[k], fit.told[k]),
                                     "standard_error", real(fit.standard_errors[k], fit.told[k]),
                                     "unit", offload_part_unit((enum offload_part)k));
            json_object_set_new(row, offload_part_name((enum offload_part)k), part);
        }
        json_array_append_new(array, row);
    }
    return array;
}
