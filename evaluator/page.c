// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/page.h"

#include "base/chart.h"
#include "base/html.h"
#include "base/memory.h"
#include "base/outfile.h"
#include "base/tool.h"
#include "base/units.h"
#include "base/webpage.h"
#include "evaluator/advice.h"
#include "evaluator/page_curves.h"
#include "evaluator/wording.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- the question */

/* What kind of link the requests met. */
static const char *kind_of_link(const struct replay_context *replay)
{
    static const char *const kinds[] = {
        [LINK_ORIGIN_CONSTANT] = "a constant link that was written down, not measured",
        [LINK_ORIGIN_TRACE] = "a real link: a measured trace, played along",
        [LINK_ORIGIN_MODEL] = "a model of a real link",
        [LINK_ORIGIN_COMPOSED] = "a composed link, whose columns come from different sources and "
                                 "are independent of each other"};
    _Static_assert(sizeof kinds / sizeof *kinds == N_LINK_ORIGINS, "a text each");
    return replay ? kinds[replay->origin] : "the link that was there, live";
}

/* Cells share their lengths or their link, or neither. */
static bool same(const struct cell *cells, size_t n, const char *(*of)(const struct cell *))
{
    for (size_t i = 1; i < n; i++) {
        if (strcmp(of(cells), of(&cells[i])) != 0)
            return false;
    }
    return true;
}

static const char *lengths_of(const struct cell *cell)
{
    return report_file_name(cell->context.lengths);
}

static const char *link_of(const struct cell *cell)
{
    return cell->context.replay ? report_link_name(&cell->replay) : "live";
}

static void put_question(const struct cell *cells, size_t n, FILE *out)
{
    const struct report_context *c = &cells->context;
    webpage_paragraph(out, "found",
                      "Each input can run on the device or be sent to the endpoint. Which of the "
                      "two for which input, and is it worth deciding at all?");
    webpage_paragraph(
        out, "note",
        "%zu requests%s were %s, with lengths from %s over %s; every policy met the same requests.",
        cells->evaluation.n_requests, n > 1 ? " for each pair of lengths and link" : "",
        c->replay ? "replayed from measured times" : "run at both places",
        same(cells, n, lengths_of) ? lengths_of(cells) : "several sources",
        !same(cells, n, link_of) ? "several links" : kind_of_link(c->replay));
}

/* ---- what to ship */

static void put_advice(const char *db, const struct cell *cells, size_t n, FILE *out)
{
    struct webpage_lines lines;
    const struct replay_context *replay = cells->context.replay;
    webpage_section(out, "What to ship");
    FILE *to = webpage_lines_begin(&lines);
    if (to)
        advice_text(cells, n, to);
    webpage_lines_end(&lines, "found", out);
    if (replay && replay->in_sample)
        webpage_paragraph(out, "warn",
                          "Judged in sample, by the very times that the models were made from, "
                          "which flatters: %s.",
                          replay->in_sample);
    if (!advice_is_header(cells, n))
        return;
    char *command = advice_command(db, cells, n);
    webpage_command(out, command ? command : "rnngen");
    free(command);
}

/* ---- policies */

/* Blue for what rnnmap decides, grey for what it is compared with. */
static const char *colour(const struct outcome *outcome)
{
    return strcmp(outcome->policy->name, "rnnmap") == 0 ? "#0072b2" : "#b0b0b0";
}

