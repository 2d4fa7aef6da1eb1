// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/page.h"

#include "base/html.h"
#include "base/memory.h"
#include "base/outfile.h"
#include "base/tool.h"
#include "base/units.h"
#include "base/webpage.h"
#include "fitter/page_parts.h"
#include "fitter/pictures.h"
#include "fitter/report_private.h"
#include "fitter/series.h"

#include <math.h>
#include <stdlib.h>

static void put_head(const struct report *report, FILE *out)
{
    const char *campaign = report->set->campaign ? report->set->campaign : "";
    char *title = text_format("rnnfit: %s", campaign);
    char *heading = text_format("Cost models of campaign %s", campaign);
    webpage_begin(out, title ? title : campaign, heading ? heading : campaign);
    free(title);
    free(heading);
}

static void put_models(const struct report *report, FILE *out)
{
    struct webpage_lines lines;
    webpage_section(out, "Models");
    FILE *to = webpage_lines_begin(&lines);
    if (to)
        report_models_head(report->set, to);
    webpage_lines_end(&lines, "note", out);
    webpage_table(report_models_table(report->set), out);
    if ((to = webpage_lines_begin(&lines)))
        report_models_notes(report->set, to);
    webpage_lines_end(&lines, "note", out);
}

static void put_target(const struct view *view, size_t t, FILE *out)
{
    const struct view_target *target = &view->targets[t];
    webpage_section(out, "Samples of %s", target->name);
    webpage_paragraph(
        out, "note",
        "%zu samples; %zu of them are outliers (further than %g scaled median absolute "
        "deviations from their length's median), drawn red and kept in the fit. The spread "
        "grows with the time to the power %.2f.",
        target->n, target->n_outliers, series_outlier_reach, target->power);
    fputs("<div class=\"grid\">\n<figure>\n", out);
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
    struct webpage_lines lines;
    fputs("<h2>How long outputs get</h2>\n<figure>\n", out);
    picture_output_length(o, out);
    fputs("</figure>\n", out);
    FILE *to = webpage_lines_begin(&lines);
    if (to)
        report_pairs_text(o, to);
    webpage_lines_end(&lines, "note", out);
}

static void put_drift(const struct drift *drift, FILE *out)
{
    struct webpage_lines lines;
    webpage_section(out, "Has it changed?");
    FILE *to = webpage_lines_begin(&lines);
    if (to)
        report_drift_head(drift, to);
    webpage_lines_end(&lines, drift->n_differ > 0 ? "warn" : "note", out);
    webpage_table(report_drift_table(drift), out);
    if ((to = webpage_lines_begin(&lines)))
        report_drift_notes(drift, to);
    webpage_lines_end(&lines, "note", out);
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

static void put_facts(const struct model_set *set, FILE *out)
{
    char text[UNITS_TEXT_SIZE];
    webpage_section(out, "Made from");
    webpage_facts_begin(out);
    webpage_fact(out, "campaign", "%s", set->campaign ? set->campaign : "");
    webpage_fact(out, "statistic", "%s",
                 set->n_models > 0 ? statistic_name(set->models[0].statistic) : "none");
    webpage_fact(out, "median round trip", "%s",
                 set->has_rtt ? format_time(set->rtt_s, text) : "not measured");
    if (set->n_rounds > 0)
        webpage_fact(out, "rounds resampled", "%llu", (unsigned long long)set->n_rounds);
    else
        webpage_fact(out, "rounds resampled", "none: samples as independent");
    if (set->hold_out > 0)
        webpage_fact(out, "held out", "%.0f %% of the rounds, seed %llu", 100 * set->hold_out,
                     (unsigned long long)set->hold_out_seed);
    else
        webpage_fact(out, "held out", "nothing");
    webpage_fact(out, "SHA-256 of the samples", "%s", set->digest);
    webpage_fact(out, "tool", "rnnfit " RNNMAP_VERSION);
    webpage_facts_end(out);
}

static void put_page(const struct report *report, const struct view *view,
                     const char *const *remarks, size_t n_remarks, FILE *out)
{
    put_head(report, out);
    page_put_found(report, out);
    page_put_provenance(report->set, out);
    page_put_times(view, report, out);
    put_models(report, out);
    page_put_energies(report, out);
    for (size_t t = 0; t < view->n_targets; t++)
        put_target(view, t, out);
    if (report->output_length)
        put_output_length(report->output_length, out);
    if (report->drift)
        put_drift(report->drift, out);
    put_remarks(remarks, n_remarks, out);
    put_facts(report->set, out);
    webpage_end(out);
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
