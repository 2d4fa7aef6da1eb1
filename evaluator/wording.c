// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/wording.h"

#include "base/units.h"

#include <stdio.h>

#define TIME                                  \
    {                                         \
        "time", "ms", 1e3, "faster", "slower" \
    }
#define ENERGY                                       \
    {                                                \
        "energy", "mJ", 1e3, "thriftier", "hungrier" \
    }

static const struct wording wordings[] = {
    [OBJECTIVE_TIME] = TIME,
    [OBJECTIVE_ENERGY] = ENERGY,
    [OBJECTIVE_WEIGHTED] = {"weighted cost", "of 1", 1, "cheaper", "dearer"},
    [OBJECTIVE_EDP] = {"energy-delay product", "mJ s", 1e3, "cheaper", "dearer"},
    [OBJECTIVE_ENERGY_AT_DEADLINE] = ENERGY,
    [OBJECTIVE_TIME_AT_ENERGY] = TIME,
};
_Static_assert(sizeof wordings / sizeof *wordings == N_OBJECTIVES, "words for each objective");

struct wording wording_of(const struct objective *objective)
{
    return wordings[objective->kind];
}

const char *wording_format(const struct objective *objective, double measure, char *text)
{
    const char *unit = objective_measure_unit(objective);
    if (unit[0] == 's')
        return format_time(measure, text);
    if (unit[0] == 'J' && !unit[1])
        return format_energy(measure, text);
    snprintf(text, UNITS_TEXT_SIZE, "%.3g%s%s", measure, *unit ? " " : "", unit);
    return text;
}
