// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which form a series has: all of them are fitted, and the one with the least BIC stands, unless a
 * simpler one predicts the same.
 *
 * With many samples every real curve is bent significantly. A knot, a quadratic term or a step must
 * also matter: change the prediction at some length by more than a tolerance. A quadratic must also
 * leave significantly less squares than the piecewise line with the least BIC, although it has
 * fewer parameters: few noisy samples cannot tell the two apart, and lines serve a device better
 * (their table is exact, and they do not curve away beyond the lengths measured).
 */
#ifndef FITTER_CHOOSE_H
#define FITTER_CHOOSE_H

#include "base/status.h"
#include "fitter/fit.h"

#include <stdbool.h>

enum { CHOICE_MAX_KNOTS = 4, CHOICE_MAX_LEVELS = FIT_MAX_KNOTS + 1 };

struct choice {
    bool automatic; /* among all forms; else `form`, with as many knots or steps as BIC has it, one
                       at least */
    enum model_form form;
    bool lenient;     /* not automatic: no knot or step at all where none pays */
    bool straight;    /* automatic: constant or linear only */
    size_t max_knots; /* 1 .. CHOICE_MAX_KNOTS */
    double tolerance; /* relative to a prediction; 0: significance alone */
};

/* What else there is to say of a choice. */
struct choice_note {
    /* A shape with less BIC, of which no prediction differs by more than the tolerance; its largest
     * difference, relative. */
    bool irrelevant;
    struct fit_shape significant;
    double change;
    /* A shape that predicts lengths left out better, by more than two standard errors of the
     * difference over lengths. */
    bool doubted;
    struct fit_shape validated;
    double validated_gain; /* the share of the squares that it saves */
};

/* STATUS_INVALID: too few lengths or samples for the form.  STATUS_NO_MEMORY. */
enum status choose_fit(const struct series *series, const struct choice *choice, struct fit *fit,
                       struct choice_note *note, struct error *error);

/* "linear", "piecewise with 2 knots", "step with 3 levels"; `text` has room for
 * CHOICE_TEXT_SIZE; returned. */
enum { CHOICE_TEXT_SIZE = 48 };
const char *choice_text(const struct fit_shape *shape, char *text);

#endif
