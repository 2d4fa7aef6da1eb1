// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/page.h"

#include "base/html.h"
#include "base/outfile.h"
#include "base/tool.h"
#include "base/units.h"
#include "fitter/pictures.h"
#include "fitter/report_private.h"
#include "fitter/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char style[] =
    ":root{color-scheme:light}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:1160px;padding:12px 16px 48px;background:#fff;color:#1c1c1c;"
    "font:16px/1.5 system-ui,'DejaVu Sans',Helvetica,sans-serif;overflow-wrap:anywhere}"
    "h1{font-size:1.5rem;line-height:1.25;margin:.4em 0}"
    "h2{font-size:1.15rem;margin:1.8em 0 .4em;border-bottom:1px solid #ddd}"
    "p{margin:.5em 0;max-width:75ch}"
    ".found{font-size:1.05rem}"
    ".grid{display:grid;gap:16px;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr))"
    "}"
    "figure{margin:8px 0;min-width:0;max-width:620px}"
    "figure>svg{display:block;width:100%;height:auto}"
    "figcaption,.note{font-size:.9rem;color:#444}"
    ".scroll{overflow-x:auto;max-width:100%}"
    "table{border-collapse:collapse;font-size:.85rem;white-space:nowrap}"
    "th,td{padding:4px 10px 4px 0;text-align:left;border-bottom:1px solid #e4e4e4}"
    "th{color:#555;font-weight:600}.r{text-align:right;font-variant-numeric:tabular-nums}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:2px 14px;font-size:.9rem}"
    "dt{color:#555}dd{margin:0;min-width:0}"
    ".warn{border-left:4px solid #d55e00;padding-left:10px}";

/* The lines that `put` wrote, each a paragraph of the class. */
struct lines {
    char *text;
    size_t size;
    FILE *memory;
};

static FILE *lines_begin(struct lines *lines)
{
    *lines = (struct lines){0};
    lines->memory = open_memstream(&lines->text, &lines->size);
    return lines->memory;
}

static void lines_end(struct lines *lines, const char *class, FILE *out)
{
    if (!lines->memory || fclose(lines->memory) != 0)
        return;
    for (char *line = lines->text, *end; *line; line = end) {
        end = line + strcspn(line, "\n");
        bool warning = strncmp(line, "WARNING", 7) == 0;
        char after = *end;
        *end = '\0';
        if (*line) {
            fprintf(out, "<p class=\"%s\">", warning ? "warn" : class);
            html_put_text(out, line);
            fputs("</p>\n", out);
        }
        end += after ? 1 : 0;
    }
    free(lines->text);
}

static void put_table(struct text_table *table, FILE *out)
{
    fputs("<div class=\"scroll\">\n", out);
    text_table_print_html(table, out);
    fputs("</div>\n", out);
    text_table_free(table);
}

static void put_head(const struct report *report, FILE *out)
{
    const char *campaign = report->set->campaign ? report->set->campaign : "";
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>",
          out);
    html_put(out, "rnnfit: %s", campaign);
    fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", style);
    html_put(out, "Cost models of campaign %s", campaign);
    fputs("</h1>\n", out);
}

static void put_found(const struct report *report, FILE *out)
{
    struct lines lines;
    FILE *to = lines_begin(&lines);
    for (size_t i = 0; to && i < report->n_break_evens; i++)
        report_break_even_text(&report->break_evens[i], to);
    for (size_t i = 0; to && report->energy && i < report->energy->n_rows; i++)
        report_energy_row_text(report->set, &report->energy->rows[i], to);
    lines_end(&lines, "found", out);
}

/* Provenances that a reader must not overlook. */
static void put_provenance(const struct model_set *set, FILE *out)
{
    for (size_t i = 0; i < set->n_models; i++) {
        const struct cost_model *model = &set->models[i];
        if (model->provenance == PROVENANCE_MEASURED)
            continue;
        fputs("<p class=\"warn\">", out);
        html_put(out, "%s of %s is %s, not measured.", quantity_name(model->quantity),
                 model->target, provenance_name(model->provenance));
        fputs("</p>\n", out);
    }
}

static void put_times(const struct view *view, const struct report *report, FILE *out)
{
    char text[COST_LINK_TEXT_SIZE];
    const struct model_set *set = report->set;
    cost_link_text(&view->link, !isnan(set->up_s_per_byte), !isnan(set->down_s_per_byte), text);
    fputs("<figure>\n", out);
    picture_times(view, report, out);
    fputs("<figcaption>", out);
    html_put(
        out,
        "Time of one inference against the input's length, over a round trip of %s. Points are "
        "samples (of more than %d of a target, cells: darker where there are more of their "
        "length), red ones outliers, curves the fit of their %s with its 95 %% band, the grey "
        "stripe the "
        "95 %% interval of the break-even.",
        text, PICTURE_POINTS,
        set->n_models > 0 ? statistic_name(set->models[0].statistic) : "mean");
    fputs("</figcaption>\n</figure>\n", out);
}

static void put_models(const struct report *report, FILE *out)
{
    struct lines lines;
    fputs("<h2>Models</h2>\n", out);
    FILE *to = lines_begin(&lines);
    if (to)
        report_models_head(report->set, to);
    lines_end(&lines, "note", out);
    put_table(report_models_table(report->set), out);
    if ((to = lines_begin(&lines)))
        report_models_notes(report->set, to);
    lines_end(&lines, "note", out);
}

