// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/report.h"

#include "base/units.h"
#include "evaluator/wording.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

const char *report_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *report_link_name(const struct replay_context *replay)
{
    if (!replay->given)
        return replay->link;
    return strpbrk(replay->given, "=,") ? replay->given : report_file_name(replay->given);
}

/* ---- head */

static void put_round_trips(const struct evaluation *e, FILE *out)
{
    char low[UNITS_TEXT_SIZE], middle[UNITS_TEXT_SIZE], high[UNITS_TEXT_SIZE];
    if (e->rtt_p50_s < 0)
        return;
    fprintf(out, "  round trip %s (5 to 95 %%: %s to %s)\n", format_time(e->rtt_p50_s, middle),
            format_time(e->rtt_p5_s, low), format_time(e->rtt_p95_s, high));
}

void report_cautions(const struct replay_context *replay, int indent, FILE *out)
{
    const char *unknown = replay->charges_up ? " down" : replay->charges_down ? " up" : "";
    if (!replay->has_rtt)
        fprintf(out, "%*sthe campaign knows no round trips: the link of then is charged as well\n",
                indent, "");
    if (!replay->charges_up || !replay->charges_down)
        fprintf(
            out,
            "%*sthe campaign does not know the bandwidth%s: the bytes' time of then is charged\n",
            indent, "", unknown);
    if (!replay->by_table)
        fprintf(out, "%*sits bandwidth varies: rnnmap decides by %s\n", indent, "",
                replay->by_models ? "the models" : "a header of --link rtt+bandwidth");
}

void evaluation_loads_text(const struct evaluation *e, int indent, FILE *out)
{
    const char *const places[] = {"device", "endpoint"};
    const double loads[] = {e->edge_load, e->cloud_load};
    for (int i = 0; i < 2; i++) {
        if (e->open && loads[i] >= 1)
            fprintf(out,
                    "%*sthe %s alone cannot keep up (load %.2f): its waits grow as long as "
                    "it runs\n",
                    indent, "", places[i], loads[i]);
    }
}

void replay_costs_text(const struct replay_context *replay, FILE *out)
{
    const struct draws *d = replay->draws;
    if (replay->in_sample)
        fprintf(out, "IN SAMPLE, all %zu samples at %zu lengths: %s\n", d->n_samples, d->n_lengths,
                replay->in_sample);
    else
        fprintf(out, "%zu samples of %zu held-out rounds at %zu lengths\n", d->n_samples,
                d->n_rounds, d->n_lengths);
}

/* What requests are charged from, and what to be wary of. */
static void put_replay(const struct evaluation *e, const struct replay_context *r, FILE *out)
{
    const struct draws *d = r->draws;
    char text[ARRIVALS_TEXT_SIZE], span[UNITS_TEXT_SIZE];
    fputs("  times  ", out);
    replay_costs_text(r, out);
    if (d->n_left_out > 0)
        fprintf(out,
                "         %zu more are left out: they do not know of their link what others do\n",
                d->n_left_out);
    fprintf(out, "  made   %s, over %s\n", arrivals_describe(&r->arrivals, text),
            format_duration(e->span_s, span));
    evaluation_loads_text(e, 9, out);
    fprintf(out, "  link   %s (%s)%s\n", r->link, link_origin_name(r->origin),
            r->by_request ? ", on by a row a request" : "");
    report_cautions(r, 9, out);
}

static void put_failures(const struct evaluation *e, const struct replay_context *r, FILE *out)
{
    char text[UNITS_TEXT_SIZE] = "";
    if (e->n_failed == 0)
        return;
    if (!r)
        fprintf(out,
                "  failed at the endpoint: %zu (charged until they failed, and with a local "
                "inference)\n",
                e->n_failed);
    else
        fprintf(out,
                "  cannot be answered within %s: %zu (charged that long and a local inference)\n",
                format_time(r->timeout_s, text), e->n_failed);
}

void evaluation_energy_text(const struct evaluation *e, const struct report_context *c, int indent,
                            FILE *out)
{
    char text[OBJECTIVE_TEXT_SIZE];
    if (e->objective.kind != OBJECTIVE_TIME)
        fprintf(out, "%*sobjective %s\n", indent, "", objective_text(&e->objective, text));
    if (e->has_energy)
        fprintf(out, "%*senergy of the device: %s%s (scope %s), net of %s\n", indent, "",
                provenance_name(e->energy_provenance),
                e->energy_provenance == PROVENANCE_MODELLED ? ", from watts of a data sheet" : "",
                c->energy->scope ? c->energy->scope : "unknown",
                c->energy->baseline ? c->energy->baseline : "what is not known");
    else if (c->why_no_energy)
        fprintf(out, "%*sno energy: %s\n", indent, "", c->why_no_energy);
}

