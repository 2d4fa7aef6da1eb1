// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/tool.h"
#include "codegen/emit_private.h"
#include "codegen/header_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const choose_names[] = {"choose_link", "choose_links"};
static const char *const kind_units[] = {
    [COST_TIME] = "s", [COST_ENERGY] = "J", [COST_WEIGHTED] = "of the device's means"};
static const char *const kind_words[] = {
    [COST_TIME] = "time", [COST_ENERGY] = "energy", [COST_WEIGHTED] = "cost"};
_Static_assert(sizeof kind_units / sizeof *kind_units == N_COST_KINDS &&
                   sizeof kind_words / sizeof *kind_words == N_COST_KINDS,
               "one of each per kind");

static const char *choose_name(const struct link_table *table)
{
    return choose_names[table->costs.n_targets > 2];
}

void put_link_targets(FILE *out, const struct link_facts *links)
{
    for (size_t k = 0; k < links->table->costs.n_targets; k++)
        put_target(out, k ? "" : "targets", links->names->of[k], &links->targets[k]);
}

/* ---- the link */

static void put_bandwidth(FILE *out, const struct cost_set *costs, enum link_term direction)
{
    double s_per_byte =
        direction == TERM_UP ? costs->design.up_s_per_byte : costs->design.down_s_per_byte;
    const char *where = direction == TERM_UP ? "up" : "down";
    char number[NUMBER_TEXT_SIZE];
    if (!cost_set_charges(costs, direction))
        put_fact(out, "", "the time of bytes %s is in the times measured, whatever the link",
                 where);
    else if (s_per_byte > 0)
        put_fact(out, "", "and %s s per byte %s (%.6g Mbit/s)", number_text(s_per_byte, number),
                 where, 8e-6 / s_per_byte);
    else
        put_fact(out, "", "and bytes that take no time %s", where);
}

static void put_link(FILE *out, const struct cost_set *costs, bool has_rtt)
{
    static const char *const kinds[] = {
        [LINK_FIXED] = "fixed: a round trip of",
        [LINK_RTT] = "the product measures the round trips; the design link's:",
        [LINK_BANDWIDTH] =
            "the product measures round trips and times per byte; the design link's:"};
    char number[NUMBER_TEXT_SIZE];
    put_fact(out, "link", "%s %s s", kinds[costs->link], number_text(costs->design.rtt_s, number));
    put_bandwidth(out, costs, TERM_UP);
    put_bandwidth(out, costs, TERM_DOWN);
    if (!has_rtt)
        put_fact(out, "", "no round trips were measured: remote times hold the link of then");
}

static void put_models(FILE *out, const struct header_facts *facts)
{
    const struct cost_model *list[COST_MODELS_MAX];
    size_t n = cost_set_models(&facts->links->table->costs, list);
    const struct model_set *set = facts->set;
    for (size_t i = 0; i < n; i++) {
        bool first = list[i] >= set->models && list[i] < set->models + set->n_models;
        put_model(out, first ? set : facts->means, list[i]);
    }
}

/* ---- what was decided */

static void put_switches(FILE *out, const struct link_facts *links)
{
    const struct target_switches *choose = &links->table->choose;
    put_fact(out, "choose", "%s%s", links->names->of[choose->first],
             choose->n_at ? " for the shortest inputs" : " always");
    for (size_t i = 0; i < choose->n_at; i++)
        put_fact(out, "", "%s from length %" PRIu32 " on", links->names->of[choose->at[i].target],
                 choose->at[i].from);
}

static void put_forms(FILE *out, const struct link_table *table)
{
    char number[NUMBER_TEXT_SIZE];
    for (size_t f = 0; f < table->n_forms; f++)
        put_fact(out, f ? "" : "table", "%s in units of %s %s", kind_words[table->forms[f].kind],
                 number_text(table->forms[f].unit, number), kind_units[table->forms[f].kind]);
    put_fact(out, "", "%s: %zu bytes of table", choose_name(table), link_table_size(table));
}

/* ---- the certificate */

static const char *spaced_unit(const struct header_facts *facts, char text[16])
{
    const char *unit = objective_unit(&facts->links->table->costs.objective);
    snprintf(text, 16, "%s%s", unit && *unit ? " " : "", unit ? unit : "");
    return text;
}

