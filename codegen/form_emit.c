// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One function per target and kind of cost computes its form; the choice compares what they return.
 * With one endpoint the numbers of its link are arguments, with several they come in structs.
 */
#include "codegen/emit_private.h"
#include "codegen/link_emit_private.h"

#include <inttypes.h>
#include <string.h>

/* What is written, and to where. */
struct text {
    FILE *out;
    const char *name;
    const struct link_table *table;
    const struct target_names *targets;
};

static const char *const kind_names[] = {
    [COST_TIME] = "time", [COST_ENERGY] = "energy", [COST_WEIGHTED] = "cost"};
_Static_assert(sizeof kind_names / sizeof *kind_names == N_COST_KINDS, "one name per kind");

static const char *const term_names[] = {"rtt", "up", "down"};
static const char *const arguments[] = {"rtt_us", "up_ps_per_byte", "down_ps_per_byte"};
_Static_assert(sizeof arguments / sizeof *arguments == N_LINK_TERMS, "one argument per term");

static bool has_several(const struct text *text)
{
    return text->table->costs.n_targets > 2;
}

static void put_target(const struct text *text, int target)
{
    emit_upper(text->out, text->name);
    fputc('_', text->out);
    emit_upper(text->out, text->targets->of[target]);
}

/* ---- definitions */

static void put_targets(const struct text *text)
{
    FILE *out = text->out;
    fputs("enum {", out);
    for (size_t k = 0; k < text->table->costs.n_targets; k++) {
        fputs(has_several(text) ? "\n    " : " ", out);
        put_target(text, (int)k);
        fprintf(out, " = %zu%s", k, k + 1 < text->table->costs.n_targets ? "," : "");
    }
    if (has_several(text)) {
        fputs(",\n    ", out);
        emit_upper(out, text->name);
        fprintf(out, "_N_TARGETS = %zu\n};\n\n", text->table->costs.n_targets);
    } else {
        fputs(" };\n\n", out);
    }
}

static void put_link_struct(const struct text *text)
{
    bool bandwidth = text->table->costs.link == LINK_BANDWIDTH;
    fprintf(
        text->out,
        "/* The link to an endpoint now: a round trip in microseconds, and the time that a byte "
        "takes up and\n * down in picoseconds (8000000000000 over bit/s)%s. */\n"
        "struct %s_link {\n    uint32_t rtt_us;\n    uint32_t up_ps_per_byte;\n"
        "    uint32_t down_ps_per_byte;\n};\n\n",
        bandwidth ? ""
                  : "; these two are not looked at here: decisions\n * hold at the design "
                    "link's bandwidth",
        text->name);
}

/* ---- forms */

/* Names the helper of a part of a form: "imdb_cloud_time_up", or without `part` the form itself. */
static void put_form_name(const struct text *text, const struct linear_forms *forms, size_t target,
                          const char *part)
{
    fprintf(text->out, "%s_%s_%s%s%s", text->name, text->targets->of[target],
            kind_names[forms->kind], part ? "_" : "", part ? part : "");
}

/* A map that is not constant becomes a function of its own. */
static void put_helper(const struct text *text, const struct linear_forms *forms, size_t target,
                       const char *part, const struct integer_map *map)
{
    uint64_t value;
    if (integer_map_is_constant(map, &value))
        return;
    fputs("static inline uint32_t ", text->out);
    put_form_name(text, forms, target, part);
    fputs("(uint32_t n)\n{\n", text->out);
    emit_map(text->out, USE_VALUE, map);
    fputs("}\n\n", text->out);
}

static void put_map_value(const struct text *text, const struct linear_forms *forms, size_t target,
                          const char *part, const struct integer_map *map)
{
    uint64_t value;
    if (integer_map_is_constant(map, &value)) {
        fprintf(text->out, "%" PRIu64 "u", value);
        return;
    }
    put_form_name(text, forms, target, part);
    fputs("(n)", text->out);
}

static void put_term(const struct text *text, const struct linear_forms *forms, size_t target,
                     size_t t)
{
    const struct form_term *term = &forms->of[target].terms[t];
    const char *of = has_several(text) ? "link->" : "";
    fprintf(text->out, "%s((uint64_t)%s%s * ", term->shift ? "(" : "", of, arguments[t]);
    put_map_value(text, forms, target, term_names[t], &term->factor);
    fputc(')', text->out);
    if (term->shift)
        fprintf(text->out, " >> %u)", term->shift);
}

