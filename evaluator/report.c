// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/report.h"

#include "base/texttable.h"
#include "base/units.h"

#include <jansson.h>
#include <math.h>

/* ---- JSON */

/* NaN and infinities have no JSON; NULL stands for unknown. */
static json_t *real_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *outcome_json(const struct outcome *o)
{
    return json_pack("{s:s,s:f,s:f,s:n,s:f,s:f,s:[f,f],s:[f,f],s:f,s:o,s:f,s:f}", "policy",
                     o->policy->name, "mean_s", o->mean_s, "p95_s", o->p95_s, "energy_j",
                     "offloaded", o->offloaded, "vs_better_single_s", o->vs_better_single_s, "ci95",
                     o->ci95.low, o->ci95.high, "mean_ci95", o->mean_ci95.low, o->mean_ci95.high,
                     "regret_s", o->regret_s, "oracle_ratio", real_or_null(o->oracle_ratio),
                     "expected_regret_s", o->expected_regret_s, "wrong_decisions", o->wrong);
}

static json_t *round_trip_json(const struct evaluation *e)
{
    if (e->rtt_p50_s < 0)
        return json_null();
    return json_pack("{s:f,s:f,s:f}", "p5_s", e->rtt_p5_s, "p50_s", e->rtt_p50_s, "p95_s",
                     e->rtt_p95_s);
}

static json_t *document(const struct evaluation *e, const struct report_context *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->n_outcomes; i++)
        json_array_append_new(list, outcome_json(&e->outcomes[i]));
    return json_pack(
        "{s:s,s:I,s:s,s:s,s:o,s:s,s:s?,s:s?,s:s?,s:s,s:I,s:I,s:I,s:I,s:I,s:f,s:f,s:s,s:f,s:o}",
        "schema", "rnnmap.eval/1", "requests", (json_int_t)e->n_requests, "objective", "time",
        "link", "live", "round_trip", round_trip_json(e), "url", c->url, "campaign", c->campaign,
        "network", c->network, "engine", c->engine, "server", c->server, "seed",
        (json_int_t)c->seed, "requests_wanted", (json_int_t)c->n_wanted, "failed_requests",
        (json_int_t)e->n_failed, "failed_probes", (json_int_t)e->n_unprobed, "max_length",
        (json_int_t)c->max_length, "mean_length", c->mean_length, "beyond_max_length", c->left_out,
        "better_single", e->better_is_cloud ? "cloud" : "edge", "better_single_s",
        e->better_single_s, "policies", list);
}

enum status report_json(const struct evaluation *evaluation, const struct report_context *context,
                        FILE *out, struct error *error)
{
    json_t *json = document(evaluation, context);
    if (!json)
        return error_set(error, STATUS_NO_MEMORY, "no JSON: out of memory, or a name is not UTF-8");
    int failed = json_dumpf(json, out, JSON_INDENT(1)) != 0 || fputc('\n', out) == EOF;
    json_decref(json);
    return failed ? error_set(error, STATUS_IO, "the JSON document could not be written")
                  : STATUS_OK;
}

/* ---- text */

static void put_head(const struct evaluation *e, const struct report_context *c, FILE *out)
{
    char low[UNITS_TEXT_SIZE], middle[UNITS_TEXT_SIZE], high[UNITS_TEXT_SIZE];
    fprintf(out, "%zu live requests, lengths from %s (mean %.1f)\n", e->n_requests, c->lengths,
            c->mean_length);
    if (c->left_out > 0)
        fprintf(out, "  %.2g %% of the histogram is longer than %u and was drawn again\n",
                100 * c->left_out, c->max_length);
    fprintf(out, "  edge   %s\n  cloud  %s%s%s\n", c->engine ? c->engine : "?", c->url,
            c->server && *c->server ? ", " : "", c->server ? c->server : "");
    if (e->rtt_p50_s >= 0)
        fprintf(out, "  round trip %s (5 to 95 %%: %s to %s)\n", format_time(e->rtt_p50_s, middle),
                format_time(e->rtt_p5_s, low), format_time(e->rtt_p95_s, high));
    if (e->n_failed > 0)
        fprintf(out,
                "  failed at the endpoint: %zu (charged until they failed, and with a local "
                "inference)\n",
                e->n_failed);
    fputc('\n', out);
}

static const char *single_name(const struct evaluation *e)
{
    return e->better_is_cloud ? "all-cloud" : "all-edge";
}

static void put_difference(struct text_table *table, const struct evaluation *e,
                           const struct outcome *o)
{
    bool itself = o->ci95.low == 0 && o->ci95.high == 0; /* decides alike at every request */
    text_table_cell(table, itself ? "" : "%+.3f", 1e3 * o->vs_better_single_s);
    text_table_cell(table, itself ? "" : "[%+.3f, %+.3f]", 1e3 * o->ci95.low, 1e3 * o->ci95.high);
    text_table_cell(table, itself ? "" : "%+.1f %%",
                    100 * o->vs_better_single_s / e->better_single_s);
}

static void put_table(const struct evaluation *e, FILE *out)
{
    struct text_table *table = text_table_new("<policy|mean ms|p95 ms|offloaded|to single ms|"
                                              "95 % interval|in %|to oracle|unlike oracle");
    for (size_t i = 0; i < e->n_outcomes; i++) {
        const struct outcome *o = &e->outcomes[i];
        text_table_cell(table, "%s", o->policy->name);
        text_table_cell(table, "%.3f", 1e3 * o->mean_s);
        text_table_cell(table, "%.3f", 1e3 * o->p95_s);
        text_table_cell(table, "%.1f %%", 100 * o->offloaded);
        put_difference(table, e, o);
        text_table_cell(table, "%+.1f %%", 100 * (o->oracle_ratio - 1));
        text_table_cell(table, "%.1f %%", 100 * o->wrong);
    }
    text_table_print(table, out, 0);
    text_table_free(table);
    fprintf(out, "\nsingle: the better single device, %s. ", single_name(e));
    fputs("fixed: the best length threshold, known only afterwards.\noracle: least expected time "
          "at the true round trip. clairvoyant: the faster of the two runs.\n",
          out);
}

static void put_verdict(const struct evaluation *e, FILE *out)
{
    const struct outcome *o = evaluation_find(e, "rnnmap");
    if (!o)
        return;
    double scale = 100 / e->better_single_s, share = scale * o->vs_better_single_s;
    double low = scale * o->ci95.low, high = scale * o->ci95.high;
    double above = 100 * (o->oracle_ratio - 1);
    fputs("\nrnnmap ", out);
    if (o->ci95.high < 0)
        fprintf(out,
                "is %.1f %% faster than the better single device (%s), 95 %% interval %.1f to "
                "%.1f %%",
                -share, single_name(e), -high, -low);
    else if (o->ci95.low > 0)
        fprintf(out,
                "is %.1f %% slower than the better single device (%s), 95 %% interval %.1f to "
                "%.1f %%",
                share, single_name(e), low, high);
    else if (o->offloaded == (e->better_is_cloud ? 1 : 0))
        fprintf(out, "decides as the better single device (%s) at every request", single_name(e));
    else
        fprintf(out,
                "does not differ visibly from the better single device (%s): %+.1f %%, 95 %% "
                "interval %+.1f to %+.1f %%",
                single_name(e), share, low, high);
    fprintf(out, "; %.1f %% %s the oracle.\n", fabs(above), above >= 0 ? "above" : "below");
}

void report_text(const struct evaluation *evaluation, const struct report_context *context,
                 FILE *out)
{
    put_head(evaluation, context, out);
    put_table(evaluation, out);
    put_verdict(evaluation, out);
}
