// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/report.h"

#include <jansson.h>
#include <math.h>

/* NaN and infinities have no JSON; NULL stands for unknown. */
static json_t *real_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *interval_json(const struct interval *interval)
{
    return json_pack("[f,f]", interval->low, interval->high);
}

/* In the objective's measure; with "_s" behind the name only where that is seconds of time. */
static void put_measure(json_t *json, const struct evaluation *e, const char *name, double value)
{
    char in_seconds[64];
    bool time = e->objective.kind == OBJECTIVE_TIME;
    snprintf(in_seconds, sizeof in_seconds, "%s_s", name);
    json_object_set_new(json, in_seconds, time ? real_or_null(value) : json_null());
    json_object_set_new(json, name, real_or_null(value));
}

/* Live requests tell their link whatever is decided: nobody probes. */
static json_t *outcome_json(const struct evaluation *e, const struct outcome *o, bool replayed)
{
    bool learns = replayed && o->policy->learns;
    json_t *json = json_pack(
        "{s:s,s:f,s:f,s:f,s:f,s:o,s:f,s:f,s:f,s:f,s:o,s:o,s:o,s:f,s:o,s:o}", "policy",
        o->policy->name, "total_s", o->total_s, "mean_s", o->mean_s, "p95_s", o->p95_s, "p99_s",
        o->p99_s, "energy_j", real_or_null(o->mean_j), "offloaded", o->offloaded, "failed",
        o->failed, "mean_wait_s", o->mean_wait_s, "vs_better_single_s", o->vs_better_single_s,
        "ci95", interval_json(&o->ci95), "mean_ci95", interval_json(&o->mean_ci95), "oracle_ratio",
        real_or_null(o->oracle_ratio), "wrong_decisions", o->wrong, "missed",
        objective_is_scalar(&e->objective) ? json_null() : json_real(o->missed), "probes",
        learns ? json_integer((json_int_t)o->n_probes) : json_null());
    if (!json)
        return NULL;
    json_object_set_new(json, "mean", real_or_null(o->mean));
    json_object_set_new(json, "vs_better_single", real_or_null(o->vs_better_single));
    put_measure(json, e, "regret", o->regret);
    put_measure(json, e, "expected_regret", o->expected_regret);
    put_measure(json, e, "kept_loss", o->kept_loss);
    put_measure(json, e, "probe_loss", learns ? o->probe_loss : NAN);
    return json;
}

static json_t *energy_json(const struct evaluation *e, const struct report_context *c)
{
    if (!e->has_energy)
        return json_null();
    return json_pack("{s:s,s:s?,s:s?}", "provenance", provenance_name(e->energy_provenance),
                     "meter", c->energy->meter, "baseline", c->energy->baseline);
}

static json_t *round_trip_json(const struct evaluation *e)
{
    if (e->rtt_p50_s < 0)
        return json_null();
    return json_pack("{s:f,s:f,s:f}", "p5_s", e->rtt_p5_s, "p50_s", e->rtt_p50_s, "p95_s",
                     e->rtt_p95_s);
}

/* Which measured times the requests were charged. */
static json_t *costs_json(const struct replay_context *replay)
{
    if (!replay)
        return json_pack("{s:s}", "from", "live");
    const struct draws *d = replay->draws;
    return json_pack("{s:s,s:s?,s:I,s:I,s:I,s:I}", "from",
                     replay->in_sample ? "in_sample" : "held_out", "why", replay->in_sample,
                     "samples", (json_int_t)d->n_samples, "rounds", (json_int_t)d->n_rounds,
                     "lengths", (json_int_t)d->n_lengths, "left_out", (json_int_t)d->n_left_out);
}

static json_t *arrivals_json(const struct replay_context *replay)
{
    static const char *const names[] = {"closed", "poisson", "bursts"};
    if (!replay)
        return json_null();
    const struct arrivals *a = &replay->arrivals;
    switch (a->kind) {
    case ARRIVALS_POISSON:
        return json_pack("{s:s,s:f}", "process", names[a->kind], "rate_per_s", a->rate);
    case ARRIVALS_BURSTS:
        return json_pack("{s:s,s:I,s:f}", "process", names[a->kind], "size", (json_int_t)a->size,
                         "every_s", a->every_s);
    case ARRIVALS_CLOSED:
    default:
        return json_pack("{s:s,s:f}", "process", names[a->kind], "think_s", a->think_s);
    }
}

static json_t *hindsight_json(const struct evaluation *e)
{
    bool none = e->hindsight.threshold == UINT32_MAX;
    return json_pack("{s:o,s:s}", "length",
                     none ? json_null() : json_integer((json_int_t)e->hindsight.threshold),
                     "offload",
                     none                 ? "none"
                     : e->hindsight.above ? "from"
                                          : "below");
}