static bool has_terms(const struct linear_form *form)
{
    return form->terms[TERM_RTT].there || form->terms[TERM_UP].there ||
           form->terms[TERM_DOWN].there;
}

/* Names the arguments that nothing is done with. */
static void put_unused(const struct text *text, const struct linear_form *form)
{
    uint64_t value;
    bool n_used = !integer_map_is_constant(&form->base, &value);
    for (size_t t = 0; t < N_LINK_TERMS; t++)
        n_used = n_used ||
                 (form->terms[t].there && !integer_map_is_constant(&form->terms[t].factor, &value));
    if (!n_used)
        fputs("    (void)n;\n", text->out);
    if (has_several(text) && !has_terms(form))
        fputs("    (void)link;\n", text->out);
    for (size_t t = 0; !has_several(text) && t < N_LINK_TERMS; t++) {
        if (!form->terms[t].there)
            fprintf(text->out, "    (void)%s;\n", arguments[t]);
    }
}

static void put_sum(const struct text *text, const struct linear_forms *forms, size_t target)
{
    const struct linear_form *form = &forms->of[target];
    uint64_t base;
    bool first = integer_map_is_constant(&form->base, &base) && base == 0 && has_terms(form);
    fputs("    return ", text->out);
    if (!first)
        put_map_value(text, forms, target, "base", &form->base);
    for (size_t t = 0; t < N_LINK_TERMS; t++) {
        if (!form->terms[t].there)
            continue;
        fputs(first ? "" : " +\n           ", text->out);
        first = false;
        put_term(text, forms, target, t);
    }
    fputs(";\n", text->out);
}

/* The device's form is its base. */
static void put_device_form(const struct text *text, const struct linear_forms *forms)
{
    fputs("static inline uint32_t ", text->out);
    put_form_name(text, forms, 0, NULL);
    fputs("(uint32_t n)\n{\n", text->out);
    emit_map(text->out, USE_VALUE, &forms->of[0].base);
    fputs("}\n\n", text->out);
}

static void put_form(const struct text *text, const struct linear_forms *forms, size_t target)
{
    const struct linear_form *form = &forms->of[target];
    FILE *out = text->out;
    put_helper(text, forms, target, "base", &form->base);
    for (size_t t = 0; t < N_LINK_TERMS; t++) {
        if (form->terms[t].there)
            put_helper(text, forms, target, term_names[t], &form->terms[t].factor);
    }
    fputs("static inline uint64_t ", out);
    put_form_name(text, forms, target, NULL);
    if (has_several(text))
        fprintf(out, "(uint32_t n, const struct %s_link *link)\n{\n", text->name);
    else
        fputs("(uint32_t n, uint32_t rtt_us, uint32_t up_ps_per_byte, "
              "uint32_t down_ps_per_byte)\n{\n",
              out);
    put_unused(text, form);
    put_sum(text, forms, target);
    fputs("}\n\n", out);
}

static void put_forms(const struct text *text)
{
    static const char *const units[] = {"s", "J", "of the device's means"};
    char number[NUMBER_TEXT_SIZE];
    for (size_t f = 0; f < text->table->n_forms; f++) {
        const struct linear_forms *forms = &text->table->forms[f];
        fprintf(text->out,
                "/* The expected %s of an inference in units of %s %s%s.\n"
                " * No argument makes these sums exceed 64 bits. */\n",
                kind_names[forms->kind], number_text(forms->unit, number), units[forms->kind],
                forms->difference ? ":\n * at the endpoint what its link adds, on the device what "
                                    "it takes more than the endpoint without"
                                  : "");
        put_device_form(text, forms);
        for (size_t k = 1; k < text->table->costs.n_targets; k++)
            put_form(text, forms, k);
    }
}

/* ---- choices */

static void put_call(const struct text *text, size_t form, size_t target)
{
    put_form_name(text, &text->table->forms[form], target, NULL);
    if (target == 0)
        fputs("(n)", text->out);
    else if (has_several(text))
        fprintf(text->out, "(n, &link[%zu])", target - 1);
    else
        fputs("(n, rtt_us, up_ps_per_byte, down_ps_per_byte)", text->out);
}

