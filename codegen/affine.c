// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Integer lines in the cheapest arithmetic. Any line inside the band will do, so the numbers are
 * chosen by what they cost on the smallest processors: a Cortex-M0+ loads 0..255 with one
 * instruction, shifted by any distance with two, and everything else from a word of memory.
 */
#include "codegen/intmap_private.h"

#include <math.h>
#include <stdlib.h>

static const double two32 = 4294967296.0, two31 = 2147483648.0;

uint64_t affine_value(const struct affine *affine, uint32_t n)
{
    uint32_t m = n < affine->limit ? n : affine->limit;
    if (affine->bits == 64) {
        uint64_t wide = affine->a + affine->b * m;
        return affine->may_be_negative && wide >> 63 ? 0 : wide >> affine->shift;
    }
    uint32_t x = (uint32_t)affine->a + (uint32_t)affine->b * m;
    if (affine->fraction)
        x += affine->fraction * m >> affine->fraction_shift;
    return affine->may_be_negative && x >> 31 ? 0 : x >> affine->shift;
}

int constant_cost(uint64_t value)
{
    if (value <= 255)
        return 2;
    if (value <= 510)
        return 4;
    uint64_t odd = value;
    while (odd % 2 == 0)
        odd /= 2;
    return odd <= 255 ? 4 : 6;
}

/* Compilers replace products with few nonzero signed digits by chains of shifts and additions,
 * which take more instructions than the product. */
static bool is_chain(int64_t factor)
{
    uint64_t rest = factor < 0 ? 0 - (uint64_t)factor : (uint64_t)factor;
    int n_digits = 0;
    for (; rest; rest >>= 1) {
        if (rest % 2 == 0)
            continue;
        n_digits++;
        rest = rest % 4 == 3 ? rest + 1 : rest - 1;
    }
    return n_digits >= 2 && n_digits <= 4;
}

/* An intercept added behind the shift, where a small number needs no register. */
bool affine_adds_last(int64_t a, int64_t b, unsigned shift)
{
    return shift > 0 && a > 0 && b > 0 && a % ((int64_t)1 << shift) == 0 && a >> shift <= 510;
}

/* Whether whole numbers least .. greatest fit into 32 bits, with a sign where one is needed. */
static bool fits_32_bits(int64_t least, int64_t greatest)
{
    return least < 0 ? least >= INT32_MIN && greatest <= INT32_MAX : greatest <= UINT32_MAX;
}

static int line_cost(const struct integer_line *line, bool may_be_negative)
{
    int64_t size = line->a < 0 ? -line->a : line->a;
    int cost = constant_cost((uint64_t)size);
    if (affine_adds_last(line->a, line->b, line->shift))
        cost = line->a >> line->shift <= 255 ? 0 : 2;
    cost += (line->shift ? 2 : 0) + (may_be_negative ? 6 : 0);
    cost += line->b == 0 ? 0 : line->b > 0 && line->b <= 255 ? 4 : 8;
    return cost + (is_chain(line->b) ? 4 : 0);
}

struct search {
    const struct band *band;
    bool found;
    int cost;
    double slack;
    struct integer_line line;
    struct line_range range;
};

/* Takes the line when it is inside, fits 32 bits, and beats the best so far. */
static void try_line(struct search *search, int64_t a, int64_t b, unsigned shift)
{
    struct integer_line line = {a, b, shift};
    struct line_range range = line_check(search->band, &line);
    if (range.slack < 0 || !fits_32_bits(range.least, range.greatest))
        return;
    if (a < -(int64_t)UINT32_MAX || a > UINT32_MAX || b < -(int64_t)UINT32_MAX || b > UINT32_MAX)
        return;
    int cost = line_cost(&line, range.least < 0);
    if (search->found &&
        (cost > search->cost || (cost == search->cost && range.slack <= search->slack)))
        return;
    *search = (struct search){search->band, true, cost, range.slack, line, range};
}

/* Numbers of low .. high (as far as they are whole) that are cheap to load. */
static void try_intercepts(struct search *search, double low, double high, int64_t b,
                           unsigned shift)
{
    low = fmax(ceil(low), -two32);
    high = fmin(ceil(high) - 1, two32);
    if (low > high)
        return;
    int64_t least = (int64_t)low, most = (int64_t)high;
    try_line(search, least + (most - least) / 2, b, shift);
    if (least <= 0 && most >= 0)
        try_line(search, 0, b, shift);
    if (most < 0 || least > 0) {
        bool negative = most < 0;
        int64_t from = negative ? -most : least, to = negative ? -least : most;
        try_line(search, negative ? -from : from, b, shift);
        for (unsigned k = 0; k < 32 && from >> k; k++) {
            int64_t step = (int64_t)1 << k, tidy = (from + step - 1) / step;
            /* the middle one of those that fit, for it is the most accurate */
            int64_t most_tidy = k == shift ? 510 : 255;
            int64_t last = to / step < most_tidy ? to / step : most_tidy;
            if (tidy <= last) {
                int64_t a = (tidy + last) / 2 * step;
                try_line(search, negative ? -a : a, b, shift);
            }
        }
    }
}

