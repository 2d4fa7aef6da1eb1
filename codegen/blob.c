// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Every function of the length becomes lines in 64 bits: what a header computes in 32 bits or in
 * two products does not wrap over 0..2*N_MAX, so the same integers come of one wide line; a bucket
 * is a line without slope.
 */
#include "codegen/blob.h"

#include "runtime/rnnmap_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST_PREFIX = 8 };

static const char magic[] = {'R', 'N', 'M', 'T'};

static void put_u32(FILE *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        fputc((int)(value >> 8 * i & 0xff), out);
}

static void put_u64(FILE *out, uint64_t value)
{
    put_u32(out, (uint32_t)value);
    put_u32(out, (uint32_t)(value >> 32));
}

static void put_section(FILE *out, unsigned type, size_t n)
{
    put_u32(out, (uint32_t)type | (uint32_t)n << 8);
}

static void put_text(FILE *out, unsigned type, const char *text, size_t n)
{
    put_section(out, type, n);
    fwrite(text, 1, n, out);
}

/* ---- functions of the length */

static void put_line(FILE *out, uint32_t from, uint64_t start, uint64_t slope)
{
    put_u32(out, from);
    put_u64(out, start);
    put_u64(out, slope);
}

static void put_lines_head(FILE *out, unsigned type, size_t n_rows, unsigned shift)
{
    put_section(out, type, 1 + n_rows * RNNMAP_TABLE_LINE_SIZE);
    fputc((int)shift, out);
}

/* a + b*m as the number that it stands for, m being at most 1. */
static int64_t whole_part(const struct affine *affine, uint32_t m)
{
    uint32_t x = (uint32_t)affine->a + (uint32_t)affine->b * m;
    return affine->may_be_negative && x >> 31 ? (int64_t)x - ((int64_t)1 << 32) : (int64_t)x;
}

/* a + b*m + (f*m >> g) is (a*2^g + (b*2^g + f)*m) >> g, and two shifts are one. */
static void put_affine(FILE *out, unsigned type, const struct affine *affine)
{
    unsigned shift = affine->shift;
    uint64_t start = affine->a, slope = affine->b;
    if (affine->bits == 32) {
        start = (uint64_t)whole_part(affine, 0);
        slope = (uint64_t)whole_part(affine, 1) - start;
    }
    if (affine->fraction) {
        start <<= affine->fraction_shift;
        slope = (slope << affine->fraction_shift) + affine->fraction;
        shift += affine->fraction_shift;
    }
    put_lines_head(out, type, 1, shift);
    put_line(out, 0, start, slope);
}

static void put_segments(FILE *out, unsigned type, const struct segment_table *table)
{
    put_lines_head(out, type, table->n_rows, table->shift);
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct segment_row *row = &table->rows[i];
        put_line(out, row->from, (uint64_t)row->base << table->shift, (uint64_t)row->slope);
    }
}

/* The first length of a bucket. */
static uint32_t bucket_start(const struct bucket_table *table, size_t i)
{
    return i == 0 ? 0 : (uint32_t)(i << table->shift) - table->offset;
}

/* Level lines, one for neighbours that are the same. */
static void put_buckets(FILE *out, unsigned type, const struct bucket_table *table)
{
    size_t n_rows = 0;
    for (size_t i = 0; i < table->n_rows; i++)
        n_rows += i == 0 || table->rows[i] != table->rows[i - 1];
    put_lines_head(out, type, n_rows, 0);
    for (size_t i = 0; i < table->n_rows; i++) {
        if (i == 0 || table->rows[i] != table->rows[i - 1])
            put_line(out, bucket_start(table, i), table->rows[i], 0);
    }
}

static void put_map(FILE *out, unsigned type, const struct integer_map *map)
{
    if (map->kind == MAP_SEGMENTS)
        put_segments(out, type, &map->segments);
    else if (map->kind == MAP_BUCKETED)
        put_buckets(out, type, &map->buckets);
    else
        put_affine(out, type, &map->affine);
}

static void put_break_even(FILE *out, const struct decision_table *table)
{
    if (table->choose_rtt != REPRESENTATION_CONSTANT) {
        put_map(out, RNNMAP_TABLE_BREAK_EVEN, &table->break_even);
        return;
    }
    /* no round trip is below 0, and all are below 2^32 */
    put_lines_head(out, RNNMAP_TABLE_BREAK_EVEN, 1, 0);
    put_line(out, 0, table->always == DECISION_CLOUD ? (uint64_t)1 << 32 : 0, 0);
}

/* ---- decisions and what they come from */

static void put_domain(FILE *out, const struct decision_table *table)
{
    put_section(out, RNNMAP_TABLE_DOMAIN, 5);
    put_u32(out, table->threshold.n_max);
    fputc(2, out); /* targets */
}

