// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The texts below are shaped by what compilers make of them: on a Cortex-M0+ a difference from a
 * constant takes one instruction less than a sum, and the top bit as sign needs no second constant.
 */
#include "codegen/emit_private.h"

#include "codegen/intmap_private.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { EXPRESSION_SIZE = 256 };

const char *number_text(double value, char text[NUMBER_TEXT_SIZE])
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, NUMBER_TEXT_SIZE, "%.*g", digits, value);
        char *end;
        double read = strtod(text, &end);
        if (memcmp(&read, &value, sizeof read) == 0)
            break;
    }
    return text;
}

void emit_upper(FILE *out, const char *name)
{
    for (; *name; name++)
        fputc(toupper((unsigned char)*name), out);
}

/* ---- functions of the length */

/* From `sign` on, an x stands for a negative number; "": it never does. */
static void put_return(FILE *out, enum map_use use, const char *value, const char *sign)
{
    const char *paren = strchr(value, ' ') ? "(" : "", *close = *paren ? ")" : "";
    if (use == USE_COMPARE && *sign)
        fprintf(out, "    return (x < %s) && (rtt_us < %s%s%s);\n", sign, paren, value, close);
    else if (use == USE_COMPARE)
        fprintf(out, "    return rtt_us < %s%s%s;\n", paren, value, close);
    else if (*sign)
        fprintf(out, "    return (x >= %s) ? 0u : %s%s%s;\n", sign, paren, value, close);
    else
        fprintf(out, "    return %s;\n", value);
}

static void put_clamp(FILE *out, uint32_t limit)
{
    fprintf(out, "    const uint32_t m = (n < %" PRIu32 "u) ? n : %" PRIu32 "u;\n", limit, limit);
}

/* a + b*m in 32 bits; a negative factor becomes a subtraction, and so does a large one: modulo 2^32
 * m*b is -m*(2^32 - b). */
static void sum_32(const struct affine *affine, char text[EXPRESSION_SIZE])
{
    uint32_t a = (uint32_t)affine->a, b = (uint32_t)affine->b;
    bool sum = b <= 255 || affine->fraction;
    if (affine->may_be_negative && !affine->fraction)
        snprintf(text, EXPRESSION_SIZE, "(%" PRIu32 "u * m) - %" PRIu32 "u", b, 0 - a);
    else if (sum && !(b >> 31))
        snprintf(text, EXPRESSION_SIZE, "%" PRIu32 "u + (%" PRIu32 "u * m)", a, b);
    else
        snprintf(text, EXPRESSION_SIZE, "%" PRIu32 "u - (%" PRIu32 "u * m)", a, 0 - b);
    if (affine->fraction) {
        size_t used = strlen(text);
        snprintf(text + used, EXPRESSION_SIZE - used, " + ((%" PRIu32 "u * m) >> %u)",
                 affine->fraction, affine->fraction_shift);
    }
}

static void shift_right(char *text, size_t size, const char *of, unsigned shift)
{
    if (shift)
        snprintf(text, size, "%s >> %u", of, shift);
    else
        snprintf(text, size, "%s", of);
}

static void put_affine_32(FILE *out, enum map_use use, const struct affine *affine)
{
    char sum[EXPRESSION_SIZE - 64], inner[EXPRESSION_SIZE], value[EXPRESSION_SIZE];
    sum_32(affine, inner);
    if (affine->may_be_negative) {
        fprintf(out, "    const uint32_t x = %s; /* modulo 2^32 */\n\n", inner);
        shift_right(value, sizeof value, "x", affine->shift);
        put_return(out, use, value, "0x80000000u");
        return;
    }
    fputc('\n', out);
    if (affine_adds_last((int64_t)affine->a, (int32_t)affine->b, affine->shift) &&
        !affine->fraction) {
        snprintf(value, sizeof value, "%" PRIu64 "u + ((%" PRIu32 "u * m) >> %u)",
                 affine->a >> affine->shift, (uint32_t)affine->b, affine->shift);
    } else {
        snprintf(sum, sizeof sum, affine->shift ? "(%.*s)" : "%.*s", (int)sizeof sum - 3, inner);
        shift_right(value, sizeof value, sum, affine->shift);
    }
    put_return(out, use, value, "");
}

static void put_affine_64(FILE *out, enum map_use use, const struct affine *affine)
{
    uint64_t a = affine->a, b = affine->b;
    char value[EXPRESSION_SIZE];
    fputs("    const uint64_t x = ", out);
    if (!(b >> 63) && !(a >> 63))
        fprintf(out, "%" PRIu64 "ull + (%" PRIu64 "ull * m);\n", a, b);
    else if (!(b >> 63))
        fprintf(out, "(%" PRIu64 "ull * m) - %" PRIu64 "ull;\n", b, 0 - a);
    else
        fprintf(out, "%" PRIu64 "ull - (%" PRIu64 "ull * m);\n", a, 0 - b);
    fputc('\n', out);
    snprintf(value, sizeof value, "(uint32_t)(x >> %u)", affine->shift);
    put_return(out, use, value, affine->may_be_negative ? "0x8000000000000000ull" : "");
}

