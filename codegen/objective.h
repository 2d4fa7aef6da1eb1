// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a decision is to save: objectives over the expected time and the expected energy of one
 * inference at each target. This is the definition that integer programs, certificates, replays and
 * tests are held to; nothing here knows how a decision is represented.
 *
 * Thread rule: no state.
 */
#ifndef CODEGEN_OBJECTIVE_H
#define CODEGEN_OBJECTIVE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum objective_kind {
    OBJECTIVE_TIME,
    OBJECTIVE_ENERGY,
    OBJECTIVE_WEIGHTED,           /* W of time and 1-W of energy, each over the device's own mean */
    OBJECTIVE_EDP,                /* energy-delay product */
    OBJECTIVE_ENERGY_AT_DEADLINE, /* least energy among those that meet the deadline, else fastest
                                   */
    OBJECTIVE_TIME_AT_ENERGY,     /* fastest among those within the budget, else least energy */
    N_OBJECTIVES
};

struct objective {
    enum objective_kind kind;
    double parameter; /* W in 0..1, deadline in s, budget in J; 0 where the kind has none */
    /* The device's mean time (s) and energy (J), each > 0, by which `weighted` divides. */
    double mean_time_s, mean_energy_j;
};

/* "time", "energy", "weighted:W", "edp", "energy@deadline:MS" (units of time accepted),
 * "time@energy:J" (units of energy accepted). The means are set to 1.
 * STATUS_MISUSE: none of them, or a parameter that makes no sense; the message begins with
 * --objective. */
enum status objective_parse(const char *text, struct objective *objective, struct error *error);

/* The text that objective_parse reads back as the same objective. Returned. */
enum { OBJECTIVE_TEXT_SIZE = 64 };
const char *objective_text(const struct objective *objective, char text[OBJECTIVE_TEXT_SIZE]);

/* Whether `weighted` has no means to divide by yet: those that parsing leaves. */
bool objective_lacks_means(const struct objective *objective);

struct expected_cost;
/* Takes the device's means, as far as the objective looks at them. STATUS_INVALID: 0 or less. */
enum status objective_set_means(struct objective *objective, const struct expected_cost *mean,
                                struct error *error);

/* Which of the two an objective looks at. */
bool objective_needs_time(const struct objective *objective);
bool objective_needs_energy(const struct objective *objective);

/* Whether it is one number that adds up over requests; the other two are ordered by rank first. */
bool objective_is_scalar(const struct objective *objective);

/* What one inference is expected to take somewhere. One that the objective does not look at may be
 * NAN. */
struct expected_cost {
    double time_s, energy_j;
};

/* The unit of its values: "s", "J", "" (a number), "J s"; NULL where ranks have different ones. */
const char *objective_unit(const struct objective *objective);

/*
 * A cost as the objective orders it: a lower rank is always better, then a lower value. Scalar
 * objectives have rank 0 only. With a deadline or a budget rank 0 holds what meets it, valued in J
 * (or s), rank 1 what does not, valued in s (or J). What just meets it does.
 */
struct objective_value {
    int rank;
    double value;
};
struct objective_value objective_value_of(const struct objective *objective,
                                          const struct expected_cost *cost);

/* What is to be least, whatever its limits: a cost's value at rank 0. Adds up over requests but for
 * the energy-delay product, whose sum is one of products. Its unit: "s", "J", "" or "J s". */
double objective_measure(const struct objective *objective, const struct expected_cost *cost);
const char *objective_measure_unit(const struct objective *objective);

/* The least of n >= 1 costs; ties go to the first. */
size_t objective_best(const struct objective *objective, const struct expected_cost *costs,
                      size_t n);

/*
 * What `chosen` costs more than `best`, in the unit of the better one's value, and relative to it.
 * Of different ranks it is by how much the chosen one misses the deadline or the budget, relative
 * to that. Never below 0; INFINITY relative to a cost of 0.
 */
struct objective_regret {
    double absolute, relative;
};
struct objective_regret objective_regret_of(const struct objective *objective,
                                            const struct expected_cost *chosen,
                                            const struct expected_cost *best);

#endif