static void put_choice(FILE *out, uint32_t from, int target)
{
    put_u32(out, from);
    fputc(target, out);
}

static void put_choose(FILE *out, const struct switches *switches)
{
    int target = switches->first;
    put_section(out, RNNMAP_TABLE_CHOOSE, (1 + switches->n_at) * RNNMAP_TABLE_CHOICE_SIZE);
    put_choice(out, 0, target);
    for (size_t i = 0; i < switches->n_at; i++) {
        target ^= 1;
        put_choice(out, switches->at[i], target);
    }
}

/* The first bytes of a digest in hexadecimal digits; what is none is left out. */
static void put_digest(FILE *out, const char *digest)
{
    if (strspn(digest, "0123456789abcdef") < 2 * DIGEST_PREFIX)
        return;
    put_section(out, RNNMAP_TABLE_DIGEST, DIGEST_PREFIX);
    for (int i = 0; i < DIGEST_PREFIX; i++) {
        char pair[3] = {digest[2 * i], digest[2 * i + 1], '\0'};
        fputc((int)strtoul(pair, NULL, 16), out);
    }
}

static void put_origin(FILE *out, const struct header_facts *facts)
{
    char *text = NULL;
    size_t n = 0;
    FILE *memory = open_memstream(&text, &n);
    if (!memory)
        return; /* `out` has no memory either */
    header_write_origin(memory, facts);
    fclose(memory);
    put_text(out, RNNMAP_TABLE_ORIGIN, text, n);
    free(text);
}

static void put_sections(FILE *out, const struct header_facts *facts)
{
    const struct decision_table *table = facts->table;
    put_domain(out, table);
    put_choose(out, &table->switches);
    put_map(out, RNNMAP_TABLE_REMOTE, &table->remote);
    if (table->link == LINK_RTT)
        put_break_even(out, table);
    put_text(out, RNNMAP_TABLE_NAME, facts->name, strlen(facts->name));
    put_digest(out, facts->set->digest);
    put_origin(out, facts);
}

static void set_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

enum status blob_make(const struct header_facts *facts, char **bytes, size_t *n,
                      struct error *error)
{
    char *text = NULL;
    struct rnnmap_table read;
    FILE *out = open_memstream(&text, n);
    if (!out)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a table");
    fwrite(magic, 1, sizeof magic, out);
    put_u32(out, RNNMAP_TABLE_VERSION);
    put_u32(out, 0); /* its size, to be filled in, as the checksum at the end */
    put_sections(out, facts);
    put_u32(out, 0);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a table");
    }
    uint8_t *made = (uint8_t *)text;
    size_t n_signed = *n - RNNMAP_TABLE_CHECKSUM_SIZE;
    set_u32(made + 8, (uint32_t)*n);
    set_u32(made + n_signed, rnnmap_table_checksum(made, n_signed));
    *bytes = text;
    if (rnnmap_table_open(made, *n, &read) == RNNMAP_TABLE_OK)
        return STATUS_OK;
    free(text);
    *bytes = NULL;
    return error_set(error, STATUS_UNSUPPORTED,
                     "the decision needs more rows than a binary table holds: allow some regret "
                     "(--max-regret 0.1%%)");
}

/* ---- reading back */

bool blob_is(const void *bytes, size_t n)
{
    return n >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

enum status blob_origin(const char *path, const uint8_t *bytes, size_t n, char **text, size_t *size,
                        struct error *error)
{
    static const char *const reasons[] = {
        [RNNMAP_TABLE_TOO_SHORT] = "truncated",
        [RNNMAP_TABLE_NOT_ONE] = "not a table made by rnngen",
        [RNNMAP_TABLE_NEWER] = "made by a newer version of rnngen",
        [RNNMAP_TABLE_LENGTH] = "truncated",
        [RNNMAP_TABLE_CHECKSUM] = "edited or damaged: its checksum differs",
        [RNNMAP_TABLE_SIGNATURE] = "its signature differs",
        [RNNMAP_TABLE_CONTENT] = "not a table made by rnngen",
    };
    struct rnnmap_table table;
    uint32_t n_text;
    enum rnnmap_table_status status = rnnmap_table_open(bytes, n, &table);
    if (status != RNNMAP_TABLE_OK)
        return error_set(error, STATUS_FAILED, "%s: %s: generate it again with rnngen", path,
                         reasons[status]);
    const uint8_t *origin = rnnmap_table_section(&table, RNNMAP_TABLE_ORIGIN, &n_text);
    if (!origin)
        return error_set(error, STATUS_FAILED, "%s: does not say what it was made from", path);
    *text = strndup((const char *)origin, n_text);
    *size = table.size;
    return *text ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for %s", path);
}