static void put_assignment(const struct text *text, const char *variable, size_t form,
                           size_t target)
{
    fprintf(text->out, "    %s = ", variable);
    put_call(text, form, target);
    fputs(";\n", text->out);
}

/* Takes a target that is better, and what the next ones are compared with. */
static void put_best(const struct text *text, const char *condition, const char *const *kept,
                     size_t target)
{
    bool last = target + 1 == text->table->costs.n_targets;
    fprintf(text->out, "    if (%s) {\n", condition);
    for (size_t i = 0; !last && kept[i]; i++)
        fprintf(text->out, "        best_%s = %s;\n", kept[i], kept[i]);
    fputs("        best = ", text->out);
    put_target(text, (int)target);
    fputs(";\n    }\n", text->out);
}

static void put_first(const struct text *text)
{
    fputs("    int best = ", text->out);
    put_target(text, 0);
    fputs(";\n", text->out);
}

static void put_least(const struct text *text)
{
    static const char *const kept[] = {"cost", NULL};
    put_first(text);
    fputs("    uint64_t best_cost = ", text->out);
    put_call(text, 0, 0);
    fputs(";\n    uint64_t cost;\n\n", text->out);
    for (size_t k = 1; k < text->table->costs.n_targets; k++) {
        put_assignment(text, "cost", 0, k);
        put_best(text, "cost < best_cost", kept, k);
    }
}

/* The upper half of a product of 64 bits by 64, from four products of 32 by 32. */
static void put_product(const struct text *text)
{
    fprintf(text->out,
            "static inline uint64_t %s_upper(uint64_t a, uint64_t b)\n{\n"
            "    const uint64_t a0 = a & 0xffffffffu;\n    const uint64_t a1 = a >> 32;\n"
            "    const uint64_t b0 = b & 0xffffffffu;\n    const uint64_t b1 = b >> 32;\n"
            "    const uint64_t x = (a1 * b0) + ((a0 * b0) >> 32);\n"
            "    const uint64_t y = (a0 * b1) + (x & 0xffffffffu);\n\n"
            "    return (a1 * b1) + (x >> 32) + (y >> 32);\n}\n\n",
            text->name);
}

static void put_least_product(const struct text *text)
{
    static const char *const kept[] = {"upper", "lower", NULL};
    put_first(text);
    fputs("    uint64_t time = ", text->out);
    put_call(text, 0, 0);
    fputs(";\n    uint64_t energy = ", text->out);
    put_call(text, 1, 0);
    fprintf(text->out,
            ";\n    uint64_t best_upper = %s_upper(time, energy);\n"
            "    uint64_t best_lower = time * energy;\n"
            "    uint64_t upper;\n    uint64_t lower;\n\n",
            text->name);
    for (size_t k = 1; k < text->table->costs.n_targets; k++) {
        put_assignment(text, "time", 0, k);
        put_assignment(text, "energy", 1, k);
        fprintf(text->out, "    upper = %s_upper(time, energy);\n    lower = time * energy;\n",
                text->name);
        put_best(text, "(upper < best_upper) || ((upper == best_upper) && (lower < best_lower))",
                 kept, k);
    }
}

/* Whether the cost exceeds the limit, and what counts within it. */
static void put_limit(const struct text *text, const char *prefix, size_t target)
{
    fprintf(text->out,
            "    if (%scost > %" PRIu64 "ull) {\n        %smisses = 1;\n    } else {\n"
            "        %smisses = 0;\n        %scost = ",
            prefix, text->table->limit, prefix, prefix, prefix);
    put_call(text, 1, target);
    fputs(";\n    }\n", text->out);
}

static void put_limited(const struct text *text)
{
    static const char *const kept[] = {"cost", "misses", NULL};
    static const char condition[] =
        "(misses < best_misses) || ((misses == best_misses) && (cost < best_cost))";
    put_first(text);
    fputs("    uint64_t best_cost = ", text->out);
    put_call(text, 0, 0);
    fputs(";\n    uint64_t cost;\n    int best_misses;\n    int misses;\n\n", text->out);
    put_limit(text, "best_", 0);
    for (size_t k = 1; k < text->table->costs.n_targets; k++) {
        put_assignment(text, "cost", 0, k);
        put_limit(text, "", k);
        put_best(text, condition, kept, k);
    }
}

