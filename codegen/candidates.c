// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/candidates.h"

#include "base/texttable.h"

/* Why a form of a function of the length does not fit. */
static const char *const misfits[N_MAP_FORMS] = {
    [MAP_FORM_AFFINE] = "no line with one product of 32 bits stays within what is accepted",
    [MAP_FORM_SPLIT] = "no line with two products of 32 bits stays within what is accepted",
    [MAP_FORM_WIDE] = "no line of 64 bits stays within what is accepted",
    [MAP_FORM_SEGMENTS] = "more than 64 segments would be needed",
    [MAP_FORM_BUCKETED] = "more than 4096 rows would be needed, or one that is always cloud",
};

static size_t size_of(const struct footprint *footprint)
{
    return footprint->code_bytes + footprint->table_bytes;
}

/* ---- choose: by how often the decision changes */

static size_t list_choose(const struct decision_table *table, const struct regret *regret,
                          struct candidate *list)
{
    static const struct {
        enum representation representation;
        size_t most;
    } rows[] = {{REPRESENTATION_CONSTANT, 0},
                {REPRESENTATION_THRESHOLD, 2},
                {REPRESENTATION_SEGMENTS, SIZE_MAX}};
    size_t n_rows = sizeof rows / sizeof *rows, n_at = table->switches.n_at;
    for (size_t i = 0; i < n_rows; i++) {
        struct candidate *c = &list[i];
        *c = (struct candidate){.function = "choose",
                                .form = representation_name(rows[i].representation),
                                .fits = n_at <= rows[i].most,
                                .is_chosen = table->choose == rows[i].representation,
                                .footprint = switches_footprint(n_at, rows[i].representation),
                                .regret = *regret};
        if (c->is_chosen)
            snprintf(c->why, sizeof c->why, "chosen: the smallest for a decision that changes %s",
                     n_at == 0   ? "nowhere"
                     : n_at == 1 ? "once"
                                 : "more than once");
        else if (c->fits)
            snprintf(c->why, sizeof c->why, "larger");
        else
            snprintf(c->why, sizeof c->why, "changes of the decision: %zu", n_at);
    }
    return n_rows;
}

/* ---- choose_rtt */

static void say_why(struct candidate *c, enum map_form form, const struct candidate *chosen)
{
    size_t size = size_of(&c->footprint), least = size_of(&chosen->footprint);
    if (!c->fits)
        snprintf(c->why, sizeof c->why, "%s", misfits[form]);
    else if (c == chosen)
        snprintf(c->why, sizeof c->why, "chosen: the fewest bytes");
    else if (size > least)
        snprintf(c->why, sizeof c->why, "%zu bytes more", size - least);
    else
        snprintf(c->why, sizeof c->why, "as small, but no fewer instructions");
}

static size_t list_choose_rtt(const struct decision_table *table, const struct histogram *lengths,
                              struct candidate *list)
{
    const struct candidate constant = {.function = "choose_rtt",
                                       .form = representation_name(REPRESENTATION_CONSTANT),
                                       .fits = table->choose_rtt == REPRESENTATION_CONSTANT,
                                       .is_chosen = table->choose_rtt == REPRESENTATION_CONSTANT,
                                       .footprint = switches_footprint(0, REPRESENTATION_CONSTANT)};
    list[0] = constant;
    snprintf(list[0].why, sizeof list[0].why, "%s",
             constant.fits ? "chosen: one decision is good at every length and round trip"
                           : "the decision depends on the length and the round trip");
    if (constant.fits) {
        list[0].regret = certificate_make(table, lengths).choose_rtt;
        return 1;
    }
    for (int i = 0; i < N_MAP_FORMS; i++) {
        struct decision_table other = *table;
        struct candidate *c = &list[1 + i];
        other.break_even = table->forms.forms[i].map;
        *c = (struct candidate){.function = "choose_rtt",
                                .form = map_form_name((enum map_form)i),
                                .fits = table->forms.forms[i].fits,
                                .is_chosen = (int)table->forms.chosen == i,
                                .footprint = table->forms.forms[i].footprint};
        if (c->fits)
            c->regret = certificate_make(&other, lengths).choose_rtt;
    }
    for (int i = 0; i < N_MAP_FORMS; i++)
        say_why(&list[1 + i], (enum map_form)i, &list[1 + table->forms.chosen]);
    return 1 + N_MAP_FORMS;
}

size_t candidates_list(const struct decision_table *table, const struct histogram *lengths,
                       struct candidate list[CANDIDATES_MAX])
{
    struct regret regret = certificate_make(table, lengths).choose;
    size_t n = list_choose(table, &regret, list);
    _Static_assert(3 + 1 + N_MAP_FORMS <= CANDIDATES_MAX, "room for all");
    if (table->link == LINK_RTT)
        n += list_choose_rtt(table, lengths, list + n);
    return n;
}

void candidates_print(const struct candidate *list, size_t n, FILE *out)
{
    struct text_table *table =
        text_table_new("<function|<form|code bytes|table bytes|instructions|worst regret|<why");
    for (size_t i = 0; i < n; i++) {
        const struct candidate *c = &list[i];
        text_table_cell(table, "%s", c->function);
        text_table_cell(table, "%s", c->form);
        if (c->fits) {
            text_table_cell(table, "%u", c->footprint.code_bytes);
            text_table_cell(table, "%zu", c->footprint.table_bytes);
            text_table_cell(table, "%.3g", c->footprint.instructions);
            text_table_cell(table, "%.3g %%", 100 * c->regret.worst_relative);
        } else {
            for (int cell = 0; cell < 4; cell++)
                text_table_cell(table, "-");
        }
        text_table_cell(table, "%s", c->why);
    }
    text_table_print(table, out, 0);
    text_table_free(table);
    fputs("Estimates: bytes on a Cortex-M0+ (-Os), instructions executed on x86-64 (-O2).\n", out);
}
