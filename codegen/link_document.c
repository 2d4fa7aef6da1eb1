// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/document_private.h"

static json_t *target_json(const struct job *job, int target)
{
    return name_json(job->targets[target].name);
}

static json_t *regret_json(const struct link_regret *regret)
{
    return json_pack("{s:o,s:o,s:I}", "worst", real_or_null(regret->worst), "worst_relative",
                     real_or_null(regret->worst_relative), "worst_length",
                     (json_int_t)regret->worst_n);
}

json_t *link_choose_json(const struct job *job)
{
    const struct target_switches *choose = &job->links.table.choose;
    const struct link_regret *regret = &job->links.certificate.choose;
    json_t *at = json_array(), *to = json_array(), *cost = regret_json(regret);
    for (size_t i = 0; i < choose->n_at; i++) {
        json_array_append_new(at, json_integer(choose->at[i].from));
        json_array_append_new(to, target_json(job, choose->at[i].target));
    }
    if (cost) {
        json_object_set_new(cost, "expected", real_or_null(regret->expected));
        json_object_set_new(cost, "expected_relative", real_or_null(regret->expected_relative));
    }
    return json_pack("{s:s,s:o,s:o,s:o,s:o}", "representation",
                     choose->n_at ? "threshold" : "constant", "at_length_0",
                     target_json(job, choose->first), "changes_at", at, "changes_to", to, "regret",
                     cost);
}

static json_t *error_json(const struct linear_forms *forms, const struct form_error *error)
{
    static const char *const kinds[] = {
        [COST_TIME] = "time_s", [COST_ENERGY] = "energy_j", [COST_WEIGHTED] = "weighted"};
    return json_pack(
        "{s:s,s:f,s:o,s:o,s:o,s:o,s:o}", "of", kinds[forms->kind], "unit", forms->unit, "relative",
        real_or_null(error->relative), "absolute", real_or_null(error->absolute), "per_rtt_us",
        real_or_null(error->per[TERM_RTT]), "per_up_ps_per_byte", real_or_null(error->per[TERM_UP]),
        "per_down_ps_per_byte", real_or_null(error->per[TERM_DOWN]));
}

json_t *choose_links_json(const struct job *job)
{
    const struct link_table *table = &job->links.table;
    const struct link_certificate *certificate = &job->links.certificate;
    if (table->costs.link == LINK_FIXED)
        return json_null();
    json_t *errors = json_array(), *links = json_array(), *worst = regret_json(&certificate->links);
    for (size_t f = 0; f < table->n_forms; f++)
        json_array_append_new(errors, error_json(&table->forms[f], &certificate->errors[f]));
    for (size_t i = 0; i + 1 < table->costs.n_targets; i++) {
        const struct link_state *state = &certificate->links.worst_links[i];
        json_array_append_new(links,
                              json_pack("{s:I,s:I,s:I}", "rtt_us", (json_int_t)state->rtt_us,
                                        "up_ps_per_byte", (json_int_t)state->up_ps_per_byte,
                                        "down_ps_per_byte", (json_int_t)state->down_ps_per_byte));
    }
    if (worst)
        json_object_set_new(worst, "worst_links", links);
    return json_pack(
        "{s:s,s:I,s:o,s:o,s:o,s:o,s:I,s:I}", "function",
        table->costs.n_targets > 2 ? "choose_links" : "choose_link", "table_bytes",
        (json_int_t)link_table_size(table), "bound_relative",
        real_or_null(certificate->bound_relative), "bound_absolute",
        table->rule == RULE_PRODUCT ? json_null() : real_or_null(certificate->bound_absolute),
        "compared_as_if_off_by", errors, "regret_met", worst, "links_priced",
        (json_int_t)certificate->n_priced, "lengths_priced", (json_int_t)certificate->n_checked);
}