/* One endpoint and one form: a comparison. */
static void put_comparison(const struct text *text)
{
    fputs("    return (", text->out);
    put_call(text, 0, 1);
    fputs(" <\n            ", text->out);
    put_call(text, 0, 0);
    fputs(") ? 1 : 0;\n", text->out);
}

static void put_choose_links(const struct text *text)
{
    static void (*const bodies[])(const struct text *) = {
        [RULE_LEAST] = put_least, [RULE_PRODUCT] = put_least_product, [RULE_LIMIT] = put_limited};
    const struct link_table *table = text->table;
    if (table->rule == RULE_PRODUCT)
        put_product(text);
    if (has_several(text)) {
        fprintf(
            text->out,
            "/* Where to run an input of length n over the links of now: link[0] is that to the "
            "first endpoint, and\n * so on, %zu of them. */\n"
            "static inline int %s_choose_links(uint32_t n, const struct %s_link *link)\n{\n",
            table->costs.n_targets - 1, text->name, text->name);
    } else {
        fprintf(text->out,
                "/* Where to run an input of length n when a round trip takes rtt_us microseconds, "
                "and a byte\n * up_ps_per_byte and down_ps_per_byte picoseconds (8000000000000 "
                "over bit/s). */\n"
                "static inline int %s_choose_link(uint32_t n, uint32_t rtt_us, uint32_t "
                "up_ps_per_byte, uint32_t down_ps_per_byte)\n{\n",
                text->name);
    }
    if (table->forms[0].difference) {
        put_comparison(text);
    } else {
        bodies[table->rule](text);
        fputs("    return best;\n", text->out);
    }
    fputs("}\n\n", text->out);
}

static void put_choose_fixed(const struct text *text)
{
    const struct target_switches *choose = &text->table->choose;
    fprintf(text->out,
            "/* Where to run an input of length n over the design link. */\n"
            "static inline int %s_choose(uint32_t n)\n{\n",
            text->name);
    if (choose->n_at == 0) {
        fputs("    (void)n;\n    return ", text->out);
        put_target(text, choose->first);
        fputs(";\n}\n\n", text->out);
        return;
    }
    fputs("    int target = ", text->out);
    put_target(text, choose->first);
    fputs(";\n\n", text->out);
    for (size_t i = 0; i < choose->n_at; i++) {
        fprintf(text->out, "    if (n >= %" PRIu32 "u) {\n        target = ", choose->at[i].from);
        put_target(text, choose->at[i].target);
        fputs(";\n    }\n", text->out);
    }
    fputs("    return target;\n}\n\n", text->out);
}

static void put_remotes(const struct text *text)
{
    const struct cost_set *costs = &text->table->costs;
    for (size_t k = 1; k < costs->n_targets; k++) {
        const struct cost_pair *pair = &costs->times[k];
        bool bytes = costs->link != LINK_BANDWIDTH && (pair->charges_up || pair->charges_down);
        fprintf(text->out,
                "/* The time in microseconds that the endpoint is expected to take for an input of "
                "length n, without\n * the link%s. */\n",
                bytes ? "'s round trips, with the time of the bytes at the design link" : "");
        fprintf(text->out, "static inline uint32_t %s_%s%sremote_us(uint32_t n)\n{\n", text->name,
                has_several(text) ? text->targets->of[k] : "", has_several(text) ? "_" : "");
        emit_map(text->out, USE_VALUE, &text->table->remote[k]);
        fputs("}\n\n", text->out);
    }
}

void emit_link_functions(FILE *out, const char *name, const struct link_table *table,
                         const struct target_names *targets)
{
    const struct text text = {out, name, table, targets};
    emit_start(out, name, table->costs.n_max);
    put_targets(&text);
    if (has_several(&text) && table->costs.link != LINK_FIXED)
        put_link_struct(&text);
    put_choose_fixed(&text);
    if (table->costs.link != LINK_FIXED) {
        put_forms(&text);
        put_choose_links(&text);
    }
    put_remotes(&text);
    fputs("#endif\n", out);
}