/* The whiskers are of the paired difference to the better single device, about the mean. */
static void put_bars(const struct evaluation *e, FILE *out)
{
    struct chart_bar bars[MAX_POLICIES];
    struct wording words = wording_of(&e->objective);
    char notes[MAX_POLICIES][48], title[96], axis[96], noun[EVALUATION_NOUN_SIZE];
    for (size_t i = 0; i < e->n_outcomes; i++) {
        const struct outcome *o = &e->outcomes[i];
        snprintf(notes[i], sizeof notes[i], "%.3g", words.scale * o->mean);
        bars[i] = (struct chart_bar){.name = o->policy->name,
                                     .note = notes[i],
                                     .value = words.scale * o->mean,
                                     .low = words.scale * (e->better_single + o->ci95.low),
                                     .high = words.scale * (e->better_single + o->ci95.high),
                                     .colour = colour(o)};
    }
    fputs("<figure>\n", out);
    snprintf(title, sizeof title, "Mean %s of a request under each policy",
             evaluation_noun(e, noun));
    snprintf(axis, sizeof axis, "mean %s of a request (%s%s)", words.noun,
             evaluation_energy_word(e), words.unit);
    chart_bars(out, title, bars, e->n_outcomes, axis, words.scale * e->better_single);
    fputs("<figcaption>", out);
    html_put(out,
             "Dashed: the better single device, %s. Whiskers: 95 %% interval of the paired "
             "difference to it; one that misses the dashed line differs from it.",
             evaluation_single_name(e));
    fputs("</figcaption>\n</figure>\n", out);
}

static void put_cautions(const struct evaluation *e, const struct replay_context *replay, FILE *out)
{
    struct webpage_lines lines;
    FILE *to = webpage_lines_begin(&lines);
    if (to && replay)
        report_cautions(replay, 0, to);
    if (to)
        evaluation_loads_text(e, 0, to);
    webpage_lines_end(&lines, "warn", out);
}

/* The objective, and what its joules are. */
static void put_energy(const struct cell *cell, FILE *out)
{
    struct webpage_lines lines;
    FILE *to = webpage_lines_begin(&lines);
    if (to)
        evaluation_energy_text(&cell->evaluation, &cell->context, 0, to);
    webpage_lines_end(&lines, "note", out);
}

static void put_evaluation(const struct cell *cell, FILE *out)
{
    const struct evaluation *e = &cell->evaluation;
    struct webpage_lines lines;
    FILE *to = webpage_lines_begin(&lines);
    if (to)
        evaluation_verdict(e, to);
    webpage_lines_end(&lines, "found", out);
    put_cautions(e, cell->context.replay, out);
    put_energy(cell, out);
    put_bars(e, out);
    webpage_table(evaluation_table(e), out);
    webpage_paragraph(
        out, "note",
        "single: the better single device, %s; its differences are paired by request. "
        "unlike oracle: decisions that the oracle would have taken otherwise.",
        evaluation_single_name(e));
}

static void put_meanings(const struct evaluation *e, FILE *out)
{
    webpage_facts_begin(out);
    for (size_t i = 0; i < e->n_outcomes; i++)
        webpage_fact(out, e->outcomes[i].policy->name, "%s", e->outcomes[i].policy->meaning);
    webpage_facts_end(out);
}

/* Several: all of them in one table, then one by one, to be opened. */
static void put_cells(const struct cell *cells, size_t n, FILE *out)
{
    struct webpage_lines lines;
    FILE *to = webpage_lines_begin(&lines);
    if (to)
        cells_head(cells, n, to);
    webpage_lines_end(&lines, "note", out);
    webpage_table(cells_table(cells, n), out);
    if ((to = webpage_lines_begin(&lines)))
        cells_notes(cells, n, to);
    webpage_lines_end(&lines, "note", out);
    for (size_t i = 0; i < n; i++) {
        fputs("<details><summary>", out);
        html_put(out, "%s over %s (%s)", lengths_of(&cells[i]), link_of(&cells[i]),
                 link_origin_name(cells[i].replay.origin));
        fputs("</summary>\n", out);
        put_evaluation(&cells[i], out);
        fputs("</details>\n", out);
    }
}

static void put_policies(const struct cell *cells, size_t n, FILE *out)
{
    webpage_section(out, "Policies");
    if (n > 1)
        put_cells(cells, n, out);
    else
        put_evaluation(cells, out);
    put_meanings(&cells->evaluation, out);
}

/* ---- curves */

static void put_curves(const struct page_curves *curves, FILE *out)
{
    webpage_section(out, "What was measured");
    if (curves)
        page_curves_put(curves, out);
    else
        webpage_paragraph(out, "note", "The campaign's samples are not in the database.");
}

/* ---- what it rests on */

