// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/document_private.h"

#include "codegen/candidates.h"

#include <math.h>
#include <stdlib.h>

json_t *real_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *name_json(const char *name)
{
    json_t *json = json_string(name);
    char *clean = json ? NULL : header_comment_text(name);
    if (clean)
        json = json_string(clean);
    free(clean);
    return json;
}

static json_t *targets_json(const struct job *job)
{
    json_t *names = json_array();
    for (size_t i = 0; i < job->n_targets; i++)
        json_array_append_new(names, name_json(job->targets[i].name));
    return names;
}

static json_t *regret_json(const struct regret *regret)
{
    return json_pack("{s:o,s:o,s:I,s:f,s:o,s:o}", "worst", real_or_null(regret->worst),
                     "worst_relative", real_or_null(regret->worst_relative), "worst_length",
                     (json_int_t)regret->worst_n, "worst_rtt_s", regret->worst_rtt_s, "expected",
                     real_or_null(regret->expected), "expected_relative",
                     real_or_null(regret->expected_relative));
}

static const struct objective *objective_of(const struct job *job)
{
    return job->by_links ? &job->links.table.costs.objective : &job->table.threshold.objective;
}

/* What `weighted` divides by. */
static json_t *means_json(const struct job *job)
{
    const struct objective *objective = objective_of(job);
    if (objective->kind != OBJECTIVE_WEIGHTED)
        return json_null();
    return json_pack("{s:f,s:f}", "time_s", objective->mean_time_s, "energy_j",
                     objective->mean_energy_j);
}

static json_t *energy_json(const struct job *job)
{
    const struct energy_pair *energy =
        job->by_links ? cost_set_energy(&job->links.table.costs) : &job->table.threshold.energy;
    const struct energy_basis *basis = &job_means(job)->energy;
    if (!energy->edge)
        return json_null();
    return json_pack("{s:s,s:o,s:s?}", "provenance", provenance_name(energy->provenance), "meter",
                     basis->meter ? name_json(basis->meter) : json_null(), "baseline",
                     basis->baseline);
}

static json_t *lengths_json(const struct job *job)
{
    if (job->lengths.n == 0)
        return json_null();
    return json_pack("{s:s,s:I,s:f}", "sha256", job->lengths_digest, "sequences",
                     (json_int_t)job->lengths.total, "mean", histogram_mean(&job->lengths));
}

static json_t *choose_json(const struct job *job)
{
    const struct switches *switches = &job->table.switches;
    json_t *at = json_array();
    for (size_t i = 0; i < switches->n_at; i++)
        json_array_append_new(at, json_integer(switches->at[i]));
    return json_pack("{s:s,s:s,s:o,s:o}", "representation", representation_name(job->table.choose),
                     "at_length_0", switches->first == DECISION_CLOUD ? "cloud" : "edge",
                     "changes_at", at, "regret", regret_json(&job->certificate.choose));
}

static json_t *choose_rtt_json(const struct job *job)
{
    const struct decision_table *table = &job->table;
    if (table->link != LINK_RTT)
        return json_null();
    const struct integer_map *map = &table->break_even;
    bool segments = table->choose_rtt == REPRESENTATION_SEGMENTS;
    bool affine = table->choose_rtt == REPRESENTATION_AFFINE;
    json_t *json =
        json_pack("{s:s,s:I,s:I,s:o}", "representation", representation_name(table->choose_rtt),
                  "table_bytes", (json_int_t)integer_map_table_size(map), "segments",
                  (json_int_t)(segments ? map->segments.n_rows : 0), "regret",
                  regret_json(&job->certificate.choose_rtt));
    if (json && affine)
        json_object_set_new(json, "bits", json_integer(map->affine.bits));
    return json;
}

static json_t *candidate_json(const struct candidate *c)
{
    json_t *json = json_pack("{s:s,s:s,s:b,s:b,s:s}", "function", c->function, "form", c->form,
                             "fits", c->fits, "chosen", c->is_chosen, "why", c->why);
    if (!json || !c->fits)
        return json;
    json_object_set_new(json, "code_bytes", json_integer((json_int_t)c->footprint.code_bytes));
    json_object_set_new(json, "table_bytes", json_integer((json_int_t)c->footprint.table_bytes));
    json_object_set_new(json, "instructions", json_real(c->footprint.instructions));
    json_object_set_new(json, "worst_relative", real_or_null(c->regret.worst_relative));
    return json;
}