/* The sum of two products as one of 64 bits, which takes fewer instructions where registers are
 * that wide; both are the same number: floor((a*2^k + (b*2^k + fraction)*m) / 2^k). */
static void put_split(FILE *out, enum map_use use, const struct affine *affine)
{
    unsigned k = affine->fraction_shift;
    struct affine wide = *affine;
    /* of the two numbers that are equal modulo 2^32 the one that keeps the value in range */
    int64_t a = affine->may_be_negative ? (int32_t)affine->a : (int64_t)(uint32_t)affine->a;
    int64_t b = (int32_t)affine->b;
    int64_t last = a + b * affine->limit + (affine->fraction * affine->limit >> k);
    if (last < (affine->may_be_negative ? INT32_MIN : 0))
        b = (int64_t)(uint32_t)affine->b;
    wide.bits = 64;
    wide.a = (uint64_t)a << k;
    wide.b = ((uint64_t)b << k) + affine->fraction;
    wide.shift = k;
    wide.fraction = 0;
    fputs("#if defined(__LP64__) || defined(_WIN64)\n", out);
    put_affine_64(out, use, &wide);
    fputs("#else\n", out);
    put_affine_32(out, use, affine);
    fputs("#endif\n", out);
}

static void put_segments(FILE *out, enum map_use use, const struct segment_table *table)
{
    const char *type = table->narrow ? "int32_t" : "int64_t", *suffix = table->narrow ? "" : "ll";
    char value[EXPRESSION_SIZE];
    fprintf(
        out,
        "    static const struct {\n        uint32_t from;\n        %s base;\n        %s slope;\n",
        type, type);
    fputs("    } rows[] = {\n        /* from length, us there, us per step scaled */\n", out);
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct segment_row *row = &table->rows[i];
        fprintf(out, "        {%10" PRIu32 "u, %10" PRId64 "%s, %11" PRId64 "%s},\n", row->from,
                row->base, suffix, row->slope, suffix);
    }
    fputs("    };\n", out);
    fprintf(out, "    const uint32_t m = (n < %" PRIu32 "u) ? n : %" PRIu32 "u;\n", table->limit,
            table->limit);
    fprintf(out, "    unsigned i = %zuu;\n    uint64_t x;\n\n", table->n_rows - 1);
    fputs("    while (m < rows[i].from) {\n        i--;\n    }\n", out);
    fprintf(out,
            "    x = ((uint64_t)rows[i].base << %u) +\n"
            "        ((uint64_t)rows[i].slope * (m - rows[i].from)); /* modulo 2^64 */\n",
            table->shift);
    snprintf(value, sizeof value, use == USE_COMPARE ? "x >> %u" : "(uint32_t)(x >> %u)",
             table->shift);
    put_return(out, use, value, "0x8000000000000000ull");
}

/* One value per bucket of lengths. */
static void put_buckets(FILE *out, enum map_use use, const struct bucket_table *table)
{
    char index[EXPRESSION_SIZE - 16], value[EXPRESSION_SIZE];
    fprintf(out, "    static const %s rows[] = {", table->narrow ? "uint16_t" : "uint32_t");
    for (size_t i = 0; i < table->n_rows; i++)
        fprintf(out, "%s%" PRIu32 "u",
                i % 8 ? ", "
                : i   ? ",\n        "
                      : "\n        ",
                table->rows[i]);
    fputs("}; /* us */\n", out);
    put_clamp(out, table->limit);
    fputc('\n', out);
    if (table->offset)
        snprintf(index, sizeof index, "(m + %" PRIu32 "u) >> %u", table->offset, table->shift);
    else
        shift_right(index, sizeof index, "m", table->shift);
    snprintf(value, sizeof value, "rows[%s]", index);
    if (use == USE_COMPARE)
        fprintf(out, "    return rtt_us < %s;\n", value);
    else
        fprintf(out, "    return %s;\n", value);
}

void emit_map(FILE *out, enum map_use use, const struct integer_map *map)
{
    char value[NUMBER_TEXT_SIZE];
    const struct affine *affine = &map->affine;
    if (map->kind == MAP_SEGMENTS) {
        put_segments(out, use, &map->segments);
    } else if (map->kind == MAP_BUCKETED) {
        put_buckets(out, use, &map->buckets);
    } else if (affine->b == 0 && affine->fraction == 0) {
        snprintf(value, sizeof value, "%" PRIu64 "u", integer_map_value(map, 0));
        fputs("    (void)n;\n", out);
        put_return(out, use, value, "");
    } else {
        put_clamp(out, affine->limit);
        (affine->bits == 64 ? put_affine_64
         : affine->fraction ? put_split
                            : put_affine_32)(out, use, affine);
    }
}

/* ---- decisions */

