// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What to ship, by what was found: the generated header where it is better than the better single
 * device beyond the noise, else that device alone. With a deadline or a budget, what misses it less
 * often is better, whatever it takes. Pure.
 */
#ifndef EVALUATOR_ADVICE_H
#define EVALUATOR_ADVICE_H

#include "evaluator/report.h"

#include <stdio.h>

enum advice {
    ADVICE_NONE,   /* rnnmap was not among the policies */
    ADVICE_HEADER, /* it is better than the better single device, 95 % */
    ADVICE_SINGLE, /* it is worse, 95 % */
    ADVICE_EITHER, /* they do not differ visibly */
    N_ADVICES
};
enum advice advice_of(const struct evaluation *evaluation);

/* The advice over n cells (at least one), and what it saves, a line each. */
void advice_text(const struct cell *cells, size_t n, FILE *out);

/* Whether the header pays in some cell. */
bool advice_is_header(const struct cell *cells, size_t n);

/* The rnngen command that makes it, for a shell: of n cells (at least one), such that it knows the
 * bandwidth where rnnmap did in one of those that it wins. To be freed, NULL: no memory. */
char *advice_command(const char *db, const struct cell *cells, size_t n);

#endif
