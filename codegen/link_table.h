// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Decisions by the state of one or several links, and between more than two targets, as an integer
 * program: what headers made with --link rtt+bandwidth, or of campaigns with several endpoints,
 * compute. Their text and every check of them come from this one struct.
 *
 * Life cycle: link_table_build, any number of questions (from any threads at once),
 * link_table_free. The model set is not copied and must outlive the table.
 */
#ifndef CODEGEN_LINK_TABLE_H
#define CODEGEN_LINK_TABLE_H

#include "codegen/linear_form.h"

/* How forms become a decision. Ties go to the lowest target. */
enum link_rule {
    RULE_LEAST,   /* the least first form */
    RULE_PRODUCT, /* the least product of the two, exactly, in 128 bits */
    RULE_LIMIT    /* the first form must not exceed the limit; of those that do not the least second
                     form, else the least first */
};

/* The target at the design link: `first` for n = 0, from each length of `at` on another. */
struct target_switches {
    int first;
    struct target_switch {
        uint32_t from;
        int target;
    } * at; /* n_at, ascending; owned */
    size_t n_at;
};

/* As many changes as a table of segments may have rows. */
enum { SWITCHES_MAX = 64 };

struct link_table {
    struct cost_set costs;
    double max_regret;
    struct target_switches choose;
    /* The rest where the link is not fixed. */
    enum link_rule rule;
    size_t n_forms;   /* 1 or 2 */
    double tolerance; /* that the forms were fitted with */
    struct linear_forms forms[2];
    uint64_t limit;                         /* of the first form, in its units */
    struct integer_map remote[TARGETS_MAX]; /* from 1 on; always there */
};

/* `max_regret` < 0: 0, or 0.001 where a model is curved.
 * STATUS_UNSUPPORTED: too many segments; costs whose product has no least because they are
 * negative.  STATUS_MISUSE: a regret or a link that makes no sense. */
enum status link_table_build(const struct cost_set *costs, double max_regret,
                             struct link_table *table, struct error *error);

/* What NAME_choose(n) says. */
int link_table_choose_fixed(const struct link_table *table, uint32_t n);

/* What NAME_choose_link(n, ...) and NAME_choose_links(n, links) say: one state per endpoint. With a
 * fixed link as above. */
int link_table_choose(const struct link_table *table, uint32_t n, const struct link_state *links);

/* What NAME_remote_us(n) or NAME_TARGET_remote_us(n) says. */
uint32_t link_table_remote_us(const struct link_table *table, size_t target, uint32_t n);

/* Bytes of constants that are not in instructions: what segments of the forms take. */
size_t link_table_size(const struct link_table *table);

void link_table_free(struct link_table *table);

#endif