/* Whether bytes at the design link take time that counts. */
static bool charges_bytes(const struct decision_table *table)
{
    const struct threshold *threshold = &table->threshold;
    return (threshold->pair.charges_up && threshold->link.up_s_per_byte > 0) ||
           (threshold->pair.charges_down && threshold->link.down_s_per_byte > 0);
}

/* Continues a comment about a round trip. */
static const char *at_bandwidth(const struct decision_table *table)
{
    return charges_bytes(table) ? ", at the design\n * link's bandwidth" : "";
}

static void put_decision(FILE *out, const char *name, int decision)
{
    fputs("    return ", out);
    emit_upper(out, name);
    fputs(decision == DECISION_CLOUD ? "_CLOUD;\n" : "_EDGE;\n", out);
}

static void put_switch_table(FILE *out, const struct switches *switches)
{
    fputs("    static const uint32_t at[] = {", out);
    for (size_t i = 0; i < switches->n_at; i++)
        fprintf(out, "%s%" PRIu32 "u", i == 0 ? "" : i % 8 ? ", " : ",\n        ", switches->at[i]);
    fprintf(out, "};\n    int decision = %d;\n    unsigned i;\n\n", switches->first);
    fprintf(out, "    for (i = 0; i < %zuu; i++) {\n", switches->n_at);
    fputs("        decision ^= (n >= at[i]) ? 1 : 0;\n    }\n    return decision;\n", out);
}

static void put_choose(FILE *out, const char *name, const struct decision_table *table)
{
    const struct switches *switches = &table->switches;
    char rtt[NUMBER_TEXT_SIZE];
    fprintf(out, "/* Where to run an input of length n when a round trip takes %s us%s. */\n",
            number_text(table->rtt_s * 1e6, rtt), at_bandwidth(table));
    fprintf(out, "static inline int %s_choose(uint32_t n)\n{\n", name);
    if (switches->n_at == 0) {
        fputs("    (void)n;\n", out);
        put_decision(out, name, switches->first);
    } else if (switches->n_at == 1) {
        fprintf(out, "    return n %s %" PRIu32 "u;\n",
                switches->first ? "<" : ">=", switches->at[0]);
    } else if (switches->n_at == 2) {
        fprintf(out, "    return (n - %" PRIu32 "u) %s %" PRIu32 "u;\n", switches->at[0],
                switches->first ? ">=" : "<", switches->at[1] - switches->at[0]);
    } else {
        put_switch_table(out, switches);
    }
    fputs("}\n\n", out);
}

static void put_choose_rtt(FILE *out, const char *name, const struct decision_table *table)
{
    fprintf(out,
            "/* Where to run an input of length n when a round trip takes rtt_us microseconds%s. "
            "*/\n",
            at_bandwidth(table));
    fprintf(out, "static inline int %s_choose_rtt(uint32_t n, uint32_t rtt_us)\n{\n", name);
    if (table->choose_rtt == REPRESENTATION_CONSTANT) {
        fputs("    (void)n;\n    (void)rtt_us;\n", out);
        put_decision(out, name, table->always);
    } else {
        emit_map(out, USE_COMPARE, &table->break_even);
    }
    fputs("}\n\n", out);
}

void emit_start(FILE *out, const char *name, uint32_t n_max)
{
    fputs("#ifndef ", out);
    emit_upper(out, name);
    fputs("_MAP_H\n#define ", out);
    emit_upper(out, name);
    fputs("_MAP_H\n\n#include <stdint.h>\n\n#define ", out);
    emit_upper(out, name);
    fputs("_MAP_FORMAT 1\n\n/* The longest length measured; up to twice that is extrapolated, and "
          "anything longer counts as\n * twice that. */\n#define ",
          out);
    emit_upper(out, name);
    /* plain while twice it is an int, of 16 bits even */
    fprintf(out, n_max > INT16_MAX / 2 ? "_N_MAX UINT32_C(%" PRIu32 ")" : "_N_MAX %" PRIu32, n_max);
    fputs("\n\n", out);
}

static void put_targets(FILE *out, const char *name)
{
    fputs("enum { ", out);
    emit_upper(out, name);
    fputs("_EDGE = 0, ", out);
    emit_upper(out, name);
    fputs("_CLOUD = 1 };\n\n", out);
}

static void put_remote_comment(FILE *out, const struct decision_table *table)
{
    fprintf(out,
            "/* The time in microseconds that the endpoint is expected to take for an input of "
            "length n, without\n * the link%s. */\n",
            charges_bytes(table) ? "'s round trips, with the time of the bytes at the design link"
                                 : "");
}

void emit_functions(FILE *out, const char *name, const struct decision_table *table)
{
    emit_start(out, name, table->threshold.n_max);
    put_targets(out, name);
    put_choose(out, name, table);
    if (table->link == LINK_RTT)
        put_choose_rtt(out, name, table);
    put_remote_comment(out, table);
    fprintf(out, "static inline uint32_t %s_remote_us(uint32_t n)\n{\n", name);
    emit_map(out, USE_VALUE, &table->remote);
    fputs("}\n\n#endif\n", out);
}