static void put_choose_regret(FILE *out, const struct header_facts *facts)
{
    const struct link_regret *regret = &facts->links->certificate->choose;
    char unit[16];
    spaced_unit(facts, unit);
    put_fact(out, "certificate",
             "choose: worst regret %.6g%s (%.6g %%), expected %.6g%s (%.6g %%)%s", regret->worst,
             unit, 100 * regret->worst_relative, regret->expected, unit,
             100 * regret->expected_relative, modelled(facts));
}

/* How far from its cost each form is at most. */
static void put_error(FILE *out, const struct linear_forms *forms, const struct form_error *error)
{
    static const char *const numbers[] = {"us of round trip", "ps per byte up", "ps per byte down"};
    put_fact(out, "", "each %s is compared as if off by at most %.3g %% and %.3g %s",
             kind_words[forms->kind], 100 * error->relative, error->absolute,
             kind_units[forms->kind]);
    for (size_t t = 0; t < N_LINK_TERMS; t++) {
        if (error->per[t] > 0)
            put_fact(out, "", "and %.3g %s for each %s", error->per[t], kind_units[forms->kind],
                     numbers[t]);
    }
}

static void put_bound(FILE *out, const struct header_facts *facts)
{
    const struct link_table *table = facts->links->table;
    const struct link_certificate *certificate = facts->links->certificate;
    const struct linear_forms *last = &table->forms[table->n_forms - 1];
    if (table->rule == RULE_PRODUCT)
        put_fact(out, "", "%s: proved: at most %.3g %% above the best, and what follows from:",
                 choose_name(table), 100 * certificate->bound_relative);
    else
        put_fact(out, "", "%s: proved: at most %.3g %% and %.3g %s above the best%s",
                 choose_name(table), 100 * certificate->bound_relative, certificate->bound_absolute,
                 kind_units[last->kind], table->rule == RULE_LIMIT ? " that keeps the limit" : "");
    for (size_t f = 0; f < table->n_forms; f++)
        put_error(out, &table->forms[f], &certificate->errors[f]);
}

static void put_worst(FILE *out, const struct header_facts *facts)
{
    const struct link_certificate *certificate = facts->links->certificate;
    const struct link_regret *regret = &certificate->links;
    size_t n_endpoints = facts->links->table->costs.n_targets - 1;
    char unit[16];
    put_fact(out, "", "worst met at %" PRIu64 " links: %.6g%s (%.6g %%)%s", certificate->n_priced,
             regret->worst, spaced_unit(facts, unit), 100 * regret->worst_relative,
             modelled(facts));
    if (!(regret->worst > 0))
        return;
    for (size_t i = 0; i < n_endpoints; i++) {
        const struct link_state *link = &regret->worst_links[i];
        put_fact(out, "",
                 "%s length %" PRIu32 ", %s: %" PRIu32 " us, %" PRIu32 " and %" PRIu32
                 " ps per byte",
                 i ? "   " : "at", regret->worst_n, facts->links->names->of[i + 1], link->rtt_us,
                 link->up_ps_per_byte, link->down_ps_per_byte);
    }
}

static void put_certificate(FILE *out, const struct header_facts *facts)
{
    const struct link_certificate *certificate = facts->links->certificate;
    const struct link_table *table = facts->links->table;
    put_choose_regret(out, facts);
    if (table->costs.link != LINK_FIXED) {
        put_bound(out, facts);
        put_worst(out, facts);
    }
    put_fact(out, "", "remote_us: within %.6g s", certificate->worst_remote_s);
    put_fact(out, "", "against the models above at all %" PRIu64 " lengths 0..2*N_MAX%s",
             certificate->n_lengths, table->costs.link == LINK_FIXED ? "" : "; the worst met at");
    if (table->costs.link != LINK_FIXED)
        put_fact(out, "", "%" PRIu64 " of them, at corners of the links and changes of decision",
                 certificate->n_checked);
    put_fact(out, "", "expected: %s",
             facts->lengths ? "over the lengths above" : "the lengths 1..N_MAX equally likely");
}

void put_link_decision(FILE *out, const struct header_facts *facts)
{
    const struct link_facts *links = facts->links;
    put_link(out, &links->table->costs, facts->set->has_rtt);
    put_models(out, facts);
    put_switches(out, links);
    if (links->table->costs.link != LINK_FIXED)
        put_forms(out, links->table);
    put_certificate(out, facts);
}
