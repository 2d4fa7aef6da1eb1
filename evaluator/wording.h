// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How reports speak of an objective: the unit its figures are printed in, and the words for more
 * and less of it.
 */
#ifndef EVALUATOR_WORDING_H
#define EVALUATOR_WORDING_H

#include "codegen/objective.h"

struct wording {
    const char *noun;   /* "time" */
    const char *unit;   /* of tables: "ms" */
    double scale;       /* from the measure's own unit to that */
    const char *better; /* "faster" */
    const char *worse;
};

struct wording wording_of(const struct objective *objective);

/* A figure of the objective in a unit that suits it, "12.3 ms". `text` has room for
 * UNITS_TEXT_SIZE; returned. */
const char *wording_format(const struct objective *objective, double measure, char *text);

#endif
