// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The forms that the functions of a header could have had: what each takes, what its decisions
 * cost, and why one was chosen.
 *
 * Life cycle: candidates_list; nothing is owned, the table must outlive the list.
 */
#ifndef CODEGEN_CANDIDATES_H
#define CODEGEN_CANDIDATES_H

#include "codegen/certificate.h"

#include <stdio.h>

enum { CANDIDATES_MAX = 12, CANDIDATE_TEXT_SIZE = 80 };

struct candidate {
    const char *function; /* "choose", "choose_rtt" */
    const char *form;
    bool fits, is_chosen;
    struct footprint footprint; /* valid where it fits, as the regret */
    struct regret regret;
    char why[CANDIDATE_TEXT_SIZE];
};

/* Those of choose, then those of choose_rtt (LINK_RTT only). Their number. */
size_t candidates_list(const struct decision_table *table, const struct histogram *lengths,
                       struct candidate list[CANDIDATES_MAX]);

/* As a table of text. */
void candidates_print(const struct candidate *list, size_t n, FILE *out);

#endif
