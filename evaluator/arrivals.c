// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/arrivals.h"

#include "base/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Requests that come closer or farther apart than any product's are mistakes in the unit. */
static const double rate_max = 1e6, rate_min = 1e-6, every_max_s = 1e6;

static enum status parse_rate(const char *text, struct arrivals *arrivals, struct error *error)
{
    enum status status = parse_real(text, &arrivals->rate, error);
    if (!status && (arrivals->rate < rate_min || arrivals->rate > rate_max))
        status = error_set(error, STATUS_INVALID, "%g requests a second are not in %g .. %g",
                           arrivals->rate, rate_min, rate_max);
    arrivals->kind = ARRIVALS_POISSON;
    return status;
}

static enum status parse_bursts(const char *text, struct arrivals *arrivals, struct error *error)
{
    char size[24];
    const char *comma = strchr(text, ',');
    if (!comma || (size_t)(comma - text) >= sizeof size)
        return error_set(error, STATUS_INVALID, "SIZE,EVERY is wanted (20,10s)");
    snprintf(size, sizeof size, "%.*s", (int)(comma - text), text);
    enum status status = parse_u64(size, 1, 1000000, &arrivals->size, error);
    if (!status)
        status = parse_quantity(comma + 1, DIMENSION_TIME, &arrivals->every_s, error);
    if (!status && (arrivals->every_s <= 0 || arrivals->every_s > every_max_s))
        status =
            error_set(error, STATUS_INVALID, "bursts cannot come every %g s", arrivals->every_s);
    arrivals->kind = ARRIVALS_BURSTS;
    return status;
}

static enum status parse_closed(const char *text, struct arrivals *arrivals, struct error *error)
{
    arrivals->kind = ARRIVALS_CLOSED;
    return *text ? error_set(error, STATUS_INVALID, "closed takes no figures (--think TIME does)")
                 : STATUS_OK;
}

enum status arrivals_parse(const char *text, struct arrivals *arrivals, struct error *error)
{
    static const struct {
        const char *prefix;
        enum status (*parse)(const char *text, struct arrivals *arrivals, struct error *error);
    } kinds[] = {{"closed", parse_closed}, {"poisson:", parse_rate}, {"bursts:", parse_bursts}};
    struct error why = {0};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t length = strlen(kinds[i].prefix);
        if (strncmp(text, kinds[i].prefix, length) != 0)
            continue;
        if (kinds[i].parse(text + length, arrivals, &why))
            return error_set(error, STATUS_MISUSE, "--arrivals '%s': %s", text, why.text);
        return STATUS_OK;
    }
    return error_set(error, STATUS_MISUSE,
                     "--arrivals: '%s' is none of closed, poisson:RATE (a second), "
                     "bursts:SIZE,EVERY",
                     text);
}

double arrivals_next(const struct arrivals *arrivals, uint64_t i, double at_s, double edge_s,
                     struct random *random)
{
    switch (arrivals->kind) {
    case ARRIVALS_POISSON:
        return at_s - log(1 - random_uniform(random)) / arrivals->rate;
    case ARRIVALS_BURSTS:
        return (double)((i + 1) / arrivals->size) * arrivals->every_s;
    case ARRIVALS_CLOSED:
    default:
        return at_s + edge_s + arrivals->think_s;
    }
}

bool arrivals_open(const struct arrivals *arrivals)
{
    return arrivals->kind != ARRIVALS_CLOSED;
}

const char *arrivals_describe(const struct arrivals *arrivals, char *text)
{
    char time[UNITS_TEXT_SIZE];
    if (arrivals->kind == ARRIVALS_POISSON)
        snprintf(text, ARRIVALS_TEXT_SIZE, "Poisson, %g a second", arrivals->rate);
    else if (arrivals->kind == ARRIVALS_BURSTS)
        snprintf(text, ARRIVALS_TEXT_SIZE, "bursts of %" PRIu64 " every %s", arrivals->size,
                 format_time(arrivals->every_s, time));
    else if (arrivals->think_s > 0)
        snprintf(text, ARRIVALS_TEXT_SIZE, "one after the other, %s apart",
                 format_time(arrivals->think_s, time));
    else
        snprintf(text, ARRIVALS_TEXT_SIZE, "one after the other");
    return text;
}