static void put_head(const struct evaluation *e, const struct report_context *c, FILE *out)
{
    fprintf(out, "%zu %s requests, lengths from %s (mean %.1f)\n", e->n_requests,
            c->replay ? "replayed" : "live", c->lengths, c->mean_length);
    if (c->n_empty > 0)
        fprintf(out, "  %" PRIu64 " sequences of length 0 were left out\n", c->n_empty);
    if (c->left_out > 0)
        fprintf(out, "  %.2g %% of the histogram is longer than %u and was drawn again\n",
                100 * c->left_out, c->max_length);
    if (c->engine)
        fprintf(out, "  edge   %s\n", c->engine);
    if (c->url)
        fprintf(out, "  cloud  %s%s%s\n", c->url, c->server && *c->server ? ", " : "",
                c->server ? c->server : "");
    if (c->replay)
        put_replay(e, c->replay, out);
    evaluation_energy_text(e, c, 2, out);
    put_round_trips(e, out);
    put_failures(e, c->replay, out);
    fputc('\n', out);
}

/* ---- table */

const char *evaluation_single_name(const struct evaluation *e)
{
    return e->better_is_cloud ? "all-cloud" : "all-edge";
}

static void put_difference(struct text_table *table, const struct evaluation *e,
                           const struct outcome *o)
{
    bool itself = o->ci95.low == 0 && o->ci95.high == 0; /* decides alike at every request */
    double scale = wording_of(&e->objective).scale;
    text_table_cell(table, itself ? "" : "%+.3f", scale * o->vs_better_single);
    text_table_cell(table, itself ? "" : "[%+.3f, %+.3f]", scale * o->ci95.low,
                    scale * o->ci95.high);
    text_table_cell(table, itself ? "" : "%+.1f %%", 100 * o->vs_better_single / e->better_single);
}

const char *evaluation_energy_word(const struct evaluation *e)
{
    static const char *const words[] = {[PROVENANCE_MEASURED] = "",
                                        [PROVENANCE_MODELLED] = "modelled, ",
                                        [PROVENANCE_PARTIAL] = "partial, ",
                                        [PROVENANCE_UNAVAILABLE] = ""};
    return objective_needs_energy(&e->objective) ? words[e->energy_provenance] : "";
}

const char *evaluation_noun(const struct evaluation *e, char noun[EVALUATION_NOUN_SIZE])
{
    const char *word = evaluation_energy_word(e);
    snprintf(noun, EVALUATION_NOUN_SIZE, "%.*s%s%s", (int)strcspn(word, ","), word,
             *word ? " " : "", wording_of(&e->objective).noun);
    return noun;
}

/* What is compared has a column of its own where it is neither time nor energy. */
static bool has_measure(const struct evaluation *e)
{
    const char *unit = objective_measure_unit(&e->objective);
    return *unit == '\0' || strchr(unit, ' ');
}

/* Columns that would hold zeros only are left out. */
struct text_table *evaluation_table(const struct evaluation *e)
{
    struct wording words = wording_of(&e->objective);
    char heads[256] = "<policy|mean ms|p95 ms|p99 ms";
    bool failures = false, limited = !objective_is_scalar(&e->objective);
    for (size_t i = 0; i < e->n_outcomes; i++)
        failures = failures || e->outcomes[i].failed > 0;
    size_t used = strlen(heads);
    snprintf(heads + used, sizeof heads - used,
             "%s%s%s%s|offloaded|to single %s|95 %% interval|in %%|to oracle|unlike oracle",
             !e->has_energy                                ? ""
             : e->energy_provenance == PROVENANCE_MODELLED ? "|modelled mJ"
             : e->energy_provenance == PROVENANCE_PARTIAL  ? "|partial mJ"
                                                           : "|mean mJ",
             has_measure(e) ? "|mean " : "", has_measure(e) ? words.unit : "",
             limited ? "|missed" : "", words.unit);
    if (failures)
        strcat(heads, "|failed");
    if (e->open)
        strcat(heads, "|wait ms");
    struct text_table *table = text_table_new(heads);
    for (size_t i = 0; i < e->n_outcomes; i++) {
        const struct outcome *o = &e->outcomes[i];
        text_table_cell(table, "%s", o->policy->name);
        text_table_cell(table, "%.3f", 1e3 * o->mean_s);
        text_table_cell(table, "%.3f", 1e3 * o->p95_s);
        text_table_cell(table, "%.3f", 1e3 * o->p99_s);
        if (e->has_energy)
            text_table_cell(table, "%.3f", 1e3 * o->mean_j);
        if (has_measure(e))
            text_table_cell(table, "%.4f", words.scale * o->mean);
        if (limited)
            text_table_cell(table, "%.2f %%", 100 * o->missed);
        text_table_cell(table, "%.1f %%", 100 * o->offloaded);
        put_difference(table, e, o);
        text_table_cell(table, "%+.1f %%", 100 * (o->oracle_ratio - 1));
        text_table_cell(table, "%.1f %%", 100 * o->wrong);
        if (failures)
            text_table_cell(table, "%.2f %%", 100 * o->failed);
        if (e->open)
            text_table_cell(table, "%.3f", 1e3 * o->mean_wait_s);
    }
    return table;
}

