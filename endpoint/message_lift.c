// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/message_private.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nesting that no message of the protocol needs, and fields besides tensors' values. */
enum { MAX_DEPTH = 32, MAX_FIELDS = 4096, MAX_DIGITS = 18, MAX_EXPONENT = 60 };

struct scan {
    const char *at, *end;
    const char *copied; /* what is before it is in the result */
    size_t depth, n_values, n_rows;
    bool gave_up; /* no lifting, only counting */
    struct lifted *lifted;
    const struct message_limits *limits;
};

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

/* `mantissa` times ten to the power of `exponent`, off by a few parts in 2^53: a double's last
 * bits, of which a float keeps none. Exact where both fit (Clinger 1990: up to 2^53 and 10^22). */
static double scale(uint64_t mantissa, int exponent)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    double value = (double)mantissa;
    for (; exponent > 22; exponent -= 22)
        value *= powers[22];
    for (; exponent < -22; exponent += 22)
        value /= powers[22];
    return exponent >= 0 ? value * powers[exponent] : value / powers[-exponent];
}

/* Decimal digits onto *mantissa; their count. */
static int read_digits(const char **at, const char *end, uint64_t *mantissa)
{
    const char *start = *at;
    for (; *at < end && **at >= '0' && **at <= '9' && *at - start <= MAX_DIGITS; (*at)++)
        *mantissa = *mantissa * 10 + (uint64_t)(**at - '0');
    return (int)(*at - start);
}

/* The exponent after 'e'; false when it is none, or a large one. */
static bool read_exponent(const char **at, const char *end, int *exponent)
{
    uint64_t digits = 0;
    bool negative = *at < end && **at == '-';
    *at += *at < end && (**at == '-' || **at == '+');
    int n = read_digits(at, end, &digits);
    *exponent += negative ? -(int)digits : (int)digits;
    return n > 0 && n <= 3;
}

/* One number of JSON's grammar (RFC 8259, section 6); false for anything else, and for those with
 * so many digits that they want care. */
static bool read_number(const char **at, const char *end, union lifted_number *number, bool *real)
{
    uint64_t mantissa = 0;
    int exponent = 0, n_fraction = 0;
    bool negative = *at < end && **at == '-';
    *at += negative;
    const char *first = *at;
    int n_digits = read_digits(at, end, &mantissa);
    if (n_digits == 0 || (n_digits > 1 && *first == '0'))
        return false;
    *real = *at < end && (**at == '.' || **at == 'e' || **at == 'E');
    if (*real && **at == '.') {
        (*at)++;
        n_fraction = read_digits(at, end, &mantissa);
        if (n_fraction == 0)
            return false;
    }
    if (n_digits + n_fraction > MAX_DIGITS)
        return false;
    if (!*real) {
        number->integer = negative ? -(int64_t)mantissa : (int64_t)mantissa;
        return true;
    }
    if (*at < end && (**at == 'e' || **at == 'E')) {
        (*at)++;
        if (!read_exponent(at, end, &exponent))
            return false;
    }
    exponent -= n_fraction;
    if (exponent > MAX_EXPONENT || exponent < -MAX_EXPONENT)
        return false;
    number->real = negative ? -scale(mantissa, exponent) : scale(mantissa, exponent);
    return true;
}

static void add_number(struct lifted_array *array, union lifted_number number, bool real)
{
    if (real && array->first_real == array->n) {
        for (size_t i = 0; i < array->n; i++)
            array->numbers[i].real = (double)array->numbers[i].integer;
    } else if (!real && array->first_real < array->n) {
        number.real = (double)number.integer;
    }
    array->first_real += !real && array->first_real == array->n;
    array->numbers[array->n++] = number;
}

/* A flat array of numbers from '[' to ']'. *whole is false, and *at anywhere, if it is another. */
static enum status read_array(const char **at, const char *end, size_t max_values,
                              struct lifted_array *array, bool *whole, struct error *error)
{
    *whole = false;
    *at = skip_blanks(*at + 1, end);
    for (;;) {
        union lifted_number number;
        bool real;
        if (!read_number(at, end, &number, &real))
            return STATUS_OK;
        if (array->n >= max_values)
            return error_set(error, STATUS_INVALID,
                             "a tensor's data has more than the %zu values that are allowed",
                             max_values);
        enum status status = array_reserve(&array->numbers, array->n, &array->capacity,
                                           sizeof array->numbers[0], error);
        if (status)
            return status;
        add_number(array, number, real);
        *at = skip_blanks(*at, end);
        if (*at == end || (**at != ',' && **at != ']'))
            return STATUS_OK;
        if (*(*at)++ == ']')
            break;
        *at = skip_blanks(*at, end);
    }
    *whole = true;
    return STATUS_OK;
}

