// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/report.h"

#include "evaluator/wording.h"

#include <string.h>

/* Longer names of links, such as composed ones, have a line of their own above the table. */
enum { LINK_NAME_ROOM = 32 };

bool cell_is_astray(const struct evaluation *evaluation)
{
    const struct outcome *known = evaluation_find(evaluation, "known");
    return known && evaluation_decided(evaluation) && known->ci95.low > 0;
}

/* Those that have a column of their own already. */
static bool is_single(const struct policy *policy)
{
    return strcmp(policy->name, "edge") == 0 || strcmp(policy->name, "cloud") == 0;
}

/* Policies that people choose between are shown with their interval. */
static bool has_interval(const struct policy *policy)
{
    return strcmp(policy->name, "rnnmap") == 0 || strcmp(policy->name, "known") == 0;
}

/* Those with an interval first: a narrow terminal shows the first columns only. */
static const struct outcome *shown(const struct evaluation *e, size_t i)
{
    const struct outcome *o = &e->outcomes[i % e->n_outcomes];
    bool early = i < e->n_outcomes;
    return is_single(o->policy) || has_interval(o->policy) != early ? NULL : o;
}

/* All cells evaluated the same policies: the heads are those of the first. */
static struct text_table *new_table(const struct evaluation *e)
{
    char heads[512];
    snprintf(heads, sizeof heads, "<lengths|<link|<better|its mean %s|the other's",
             wording_of(&e->objective).unit);
    for (size_t i = 0; i < 2 * e->n_outcomes; i++) {
        const struct outcome *o = shown(e, i);
        size_t used = strlen(heads);
        if (o)
            snprintf(heads + used, sizeof heads - used, "|%s%s", o->policy->name,
                     has_interval(o->policy) ? "|95 %" : "");
    }
    return text_table_new(heads);
}

/* The place of a cell's link among those given: a row of all of them comes first. */
static size_t link_number(const struct cell *cells, size_t i)
{
    const char *name = report_link_name(&cells[i].replay);
    size_t first = 0;
    while (strcmp(report_link_name(&cells[first].replay), name) != 0)
        first++;
    return first + 1;
}

static bool is_long(const char *name)
{
    return strlen(name) > LINK_NAME_ROOM;
}

static void put_link(struct text_table *table, const struct cell *cells, size_t i)
{
    const char *name = report_link_name(&cells[i].replay);
    if (is_long(name))
        text_table_cell(table, "link %zu", link_number(cells, i));
    else
        text_table_cell(table, "%s", name);
}

static void put_long_links(const struct cell *cells, size_t n, FILE *out)
{
    for (size_t i = 0; i < n; i++) {
        const char *name = report_link_name(&cells[i].replay);
        if (is_long(name) && link_number(cells, i) == i + 1)
            fprintf(out, "link %zu: %s\n", i + 1, name);
    }
}

static void put_cell(struct text_table *table, const struct cell *cells, size_t i)
{
    const struct cell *cell = &cells[i];
    const struct evaluation *e = &cell->evaluation;
    double scale = 100 / e->better_single;
    text_table_cell(table, "%s", report_file_name(cell->context.lengths));
    put_link(table, cells, i);
    text_table_cell(table, "%s%s", e->better_is_cloud ? "cloud" : "edge",
                    evaluation_decided(e) ? "" : " ?");
    text_table_cell(table, "%.3f", wording_of(&e->objective).scale * e->better_single);
    text_table_cell(table, "%+.1f %%", scale * (e->other_single - e->better_single));
    for (size_t p = 0; p < 2 * e->n_outcomes; p++) {
        const struct outcome *o = shown(e, p);
        if (!o)
            continue;
        text_table_cell(table, "%+.2f", scale * o->vs_better_single);
        if (has_interval(o->policy))
            text_table_cell(table, "[%+.2f, %+.2f]", scale * o->ci95.low, scale * o->ci95.high);
    }
}

static void put_astray(const struct cell *cells, size_t n, size_t n_decided, size_t n_astray,
                       FILE *out)
{
    fprintf(out,
            "\nThe single devices differ by more than the noise in %zu of %zu cells.\nIn %zu of "
            "these is known, who knows the link, %s than the better one beyond the paired "
            "95 %% interval%s\n",
            n_decided, n, n_astray, wording_of(&cells->evaluation.objective).worse,
            n_astray ? ":" : ".");
    for (size_t i = 0; i < n; i++) {
        const struct evaluation *e = &cells[i].evaluation;
        if (cell_is_astray(e))
            fprintf(out, "  %s over %s: %+.2f %%\n", report_file_name(cells[i].context.lengths),
                    report_link_name(&cells[i].replay),
                    100 * evaluation_find(e, "known")->vs_better_single / e->better_single);
    }
}

static void put_cautions(const struct cell *cells, size_t n, FILE *out)
{
    struct replay_context common = cells[0].replay;
    bool by_table = true, by_models = false;
    for (size_t i = 0; i < n; i++) {
        by_table = by_table && cells[i].replay.by_table;
        by_models = by_models || cells[i].replay.by_models;
    }
    common.by_table = true; /* the links differ in that */
    report_cautions(&common, 0, out);
    if (!by_table)
        fprintf(out, "where a link's bandwidth varies, rnnmap decides by %s\n",
                by_models ? "the models" : "a header of --link rtt+bandwidth");
}

struct text_table *cells_table(const struct cell *cells, size_t n)
{
    struct text_table *table = new_table(&cells[0].evaluation);
    for (size_t i = 0; i < n; i++)
        put_cell(table, cells, i);
    return table;
}

void cells_notes(const struct cell *cells, size_t n, FILE *out)
{
    size_t n_decided = 0, n_astray = 0;
    for (size_t i = 0; i < n; i++) {
        n_decided += evaluation_decided(&cells[i].evaluation);
        n_astray += cell_is_astray(&cells[i].evaluation);
    }
    fputs("better: the better single device (?: they do not differ by more than the noise); all "
          "in % of its mean.\n",
          out);
    if (evaluation_find(&cells[0].evaluation, "known"))
        put_astray(cells, n, n_decided, n_astray, out);
}

void cells_head(const struct cell *cells, size_t n, FILE *out)
{
    const struct report_context *context = &cells[0].context;
    const struct replay_context *replay = &cells[0].replay;
    char arrivals[ARRIVALS_TEXT_SIZE];
    fprintf(out, "campaign %s, %zu cells of %zu replayed requests, %s\n", context->campaign, n,
            context->n_wanted, arrivals_describe(&replay->arrivals, arrivals));
    fputs(replay->in_sample ? "" : "charged with ", out);
    replay_costs_text(replay, out);
    evaluation_energy_text(&cells->evaluation, context, 0, out);
    put_cautions(cells, n, out);
    put_long_links(cells, n, out);
}

void report_cells_text(const struct cell *cells, size_t n, FILE *out)
{
    struct text_table *table = cells_table(cells, n);
    cells_head(cells, n, out);
    fputc('\n', out);
    text_table_print(table, out, 0);
    text_table_free(table);
    fputc('\n', out);
    cells_notes(cells, n, out);
}