static void put_table(const struct evaluation *e, FILE *out)
{
    struct text_table *table = evaluation_table(e);
    text_table_print(table, out, 0);
    text_table_free(table);
    fprintf(out, "\nsingle: the better single device, %s.\n", evaluation_single_name(e));
    for (size_t i = 0; i < e->n_outcomes; i++)
        fprintf(out, "%s: %s.\n", e->outcomes[i].policy->name, e->outcomes[i].policy->meaning);
}

/* ---- verdict */

static void put_probes(const struct evaluation *e, const struct outcome *o, FILE *out)
{
    char lost[UNITS_TEXT_SIZE];
    double total = o->mean * (double)e->n_requests;
    if (o->n_probes > 0)
        fprintf(out,
                "Of its requests %zu were probes of a link that was bad when last seen; they lost "
                "%s, %.2g %% of the total.\n",
                o->n_probes, wording_format(&e->objective, o->probe_loss, lost),
                100 * o->probe_loss / total);
}

void evaluation_misses_text(const struct evaluation *e, const struct outcome *o, FILE *out)
{
    if (objective_is_scalar(&e->objective))
        return;
    fprintf(out, "It misses the %s in %.2f %% of requests, %s in %.2f %%",
            e->objective.kind == OBJECTIVE_ENERGY_AT_DEADLINE ? "deadline" : "budget",
            100 * o->missed, evaluation_single_name(e), 100 * e->better_single_missed);
    if (o->missed_ci95.low != 0 || o->missed_ci95.high != 0)
        fprintf(out, " (95 %% interval of the difference %+.2f to %+.2f)", 100 * o->missed_ci95.low,
                100 * o->missed_ci95.high);
    fputs(".\n", out);
}

void evaluation_verdict(const struct evaluation *e, FILE *out)
{
    const struct outcome *o = evaluation_find(e, "rnnmap");
    if (!o)
        return;
    double scale = 100 / e->better_single, share = scale * o->vs_better_single;
    double low = scale * o->ci95.low, high = scale * o->ci95.high;
    double above = 100 * (o->oracle_ratio - 1);
    struct wording words = wording_of(&e->objective);
    char noun[EVALUATION_NOUN_SIZE];
    fputs("rnnmap ", out);
    if (o->ci95.high < 0)
        fprintf(out,
                "is %.1f %% %s than the better single device (%s), 95 %% interval %.1f to "
                "%.1f %%",
                -share, words.better, evaluation_single_name(e), -high, -low);
    else if (o->ci95.low > 0)
        fprintf(out,
                "is %.1f %% %s than the better single device (%s), 95 %% interval %.1f to "
                "%.1f %%",
                share, words.worse, evaluation_single_name(e), low, high);
    else if (o->offloaded == (e->better_is_cloud ? 1 : 0))
        fprintf(out, "decides as the better single device (%s) at every request",
                evaluation_single_name(e));
    else
        fprintf(out,
                "does not differ visibly from the better single device (%s): %+.1f %%, 95 %% "
                "interval %+.1f to %+.1f %%",
                evaluation_single_name(e), share, low, high);
    fprintf(out, "; %.1f %% %s the oracle", fabs(above), above >= 0 ? "above" : "below");
    if (*evaluation_energy_word(e))
        fprintf(out, ", by %s", evaluation_noun(e, noun));
    fputs(".\n", out);
    evaluation_misses_text(e, o, out);
    put_probes(e, o, out);
}

void evaluation_text(const struct evaluation *evaluation, const struct report_context *context,
                     FILE *out)
{
    put_head(evaluation, context, out);
    put_table(evaluation, out);
    if (evaluation_find(evaluation, "rnnmap"))
        fputc('\n', out);
    evaluation_verdict(evaluation, out);
}
