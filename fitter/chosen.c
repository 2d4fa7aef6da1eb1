// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/chosen.h"

#include "fitter/choose.h"
#include "fitter/knots.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 4, 5))) static void say(const struct fit_options *options,
                                                      const char *target, enum quantity quantity,
                                                      const char *format, ...)
{
    char text[ERROR_TEXT_SIZE], line[ERROR_TEXT_SIZE + 80];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(line, sizeof line, "%.40s, %s: %s", target, quantity_name(quantity), text);
    if (options->remark)
        options->remark(options->user, line);
}

static void say_note(const struct fit_options *options, const char *target, enum quantity quantity,
                     const struct fit *fit, const struct choice_note *note)
{
    char significant[CHOICE_TEXT_SIZE], chosen[CHOICE_TEXT_SIZE], validated[CHOICE_TEXT_SIZE];
    choice_text(&fit->shape, chosen);
    if (note->irrelevant)
        say(options, target, quantity,
            "%s is significant, but changes no prediction of %s by more than %.2g %% "
            "(--tolerance %.3g%%)",
            choice_text(&note->significant, significant), chosen, 100 * note->change,
            100 * options->tolerance);
    if (!options->automatic && fit->form != options->form)
        say(options, target, quantity, "no %s pays: %s",
            options->form == FORM_STEP ? "step" : "knot", chosen);
    if (note->doubted)
        say(options, target, quantity,
            "%s has the least BIC, but %s predicts lengths left out better (%.2g %% less squares)",
            chosen, choice_text(&note->validated, validated), 100 * note->validated_gain);
    if (fit->form == FORM_PIECEWISE && !fit->exact_knots)
        say(options, target, quantity,
            "the knots are the best that a local search found: too many lengths or knots to be "
            "sure of the best of all");
}

enum status fit_chosen(const struct series *series, const struct fit_options *options,
                       bool straight, const char *target, enum quantity quantity, struct fit *fit,
                       struct error *error)
{
    struct choice choice = {
        .automatic = options->automatic,
        .form = options->form,
        .lenient = options->lenient,
        .straight = straight || !options->curved,
        .max_knots = options->max_knots > 0 ? options->max_knots : (size_t)CHOICE_MAX_KNOTS,
        .tolerance = options->tolerance,
    };
    struct choice_note note;
    if (straight && !choice.automatic && choice.form != FORM_CONSTANT && choice.form != FORM_LINEAR)
        return error_set(error, STATUS_UNSUPPORTED,
                         "form %s is not available where the number of round trips is fitted with "
                         "it: choose linear",
                         form_name(choice.form));
    enum status status = choose_fit(series, &choice, fit, &note, error);
    if (!status)
        say_note(options, target, quantity, fit, &note);
    if (!status && series->n_lengths == 1)
        say(options, target, quantity,
            "all samples have length %u: nothing tells how it grows with the length",
            series->lengths[0].length);
    uint32_t doubtful = status ? 0 : knots_doubtful_length(series, fit);
    if (doubtful)
        say(options, target, quantity,
            "a knot may lie on either side of length %u, with few lengths beside it: intervals of "
            "the "
            "slopes there are too short; measure more lengths about it",
            doubtful);
    return status;
}