/* Everything up to `to` into the result. */
static enum status copy_up_to(struct scan *scan, const char *to, struct error *error)
{
    enum status status =
        message_put(&scan->lifted->text, scan->copied, (size_t)(to - scan->copied), error);
    scan->copied = to;
    return status;
}

/* At the value of a "data" (scan->at): takes it out, or gives up. */
static enum status lift_array(struct scan *scan, struct error *error)
{
    struct lifted *lifted = scan->lifted;
    struct lifted_array *array = &lifted->arrays[lifted->n_arrays];
    const char *at = scan->at;
    char index[16];
    bool whole = false;
    if (at == scan->end || *at != '[' || lifted->n_arrays == MESSAGE_MAX_TENSORS) {
        scan->gave_up = true;
        return STATUS_OK;
    }
    lifted->n_arrays++;
    enum status status =
        read_array(&at, scan->end, scan->limits->max_values - scan->n_values, array, &whole, error);
    if (status || !whole) {
        scan->gave_up = true;
        return status;
    }
    scan->n_values += array->n;
    snprintf(index, sizeof index, "%zu", lifted->n_arrays - 1);
    status = copy_up_to(scan, scan->at, error);
    if (!status)
        status = message_put(&lifted->text, index, strlen(index), error);
    scan->copied = scan->at = at;
    return status;
}

/* At a string's opening quote: moves behind it, and lifts what follows if it is a key "data". */
static enum status pass_string(struct scan *scan, struct error *error)
{
    const char *start = ++scan->at;
    while (scan->at < scan->end && *scan->at != '"') {
        if (*scan->at == '\\') { /* a key that reads as "data" once it is unescaped */
            scan->gave_up = true;
            scan->at++;
        }
        scan->at++;
    }
    if (scan->at >= scan->end) {
        scan->at = scan->end;
        return STATUS_OK;
    }
    bool data = scan->at - start == 4 && memcmp(start, "data", 4) == 0;
    scan->at++;
    if (!data || scan->gave_up)
        return STATUS_OK;
    const char *colon = skip_blanks(scan->at, scan->end);
    if (colon == scan->end || *colon != ':')
        return STATUS_OK; /* a string, not a key */
    scan->at = skip_blanks(colon + 1, scan->end);
    return lift_array(scan, error);
}

static enum status pass_byte(struct scan *scan, struct error *error)
{
    switch (*scan->at) {
    case '"':
        return pass_string(scan, error);
    case ',':
        scan->n_values++;
        break;
    case '[':
    case '{':
        scan->n_rows++;
        if (++scan->depth > MAX_DEPTH)
            return error_set(error, STATUS_INVALID, "JSON is nested deeper than %d", MAX_DEPTH);
        break;
    case ']':
    case '}':
        scan->depth -= scan->depth > 0;
        break;
    }
    scan->at++;
    return STATUS_OK;
}

enum status message_lift(const char *bytes, size_t n, const struct message_limits *limits,
                         struct lifted *lifted, struct error *error)
{
    const struct message_limits wide = {limits->max_values + limits->max_rows + MAX_FIELDS,
                                        limits->max_rows + MAX_FIELDS};
    const char *start = bytes ? bytes : "";
    struct scan scan = {
        .at = start, .end = start + n, .copied = start, .lifted = lifted, .limits = &wide};
    enum status status = STATUS_OK;
    *lifted = (struct lifted){0};
    while (scan.at < scan.end && !status) {
        status = pass_byte(&scan, error);
        if (!status && scan.n_values > wide.max_values)
            status =
                error_set(error, STATUS_INVALID,
                          "JSON has more than the %zu values that are allowed", limits->max_values);
        if (!status && scan.n_rows > wide.max_rows)
            status = error_set(error, STATUS_INVALID,
                               "JSON has more than the %zu arrays and objects that are allowed",
                               limits->max_rows);
    }
    if (!status && !scan.gave_up && lifted->n_arrays > 0) {
        status = copy_up_to(&scan, scan.end, error);
        lifted->is_lifted = !status;
    }
    if (!lifted->is_lifted)
        message_lifted_free(lifted);
    return status;
}

void message_lifted_free(struct lifted *lifted)
{
    for (size_t i = 0; i < lifted->n_arrays; i++)
        free(lifted->arrays[i].numbers);
    message_text_free(&lifted->text);
    *lifted = (struct lifted){0};
}
