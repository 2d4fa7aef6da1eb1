// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/across.h"

#include "base/texttable.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void put_cells(const struct across *a, FILE *out)
{
    struct text_table *table = text_table_new(
        "<campaign|<lengths|<link|<better|the other's|to single|upper end|probes lose|to oracle");
    for (size_t i = 0; i < a->n_cells; i++) {
        const struct across_cell *cell = &a->cells[i];
        text_table_cell(table, "%s", cell->campaign);
        text_table_cell(table, "%s", last_part(cell->lengths));
        text_table_cell(table, "%s", cell->link);
        text_table_cell(table, "%s", cell->better_is_cloud ? "cloud" : "edge");
        text_table_cell(table, "x %.2f", cell->ratio);
        text_table_cell(table, "%+.2f %%", 100 * cell->difference);
        text_table_cell(table, "%+.2f %%%s", 100 * cell->upper,
                        cell->within_unprobed ? (cell->within ? "" : " *") : " !");
        text_table_cell(table, "%.2f %%", 100 * cell->probe_loss);
        text_table_cell(table, "%+.2f %%", 100 * cell->over_oracle);
    }
    text_table_print(table, out, 0);
    text_table_free(table);
}

static void put_links(const struct across *a, FILE *out)
{
    struct text_table *table = text_table_new("<link|cells|to oracle, mean|most|probes lose, mean");
    for (size_t i = 0; i < a->n_links; i++) {
        const struct across_link *link = &a->links[i];
        text_table_cell(table, "%s", link->link);
        text_table_cell(table, "%zu", link->n_cells);
        text_table_cell(table, "%+.2f %%", 100 * link->mean_over_oracle);
        text_table_cell(table, "%+.2f %%", 100 * link->most_over_oracle);
        text_table_cell(table, "%.2f %%", 100 * link->mean_probe_loss);
    }
    text_table_print(table, out, 0);
    text_table_free(table);
}

void across_text(const struct across *a, FILE *out)
{
    fprintf(out, "%s over %zu cells, objective %s%s; in %% of the better single device's mean\n\n",
            a->policy, a->n_cells, a->objective, a->measured ? "" : " (energies not all measured)");
    put_cells(a, out);
    fprintf(
        out,
        "\nupper end: of those that hold together in 95 %% of cases (Bonferroni).\n"
        "Worse than the better single device by at most %.3g %%, together with 95 %% confidence "
        "(Holm): %zu of %zu cells;\nwithout what probes are expected to lose: %zu (* marks what "
        "that adds, ! the others).\n",
        100 * a->margin, (size_t)a->n_within, a->n_cells, (size_t)a->n_within_unprobed);
    if (a->n_choice > 0)
        fprintf(out,
                "Where the single devices are within a factor of two (%zu cells) it saves %.1f %% "
                "on average, 95 %% interval %.1f to %.1f %%.\n",
                a->n_choice, 100 * a->saving, 100 * a->saving_low, 100 * a->saving_high);
    else
        fputs("In no cell are the single devices within a factor of two.\n", out);
    fputc('\n', out);
    put_links(a, out);
}

static json_t *cell_json(const struct across_cell *cell)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:f,s:f,s:f,s:f,s:b,s:b,s:f,s:f}", "campaign",
                     cell->campaign, "lengths", cell->lengths, "link", cell->link, "better_single",
                     cell->better_is_cloud ? "cloud" : "edge", "singles_ratio", cell->ratio,
                     "difference", cell->difference, "standard_error", cell->standard_error,
                     "upper", cell->upper, "within_margin", cell->within,
                     "within_margin_without_probes", cell->within_unprobed, "probe_loss",
                     cell->probe_loss, "over_oracle", cell->over_oracle);
}

static json_t *saving_json(const struct across *a)
{
    if (a->n_choice == 0)
        return json_null();
    return json_pack("{s:I,s:f,s:[f,f]}", "cells", (json_int_t)a->n_choice, "mean", a->saving,
                     "ci95", a->saving_low, a->saving_high);
}

enum status across_json(const struct across *a, FILE *out, struct error *error)
{
    json_t *cells = json_array(), *links = json_array();
    for (size_t i = 0; i < a->n_cells; i++)
        json_array_append_new(cells, cell_json(&a->cells[i]));
    for (size_t i = 0; i < a->n_links; i++) {
        const struct across_link *link = &a->links[i];
        json_array_append_new(links, json_pack("{s:s,s:I,s:f,s:f,s:f}", "link", link->link, "cells",
                                               (json_int_t)link->n_cells, "mean_over_oracle",
                                               link->mean_over_oracle, "most_over_oracle",
                                               link->most_over_oracle, "mean_probe_loss",
                                               link->mean_probe_loss));
    }
    json_t *json = json_pack(
        "{s:s,s:s,s:s,s:b,s:f,s:I,s:I,s:o,s:o,s:o}", "schema", "rnnmap.across/1", "policy",
        a->policy, "objective", a->objective, "measured", a->measured, "margin", a->margin,
        "within_margin", (json_int_t)a->n_within, "within_margin_without_probes",
        (json_int_t)a->n_within_unprobed, "saving", saving_json(a), "links", links, "cells", cells);
    if (!json)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for JSON");
    int failed = json_dumpf(json, out, JSON_INDENT(1)) != 0 || fputc('\n', out) == EOF;
    json_decref(json);
    return failed ? error_set(error, STATUS_IO, "the JSON document could not be written")
                  : STATUS_OK;
}