bool affine_fit_narrow(const struct band *band, const struct line_region *region,
                       struct affine *affine)
{
    struct search search = {.band = band};
    int n_near = band->n_pieces > 64 ? 1 : 6;
    for (unsigned shift = 0; shift < 32; shift++) {
        double scale = ldexp(1, (int)shift);
        double least = ceil(region->slope_low * scale);
        double most = floor(region->slope_high * scale);
        if (least > most || least < -two32 || most > two32)
            continue;
        double middle = floor((least + most) / 2);
        for (double b = fmax(least, middle - n_near); b <= fmin(most, middle + n_near); b++) {
            double low, high;
            line_intercepts(band, b / scale, &low, &high);
            try_intercepts(&search, low * scale, high * scale, (int64_t)b, shift);
        }
    }
    if (!search.found)
        return false;
    *affine = (struct affine){.bits = 32,
                              .a = (uint32_t)search.line.a,
                              .b = (uint32_t)search.line.b,
                              .shift = search.line.shift,
                              .may_be_negative = search.range.least < 0,
                              .limit = band->n_limit};
    return true;
}

/*
 * Slope = whole + fraction/2^shift, intercept in whole microseconds: two products of 32 bits reach
 * as far as one of 64.
 */
bool affine_fit_split(const struct band *band, const struct line_region *region,
                      struct affine *affine)
{
    unsigned shift = 31;
    while (shift > 0 && ldexp(band->n_limit, (int)shift) >= two32)
        shift--;
    double scale = ldexp(1, (int)shift), low, high;
    line_intercepts(band, (region->slope_low + region->slope_high) / 2, &low, &high);
    if (!(fabs(low) < two31) && !(fabs(high) < two31))
        return false;
    double start = fabs(low) < two31 ? ceil(low) : floor(high);
    for (double a = start - 2; a <= start + 2; a++) {
        if (!line_slopes(band, 0, 2 * band->n_pieces - 1, 0, a, &low, &high))
            continue;
        double slope = floor((ceil(low * scale) + floor(high * scale)) / 2);
        if (!(fabs(slope) < 0x1p62))
            continue;
        struct integer_line line = {(int64_t)(a * scale), (int64_t)slope, shift};
        struct line_range range = line_check(band, &line);
        int64_t least = range.least >> shift, greatest = range.greatest >> shift;
        if (range.slack < 0 || !fits_32_bits(least, greatest))
            continue;
        int64_t whole = (int64_t)floor(slope / scale);
        *affine = (struct affine){.bits = 32,
                                  .a = (uint32_t)(int64_t)a,
                                  .b = (uint32_t)whole,
                                  .fraction =
                                      (uint32_t)((int64_t)slope - (int64_t)((double)whole * scale)),
                                  .fraction_shift = shift,
                                  .may_be_negative = least < 0,
                                  .limit = band->n_limit};
        return true;
    }
    return false;
}

bool affine_fit_wide(const struct band *band, const struct line_region *region,
                     struct affine *affine)
{
    const int64_t end_62 = (int64_t)1 << 62;
    bool found = false;
    /* the most accurate whose numbers fit into 32 bits, else the most accurate of all */
    for (unsigned shift = 40; shift-- > 0;) {
        double scale = ldexp(1, (int)shift), low, high;
        double b = floor((region->slope_low + region->slope_high) / 2 * scale);
        if (!(fabs(b) < 0x1p61))
            continue;
        line_intercepts(band, b / scale, &low, &high);
        double a = floor((fmax(low, -two32) + fmin(high, 2 * two32)) / 2 * scale);
        if (!(fabs(a) < 0x1p61))
            continue;
        struct integer_line line = {(int64_t)a, (int64_t)b, shift};
        struct line_range range = line_check(band, &line);
        if (range.slack < 0 || range.least < -end_62 || range.greatest >= end_62 ||
            range.greatest >> shift > UINT32_MAX)
            continue;
        bool small = fabs(a) < two31 && fabs(b) < two31;
        if (found && !small)
            continue;
        *affine = (struct affine){.bits = 64,
                                  .a = (uint64_t)line.a,
                                  .b = (uint64_t)line.b,
                                  .shift = shift,
                                  .may_be_negative = range.least < 0,
                                  .limit = band->n_limit};
        found = true;
        if (small)
            break;
    }
    return found;
}

/* The nearer of a number modulo 2^32 and its negative, which are equally dear. */
static int64_t least_size(uint64_t value)
{
    uint32_t x = (uint32_t)value, negative = 0 - x;
    return x <= INT32_MAX ? (int64_t)x : -(int64_t)negative;
}

/* Loading a factor and multiplying by it. */
static int product_cost(uint64_t factor)
{
    return factor == 0 ? 0 : factor <= 255 ? 4 : 8;
}

int affine_code_bytes(const struct affine *affine)
{
    if (affine->fraction)
        return constant_cost((uint64_t)llabs(least_size(affine->a))) + 2 +
               product_cost((uint64_t)llabs(least_size(affine->b))) + (affine->b ? 2 : 0) +
               product_cost(affine->fraction) + 2 + (affine->may_be_negative ? 6 : 0);
    const struct integer_line line = {least_size(affine->a), least_size(affine->b), affine->shift};
    return line_cost(&line, affine->may_be_negative);
}
