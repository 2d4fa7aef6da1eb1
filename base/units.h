// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Numbers and quantities as people write them, to and from the project's own units. A parser takes
 * the whole text or fails: "12abc", "", "1e999" and "nan" are errors, never a number.
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* What a text measures, and the unit its value comes back in. */
enum dimension {
    DIMENSION_TIME,   /* seconds: ns us ms s m min h; bare numbers are ms */
    DIMENSION_POWER,  /* watts: uW mW W kW; bare numbers are W */
    DIMENSION_ENERGY, /* joules: uJ mJ J kJ; bare numbers are J */
    DIMENSION_SIZE,   /* bytes: B kB MB GB KiB MiB GiB; bare numbers are bytes */
    DIMENSION_RATE,   /* bit/s: bit/s kbit/s Mbit/s Gbit/s; bare numbers are Mbit/s; "unlimited" is
                         INFINITY */
    DIMENSION_FRACTION, /* 1: %; bare numbers are fractions */
    N_DIMENSIONS
};

/* A decimal integer in min .. max. STATUS_INVALID: it is not; *value is untouched. */
enum status parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value,
                      struct error *error);

/* A finite decimal number. STATUS_INVALID: it is not; *value is untouched. */
enum status parse_real(const char *text, double *value, struct error *error);

/* A number with an optional unit of the dimension ("20ms", "1.5 W"), at least 0.
 * STATUS_INVALID: it is not; *value is untouched. */
enum status parse_quantity(const char *text, enum dimension dimension, double *value,
                           struct error *error);

/* "true|yes|on|1" or "false|no|off|0". STATUS_INVALID: neither. */
enum status parse_flag(const char *text, int *value, struct error *error);

enum { UNITS_TEXT_SIZE = 48 };

/* A time in the unit that suits it, three significant digits or more: "0.212 us", "12.3 ms",
 * "4.56 s". `text` has room for UNITS_TEXT_SIZE; returned. */
const char *format_time(double seconds, char *text);

/* Energy and power likewise: "1.23 mJ", "-400 nJ", "4.56 W"; zero is "0.00 J". `text` as above;
 * returned. */
const char *format_energy(double joules, char *text);
const char *format_power(double watts, char *text);

/* A rate likewise: "9.6 kbit/s", "10 Mbit/s", "unlimited" for INFINITY. `text` as above; returned.
 */
const char *format_rate(double bit_s, char *text);

/* A duration for people: "47 s", "3 min 20 s", "2 h 05 min". `text` as above; returned. */
const char *format_duration(double seconds, char *text);

#endif
