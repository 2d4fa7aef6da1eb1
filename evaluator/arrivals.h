// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * When requests are made, by the option --arrivals:
 *
 *   closed             the next one when the one before is answered and the think time has passed
 *   poisson:RATE       independent of the answers: exponential gaps, RATE a second on average
 *   bursts:SIZE,EVERY  SIZE at the same moment, the next SIZE a time EVERY later
 *
 * Every policy must meet the same link at the same request, or differences between policies would
 * be differences between links. So the clock of a closed loop is that of a device that runs
 * everything itself: its times do not depend on the link or on the policy.
 */
#ifndef EVALUATOR_ARRIVALS_H
#define EVALUATOR_ARRIVALS_H

#include "base/random.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum arrival_kind { ARRIVALS_CLOSED, ARRIVALS_POISSON, ARRIVALS_BURSTS };

struct arrivals {
    enum arrival_kind kind;
    double think_s; /* closed */
    double rate;    /* poisson, a second */
    uint64_t size;  /* bursts */
    double every_s; /* bursts */
};

/* Leaves think_s as it is. STATUS_MISUSE: the text is none of the above. */
enum status arrivals_parse(const char *text, struct arrivals *arrivals, struct error *error);

/* When the next request is made: after request i, made at at_s, which the device runs in edge_s. */
double arrivals_next(const struct arrivals *arrivals, uint64_t i, double at_s, double edge_s,
                     struct random *random);

/* Whether requests come whether or not those before are answered, so that they queue. */
bool arrivals_open(const struct arrivals *arrivals);

enum { ARRIVALS_TEXT_SIZE = 96 };

/* What it is, for reports; `text` has room for ARRIVALS_TEXT_SIZE; returned. */
const char *arrivals_describe(const struct arrivals *arrivals, char *text);

#endif