static int add_replay(json_t *json, const struct evaluation *e, const struct replay_context *replay)
{
    if (!replay)
        return 0;
    json_t *fields = json_pack("{s:f,s:{s:o,s:o},s:f,s:s,s:s,s:{s:b,s:b},s:b}", "span_s", e->span_s,
                               "loads", "edge", real_or_null(e->edge_load), "cloud",
                               real_or_null(e->cloud_load), "timeout_s", replay->timeout_s,
                               "link_origin", link_origin_name(replay->origin), "rnnmap_decides_by",
                               replay->by_table    ? "header"
                               : replay->by_models ? "models"
                                                   : "header_with_bandwidth",
                               "bandwidth_charged", "up", replay->charges_up, "down",
                               replay->charges_down, "link_by_request", replay->by_request);
    int failed = json_object_update(json, fields);
    json_decref(fields);
    return failed;
}

static json_t *document(const struct evaluation *e, const struct report_context *c)
{
    char objective[OBJECTIVE_TEXT_SIZE];
    json_t *list = json_array();
    for (size_t i = 0; i < e->n_outcomes; i++)
        json_array_append_new(list, outcome_json(e, &e->outcomes[i], c->replay != NULL));
    json_t *json = json_pack(
        "{s:s,s:s,s:I,s:s,s:s,s:o,s:o,s:o,s:s?,s:s,s:s?,s:s?,s:s?,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:f,"
        "s:f,s:s,s:f,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s}",
        "schema", "rnnmap.eval/1", "mode", c->replay ? "replay" : "live", "requests",
        (json_int_t)e->n_requests, "objective", objective_text(&e->objective, objective), "link",
        c->replay ? c->replay->link : "live", "round_trip", round_trip_json(e), "costs",
        costs_json(c->replay), "arrivals", arrivals_json(c->replay), "url", c->url, "campaign",
        c->campaign, "network", c->network, "engine", c->engine, "server", c->server, "lengths",
        c->lengths, "seed", (json_int_t)c->seed, "requests_wanted", (json_int_t)c->n_wanted,
        "failed_requests", (json_int_t)e->n_failed, "failed_probes", (json_int_t)e->n_unprobed,
        "empty_sequences", (json_int_t)c->n_empty, "max_length", (json_int_t)c->max_length,
        "mean_length", c->mean_length, "beyond_max_length", c->left_out, "better_single",
        e->better_is_cloud ? "cloud" : "edge", "better_single_s", e->better_single_s,
        "other_single_s", real_or_null(e->objective.kind == OBJECTIVE_TIME ? e->other_single : NAN),
        "singles_differ_ci95", interval_json(&e->singles_ci95), "fixed_threshold",
        hindsight_json(e), "policies", list, "energy", energy_json(e, c), "better_single_mean",
        real_or_null(e->better_single), "other_single_mean", real_or_null(e->other_single),
        "oracle_mean", real_or_null(e->oracle), "unit", objective_measure_unit(&e->objective));
    if (json && add_replay(json, e, c->replay) != 0) {
        json_decref(json);
        json = NULL;
    }
    return json;
}

static enum status write(json_t *json, FILE *out, struct error *error)
{
    if (!json)
        return error_set(error, STATUS_NO_MEMORY, "no JSON: out of memory, or a name is not UTF-8");
    int failed = json_dumpf(json, out, JSON_INDENT(1)) != 0 || fputc('\n', out) == EOF;
    json_decref(json);
    return failed ? error_set(error, STATUS_IO, "the JSON document could not be written")
                  : STATUS_OK;
}

enum status evaluation_json(const struct evaluation *evaluation,
                            const struct report_context *context, FILE *out, struct error *error)
{
    return write(document(evaluation, context), out, error);
}

enum status report_cells_json(const struct cell *cells, size_t n, FILE *out, struct error *error)
{
    json_t *list = json_array();
    size_t n_decided = 0, n_astray = 0;
    for (size_t i = 0; i < n; i++) {
        n_decided += evaluation_decided(&cells[i].evaluation);
        n_astray += cell_is_astray(&cells[i].evaluation);
        if (json_array_append_new(list, document(&cells[i].evaluation, &cells[i].context)) != 0) {
            json_decref(list);
            return write(NULL, out, error);
        }
    }
    return write(json_pack("{s:s,s:{s:I,s:I,s:I},s:o}", "schema", "rnnmap.evals/1", "verdict",
                           "cells", (json_int_t)n, "singles_differ", (json_int_t)n_decided,
                           "known_above_single", (json_int_t)n_astray, "evaluations", list),
                 out, error);
}
