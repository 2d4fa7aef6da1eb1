// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/objective.h"

#include "base/units.h"
#include "codegen/emit_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double time_of(const struct objective *objective, const struct expected_cost *cost)
{
    (void)objective;
    return cost->time_s;
}

static double energy_of(const struct objective *objective, const struct expected_cost *cost)
{
    (void)objective;
    return cost->energy_j;
}

static double weighted_of(const struct objective *objective, const struct expected_cost *cost)
{
    double w = objective->parameter, sum = 0;
    if (w > 0)
        sum += w * cost->time_s / objective->mean_time_s;
    if (w < 1)
        sum += (1 - w) * cost->energy_j / objective->mean_energy_j;
    return sum;
}

static double product_of(const struct objective *objective, const struct expected_cost *cost)
{
    (void)objective;
    return cost->time_s * cost->energy_j;
}

typedef double value_function(const struct objective *, const struct expected_cost *);

static const struct row {
    const char *name;
    const char *unit; /* of the parameter in texts; NULL: there is none */
    enum dimension dimension;
    value_function *value;   /* what is least */
    value_function *limited; /* what the parameter limits; NULL: nothing */
    const char *value_unit;
} rows[] = {
    [OBJECTIVE_TIME] = {"time", NULL, 0, time_of, NULL, "s"},
    [OBJECTIVE_ENERGY] = {"energy", NULL, 0, energy_of, NULL, "J"},
    [OBJECTIVE_WEIGHTED] = {"weighted", "", DIMENSION_FRACTION, weighted_of, NULL, ""},
    [OBJECTIVE_EDP] = {"edp", NULL, 0, product_of, NULL, "J s"},
    [OBJECTIVE_ENERGY_AT_DEADLINE] = {"energy@deadline", "s", DIMENSION_TIME, energy_of, time_of,
                                      NULL},
    [OBJECTIVE_TIME_AT_ENERGY] = {"time@energy", "J", DIMENSION_ENERGY, time_of, energy_of, NULL},
};
_Static_assert(sizeof rows / sizeof *rows == N_OBJECTIVES, "one row per objective");

static enum status misused(const char *text, const char *why, struct error *error)
{
    return error_set(error, STATUS_MISUSE,
                     "--objective: '%s' %s: choose time, energy, weighted:W (W of time in 0..1), "
                     "edp, energy@deadline:MS or time@energy:J",
                     text, why);
}

enum status objective_parse(const char *text, struct objective *objective, struct error *error)
{
    size_t length = strcspn(text, ":");
    const char *argument = text[length] ? text + length + 1 : NULL;
    for (size_t i = 0; i < N_OBJECTIVES; i++) {
        const struct row *row = &rows[i];
        struct objective found = {.kind = (enum objective_kind)i, 0, 1, 1};
        if (strlen(row->name) != length || strncmp(row->name, text, length) != 0)
            continue;
        if (!row->unit && argument)
            return misused(text, "takes no parameter", error);
        if (row->unit && !argument)
            return misused(text, "lacks its parameter", error);
        if (row->unit && parse_quantity(argument, row->dimension, &found.parameter, NULL))
            return misused(text, "has a parameter that cannot be read", error);
        if (row->limited ? !(found.parameter > 0) : found.parameter > 1)
            return misused(text, row->limited ? "leaves nothing" : "weighs with more than 1",
                           error);
        *objective = found;
        return STATUS_OK;
    }
    return misused(text, "is none of those known", error);
}

const char *objective_text(const struct objective *objective, char text[OBJECTIVE_TEXT_SIZE])
{
    const struct row *row = &rows[objective->kind];
    char number[NUMBER_TEXT_SIZE] = "";
    if (row->unit)
        number_text(objective->parameter, number);
    snprintf(text, OBJECTIVE_TEXT_SIZE, "%s%s%s%s", row->name, row->unit ? ":" : "", number,
             row->unit ? row->unit : "");
    return text;
}

bool objective_needs_time(const struct objective *objective)
{
    return objective->kind != OBJECTIVE_ENERGY &&
           !(objective->kind == OBJECTIVE_WEIGHTED && objective->parameter <= 0);
}

bool objective_needs_energy(const struct objective *objective)
{
    return objective->kind != OBJECTIVE_TIME &&
           !(objective->kind == OBJECTIVE_WEIGHTED && objective->parameter >= 1);
}

bool objective_lacks_means(const struct objective *objective)
{
    bool given = objective->mean_time_s < 1 || objective->mean_time_s > 1 ||
                 objective->mean_energy_j < 1 || objective->mean_energy_j > 1;
    return objective->kind == OBJECTIVE_WEIGHTED && !given;
}

enum status objective_set_means(struct objective *objective, const struct expected_cost *mean,
                                struct error *error)
{
    bool time = objective_needs_time(objective), energy = objective_needs_energy(objective);
    if ((time && !(mean->time_s > 0)) || (energy && !(mean->energy_j > 0)))
        return error_set(error, STATUS_INVALID,
                         "the device's mean time or energy is 0 or less: nothing to weigh by");
    objective->mean_time_s = time ? mean->time_s : 1;
    objective->mean_energy_j = energy ? mean->energy_j : 1;
    return STATUS_OK;
}

bool objective_is_scalar(const struct objective *objective)
{
    return !rows[objective->kind].limited;
}

const char *objective_unit(const struct objective *objective)
{
    return rows[objective->kind].value_unit;
}

double objective_measure(const struct objective *objective, const struct expected_cost *cost)
{
    return rows[objective->kind].value(objective, cost);
}

const char *objective_measure_unit(const struct objective *objective)
{
    const struct row *row = &rows[objective->kind];
    return row->value_unit ? row->value_unit : row->value == time_of ? "s" : "J";
}

struct objective_value objective_value_of(const struct objective *objective,
                                          const struct expected_cost *cost)
{
    const struct row *row = &rows[objective->kind];
    if (row->limited && row->limited(objective, cost) > objective->parameter)
        return (struct objective_value){1, row->limited(objective, cost)};
    return (struct objective_value){0, row->value(objective, cost)};
}

size_t objective_best(const struct objective *objective, const struct expected_cost *costs,
                      size_t n)
{
    size_t best = 0;
    struct objective_value least = objective_value_of(objective, &costs[0]);
    for (size_t i = 1; i < n; i++) {
        struct objective_value value = objective_value_of(objective, &costs[i]);
        if (value.rank < least.rank || (value.rank == least.rank && value.value < least.value)) {
            least = value;
            best = i;
        }
    }
    return best;
}

struct objective_regret objective_regret_of(const struct objective *objective,
                                            const struct expected_cost *chosen,
                                            const struct expected_cost *best)
{
    struct objective_value mine = objective_value_of(objective, chosen);
    struct objective_value least = objective_value_of(objective, best);
    double base = mine.rank == least.rank ? least.value : objective->parameter;
    double above = mine.rank < least.rank ? 0 : fmax(mine.value - base, 0);
    double relative = above <= 0 ? 0 : base > 0 ? above / base : INFINITY;
    return (struct objective_regret){above, relative};
}
