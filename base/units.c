// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    double factor;
};

enum { MAX_UNITS = 9 };

static const struct {
    const char *noun;
    const char *example;
    double bare; /* factor of a number without a unit */
    struct unit units[MAX_UNITS];
} dimensions[] = {
    [DIMENSION_TIME] =
        {"time",
         "20ms",
         1e-3,
         {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}}},
    [DIMENSION_POWER] = {"power", "1.5W", 1, {{"uW", 1e-6}, {"mW", 1e-3}, {"W", 1}, {"kW", 1e3}}},
    [DIMENSION_ENERGY] = {"energy", "30mJ", 1, {{"uJ", 1e-6}, {"mJ", 1e-3}, {"J", 1}, {"kJ", 1e3}}},
    [DIMENSION_SIZE] = {"size",
                        "64KiB",
                        1,
                        {{"B", 1},
                         {"kB", 1e3},
                         {"MB", 1e6},
                         {"GB", 1e9},
                         {"KiB", 1024},
                         {"MiB", 1048576},
                         {"GiB", 1073741824}}},
    [DIMENSION_RATE] = {"rate",
                        "10Mbit/s",
                        1e6,
                        {{"bit/s", 1}, {"kbit/s", 1e3}, {"Mbit/s", 1e6}, {"Gbit/s", 1e9}}},
    [DIMENSION_FRACTION] = {"fraction", "20%", 1, {{"%", 0.01}}},
};
_Static_assert(sizeof dimensions / sizeof dimensions[0] == N_DIMENSIONS, "one row a dimension");

enum status parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value,
                      struct error *error)
{
    char *end;
    errno = 0;
    unsigned long long parsed = isdigit((unsigned char)text[0]) ? strtoull(text, &end, 10) : 0;
    if (!isdigit((unsigned char)text[0]) || *end != '\0')
        return error_set(error, STATUS_INVALID, "'%s' is not a whole number", text);
    if (errno == ERANGE || parsed < min || parsed > max)
        return error_set(error, STATUS_INVALID, "%s is not in %llu..%llu", text,
                         (unsigned long long)min, (unsigned long long)max);
    *value = parsed;
    return STATUS_OK;
}

/* A decimal number at the start of `text`; strtod's hexadecimal, "inf" and "nan" are refused. */
static int leading_real(const char *text, double *value, const char **rest)
{
    const char *digits = text + (*text == '-' || *text == '+');
    if (!isdigit((unsigned char)*digits) && !(*digits == '.' && isdigit((unsigned char)digits[1])))
        return 0;
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
        return 0;
    char *end;
    double parsed = strtod(text, &end);
    if (!isfinite(parsed))
        return 0;
    *value = parsed;
    *rest = end;
    return 1;
}

enum status parse_real(const char *text, double *value, struct error *error)
{
    double parsed;
    const char *rest;
    if (!leading_real(text, &parsed, &rest) || *rest != '\0')
        return error_set(error, STATUS_INVALID, "'%s' is not a number", text);
    *value = parsed;
    return STATUS_OK;
}

enum status parse_quantity(const char *text, enum dimension dimension, double *value,
                           struct error *error)
{
    double parsed, factor = dimensions[dimension].bare;
    const char *rest;
    if (dimension == DIMENSION_RATE && strcmp(text, "unlimited") == 0) {
        *value = INFINITY;
        return STATUS_OK;
    }
    if (!leading_real(text, &parsed, &rest) || parsed < 0)
        goto bad;
    while (*rest == ' ')
        rest++;
    if (*rest != '\0') {
        const struct unit *unit = dimensions[dimension].units;
        while (unit->name && strcmp(unit->name, rest) != 0)
            unit++;
        if (!unit->name)
            goto bad;
        factor = unit->factor;
    }
    if (!isfinite(parsed * factor))
        goto bad;
    *value = parsed * factor;
    return STATUS_OK;
bad:
    return error_set(error, STATUS_INVALID, "'%s' is not a %s (such as %s)", text,
                     dimensions[dimension].noun, dimensions[dimension].example);
}

enum status parse_flag(const char *text, int *value, struct error *error)
{
    static const char *const words[][4] = {{"false", "no", "off", "0"}, {"true", "yes", "on", "1"}};
    for (int truth = 0; truth < 2; truth++) {
        for (int i = 0; i < 4; i++) {
            if (strcmp(text, words[truth][i]) == 0) {
                *value = truth;
                return STATUS_OK;
            }
        }
    }
    return error_set(error, STATUS_INVALID, "'%s' is neither true nor false", text);
}

/* A value in the unit that suits it, of four that a thousand lies between. */
static const char *format_scaled(double value, const struct unit scales[4], char *text)
{
    const struct unit *scale = scales;
    while (value != 0 && scale < scales + 3 && fabs(value) < scale->factor * 0.9995)
        scale++;
    double shown = value / scale->factor;
    if (fabs(shown) < 0.005)
        shown = 0; /* and not -0.00 */
    int decimals = fabs(shown) < 9.995 ? 2 : fabs(shown) < 99.95 ? 1 : 0;
    snprintf(text, UNITS_TEXT_SIZE, "%.*f %s", decimals, shown, scale->name);
    return text;
}

const char *format_time(double seconds, char *text)
{
    static const struct unit scales[] = {{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}};
    if (seconds != 0)
        return format_scaled(seconds, scales, text);
    snprintf(text, UNITS_TEXT_SIZE, "0 ms");
    return text;
}

const char *format_energy(double joules, char *text)
{
    static const struct unit scales[] = {{"J", 1}, {"mJ", 1e-3}, {"uJ", 1e-6}, {"nJ", 1e-9}};
    return format_scaled(joules, scales, text);
}

const char *format_power(double watts, char *text)
{
    static const struct unit scales[] = {{"W", 1}, {"mW", 1e-3}, {"uW", 1e-6}, {"nW", 1e-9}};
    return format_scaled(watts, scales, text);
}

const char *format_rate(double bit_s, char *text)
{
    static const struct unit scales[] = {
        {"Gbit/s", 1e9}, {"Mbit/s", 1e6}, {"kbit/s", 1e3}, {"bit/s", 1}};
    const struct unit *scale = scales;
    while (scale < scales + 3 && bit_s < scale->factor * 0.9995)
        scale++;
    double shown = bit_s / scale->factor;
    if (isinf(bit_s))
        snprintf(text, UNITS_TEXT_SIZE, "unlimited");
    else
        snprintf(text, UNITS_TEXT_SIZE, shown < 999.5 ? "%.3g %s" : "%.0f %s", shown, scale->name);
    return text;
}

const char *format_duration(double seconds, char *text)
{
    long s = lround(fmin(fmax(seconds, 0), 1e9));
    if (s < 60)
        snprintf(text, UNITS_TEXT_SIZE, "%ld s", s);
    else if (s < 3600)
        snprintf(text, UNITS_TEXT_SIZE, "%ld min %02ld s", s / 60, s % 60);
    else
        snprintf(text, UNITS_TEXT_SIZE, "%ld h %02ld min", s / 3600, s % 3600 / 60);
    return text;
}
