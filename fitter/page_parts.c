// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/page_parts.h"

#include "base/html.h"
#include "base/webpage.h"
#include "fitter/pictures.h"
#include "fitter/report_private.h"

#include <math.h>
#include <stdlib.h>

void page_put_found(const struct report *report, FILE *out)
{
    struct webpage_lines lines;
    FILE *to = webpage_lines_begin(&lines);
    for (size_t i = 0; to && i < report->n_break_evens; i++)
        report_break_even_text(&report->break_evens[i], to);
    for (size_t i = 0; to && report->energy && i < report->energy->n_rows; i++)
        report_energy_row_text(report->set, &report->energy->rows[i], to);
    webpage_lines_end(&lines, "found", out);
}

/* Provenances that a reader must not overlook. */
void page_put_provenance(const struct model_set *set, FILE *out)
{
    for (size_t i = 0; i < set->n_models; i++) {
        const struct cost_model *model = &set->models[i];
        if (model->provenance == PROVENANCE_MEASURED)
            continue;
        webpage_paragraph(out, "warn", "%s of %s is %s, not measured.",
                          quantity_name(model->quantity), model->target,
                          provenance_name(model->provenance));
    }
}

void page_put_times(const struct view *view, const struct report *report, FILE *out)
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

void page_put_energies(const struct report *report, FILE *out)
{
    struct webpage_lines lines;
    FILE *to = webpage_lines_begin(&lines);
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