/* Every form that the functions could have had. */
static json_t *candidates_json(const struct job *job)
{
    struct candidate list[CANDIDATES_MAX];
    size_t n = candidates_list(&job->table, job->lengths.n > 0 ? &job->lengths : NULL, list);
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, candidate_json(&list[i]));
    return array;
}

static json_t *break_even_json(const struct job *job)
{
    const struct break_even *even = &job->break_even;
    if (!job->has_break_even)
        return json_null();
    bool crossing = even->verdict == VERDICT_CROSSING;
    json_t *interval = even->has_interval && crossing
                           ? json_pack("[o,o]", real_or_null(even->low), real_or_null(even->high))
                           : json_null();
    return json_pack("{s:s,s:o,s:f,s:s,s:o,s:o,s:s}", "objective",
                     job->objective.kind == OBJECTIVE_TIME ? "time" : "energy", "targets",
                     targets_json(job), "rtt_s", even->rtt_s, "verdict",
                     verdict_name(even->verdict), "length",
                     crossing ? json_real(even->length) : json_null(), "ci95", interval,
                     "cheaper_above", even->cloud_above ? "cloud" : "edge");
}

static json_t *link_json(const struct job *job)
{
    static const char *const kinds[] = {
        [LINK_FIXED] = "fixed", [LINK_RTT] = "rtt", [LINK_BANDWIDTH] = "rtt+bandwidth"};
    const struct cost_pair *pair = &job->table.threshold.pair;
    const struct cost_set *costs = &job->links.table.costs;
    bool up = job->by_links ? cost_set_charges(costs, TERM_UP) : pair->charges_up;
    bool down = job->by_links ? cost_set_charges(costs, TERM_DOWN) : pair->charges_down;
    return json_pack("{s:s,s:f,s:o,s:o}", "kind",
                     kinds[job->by_links ? costs->link : job->table.link], "rtt_s", job->link.rtt_s,
                     "up_s_per_byte", up ? json_real(job->link.up_s_per_byte) : json_null(),
                     "down_s_per_byte", down ? json_real(job->link.down_s_per_byte) : json_null());
}

enum status job_json(FILE *out, const struct job *job, const char *output, const char *binary,
                     struct error *error)
{
    const struct link_table *links = &job->links.table;
    const struct link_certificate *linked = &job->links.certificate;
    bool by_links = job->by_links;
    const struct objective *objective = objective_of(job);
    char text[OBJECTIVE_TEXT_SIZE];
    json_t *root = json_pack("{s:s,s:s,s:s,s:o,s:s,s:o,s:o}", "schema", "rnnmap.gen/1", "version",
                             RNNMAP_VERSION, "name", job->name, "campaign",
                             name_json(job->campaign.name), "samples_sha256", job->set.digest,
                             "output", output ? name_json(output) : json_null(), "binary",
                             binary ? name_json(binary) : json_null());
    json_t *asked = json_pack(
        "{s:s,s:s,s:s?,s:o,s:o,s:o,s:o,s:f,s:o}", "objective", objective_text(objective, text),
        "statistic", statistic_name(job->statistic), "regret_unit", objective_unit(objective),
        "weighted_over", means_json(job), "energy", energy_json(job), "lengths_given",
        lengths_json(job), "link", link_json(job), "max_regret",
        by_links ? links->max_regret : job->table.max_regret, "targets", targets_json(job));
    json_t *decided = json_pack(
        "{s:I,s:o,s:o,s:o,s:o,s:o,s:I,s:I}", "n_max",
        (json_int_t)(by_links ? links->costs.n_max : job->table.threshold.n_max), "choose",
        by_links ? link_choose_json(job) : choose_json(job), "choose_rtt",
        by_links ? json_null() : choose_rtt_json(job), "choose_links",
        by_links ? choose_links_json(job) : json_null(), "candidates",
        by_links ? json_null() : candidates_json(job), "break_even", break_even_json(job),
        "lengths", (json_int_t)(by_links ? linked->n_lengths : job->certificate.n_lengths),
        "lengths_checked", (json_int_t)(by_links ? linked->n_lengths : job->certificate.n_checked));
    bool failed = json_object_update(root, asked) != 0 || json_object_update(root, decided) != 0 ||
                  json_dumpf(root, out, JSON_INDENT(2)) != 0;
    json_decref(asked);
    json_decref(decided);
    json_decref(root);
    if (failed)
        return error_set(error, STATUS_NO_MEMORY,
                         "out of memory for the document, or standard output is full");
    fputc('\n', out);
    return STATUS_OK;
}