static void put_energies(const struct report *report, FILE *out)
{
    struct lines lines;
    FILE *to = lines_begin(&lines);
    bool any = to && picture_energies(report, to);
    if (!to || fclose(to) != 0)
        return;
    if (any)
        fprintf(out,
                "<h2>Energy</h2>\n<figure>\n%s<figcaption>Energy of one inference, the fit "
                "with its 95 %% band.</figcaption>\n</figure>\n",
                lines.text);
    free(lines.text);
}

static void put_target(const struct view *view, size_t t, FILE *out)
{
    const struct view_target *target = &view->targets[t];
    fputs("<h2>", out);
    html_put(out, "Samples of %s", target->name);
    fputs("</h2>\n<p class=\"note\">", out);
    html_put(out,
             "%zu samples; %zu of them are outliers (further than %g scaled median absolute "
             "deviations from their length's median), drawn red and kept in the fit. The spread "
             "grows with the time to the power %.2f.",
             target->n, target->n_outliers, series_outlier_reach, target->power);
    fputs("</p>\n<div class=\"grid\">\n<figure>\n", out);
    picture_residuals(view, t, out);
    fprintf(
        out,
        "<figcaption>Samples less the fitted %s. A bend here is a form that does not suit; what "
        "lies beyond is drawn at the edge.</figcaption>\n</figure>\n<figure>\n",
        statistic_name(target->curve.main->statistic));
    picture_quantiles(view, t, out);
    fputs("<figcaption>Quantiles of the residuals, less their mean, against those of the normal "
          "distribution: noise "
          "with long tails rises above the dashed line at the right.</figcaption>\n</figure>\n"
          "</div>\n",
          out);
}

static void put_output_length(const struct output_length *o, FILE *out)
{
    struct lines lines;
    fputs("<h2>How long outputs get</h2>\n<figure>\n", out);
    picture_output_length(o, out);
    fputs("</figure>\n", out);
    FILE *to = lines_begin(&lines);
    if (to)
        report_pairs_text(o, to);
    lines_end(&lines, "note", out);
}

static void put_drift(const struct drift *drift, FILE *out)
{
    struct lines lines;
    fputs("<h2>Has it changed?</h2>\n", out);
    FILE *to = lines_begin(&lines);
    if (to)
        report_drift_head(drift, to);
    lines_end(&lines, drift->n_differ > 0 ? "warn" : "note", out);
    put_table(report_drift_table(drift), out);
    if ((to = lines_begin(&lines)))
        report_drift_notes(drift, to);
    lines_end(&lines, "note", out);
}

static void put_remarks(const char *const *remarks, size_t n, FILE *out)
{
    if (n == 0)
        return;
    fputs("<h2>Remarks</h2>\n<ul>\n", out);
    for (size_t i = 0; i < n; i++) {
        fputs("<li>", out);
        html_put_text(out, remarks[i]);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
}

static void put_fact(FILE *out, const char *name, const char *value)
{
    fputs("<dt>", out);
    html_put_text(out, name);
    fputs("</dt><dd>", out);
    html_put_text(out, value);
    fputs("</dd>\n", out);
}

static void put_facts(const struct model_set *set, FILE *out)
{
    char text[UNITS_TEXT_SIZE];
    fputs("<h2>Made from</h2>\n<dl>\n", out);
    put_fact(out, "campaign", set->campaign ? set->campaign : "");
    put_fact(out, "statistic",
             set->n_models > 0 ? statistic_name(set->models[0].statistic) : "none");
    put_fact(out, "median round trip",
             set->has_rtt ? format_time(set->rtt_s, text) : "not measured");
    snprintf(text, sizeof text, "%llu", (unsigned long long)set->n_rounds);
    put_fact(out, "rounds resampled", set->n_rounds > 0 ? text : "none: samples as independent");
    snprintf(text, sizeof text, "%.0f %% of the rounds, seed %llu", 100 * set->hold_out,
             (unsigned long long)set->hold_out_seed);
    put_fact(out, "held out", set->hold_out > 0 ? text : "nothing");
    put_fact(out, "SHA-256 of the samples", set->digest);
    put_fact(out, "tool", "rnnfit " RNNMAP_VERSION);
    fputs("</dl>\n", out);
}

static void put_page(const struct report *report, const struct view *view,
                     const char *const *remarks, size_t n_remarks, FILE *out)
{
    put_head(report, out);
    put_found(report, out);
    put_provenance(report->set, out);
    put_times(view, report, out);
    put_models(report, out);
    put_energies(report, out);
    for (size_t t = 0; t < view->n_targets; t++)
        put_target(view, t, out);
    if (report->output_length)
        put_output_length(report->output_length, out);
    if (report->drift)
        put_drift(report->drift, out);
    put_remarks(remarks, n_remarks, out);
    put_facts(report->set, out);
    fputs("</body>\n</html>\n", out);
}

enum status page_write(const char *path, const struct report *report, const struct view *view,
                       const char *const *remarks, size_t n_remarks, struct error *error)
{
    struct outfile file = {0};
    enum status status = outfile_open(&file, path, error);
    if (status)
        return status;
    put_page(report, view, remarks, n_remarks, file.stream);
    return outfile_commit(&file, error);
}
