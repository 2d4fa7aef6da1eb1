// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Functions of the length in integers, exactly as the generated header computes them: what is
 * emitted as C text is this struct, and integer_map_value interprets the same struct.
 *
 * Life cycle: filled by integer_map_choose (intmap_private.h), integer_map_free.
 */
#ifndef CODEGEN_INTMAP_H
#define CODEGEN_INTMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * With m = min(n, limit), modulo 2^bits:
 *     x = a + b*m + (fraction*m >> fraction_shift)        value = x >> shift
 * Where may_be_negative, an x with its top bit set stands for a negative number and its value is 0.
 */
struct affine {
    unsigned bits; /* 32 or 64 */
    uint64_t a, b;
    uint32_t fraction; /* 0: the term is not there */
    unsigned fraction_shift;
    unsigned shift;
    bool may_be_negative;
    uint32_t limit;
};

/* From length `from` on, in 64 bits: x = base*2^shift + slope*(m - from), value as above. */
struct segment_row {
    uint32_t from;
    int64_t base; /* us */
    int64_t slope;
};

struct segment_table {
    struct segment_row *rows; /* n_rows, ascending, the first from 0; owned */
    size_t n_rows;
    unsigned shift;
    bool narrow; /* base and slope of all rows fit in 32 bits */
    uint32_t limit;
};

/* With m = min(n, limit): rows[(m + offset) >> shift]. */
struct bucket_table {
    uint32_t *rows; /* n_rows, us; owned */
    size_t n_rows;
    unsigned shift;
    uint32_t offset; /* below 2^shift */
    bool narrow;     /* all rows fit in 16 bits */
    uint32_t limit;
};

enum map_kind { MAP_AFFINE, MAP_SEGMENTS, MAP_BUCKETED };

struct integer_map {
    enum map_kind kind;
    struct affine affine;
    struct segment_table segments;
    struct bucket_table buckets;
};

/* Microseconds; from 2^32 on only for a break-even, meaning "always". */
uint64_t integer_map_value(const struct integer_map *map, uint32_t n);

/* Whether it says one value for every length, and which. */
bool integer_map_is_constant(const struct integer_map *map, uint64_t *value);

/* Bytes of the emitted table; 0 for an affine map. */
size_t integer_map_table_size(const struct integer_map *map);

/*
 * What a function of this map is expected to take: bytes of code on a Cortex-M0+ (-Os, with its
 * constants) and of table, and instructions executed on x86-64 (-O2, the return included; of a
 * search on average over the lengths). test/test_footprint.c holds them against compilers and
 * states how far they are off.
 */
struct footprint {
    unsigned code_bytes;
    size_t table_bytes;
    double instructions;
};
struct footprint integer_map_footprint(const struct integer_map *map);

/* The forms that a map may have, in the order tried. */
enum map_form {
    MAP_FORM_AFFINE, /* one product of 32 bits */
    MAP_FORM_SPLIT,  /* two of them */
    MAP_FORM_WIDE,   /* one of 64 bits */
    MAP_FORM_SEGMENTS,
    MAP_FORM_BUCKETED,
    N_MAP_FORMS
};
const char *map_form_name(enum map_form form); /* "affine", "affine, two products", ... */

/* All forms of one function of the length that fit, and the one of fewest bytes (then of fewest
 * instructions). Life cycle: integer_map_choose, integer_map_choice_free; maps may be moved out. */
struct map_choice {
    struct {
        bool fits;
        struct integer_map map;
        struct footprint footprint;
    } forms[N_MAP_FORMS];
    enum map_form chosen;
};
void integer_map_choice_free(struct map_choice *choice);

void integer_map_free(struct integer_map *map);

#endif