static void put_replay_facts(const struct replay_context *replay, FILE *out)
{
    char text[ARRIVALS_TEXT_SIZE];
    struct webpage_lines lines;
    FILE *to = webpage_lines_begin(&lines);
    if (!to)
        return;
    replay_costs_text(replay, to);
    if (fclose(to) == 0)
        webpage_fact(out, "times", "%s", lines.text);
    free(lines.text);
    webpage_fact(out, "arrivals", "%s", arrivals_describe(&replay->arrivals, text));
    webpage_fact(out, "time-out", "%s", format_time(replay->timeout_s, text));
}

static void put_link_facts(const struct cell *cells, size_t n, FILE *out)
{
    const struct evaluation *e = &cells->evaluation;
    const struct replay_context *replay = cells->context.replay;
    char low[UNITS_TEXT_SIZE], middle[UNITS_TEXT_SIZE], high[UNITS_TEXT_SIZE];
    if (!same(cells, n, link_of))
        return;
    webpage_fact(out, "link", "%s: %s%s", replay ? replay->link : "live", kind_of_link(replay),
                 replay && replay->by_request ? ", on by a row a request" : "");
    if (e->rtt_p50_s >= 0)
        webpage_fact(out, "round trip", "%s (5 to 95 %%: %s to %s)",
                     format_time(e->rtt_p50_s, middle), format_time(e->rtt_p5_s, low),
                     format_time(e->rtt_p95_s, high));
}

static void put_facts(const struct subject *subject, const struct cell *cells, size_t n, FILE *out)
{
    const struct report_context *c = &cells->context;
    webpage_section(out, "Made from");
    webpage_facts_begin(out);
    webpage_fact(out, "campaign", "%s", c->campaign);
    if (c->network)
        webpage_fact(out, "network", "%s", c->network);
    if (c->engine)
        webpage_fact(out, "device", "%s", c->engine);
    if (c->url)
        webpage_fact(out, "endpoint", "%s%s%s", c->url, c->server && *c->server ? ", " : "",
                     c->server ? c->server : "");
    if (same(cells, n, lengths_of))
        webpage_fact(out, "lengths", "%s, mean %.1f", c->lengths, c->mean_length);
    if (c->left_out > 0)
        webpage_fact(out, "left out", "%.2g %% of the histogram is longer than %" PRIu32,
                     100 * c->left_out, c->max_length);
    put_link_facts(cells, n, out);
    if (c->replay)
        put_replay_facts(c->replay, out);
    webpage_fact(out, "requests", "%zu%s, seed %" PRIu64, cells->evaluation.n_requests,
                 n > 1 ? " each" : "", c->seed);
    webpage_fact(out, "SHA-256 of the samples", "%s", subject->models.digest);
    webpage_fact(out, "tool", "rnneval " RNNMAP_VERSION);
    webpage_facts_end(out);
}

static void put_page(const char *db, const struct subject *subject, const struct cell *cells,
                     size_t n, const struct page_curves *curves, FILE *out)
{
    const char *campaign = cells->context.campaign;
    char *title = text_format("rnneval: %s", campaign);
    char *heading = text_format("Where should the inputs of %s run?", campaign);
    webpage_begin(out, title ? title : campaign, heading ? heading : campaign);
    free(title);
    free(heading);
    put_question(cells, n, out);
    put_advice(db, cells, n, out);
    put_policies(cells, n, out);
    put_curves(curves, out);
    put_facts(subject, cells, n, out);
    webpage_end(out);
}

enum status evaluation_page_write(const char *path, const char *db, const struct subject *subject,
                                  const struct cell *cells, size_t n, struct error *error)
{
    struct page_curves *curves;
    struct outfile file = {0};
    enum status status =
        page_curves_load(db, subject, n == 1 ? cells->evaluation.rtt_p50_s : -1, &curves, error);
    if (status)
        return status;
    status = outfile_open(&file, path, error);
    if (!status) {
        put_page(db, subject, cells, n, curves, file.stream);
        status = outfile_commit(&file, error);
    }
    page_curves_free(curves);
    return status;
}
